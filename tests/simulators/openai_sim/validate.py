"""Checks of a Chat Completions request, as strict as api.openai.com."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tests.simulators.openai_sim.answer import HttpError
from tests.simulators.openai_sim.catalogue import ModelTraits
from tests.simulators.openai_sim.errors import error_body
from tests.simulators.openai_sim.messages import check_messages


class Rejected(Exception):
    """The request is refused with this error."""

    def __init__(self, error: HttpError) -> None:
        super().__init__(str(error.body))
        self.error = error


def reject(message: str, param: str | None = None, code: str | None = None) -> Rejected:
    """A 400 with this message."""
    return Rejected(HttpError(400, error_body(message, param=param, code=code)))


Check = Callable[[str, Any], str | None]
"""Takes the field's name and value; returns what is wrong, or None."""


def _kind(value: Any) -> str:
    names = {str: "a string", bool: "a boolean", int: "an integer", float: "a decimal"}
    names |= {list: "an array", dict: "an object", type(None): "null"}
    return names.get(type(value), "something else")


def typed(*types: type) -> Check:
    """A value of one of these types."""

    def check(_name: str, value: Any) -> str | None:
        wrong_bool = isinstance(value, bool) and bool not in types
        return f"got {_kind(value)}" if wrong_bool or not isinstance(value, types) else None

    return check


def number(low: float, high: float, *types: type) -> Check:
    """A number from `low` to `high`."""
    of_type = typed(*(types or (int, float)))

    def check(name: str, value: Any) -> str | None:
        wrong = of_type(name, value)
        if wrong is None and not low <= value <= high:
            wrong = f"expected a value between {low:g} and {high:g}, got {value}"
        return wrong

    return check


def one_of(*allowed: str) -> Check:
    """One of these words."""

    def check(_name: str, value: Any) -> str | None:
        if value in allowed:
            return None
        return f"'{value}' is not one of " + ", ".join(f"'{item}'" for item in allowed)

    return check


def short(limit: int) -> Check:
    """A text of at most so many characters."""

    def check(_name: str, value: Any) -> str | None:
        if not isinstance(value, str):
            return f"got {_kind(value)}"
        if len(value) > limit:
            return f"string too long: expected at most {limit} characters, got {len(value)}"
        return None

    return check


def metadata(_name: str, value: Any) -> str | None:
    """Sixteen short texts at most."""
    if not isinstance(value, dict) or len(value) > 16:
        return "expected an object with at most 16 keys"
    for key, item in value.items():
        if len(key) > 64 or not isinstance(item, str) or len(item) > 512:
            return f"bad entry '{key}'"
    return None


def _stop(_name: str, value: Any) -> str | None:
    listed = [value] if isinstance(value, str) else value
    if not isinstance(listed, list) or not 1 <= len(listed) <= 4:
        return "expected a string or 1 to 4 strings"
    return None if all(isinstance(item, str) for item in listed) else "expected strings"


def obj(*keys: str) -> Check:
    """An object with no other keys."""

    def check(_name: str, value: Any) -> str | None:
        if not isinstance(value, dict):
            return f"got {_kind(value)}"
        unknown = [key for key in value if key not in keys]
        return f"unknown key '{unknown[0]}'" if unknown else None

    return check


def _response_format(_name: str, value: Any) -> str | None:
    if not isinstance(value, dict):
        return f"got {_kind(value)}"
    if value.get("type") not in ("text", "json_object", "json_schema"):
        return f"unknown type '{value.get('type')}'"
    if value["type"] == "json_schema":
        schema = value.get("json_schema")
        if not isinstance(schema, dict) or not isinstance(schema.get("name"), str):
            return "json_schema needs a name"
    return None


_LARGE = float(2**31)
_FIELDS: dict[str, Check] = {
    "messages": typed(list),
    "model": typed(str),
    "audio": obj("voice", "format"),
    "frequency_penalty": number(-2, 2),
    "function_call": typed(str, dict),
    "functions": typed(list),
    "logit_bias": typed(dict),
    "logprobs": typed(bool),
    "max_completion_tokens": number(1, _LARGE, int),
    "max_tokens": number(1, _LARGE, int),
    "metadata": metadata,
    "modalities": typed(list),
    "moderation": obj("model", "policy"),
    "n": number(1, 1, int),
    "parallel_tool_calls": typed(bool),
    "prediction": obj("type", "content"),
    "presence_penalty": number(-2, 2),
    "prompt_cache_key": short(64),
    "prompt_cache_options": obj("mode", "ttl"),
    "prompt_cache_retention": one_of("in_memory", "24h"),
    "reasoning_effort": one_of("none", "minimal", "low", "medium", "high", "xhigh", "max"),
    "response_format": _response_format,
    "safety_identifier": short(128),
    "seed": typed(int),
    "service_tier": one_of("auto", "default", "flex", "scale", "priority", "fast"),
    "stop": _stop,
    "store": typed(bool),
    "stream": typed(bool),
    "stream_options": obj("include_usage", "include_obfuscation"),
    "temperature": number(0, 2),
    "tool_choice": typed(str, dict),
    "tools": typed(list),
    "top_logprobs": number(0, 20, int),
    "top_p": number(0, 1),
    "user": typed(str),
    "verbosity": one_of("low", "medium", "high"),
    "web_search_options": typed(dict),
}
_NOT_NULL = ("messages", "model", "tools", "user", "prompt_cache_options")
_NEEDS_NO_EFFORT = ("top_p", "logprobs", "top_logprobs", "presence_penalty", "frequency_penalty")


