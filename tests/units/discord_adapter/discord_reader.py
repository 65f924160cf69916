"""A message as Discord's client reads it; written from what it does, not from the renderer."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_BLOCK = re.compile(r"```(?:([A-Za-z0-9_+\-.#]+?)\n)?\n*([^\n].*?)\n*```", re.DOTALL)
_SPAN = re.compile(r"(`+)(.*?[^`])\1(?!`)", re.DOTALL)
_ESCAPE = re.compile(r"\\([^0-9A-Za-z\s])")
_LINK = re.compile(r"\[((?:\[[^\]]*\]|[^\[\]])*)\]\((https?://(?:\([^()\s]*\)|[^\s()])+)\)")
_BARE = re.compile(r"<(https?://[^\s<>]+)>|(https?://[^\s<>]+)")
_STRONG = re.compile(r"\*\*((?:\\.|[^\\])+?)\*\*(?!\*)", re.DOTALL)
_UNDERLINE = re.compile(r"__((?:\\.|[^\\])+?)__(?!_)", re.DOTALL)
_SLANTED = re.compile(
    r"\b_((?:__|\\.|[^\\_])+?)_\b"
    r"|\*(?=\S)((?:\*\*|\\.|\s+(?:\\.|[^\s*\\]|\*\*)|[^\s*\\])+?)\*(?!\*)",
    re.DOTALL,
)
_STRIKE = re.compile(r"~~(.+?)~~(?!_)", re.DOTALL)
_SPOILER = re.compile(r"\|\|(.+?)\|\|", re.DOTALL)
_LINE = re.compile(r"(#{1,3}|-#)\s+|(>>>|>) ?|[ ]*(?:[-*]|\d+\.)\s+")
_STYLES = (
    ("strong", _STRONG),
    ("underline", _UNDERLINE),
    ("slanted", _SLANTED),
    ("strike", _STRIKE),
    ("spoiler", _SPOILER),
)


@dataclass
class Read:
    """What is seen.

    Attributes:
        text: All words, code included.
        prose: The words outside code.
        styles: Kinds of marks with the words that they set off.
        code: Blocks of code with their languages.
        links: Masked links, by address.
    """

    text: str = ""
    prose: str = ""
    styles: list[tuple[str, str]] = field(default_factory=list)
    code: list[tuple[str, str]] = field(default_factory=list)
    links: list[tuple[str, str]] = field(default_factory=list)


def read(content: str) -> Read:
    """Read a message."""
    seen = Read()
    _read(content, seen)
    return seen


def _read(content: str, seen: Read) -> None:
    at = 0
    while at < len(content):
        if (at == 0 or content[at - 1] == "\n") and (mark := _LINE.match(content, at)):
            at = mark.end()
            continue
        at = _piece(content, at, seen)


def _piece(content: str, at: int, seen: Read) -> int:
    if found := _BLOCK.match(content, at):
        seen.code.append((found[1] or "", found[2]))
        seen.text += found[2]
        return found.end()
    if found := _SPAN.match(content, at):
        seen.text += found[2]
        return found.end()
    if found := _ESCAPE.match(content, at):
        seen.text += found[1]
        return found.end()
    if found := _LINK.match(content, at):
        seen.links.append((found[2], found[1]))
        _read(found[1], seen)
        return found.end()
    if found := _BARE.match(content, at):
        seen.text += found[1] or found[2]
        return found.end()
    for name, pattern in _STYLES:
        if found := pattern.match(content, at):
            inner = next(group for group in found.groups() if group is not None)
            seen.styles.append((name, inner))
            _read(inner, seen)
            return found.end()
    seen.text += content[at]
    seen.prose += content[at]
    return at + 1
