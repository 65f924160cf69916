"""What a message of blocks says, for one that brings no text of its own: in Slack's markup. Pure.

People's messages bring both. Other apps may send blocks alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, cast

from adapters.slack.values import fields, objects

_BULLETS = "•◦▪"
_STYLES = (("code", "`"), ("strike", "~"), ("italic", "_"), ("bold", "*"))


def said_in(blocks: object) -> str:
    """The text of blocks, one a line; empty for blocks that say nothing."""
    return "\n".join(text for block in objects(blocks) if (text := _block(block)))


def _block(block: Mapping[str, Any]) -> str:
    match block.get("type"):
        case "section":
            texts = (_text(block.get("text")), *map(_text, objects(block.get("fields"))))
            return "\n".join(text for text in texts if text)
        case "header":
            return f"*{text}*" if (text := _text(block.get("text"))) else ""
        case "context":
            return " ".join(filter(None, map(_text, objects(block.get("elements")))))
        case "markdown":
            return _escaped(block.get("text"))
        case "rich_text":
            return "\n".join(filter(None, map(_rich, objects(block.get("elements")))))
        case "image" | "video":
            return _text(block.get("title")) or _escaped(block.get("alt_text"))
        case "table":
            given: object = block.get("rows")
            rows = cast("list[object]", given) if isinstance(given, list) else []
            return "\n".join(map(_row, rows))
        case _:
            return ""


def _row(cells: object) -> str:
    shown = (
        _block(cell) if cell.get("type") == "rich_text" else _text(cell) for cell in objects(cells)
    )
    return " | ".join(" ".join(text.split()) for text in shown)


def _text(given: object) -> str:
    """A text object: its own markup, or words in which there is none."""
    found = fields(given)
    text = found.get("text")
    if not isinstance(text, str):
        return ""
    return text if found.get("type") == "mrkdwn" else _escaped(text)


def _escaped(text: object) -> str:
    if not isinstance(text, str):
        return ""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _rich(part: Mapping[str, Any]) -> str:
    inner = _line(objects(part.get("elements")))
    match part.get("type"):
        case "rich_text_list":
            return "\n".join(_items(part))
        case "rich_text_quote":
            return "\n".join(f"&gt; {line}" for line in inner.split("\n"))
        case "rich_text_preformatted":
            return f"```\n{inner}\n```"
        case _:
            return inner


def _items(part: Mapping[str, Any]) -> Iterable[str]:
    depth = part.get("indent")
    indent = depth if isinstance(depth, int) and 0 <= depth <= 8 else 0
    offset = part.get("offset")
    first = offset + 1 if isinstance(offset, int) else 1
    for number, item in enumerate(objects(part.get("elements")), first):
        mark = f"{number}." if part.get("style") == "ordered" else _BULLETS[indent % len(_BULLETS)]
        yield f"{'    ' * indent}{mark} {_line(objects(item.get('elements')))}"


def _line(elements: Iterable[Mapping[str, Any]]) -> str:
    return "".join(_element(each) for each in elements)


def _element(element: Mapping[str, Any]) -> str:
    shown = _plain(element)
    style = fields(element.get("style"))
    blank = len(shown) - len(shown.lstrip())
    words = shown.strip()
    if not words or "\n" in words:
        return shown
    for name, mark in _STYLES:
        if style.get(name):
            words = f"{mark}{words}{mark}"
    return shown[:blank] + words + shown[len(shown.rstrip()) :]


def _plain(element: Mapping[str, Any]) -> str:
    match element.get("type"):
        case "text":
            return _escaped(element.get("text"))
        case "link":
            url, text = element.get("url"), _escaped(element.get("text"))
            return f"<{url}|{text}>" if text else f"<{url}>"
        case "user":
            return f"<@{element.get('user_id')}>"
        case "channel":
            return f"<#{element.get('channel_id')}>"
        case "usergroup":
            return f"<!subteam^{element.get('usergroup_id')}>"
        case "broadcast":
            return f"<!{element.get('range')}>"
        case "emoji":
            return f":{element.get('name')}:"
        case "date":
            fallback = _escaped(element.get("fallback"))
            return fallback or f"<!date^{element.get('timestamp')}^{{date}}>"
        case "color":
            return _escaped(element.get("value"))
        case _:
            return ""
