"""The model's endpoints, as the settings name them, and what the processes share about them."""

from __future__ import annotations

from bot.engine.imagining import ImageRules
from bot.model.create import create_ear, create_model
from bot.model.gate import Gate
from bot.model.port import Model
from bot.model.settings import ModelSettings
from bot.ops.meters import ModelMeter
from bot.settings import Settings
from bot.storage.threads import Threads


def image_rules(settings: Settings) -> ImageRules:
    """How images are made here."""
    return ImageRules(
        settings.text("OPENAI_IMAGE_SIZE") or "auto",
        settings.number("BOBBIN_IMAGE_PRICE"),
        settings.integer("BOBBIN_IMAGES_PER_DAY") or None,
    )


def shared_model(
    threads: Threads, endpoint: ModelSettings | None, gate: Gate, requests: ModelMeter
) -> Model:
    """The model, asked as patiently as all processes with this endpoint have found necessary.

    Args:
        threads: Where processes tell each other.
        endpoint: The model; None for the demo.
        gate: What requests pass.
        requests: Told of every single one.

    Raises:
        ModelMisconfigured: The settings cannot be used.
    """
    if endpoint is None:
        return create_model(None, witness=requests)
    return create_model(
        endpoint,
        gate=gate,
        witness=requests,
        retried=requests.retried,
        exchange=threads.exchange(_account(endpoint)),
    )


def shared_ear(
    threads: Threads, endpoint: ModelSettings | None, requests: ModelMeter
) -> Model | None:
    """What writes recordings down, as patient as `shared_model`; None where nothing does.

    Args:
        threads: Where processes tell each other.
        endpoint: The model that hears.
        requests: Told of every single one.

    Raises:
        ModelMisconfigured: The settings cannot be used.
    """
    if endpoint is None:
        return None
    exchange = threads.exchange(_account(endpoint))
    return create_ear(endpoint, witness=requests, retried=requests.retried, exchange=exchange)


def _account(endpoint: ModelSettings) -> str:
    """What a provider's limits belong to: an account and a model."""
    return "\n".join((endpoint.url, endpoint.name, endpoint.api_key))
