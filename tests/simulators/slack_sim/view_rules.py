"""What Slack takes in modals and Home tabs, block by block."""

from __future__ import annotations

import json
from typing import Any

from tests.simulators.slack_sim.blocks import elements
from tests.simulators.slack_sim.errors import ApiError

BLOCKS = frozenset(
    {"actions", "context", "divider", "header", "image", "input", "rich_text", "section", "video"}
)
"""Others, such as `markdown`, are for messages only."""
LARGEST = 250_000
_MENUS = {"overflow": (1, 5), "static_select": (1, 100), "radio_buttons": (1, 10)}
_INPUTS = frozenset({"plain_text_input", "static_select", "radio_buttons", "checkboxes"})


def refuse(sentence: str) -> ApiError:
    """The refusal of a view; it counts as a violation."""
    return ApiError(
        "invalid_arguments", messages=(f"[ERROR] {sentence}",), violation=f"view: {sentence}"
    )


def check_view_blocks(view: dict[str, Any]) -> None:
    """Refuse blocks and elements that Slack would refuse in a view.

    Raises:
        ApiError: ``invalid_arguments``.
    """
    if len(json.dumps(view)) > LARGEST:
        raise refuse("view is too large")
    if not view["blocks"]:
        raise refuse("view without blocks")
    for block in view["blocks"]:
        kind = block["type"]
        if kind not in BLOCKS:
            raise refuse(f"{kind} blocks are for messages")
        if kind == "input":
            _check_input(block)
        if kind == "context":
            for element in block["elements"]:
                if element.get("type") not in ("mrkdwn", "plain_text", "image"):
                    raise refuse("context holds texts and images")
                _check_text(element, 3000, "context", element["type"])
            continue
        for element in elements(block):
            _check_element(element)


def _check_input(block: dict[str, Any]) -> None:
    _check_text(block.get("label"), 2000, "label", "plain_text")
    element = block.get("element")
    if not isinstance(element, dict) or element.get("type") not in _INPUTS:
        raise refuse("an input needs an element that takes one")
    if not isinstance(block.get("dispatch_action", False), bool):
        raise refuse("dispatch_action is true or false")
    config = element.get("dispatch_action_config")
    if config is not None:
        on = config.get("trigger_actions_on") if isinstance(config, dict) else None
        if not block.get("dispatch_action") or element["type"] != "plain_text_input":
            raise refuse("dispatch_action_config belongs to a text that is sent as it is typed")
        if not on or set(on) - {"on_enter_pressed", "on_character_entered"}:
            raise refuse(f"unknown trigger_actions_on {on}")
    if not element.get("action_id") or not block.get("block_id"):
        raise refuse("an input without ids could not be read back")


def _check_element(element: dict[str, Any]) -> None:
    kind = str(element.get("type"))
    if kind in _MENUS:
        least, most = _MENUS[kind]
        options = element.get("options")
        if not isinstance(options, list) or not least <= len(options) <= most:
            raise refuse(f"{kind} must have {least} to {most} options")
        values = [_option(option) for option in options]
        if len(set(values)) != len(values):
            raise refuse("two options have the same value")
        initial = element.get("initial_option")
        if initial is not None and initial not in options:
            raise refuse("initial_option is none of the options")
    if "placeholder" in element:
        _check_text(element["placeholder"], 150, "placeholder", "plain_text")
    if kind == "plain_text_input":
        _check_typed(element)
    if kind == "conversations_select":
        kinds = element.get("filter", {}).get("include", ["public"])
        if not kinds or set(kinds) - {"public", "private", "im", "mpim"}:
            raise refuse("a filter includes public, private, im or mpim")
        if not element.get("action_id"):
            raise refuse("conversations_select without action_id")
        return
    if kind != "button" and kind not in _MENUS and kind not in _INPUTS:
        raise refuse(f"unknown element {kind}")
    if kind != "plain_text_input" and not element.get("action_id"):
        raise refuse(f"{kind} without action_id")


def _check_typed(field: dict[str, Any]) -> None:
    most = field.get("max_length", 3000)
    if not 1 <= most <= 3000:
        raise refuse("max_length is at most 3000")
    if len(field.get("initial_value", "")) > most:
        raise refuse("initial_value is longer than max_length")


def _option(option: dict[str, Any]) -> str:
    _check_text(option.get("text"), 75, "option", None)
    value = option.get("value")
    if not isinstance(value, str) or not 1 <= len(value) <= 150:
        raise refuse("an option's value must have 1 to 150 characters")
    return value


def _check_text(text: Any, most: int, where: str, kind: str | None) -> None:
    if not isinstance(text, dict) or text.get("type") not in ("plain_text", "mrkdwn"):
        raise refuse(f"{where} needs a text object")
    if kind is not None and text["type"] != kind:
        raise refuse(f"{where} needs {kind}")
    if set(text) - {"type", "text", "emoji", "verbatim"}:
        raise refuse(f"unknown keys in the text of {where}")
    if not 1 <= len(str(text.get("text") or "")) <= most:
        raise refuse(f"{where} must have 1 to {most} characters")


def check_values(view: dict[str, Any], values: dict[str, Any]) -> None:
    """Slack's window does not let anybody send off what is not filled in.

    Raises:
        ValueError: A person could not do that.
    """
    inputs = {block["block_id"]: block for block in view["blocks"] if block["type"] == "input"}
    if "submit" not in view:
        raise ValueError("this window has no button to send it off")
    if values.keys() - inputs.keys():
        raise ValueError(f"no such inputs: {values.keys() - inputs.keys()}")
    for name, block in inputs.items():
        given = values.get(name, {}).get(block["element"]["action_id"], {})
        filled = given.get("value") or given.get("selected_option")
        if not filled and not block.get("optional"):
            raise ValueError(f"{name} is not filled in")
        chosen = given.get("selected_option")
        if chosen is not None and chosen not in block["element"]["options"]:
            raise ValueError(f"{name} offers no such option")
