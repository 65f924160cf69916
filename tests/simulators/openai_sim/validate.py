"""Checks of a Chat Completions request, as strict as api.openai.com."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
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


def _typed(*types: type) -> Check:
    def check(_name: str, value: Any) -> str | None:
        wrong_bool = isinstance(value, bool) and bool not in types
        return f"got {_kind(value)}" if wrong_bool or not isinstance(value, types) else None

    return check


def _number(low: float, high: float, *types: type) -> Check:
    typed = _typed(*(types or (int, float)))

    def check(name: str, value: Any) -> str | None:
        wrong = typed(name, value)
        if wrong is None and not low <= value <= high:
            wrong = f"expected a value between {low:g} and {high:g}, got {value}"
        return wrong

    return check


def _one_of(*allowed: str) -> Check:
    def check(_name: str, value: Any) -> str | None:
        if value in allowed:
            return None
        return f"'{value}' is not one of " + ", ".join(f"'{item}'" for item in allowed)

    return check


def _short(limit: int) -> Check:
    def check(_name: str, value: Any) -> str | None:
        if not isinstance(value, str):
            return f"got {_kind(value)}"
        if len(value) > limit:
            return f"string too long: expected at most {limit} characters, got {len(value)}"
        return None

    return check


def _metadata(_name: str, value: Any) -> str | None:
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


def _object(*keys: str) -> Check:
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


_TOOL_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")


def _tools(_name: str, value: Any) -> str | None:
    if not isinstance(value, list) or not 1 <= len(value) <= 128:
        return "expected an array of 1 to 128 tools"
    for tool in value:
        if not isinstance(tool, dict) or tool.get("type") not in ("function", "custom"):
            return "a tool's type is 'function' or 'custom'"
        body = tool.get(tool["type"])
        if not isinstance(body, dict) or not _TOOL_NAME.fullmatch(str(body.get("name", ""))):
            return "a tool needs a name of letters, digits, _ and -"
    return None


_LARGE = float(2**31)
_FIELDS: dict[str, Check] = {
    "messages": _typed(list),
    "model": _typed(str),
    "audio": _object("voice", "format"),
    "frequency_penalty": _number(-2, 2),
    "function_call": _typed(str, dict),
    "functions": _typed(list),
    "logit_bias": _typed(dict),
    "logprobs": _typed(bool),
    "max_completion_tokens": _number(1, _LARGE, int),
    "max_tokens": _number(1, _LARGE, int),
    "metadata": _metadata,
    "modalities": _typed(list),
    "moderation": _object("model", "policy"),
    "n": _number(1, 1, int),
    "parallel_tool_calls": _typed(bool),
    "prediction": _object("type", "content"),
    "presence_penalty": _number(-2, 2),
    "prompt_cache_key": _short(64),
    "prompt_cache_options": _object("mode", "ttl"),
    "prompt_cache_retention": _one_of("in_memory", "24h"),
    "reasoning_effort": _one_of("none", "minimal", "low", "medium", "high", "xhigh", "max"),
    "response_format": _response_format,
    "safety_identifier": _short(128),
    "seed": _typed(int),
    "service_tier": _one_of("auto", "default", "flex", "scale", "priority", "fast"),
    "stop": _stop,
    "store": _typed(bool),
    "stream": _typed(bool),
    "stream_options": _object("include_usage", "include_obfuscation"),
    "temperature": _number(0, 2),
    "tool_choice": _typed(str, dict),
    "tools": _tools,
    "top_logprobs": _number(0, 20, int),
    "top_p": _number(0, 1),
    "user": _typed(str),
    "verbosity": _one_of("low", "medium", "high"),
    "web_search_options": _typed(dict),
}
_NOT_NULL = ("messages", "model", "tools", "user", "prompt_cache_options")
_NEEDS_NO_EFFORT = ("top_p", "logprobs", "top_logprobs", "presence_penalty", "frequency_penalty")


def check_fields(body: Mapping[str, Any], *, lenient: bool) -> None:
    """Names, types and ranges of the top-level fields.

    Args:
        lenient: Ignore unknown fields, as most compatible servers do.

    Raises:
        Rejected: Something is wrong.
    """
    for name in ("model", "messages"):
        if name not in body:
            message = f"Missing required parameter: '{name}'."
            raise reject(message, name, "missing_required_parameter")
    for name, value in body.items():
        check = _FIELDS.get(name)
        if check is None:
            if lenient:
                continue
            raise reject(f"Unknown parameter: '{name}'.", name, "unknown_parameter")
        if value is None and name not in _NOT_NULL:
            continue
        wrong = check(name, value)
        if wrong is not None:
            code = "invalid_type" if wrong.startswith("got ") else "invalid_value"
            raise reject(f"Invalid value for '{name}': {wrong}.", name, code)
    if body.get("stream_options") is not None and not body.get("stream"):
        raise reject(
            "The 'stream_options' parameter is only allowed when 'stream' is enabled.",
            "stream_options",
        )
    if body.get("tool_choice") is not None and not body.get("tools"):
        raise reject("'tool_choice' is only allowed when 'tools' are specified.", "tool_choice")


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


def _check_effort(body: Mapping[str, Any], traits: ModelTraits) -> str | None:
    effort = body.get("reasoning_effort")
    if effort is None:
        return traits.default_effort
    if not traits.reasons:
        raise reject(
            "Unrecognized request argument supplied: reasoning_effort",
            "reasoning_effort",
            "unsupported_parameter",
        )
    if effort not in traits.efforts:
        allowed = ", ".join(f"'{item}'" for item in traits.efforts)
        raise reject(
            f"Unsupported value: 'reasoning_effort' does not support '{effort}' with this model. "
            f"Supported values are: {allowed}.",
            "reasoning_effort",
            "unsupported_value",
        )
    return effort


def _check_sampling(body: Mapping[str, Any], effort: str | None, traits: ModelTraits) -> None:
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
    effort = _check_effort(body, traits)
    _check_sampling(body, effort, traits)
    _check_tools(body, traits)
    if body.get("prompt_cache_options") is not None and not traits.cache_breakpoints:
        raise reject(
            "Unsupported parameter: 'prompt_cache_options' is not supported with this model.",
            "prompt_cache_options",
            "unsupported_parameter",
        )
