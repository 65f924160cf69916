"""Block Kit rules: known types, counts and lengths."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.simulators.slack_sim.errors import ApiError
from tests.simulators.slack_sim.tables import check_tables

MAX_BLOCKS = 50
MAX_VIEW_BLOCKS = 100
MAX_MARKDOWN = 12_000
MAX_PAYLOAD = 13_200
_TEXT_LIMITS = {"section": 3000, "header": 150}
_BLOCKS = frozenset(
    {
        "actions",
        "context",
        "context_actions",
        "data_table",
        "divider",
        "file",
        "header",
        "image",
        "input",
        "markdown",
        "plan",
        "rich_text",
        "section",
        "table",
        "task_card",
        "video",
    }
)
_ELEMENT_LIMITS = {"actions": 25, "context": 10, "context_actions": 5}
_CONTEXT_ACTIONS = frozenset({"feedback_buttons", "icon_button"})


def check_blocks(blocks: list[Any], *, view: bool = False) -> None:
    """Refuse blocks that Slack would refuse.

    Raises:
        ApiError: ``invalid_blocks`` or ``msg_blocks_too_long``.
    """
    limit = MAX_VIEW_BLOCKS if view else MAX_BLOCKS
    if len(blocks) > limit:
        raise _refuse(f"no more than {limit} items allowed")
    markdown = 0
    block_ids: list[str] = []
    for block in blocks:
        _check_block(block)
        markdown += len(block["text"]) if block["type"] == "markdown" else 0
        if "block_id" in block:
            block_ids.append(block["block_id"])
        action_ids = [e["action_id"] for e in elements(block) if e.get("action_id")]
        if len(set(action_ids)) != len(action_ids):
            raise _refuse("action_id is not unique")
    longest = sum(len(text) for text in _texts(blocks)) > MAX_PAYLOAD
    if markdown > MAX_MARKDOWN or (longest and not view):
        raise ApiError("msg_blocks_too_long", violation="blocks are too long")
    if len(set(block_ids)) != len(block_ids):
        raise _refuse("block_id is not unique")
    check_tables((block["text"] for block in blocks if block["type"] == "markdown"), blocks)


def elements(block: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the interactive elements of one block."""
    found = list(block.get("elements", ())) if block.get("type") != "rich_text" else []
    found += [block[key] for key in ("accessory", "element") if key in block]
    return [element for element in found if isinstance(element, dict)]


def _refuse(sentence: str) -> ApiError:
    return ApiError(
        "invalid_blocks", messages=(f"[ERROR] {sentence}",), violation=f"invalid blocks: {sentence}"
    )


def _check_block(block: Any) -> None:
    if not isinstance(block, dict) or block.get("type") not in _BLOCKS:
        raise _refuse(f"unsupported block {block!r:.80}")
    kind = block["type"]
    if kind == "markdown" and not (isinstance(block.get("text"), str) and block["text"]):
        raise _refuse("markdown block without text")
    if kind == "section" and not ("text" in block or block.get("fields")):
        raise _refuse("section without text or fields")
    if kind == "header" or (kind == "section" and "text" in block):
        _check_text(block.get("text"), _TEXT_LIMITS[kind], kind)
    if len(str(block.get("block_id", ""))) > 255:
        raise _refuse("block_id is too long")
    if kind in _ELEMENT_LIMITS:
        held = block.get("elements")
        if not isinstance(held, list) or not 1 <= len(held) <= _ELEMENT_LIMITS[kind]:
            raise _refuse(f"{kind} must have 1 to {_ELEMENT_LIMITS[kind]} elements")
    for element in elements(block):
        _check_element(kind, element)


def _check_element(block: str, element: dict[str, Any]) -> None:
    kind = element.get("type")
    if block == "context_actions" and kind not in _CONTEXT_ACTIONS:
        raise _refuse(f"context_actions cannot hold {kind}")
    if block != "context_actions" and kind in _CONTEXT_ACTIONS:
        raise _refuse(f"{block} cannot hold {kind}")
    if len(str(element.get("action_id", ""))) > 255:
        raise _refuse("action_id is too long")
    if kind == "button":
        _check_text(element.get("text"), 75, "button")
        if len(str(element.get("value", ""))) > 2000:
            raise _refuse("button value is too long")
        if element.get("style") not in (None, "primary", "danger"):
            raise _refuse("unknown button style")
    if kind == "feedback_buttons":
        _check_feedback(element)
    if "options" in element:
        _check_options(str(kind), element["options"])
    if "placeholder" in element:
        _check_text(element["placeholder"], 150, "placeholder")


def _check_options(kind: str, options: list[dict[str, Any]]) -> None:
    if not 1 <= len(options) <= 100:
        raise _refuse(f"{kind} must have 1 to 100 options")
    for option in options:
        _check_text(option.get("text"), 75, "option")
        if not 1 <= len(str(option.get("value", ""))) <= 150:
            raise _refuse("an option's value must have 1 to 150 characters")
    values = [option["value"] for option in options]
    if len(set(values)) < len(values):
        raise _refuse("two options have the same value")


def _check_feedback(element: dict[str, Any]) -> None:
    if set(element) - {"type", "action_id", "positive_button", "negative_button"}:
        raise _refuse("unknown field in feedback_buttons")
    for name in ("positive_button", "negative_button"):
        button = element.get(name)
        if not isinstance(button, dict) or set(button) - {"text", "value", "accessibility_label"}:
            raise _refuse(f"feedback_buttons needs {name}")
        _check_text(button.get("text"), 75, "button")
        if not 1 <= len(str(button.get("value", ""))) <= 2000:
            raise _refuse(f"{name} needs a value of at most 2000 characters")
        if len(str(button.get("accessibility_label", ""))) > 75:
            raise _refuse("accessibility_label is too long")


def _check_text(text: Any, limit: int, where: str) -> None:
    if not isinstance(text, dict) or text.get("type") not in ("plain_text", "mrkdwn"):
        raise _refuse(f"{where} needs a text object")
    if where in ("button", "header") and text["type"] != "plain_text":
        raise _refuse(f"{where} needs plain_text")
    if not 1 <= len(str(text.get("text", ""))) <= limit:
        raise _refuse(f"{where} text must have 1 to {limit} characters")


def _texts(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "text" and isinstance(value, str):
                yield value
            else:
                yield from _texts(value)
    elif isinstance(node, list):
        for value in node:
            yield from _texts(value)