def check_table(
    body: Mapping[str, Any],
    fields: Mapping[str, Check],
    required: Sequence[str],
    not_null: Sequence[str],
    *,
    lenient: bool,
) -> None:
    """Names, types and ranges of the top-level fields.

    Args:
        body: As sent.
        fields: Those there are.
        required: Those that have to be there.
        not_null: Those that must not be null.
        lenient: Ignore unknown fields, as most compatible servers do.

    Raises:
        Rejected: Something is wrong.
    """
    for name in required:
        if name not in body:
            message = f"Missing required parameter: '{name}'."
            raise reject(message, name, "missing_required_parameter")
    for name, value in body.items():
        check = fields.get(name)
        if check is None:
            if lenient:
                continue
            raise reject(f"Unknown parameter: '{name}'.", name, "unknown_parameter")
        if value is None and name not in not_null:
            continue
        wrong = check(name, value)
        if wrong is not None:
            code = "invalid_type" if wrong.startswith("got ") else "invalid_value"
            raise reject(f"Invalid value for '{name}': {wrong}.", name, code)


def check_fields(body: Mapping[str, Any], *, lenient: bool) -> None:
    """Names, types and ranges of the top-level fields.

    Args:
        lenient: Ignore unknown fields, as most compatible servers do.

    Raises:
        Rejected: Something is wrong.
    """
    check_table(body, _FIELDS, ("model", "messages"), _NOT_NULL, lenient=lenient)
    if body.get("stream_options") is not None and not body.get("stream"):
        raise reject(
            "The 'stream_options' parameter is only allowed when 'stream' is enabled.",
            "stream_options",
        )


def _check_limits(body: Mapping[str, Any], traits: ModelTraits) -> None:
    if traits.reasons and body.get("max_tokens") is not None:
        raise reject(
            "Unsupported parameter: 'max_tokens' is not supported with this model. "
            "Use 'max_completion_tokens' instead.",
            "max_tokens",
            "unsupported_parameter",
        )
    for name in ("max_tokens", "max_completion_tokens"):
        asked = body.get(name)
        if asked is not None and asked > traits.max_output:
            raise reject(
                f"{name} is too large: {asked}. This model supports at most {traits.max_output} "
                "completion tokens.",
                name,
                "invalid_value",
            )


def check_effort(
    body: Mapping[str, Any], traits: ModelTraits, name: str = "reasoning_effort"
) -> str | None:
    """The effort that applies; `name` is what the field is called. Raises Rejected."""
    effort = body.get("reasoning_effort")
    if effort is None:
        return traits.default_effort
    if not traits.reasons:
        raise reject(
            f"Unrecognized request argument supplied: {name}",
            name,
            "unsupported_parameter",
        )
    if effort not in traits.efforts:
        allowed = ", ".join(f"'{item}'" for item in traits.efforts)
        raise reject(
            f"Unsupported value: '{name}' does not support '{effort}' with this model. "
            f"Supported values are: {allowed}.",
            name,
            "unsupported_value",
        )
    return effort


def check_sampling(body: Mapping[str, Any], effort: str | None, traits: ModelTraits) -> None:
    """Models that reason take no sampling parameters. Raises Rejected."""
    if not traits.reasons or effort == "none":
        return
    temperature = body.get("temperature")
    if temperature is not None and temperature != 1:
        raise reject(
            f"Unsupported value: 'temperature' does not support {json.dumps(temperature)} with "
            "this model. Only the default (1) value is supported.",
            "temperature",
            "unsupported_value",
        )
    for name in _NEEDS_NO_EFFORT:
        value = body.get(name)
        if value is not None and not (name == "top_p" and value == 1) and value != 0:
            raise reject(
                f"Unsupported parameter: '{name}' is not supported with this model.",
                name,
                "unsupported_parameter",
            )
    if body.get("stop") is not None:
        raise reject(
            "Unsupported parameter: 'stop' is not supported with this model.",
            "stop",
            "unsupported_parameter",
        )


def _check_tools(body: Mapping[str, Any], traits: ModelTraits) -> None:
    if not body.get("tools"):
        return
    effort = body.get("reasoning_effort")
    allowed = {
        "yes": True,
        "effort_unset_or_none": effort in (None, "none"),
        "only_effort_none": effort == "none",
        "no": False,
    }[traits.tools]
    if not allowed:
        raise reject(
            f"Function tools with reasoning_effort are not supported for {traits.id} in "
            "/v1/chat/completions. Please use /v1/responses instead.",
            "reasoning_effort",
        )


def check_chat(body: Mapping[str, Any], traits: ModelTraits, *, lenient: bool) -> None:
    """Everything that depends on the model, and the messages.

    Raises:
        Rejected: Something is wrong.
    """
    wrong = check_messages(body["messages"])
    if wrong is not None:
        raise reject(wrong.message, wrong.param, wrong.code)
    if lenient:
        return
    _check_limits(body, traits)
    effort = check_effort(body, traits)
    check_sampling(body, effort, traits)
    _check_tools(body, traits)
    check_cache_options(body, traits)


def check_cache_options(body: Mapping[str, Any], traits: ModelTraits) -> None:
    """Only later models have them. Raises Rejected."""
    if body.get("prompt_cache_options") is not None and not traits.cache_breakpoints:
        raise reject(
            "Unsupported parameter: 'prompt_cache_options' is not supported with this model.",
            "prompt_cache_options",
            "unsupported_parameter",
        )
