"""Builds the model that the settings ask for."""

from __future__ import annotations

from bot.limits import Exchange
from bot.model.chat import ChatModel
from bot.model.demo import DemoModel
from bot.model.gate import Gate, GateLimits
from bot.model.gated import GatedModel, Retries
from bot.model.port import Model
from bot.model.settings import ModelSettings


def create_model(
    settings: ModelSettings | None,
    *,
    limits: GateLimits | None = None,
    retries: Retries | None = None,
    exchange: Exchange | None = None,
) -> Model:
    """The model to use.

    Args:
        settings: The endpoint; None for the built-in demo.
        limits: Bounds of the endpoint's gate; None for the defaults.
        retries: How long a request is tried; None for the defaults.
        exchange: What other processes that ask this endpoint are told; None for nothing.

    Raises:
        ModelMisconfigured: The settings cannot be used.
    """
    if settings is None:
        return DemoModel()
    return GatedModel(ChatModel(settings), Gate(limits), retries=retries, exchange=exchange)
