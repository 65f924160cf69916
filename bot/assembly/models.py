"""The model's endpoints, as the settings name them, and what the processes share about them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Literal, cast

from bot.engine.imagining import ImageRules
from bot.errors import ModelMisconfigured
from bot.model.create import create_ear, create_model
from bot.model.gate import Gate
from bot.model.port import Model
from bot.model.settings import ModelSettings
from bot.model.vectors import REQUEST_SECONDS, Spent, open_embeddings, unheard
from bot.ops.meters import ModelMeter
from bot.plugins import resolve
from bot.recall.embedding import Embedder
from bot.recall.weights import MODEL, Weights, find_weights, missing, missing_for_vectors
from bot.settings import Settings
from bot.storage.threads import Threads
from bot.timing import TIMING, Timing

_LOCAL = "bot.recall.minilm:MiniLM"


_API: Mapping[str, Literal["chat", "responses"]] = {"chat": "chat", "responses": "responses"}


def model_settings(settings: Settings, timing: Timing = TIMING) -> ModelSettings | None:
    """The model's endpoint; None for the demo."""
    if settings.demo:
        return None
    return ModelSettings(
        name=settings.text("OPENAI_MODEL") or "",
        api_key=settings.text("OPENAI_API_KEY") or "",
        base_url=settings.text("OPENAI_BASE_URL"),
        temperature=settings.number("OPENAI_TEMPERATURE"),
        max_output_tokens=settings.integer("OPENAI_MAX_OUTPUT_TOKENS"),
        api=_API.get(settings.text("OPENAI_API") or "", "auto"),
        first_token_seconds=timing.first_token,
        gap_seconds=timing.gap,
    )


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


def embedding_settings(settings: Settings, timing: Timing = TIMING) -> ModelSettings | None:
    """The service that embeds texts; None where no server is named.

    A server with an address of its own is not sent the model's key.
    """
    name = settings.text("OPENAI_EMBEDDING_MODEL") or ""
    key = settings.text("OPENAI_EMBEDDING_API_KEY")
    url = settings.text("OPENAI_EMBEDDING_BASE_URL")
    endpoint = model_settings(settings, timing)
    if url is not None:
        return ModelSettings(name, key or "", url, total_seconds=REQUEST_SECONDS)
    if endpoint is None:
        return ModelSettings(name, key, total_seconds=REQUEST_SECONDS) if key else None
    return replace(
        endpoint, name=name, api_key=key or endpoint.api_key, total_seconds=REQUEST_SECONDS
    )


def open_embedder(
    settings: Settings,
    timing: Timing = TIMING,
    spent: Spent = unheard,
) -> Embedder | None:
    """What searches by meaning are made with, as the settings say; None for words alone.

    Takes some 0.2 s for the model on this computer: call it in a thread.

    Args:
        settings: What was configured.
        timing: How patient to be.
        spent: As of `bot.model.vectors.GatedEmbedder`; a model on this computer tells nothing.

    Raises:
        ModelMisconfigured: Something is missing, or the settings cannot be used.
    """
    chosen = settings.text("BOBBIN_EMBEDDINGS") or "off"
    if chosen == "off":
        return None
    if chosen == "local":
        weights = find_weights()
        fault = missing(weights)
        if fault is not None or weights is None:
            raise fault or ModelMisconfigured("there is no model for local embeddings")
        return cast("Callable[[Weights, str], Embedder]", resolve(_LOCAL))(weights, MODEL)
    if (fault := missing_for_vectors()) is not None:
        raise fault
    endpoint = embedding_settings(settings, timing)
    if endpoint is None:
        raise ModelMisconfigured(
            "BOBBIN_EMBEDDINGS is openai, but no server is named",
            hint="Set OPENAI_API_KEY or OPENAI_EMBEDDING_BASE_URL, or BOBBIN_EMBEDDINGS=local.",
        )
    return open_embeddings(endpoint, spent=spent)


def _account(endpoint: ModelSettings) -> str:
    """What a provider's limits belong to: an account and a model."""
    return "\n".join((endpoint.url, endpoint.name, endpoint.api_key))
