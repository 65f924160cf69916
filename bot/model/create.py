"""Builds the model that the settings ask for."""

from __future__ import annotations

from collections.abc import Callable

from bot.errors import ModelBusy
from bot.limits import Exchange
from bot.model.demo import DemoModel
from bot.model.endpoint import open_endpoint, open_speech
from bot.model.gate import Gate, GateLimits
from bot.model.gated import GatedModel, Retries
from bot.model.port import Model
from bot.model.settings import ModelSettings
from bot.model.witness import Witness, WitnessedModel


def create_model(
    settings: ModelSettings | None,
    *,
    limits: GateLimits | None = None,
    retries: Retries | None = None,
    gate: Gate | None = None,
    witness: Witness | None = None,
    retried: Callable[[ModelBusy], None] = lambda fault: None,
    exchange: Exchange | None = None,
) -> Model:
    """The model to use.

    Args:
        settings: The endpoint; None for the built-in demo.
        limits: Bounds of the endpoint's gate; None for the defaults.
        retries: How long a request is tried; None for the defaults.
        gate: The endpoint's gate, for those who want to look at it; None makes one.
        witness: Told of every single request.
        retried: See `GatedModel`.
        exchange: What other processes that ask this endpoint are told; None for nothing.

    Raises:
        ModelMisconfigured: The settings cannot be used.
    """
    if settings is None:
        return _seen(DemoModel(), witness)
    single = _seen(open_endpoint(settings), witness)
    return GatedModel(
        single, gate or Gate(limits), retries=retries, retried=retried, exchange=exchange
    )


def create_ear(
    settings: ModelSettings,
    *,
    gate: Gate | None = None,
    witness: Witness | None = None,
    retried: Callable[[ModelBusy], None] = lambda fault: None,
    exchange: Exchange | None = None,
) -> Model:
    """The model that writes recordings down, behind a gate of its own; arguments as above.

    Raises:
        ModelMisconfigured: The settings cannot be used.
    """
    single = _seen(open_speech(settings), witness)
    return GatedModel(single, gate or Gate(), retried=retried, exchange=exchange)


def _seen(model: Model, witness: Witness | None) -> Model:
    return model if witness is None else WitnessedModel(model, witness)
