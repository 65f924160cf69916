"""Whom a text notifies, and whether Slack would unfurl something in it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

_CONTROL = re.compile(r"<(!channel|!here|!everyone|!group|!subteam\^\w+|@[UW]\w+)(?:\|[^<>]*)?>")
_AT_NAME = re.compile(r"(?<![\w@<])@([\w.\-]+)")
_URL = re.compile(r"https?://[^\s<>|]+", re.IGNORECASE)
_FENCE = re.compile(r"(^|\n)(`{3,}|~{3,})[^\n]*\n.*?(\n\2[ \t]*(?=\n|$)|$)", re.DOTALL)
_CODE_SPAN = re.compile(r"(`+)(?!`).*?(?<!`)\1(?!`)", re.DOTALL)
_WIRE_TOKEN = re.compile(r"<(?:[@#!][^<>\n]+|(?:https?://|mailto:)[^<>\s]+(?:\|[^<>\n]*)?)>")
_ENTITY = re.compile(r"&(?:amp|lt|gt);")
_BROADCASTS = frozenset({"channel", "here", "everyone"})


def without_code(markdown: str) -> str:
    """Return Markdown without its code blocks and code spans."""
    return _CODE_SPAN.sub(" ", _FENCE.sub("\n", markdown))


def wire_text(text: str) -> str:
    """Return text as Slack sends it: bare ``&``, ``<``, ``>`` escaped, tokens left alone."""
    out: list[str] = []
    at = 0
    for token in re.finditer(f"{_WIRE_TOKEN.pattern}|{_ENTITY.pattern}", text):
        out.append(_escape(text[at : token.start()]))
        out.append(token.group())
        at = token.end()
    out.append(_escape(text[at:]))
    return "".join(out)


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def pings_of_text(
    text: str,
    names: Mapping[str, str],
    *,
    markdown: bool,
    parse: str,
    link_names: bool,
) -> Iterator[str]:
    """Yield who is notified by a text, as tokens: ``<!channel>``, ``<@U1>``, ``@here``, ``@ada``.

    In mrkdwn, Slack reads ``<...>`` everywhere, also between backticks; in standard Markdown,
    code is exempt. ``@name`` works only with ``parse`` full or client, or with ``link_names``.

    Args:
        text: what the app sent.
        names: lower-case handles and display names of the workspace.
        markdown: the text came as ``markdown_text`` or in a markdown block.
        parse: ``none``, ``client`` or ``full``.
        link_names: the call's ``link_names``.
    """
    seen = without_code(text) if markdown else text
    for match in _CONTROL.finditer(seen):
        yield f"<{match.group(1)}>"
    if parse in ("full", "client") or link_names:
        for match in _AT_NAME.finditer(_CONTROL.sub(" ", seen)):
            name = match.group(1).rstrip(".-").lower()
            if name in _BROADCASTS or name in names:
                yield f"@{name}"


def pings_of_blocks(blocks: Iterable[Any]) -> Iterator[str]:
    """Yield who is notified by the text objects and rich-text elements of blocks."""
    for node in blocks:
        if isinstance(node, dict):
            yield from _pings_of_node(node)
        elif isinstance(node, list):
            yield from pings_of_blocks(node)


def _pings_of_node(node: dict[str, Any]) -> Iterator[str]:
    kind = node.get("type")
    if kind in ("mrkdwn", "markdown"):
        yield from pings_of_text(
            str(node.get("text", "")),
            {},
            markdown=kind == "markdown",
            parse="none",
            link_names=False,
        )
    elif kind == "user":
        yield f"<@{node.get('user_id')}>"
    elif kind == "usergroup":
        yield f"<!subteam^{node.get('usergroup_id')}>"
    elif kind == "broadcast":
        yield f"<!{node.get('range')}>"
    else:
        yield from pings_of_blocks(node.values())


def has_url(text: str, blocks: Iterable[Any] = ()) -> bool:
    """Whether there is a link in the text or in any string of the blocks."""
    if _URL.search(text):
        return True
    return any(_URL.search(value) for value in _strings(blocks))


def _strings(nodes: Iterable[Any]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, str):
            yield node
        elif isinstance(node, dict):
            yield from _strings(node.values())
        elif isinstance(node, list):
            yield from _strings(node)
