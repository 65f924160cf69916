"""Checks of the `messages` of a request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.simulators.openai_sim.pictures import DETAILS, fault_in


@dataclass(frozen=True, slots=True)
class Wrong:
    """What is wrong, in OpenAI's terms."""

    message: str
    param: str | None
    code: str | None


_FIELDS: dict[str, frozenset[str]] = {
    "system": frozenset({"role", "content", "name"}),
    "developer": frozenset({"role", "content", "name"}),
    "user": frozenset({"role", "content", "name"}),
    "assistant": frozenset(
        {"role", "content", "name", "refusal", "tool_calls", "audio", "function_call"}
    ),
    "tool": frozenset({"role", "content", "tool_call_id"}),
    "function": frozenset({"role", "content", "name"}),
}
_PARTS: dict[str, frozenset[str]] = {
    "system": frozenset({"text"}),
    "developer": frozenset({"text"}),
    "user": frozenset({"text", "image_url", "input_audio", "file"}),
    "assistant": frozenset({"text", "refusal"}),
    "tool": frozenset({"text"}),
    "function": frozenset(),
}


def _unknown(where: str) -> Wrong:
    return Wrong(f"Unknown parameter: '{where}'.", where, "unknown_parameter")


def _missing(where: str) -> Wrong:
    return Wrong(f"Missing required parameter: '{where}'.", where, "missing_required_parameter")


def _bad_type(where: str, expected: str) -> Wrong:
    return Wrong(f"Invalid type for '{where}': expected {expected}.", where, "invalid_type")


def _bad_value(where: str, value: Any, allowed: Sequence[str]) -> Wrong:
    listed = ", ".join(f"'{item}'" for item in allowed)
    return Wrong(
        f"Invalid value: '{value}'. Supported values are: {listed}.", where, "invalid_value"
    )


def _check_image(image: Any, where: str) -> Wrong | None:
    if not isinstance(image, dict) or not isinstance(image.get("url"), str):
        return _bad_type(f"{where}.url", "a string")
    if (wrong := fault_in(image["url"])) is not None:
        return Wrong(f"Invalid '{where}.url': {wrong}.", where, "invalid_image_url")
    if image.get("detail", "auto") not in DETAILS:
        return _bad_value(f"{where}.detail", image["detail"], DETAILS)
    unknown = [key for key in image if key not in ("url", "detail")]
    return _unknown(f"{where}.{unknown[0]}") if unknown else None


def _check_part(part: Any, role: str, where: str) -> Wrong | None:
    if not isinstance(part, dict):
        return _bad_type(where, "an object")
    kind = part.get("type")
    if kind not in _PARTS[role]:
        return _bad_value(f"{where}.type", kind, sorted(_PARTS[role]))
    unknown = [key for key in part if key not in ("type", kind, "prompt_cache_breakpoint")]
    if unknown:
        return _unknown(f"{where}.{unknown[0]}")
    if kind not in part:
        return _missing(f"{where}.{kind}")
    if kind == "image_url":
        return _check_image(part["image_url"], f"{where}.image_url")
    expected = str if kind in ("text", "refusal") else dict
    if not isinstance(part[kind], expected):
        return _bad_type(f"{where}.{kind}", "a string" if expected is str else "an object")
    return None


def _check_content(message: Mapping[str, Any], role: str, where: str) -> Wrong | None:
    content = message.get("content")
    if content is None:
        silent = message.get("tool_calls") or message.get("function_call") or message.get("refusal")
        if role == "assistant" and silent:
            return None
        return _bad_type(f"{where}.content", "a string or an array of objects, but got null")
    if isinstance(content, str):
        return None
    if not isinstance(content, list) or not content:
        return _bad_type(f"{where}.content", "a string or a non-empty array of objects")
    for number, part in enumerate(content):
        wrong = _check_part(part, role, f"{where}.content[{number}]")
        if wrong is not None:
            return wrong
    return None


def _check_calls(calls: Any, where: str) -> Wrong | None:
    if not isinstance(calls, list) or not calls:
        return _bad_type(f"{where}.tool_calls", "a non-empty array")
    for number, call in enumerate(calls):
        place = f"{where}.tool_calls[{number}]"
        if not isinstance(call, dict) or not isinstance(call.get("id"), str):
            return _missing(f"{place}.id")
        if call.get("type") != "function":
            return _bad_value(f"{place}.type", call.get("type"), ["function"])
        function = call.get("function")
        if not isinstance(function, dict) or not isinstance(function.get("name"), str):
            return _missing(f"{place}.function.name")
        if not isinstance(function.get("arguments"), str):
            return _bad_type(f"{place}.function.arguments", "a string")
    return None


def _check_message(message: Any, where: str) -> Wrong | None:
    if not isinstance(message, dict):
        return _bad_type(where, "an object")
    role = message.get("role")
    if role is None:
        return _missing(f"{where}.role")
    if role not in _FIELDS:
        return _bad_value(f"{where}.role", role, list(_FIELDS))
    unknown = [key for key in message if key not in _FIELDS[role]]
    if unknown:
        return _unknown(f"{where}.{unknown[0]}")
    name = message.get("name")
    if name is not None and not isinstance(name, str):
        return _bad_type(f"{where}.name", "a string")
    if "tool_calls" in message:
        wrong = _check_calls(message["tool_calls"], where)
        if wrong is not None:
            return wrong
    if role == "tool" and not isinstance(message.get("tool_call_id"), str):
        return _missing(f"{where}.tool_call_id")
    return _check_content(message, role, where)


def _check_pairs(messages: Sequence[Mapping[str, Any]]) -> Wrong | None:
    """Every tool call is answered at once, and nothing else is."""
    open_ids: list[str] = []
    for number, message in enumerate(messages):
        if message["role"] == "tool":
            if message["tool_call_id"] not in open_ids:
                return Wrong(
                    "Invalid parameter: messages with role 'tool' must be a response to a "
                    "preceding message with 'tool_calls'.",
                    f"messages.[{number}].role",
                    None,
                )
            open_ids.remove(message["tool_call_id"])
            continue
        if open_ids:
            break
        open_ids = [call["id"] for call in message.get("tool_calls") or ()]
    if open_ids:
        return Wrong(
            "An assistant message with 'tool_calls' must be followed by tool messages responding "
            f"to each 'tool_call_id'. Missing: {', '.join(open_ids)}",
            "messages",
            None,
        )
    return None


def check_messages(messages: Sequence[Any]) -> Wrong | None:
    """The first thing that is wrong with the messages, or None."""
    if not messages:
        return Wrong(
            "Invalid 'messages': empty array. Expected an array with minimum length 1.",
            "messages",
            "empty_array",
        )
    for number, message in enumerate(messages):
        wrong = _check_message(message, f"messages[{number}]")
        if wrong is not None:
            return wrong
    return _check_pairs(messages)
