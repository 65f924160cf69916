"""What stands within a line: from the parser's tokens to the tree, some HTML included."""

from __future__ import annotations

import re
from collections.abc import Sequence

from markdown_it.token import Token

from bot.markdown.tree import (
    Break,
    Formula,
    Image,
    Inline,
    Link,
    Note,
    Span,
    Style,
    Styled,
    Text,
    plain,
)

FARTHEST = 200
"""Tokens within which an HTML tag must end."""

_TAG = re.compile(r"<(/?)([a-zA-Z]+)\s*/?>")
_STYLES = {
    "b": Style.STRONG,
    "strong": Style.STRONG,
    "summary": Style.STRONG,
    "i": Style.EMPHASIS,
    "em": Style.EMPHASIS,
    "s": Style.STRIKE,
    "del": Style.STRIKE,
    "strike": Style.STRIKE,
    "u": Style.UNDERLINE,
    "ins": Style.UNDERLINE,
}
_CODE = frozenset({"code", "kbd", "samp", "tt"})
_RAISED = str.maketrans("0123456789+-=()n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿ")
_LOWERED = str.maketrans("0123456789+-=()", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎")
_OPENINGS = {"strong_open": Style.STRONG, "em_open": Style.EMPHASIS, "s_open": Style.STRIKE}


def inlines(token: Token) -> tuple[Inline, ...]:
    """The parts of a token of the type `inline`."""
    children = token.children or []
    return _parts(children, 0, len(children))


def _parts(tokens: Sequence[Token], at: int, stop: int) -> tuple[Inline, ...]:
    found: list[Inline] = []
    while at < stop:
        token = tokens[at]
        after = at + 1
        if token.nesting == 1:
            close = _closing(tokens, at, stop)
            found.append(_container(token, _parts(tokens, at + 1, close)))
            after = close + 1
        elif token.type == "html_inline":
            part, after = _tagged(tokens, at, stop)
            found.append(part)
        elif token.type != "text" or token.content:
            found.append(_leaf(token))
        at = after
    return tuple(_joined(found))


def _joined(parts: Sequence[Inline]) -> Sequence[Inline]:
    """Neighbouring words as one."""
    found: list[Inline] = []
    for part in parts:
        if isinstance(part, Text) and found and isinstance(before := found[-1], Text):
            found[-1] = Text(before.text + part.text)
        else:
            found.append(part)
    return found


def _leaf(token: Token) -> Inline:
    match token.type:
        case "softbreak":
            return Break()
        case "hardbreak":
            return Break(hard=True)
        case "code_inline":
            return Span(token.content)
        case "formula":
            return Formula(token.content)
        case "note":
            return Note(token.content)
        case "image":
            return Image(str(token.attrGet("src") or ""), plain(inlines(token)))
        case _:
            return Text(token.content)


def _container(token: Token, parts: tuple[Inline, ...]) -> Inline:
    if token.type == "link_open":
        return Link(str(token.attrGet("href") or ""), parts, bare=token.info == "auto")
    return Styled(_OPENINGS.get(token.type, Style.EMPHASIS), parts, token.markup)


def _closing(tokens: Sequence[Token], at: int, stop: int) -> int:
    depth = 0
    for place in range(at, stop):
        depth += tokens[place].nesting
        if depth == 0:
            return place
    return stop


def _tagged(tokens: Sequence[Token], at: int, stop: int) -> tuple[Inline, int]:
    """What an HTML tag stands for, and where to go on; a tag without a meaning is words."""
    literal = Text(tokens[at].content)
    tag = _TAG.fullmatch(tokens[at].content)
    if tag is None:
        return literal, at + 1
    name = tag[2].lower()
    if name == "br":
        return Break(hard=True), at + 1
    close = None if tag[1] else _tag_closing(tokens, at, stop, name)
    if close is None:
        return literal, at + 1
    inner = _parts(tokens, at + 1, close)
    words = plain(inner)
    part: Inline | None = None
    if name in _STYLES and words.strip():
        part = Styled(_STYLES[name], inner)
    elif name in _CODE and words.strip():
        part = Span(words)
    elif name in ("sup", "sub"):
        shifted = words.translate(_RAISED if name == "sup" else _LOWERED)
        part = Text(shifted if not shifted.isascii() else f"{'^' if name == 'sup' else '_'}{words}")
    return (part, close + 1) if part is not None else (literal, at + 1)


def _tag_closing(tokens: Sequence[Token], at: int, stop: int, name: str) -> int | None:
    """Where the same tag ends, on the same level of everything else."""
    depth = level = 0
    for place in range(at, min(stop, at + FARTHEST)):
        token = tokens[place]
        level += token.nesting
        if level < 0:
            return None
        tag = _TAG.fullmatch(token.content) if token.type == "html_inline" else None
        if tag is not None and tag[2].lower() == name:
            depth += -1 if tag[1] else 1
            if depth == 0:
                return place if level == 0 else None
    return None
