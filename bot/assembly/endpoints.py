"""The model's endpoint, as the settings name it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from bot.model.settings import ModelSettings
from bot.settings import Settings
from bot.timing import TIMING, Timing

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
