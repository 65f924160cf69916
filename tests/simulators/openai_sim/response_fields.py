"""Checks of a Responses request's fields, as strict as api.openai.com."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.simulators.openai_sim import validate
from tests.simulators.openai_sim.catalogue import ModelTraits
from tests.simulators.openai_sim.response_items import check_input
from tests.simulators.openai_sim.tools import check_choice, check_tools

LEAST_OUTPUT = 16
ENCRYPTED = "reasoning.encrypted_content"

_FIELDS: dict[str, validate.Check] = {
    "model": validate.typed(str),
    "input": validate.typed(str, list),
    "instructions": validate.typed(str),
    "include": validate.typed(list),
    "max_output_tokens": validate.number(LEAST_OUTPUT, 2**31, int),
    "metadata": validate.metadata,
    "parallel_tool_calls": validate.typed(bool),
    "prompt_cache_key": validate.short(64),
    "prompt_cache_options": validate.obj("mode", "ttl"),
    "reasoning": validate.obj("effort", "summary", "generate_summary"),
    "safety_identifier": validate.short(128),
    "service_tier": validate.one_of("auto", "default", "flex", "scale", "priority", "fast"),
    "store": validate.typed(bool),
    "stream": validate.typed(bool),
    "stream_options": validate.obj("include_obfuscation"),
    "temperature": validate.number(0, 2),
    "text": validate.obj("format", "verbosity"),
    "tool_choice": validate.typed(str, dict),
    "tools": validate.typed(list),
    "top_p": validate.number(0, 1),
    "truncation": validate.one_of("auto", "disabled"),
    "user": validate.typed(str),
}
_NOT_NULL = ("model", "input", "tools", "user", "prompt_cache_options")


def check_response_fields(body: Mapping[str, Any], *, lenient: bool) -> None:
    """Names, types and ranges of the top-level fields, the input and the tools.

    Raises:
        Rejected: Something is wrong.
    """
    validate.check_table(body, _FIELDS, ("model", "input"), _NOT_NULL, lenient=lenient)
    check_input(body["input"])
    if body.get("tools"):
        check_tools(body["tools"], nested=False)
    check_choice(body.get("tool_choice"), body.get("tools"))


def check_response_model(body: Mapping[str, Any], traits: ModelTraits) -> None:
    """Everything that depends on the model. Raises Rejected."""
    most = body.get("max_output_tokens")
    if most is not None and most > traits.max_output:
        message = f"max_output_tokens is too large: {most}."
        raise validate.reject(message, "max_output_tokens", "invalid_value")
    asked = (body.get("reasoning") or {}).get("effort")
    effort = validate.check_effort({"reasoning_effort": asked}, traits, "reasoning.effort")
    validate.check_sampling(body, effort, traits)
    if ENCRYPTED in (body.get("include") or ()) and not traits.reasons:
        message = "Encrypted content is not supported with this model."
        raise validate.reject(message, "include")
    validate.check_cache_options(body, traits)


def thinks(body: Mapping[str, Any], traits: ModelTraits) -> bool:
    """Whether the answer begins with reasoning."""
    effort = (body.get("reasoning") or {}).get("effort") or traits.default_effort
    return traits.reasons and effort != "none"
