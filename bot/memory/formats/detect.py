"""Which program wrote a file, by what is in it; and the right reader."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from bot.errors import ImportRefused
from bot.memory.formats import chatgpt, claude, mcp_memory, mem0, native
from bot.memory.formats.items import Item
from bot.memory.formats.known import Format
from bot.memory.formats.shape import mapping, text
from bot.memory.formats.streams import LONGEST_LINE, elements, lines

Reader = Callable[[Iterable[str]], Iterator[Item]]
"""Makes items of the pieces of a text."""


def find_format(texts: Iterable[str]) -> Format:
    """The format of a text, of which no more is read than needed.

    Raises:
        ImportRefused: It is none of them.
    """
    head = ""
    pieces = iter(texts)
    for piece in pieces:
        head += piece
        if "\n" in head.lstrip() or len(head) > LONGEST_LINE:
            break
    if not head.strip():
        raise ImportRefused("the file is empty")
    if (found := format_of_line(head.lstrip().partition("\n")[0])) is not None:
        return found

    def whole() -> Iterator[str]:
        yield head
        yield from pieces

    first = next(elements(whole()), None)
    if first is None:
        raise ImportRefused("there is nothing in it")
    if (found := _by_element(first.key, first.value)) is not None:
        return found
    raise ImportRefused(f"this is no export that is known here ({', '.join(Format)})")


def reader_of(format: Format) -> Reader:
    """What reads a format."""
    match format:
        case Format.BOBBIN:
            return lambda texts: native.read_lines(lines(texts))
        case Format.MEM0:
            return lambda texts: mem0.read(elements(texts))
        case Format.MCP_MEMORY:
            return _graph
        case Format.CHATGPT:
            return lambda texts: chatgpt.read(elements(texts))
        case Format.CLAUDE:
            return lambda texts: claude.read(elements(texts))


def format_of_line(line: str) -> Format | None:
    """The format of a text of lines, by its first; None where that does not tell."""
    if len(line) > LONGEST_LINE:
        return None
    try:
        value = mapping(json.loads(line))
    except (ValueError, RecursionError):
        return None
    if value.get("format") == native.FORMAT:
        return Format.BOBBIN
    if text(value.get("type")) in ("entity", "relation"):
        return Format.MCP_MEMORY
    return None


def _by_element(key: str, value: Any) -> Format | None:
    parts = mapping(value)
    if parts.get("format") == "bobbin.threads":
        raise ImportRefused("these are conversations of Bobbin's own; `bobbin import` reads them")
    if key in ("entities", "relations"):
        return Format.MCP_MEMORY
    if "mapping" in parts:
        return Format.CHATGPT
    if "chat_messages" in parts:
        return Format.CLAUDE
    if key in mem0.KEYS and any(word in parts for word in mem0.WORDS):
        return Format.MEM0
    return None


def _graph(texts: Iterable[str]) -> Iterator[Item]:
    """A graph is a line for each part, or one object."""
    pieces = iter(texts)
    head = ""
    for piece in pieces:
        head += piece
        if "\n" in head.strip() or len(head) > LONGEST_LINE:
            break

    def whole() -> Iterator[str]:
        yield head
        yield from pieces

    if format_of_line(head.lstrip().partition("\n")[0]) is None and '"entities"' in head:
        yield from mcp_memory.read_graph(elements(whole()))
    else:
        yield from mcp_memory.read_lines(lines(whole()))
