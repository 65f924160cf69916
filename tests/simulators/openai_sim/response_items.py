"""Checks of the `input` of a Responses request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tests.simulators.openai_sim.pictures import DETAILS, fault_in
from tests.simulators.openai_sim.validate import reject

Item = Mapping[str, Any]

_KEYS: dict[str, set[str]] = {
    "message": {"type", "role", "content", "id", "status", "phase"},
    "reasoning": {"type", "id", "summary", "content", "encrypted_content", "status"},
    "function_call": {"type", "id", "call_id", "name", "arguments", "status", "namespace"},
    "function_call_output": {"type", "id", "call_id", "output", "status"},
}
_PARTS = {
    "user": {"input_text", "input_image", "input_file"},
    "system": {"input_text"},
    "developer": {"input_text"},
    "assistant": {"output_text", "refusal"},
}


class Issued:
    """What was put out by the model, so that it can be known again when it comes back."""

    def __init__(self) -> None:
        self._outputs: dict[str, list[Item]] = {}
        self._sealed: dict[str, Item] = {}

    def note(self, output: Sequence[Item]) -> None:
        """Remember the output of a response."""
        for item in output:
            if item["type"] == "function_call":
                self._outputs[item["call_id"]] = list(output)
            if item["type"] == "reasoning":
                self._sealed[item["id"]] = item

    def check(self, items: Sequence[Item]) -> None:
        """What comes back must be unchanged, and in its place. Raises Rejected."""
        for number, item in enumerate(items):
            if item.get("type") == "reasoning":
                self._check_reasoning(item, number)
        for number, item in enumerate(items):
            output = self._outputs.get(item.get("call_id", ""))
            if item.get("type") != "function_call" or output is None:
                continue
            place = [each.get("call_id") for each in output].index(item["call_id"])
            start = number - place
            if list(items[max(0, start) : start + len(output)]) != output:
                raise reject(
                    f"Item '{item.get('id')}' of type 'function_call' was provided without the "
                    "other items of its response, unchanged and in their order.",
                    "input",
                )

    def _check_reasoning(self, item: Item, number: int) -> None:
        known = self._sealed.get(str(item.get("id")))
        if not item.get("encrypted_content"):
            raise reject(
                f"Item with id '{item.get('id')}' not found. Items are not persisted when `store` "
                "is set to false.",
                f"input[{number}]",
            )
        if known is None or known["encrypted_content"] != item["encrypted_content"]:
            raise reject(
                f"The encrypted content for item {item.get('id')} could not be verified.",
                f"input[{number}]",
                "invalid_encrypted_content",
            )


def check_input(value: Any) -> None:
    """Kinds, keys, contents and pairs. Raises Rejected."""
    if isinstance(value, str):
        return
    if not isinstance(value, list) or not value:
        raise reject("Invalid 'input': expected a string or a non-empty array.", "input")
    for number, item in enumerate(value):
        _check_item(item, f"input[{number}]")
    _check_pairs(value)


def _check_item(item: Any, place: str) -> None:
    if not isinstance(item, dict):
        raise reject(f"Invalid type for '{place}': expected an object.", place, "invalid_type")
    kind = item.get("type", "message" if "role" in item else None)
    if kind not in _KEYS:
        raise reject(f"Invalid value: '{kind}'.", f"{place}.type", "invalid_value")
    unknown = set(item) - _KEYS[kind]
    if unknown:
        name = f"{place}.{min(unknown)}"
        raise reject(f"Unknown parameter: '{name}'.", name, "unknown_parameter")
    if kind == "message":
        _check_message(item, place)
        return
    needed = {
        "reasoning": ("id", "summary"),
        "function_call": ("call_id", "name", "arguments"),
        "function_call_output": ("call_id", "output"),
    }[kind]
    for name in needed:
        if name not in item:
            where = f"{place}.{name}"
            raise reject(
                f"Missing required parameter: '{where}'.", where, "missing_required_parameter"
            )
        if name != "summary" and not isinstance(item[name], str):
            raise reject(f"Invalid type for '{place}.{name}'.", f"{place}.{name}", "invalid_type")


def _check_message(item: Item, place: str) -> None:
    role, content = item.get("role"), item.get("content")
    if role not in _PARTS:
        raise reject(f"Invalid value: '{role}'.", f"{place}.role", "invalid_value")
    if isinstance(content, str):
        return
    if not isinstance(content, list):
        raise reject(f"Invalid type for '{place}.content'.", f"{place}.content", "invalid_type")
    for number, part in enumerate(content):
        where = f"{place}.content[{number}]"
        kind = part.get("type") if isinstance(part, dict) else None
        if kind not in _PARTS[role]:
            raise reject(f"Invalid value: '{kind}'.", f"{where}.type", "invalid_value")
        if kind == "input_image":
            _check_image(part, where)
        elif kind != "refusal" and not isinstance(part.get("text"), str):
            raise reject(f"Missing required parameter: '{where}.text'.", f"{where}.text")


def _check_image(part: Item, place: str) -> None:
    if not isinstance(part.get("image_url"), str):
        raise reject(f"Invalid type for '{place}.image_url'.", place, "invalid_type")
    if (wrong := fault_in(part["image_url"])) is not None:
        raise reject(f"Invalid '{place}.image_url': {wrong}.", place, "invalid_image_url")
    if part.get("detail", "auto") not in DETAILS:
        raise reject(f"Invalid value: '{part['detail']}'.", f"{place}.detail", "invalid_value")


def _check_pairs(items: Sequence[Item]) -> None:
    open_ids: list[str] = []
    for item in items:
        if item.get("type") == "function_call":
            open_ids.append(item["call_id"])
        elif item.get("type") == "function_call_output":
            if item["call_id"] not in open_ids:
                raise reject(
                    f"No tool call found for function call output with call_id {item['call_id']}.",
                    "input",
                )
            open_ids.remove(item["call_id"])
    if open_ids:
        raise reject(f"No tool output found for function call {open_ids[0]}.", "input")
