"""What searches by meaning are made with, as the settings say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import cast

from bot.assembly.endpoints import model_settings
from bot.errors import ModelMisconfigured
from bot.model.settings import ModelSettings
from bot.model.vectors import REQUEST_SECONDS, Spent, open_embeddings, unheard
from bot.plugins import resolve
from bot.recall.embedding import Embedder
from bot.recall.weights import MODEL, Weights, find_weights, missing, missing_for_vectors
from bot.settings import Settings
from bot.timing import TIMING, Timing

_LOCAL = "bot.recall.minilm:MiniLM"


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
