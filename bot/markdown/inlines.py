"""What stands within a line: from the parser's tokens to the tree, some HTML included."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

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

DEEPEST = 12
"""Styles within each other; what is nested deeper is shown as the words it holds."""

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
TAGS = frozenset(_STYLES) | _CODE | {"sup", "sub"}
"""HTML that sets off what stands between its two tags."""

_RAISED = str.maketrans("0123456789+-=()n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿ")
_LOWERED = str.maketrans("0123456789+-=()", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎")
_OPENINGS = {"strong_open": Style.STRONG, "em_open": Style.EMPHASIS, "s_open": Style.STRIKE}


def inlines(token: Token) -> tuple[Inline, ...]:
    """The parts of a token of the type `inline`."""
    children = token.children or []
    return _parts(_Line(children, _tags(children)), 0, len(children), 0)


@dataclass(frozen=True, slots=True)
class _Line:
    """Tokens, and for each opening HTML tag among them where the same tag ends."""

    tokens: Sequence[Token]
    tags: Mapping[int, int]


def _parts(line: _Line, at: int, stop: int, depth: int) -> tuple[Inline, ...]:
    tokens = line.tokens
    found: list[Inline] = []
    while at < stop:
        token = tokens[at]
        after = at + 1
        if token.type == "html_inline":
            parts, after = _tagged(line, at, stop, depth)
            found.extend(parts)
        elif token.nesting and depth >= DEEPEST and token.type != "link_open":
            pass
        elif token.nesting == 1:
            close = _closing(tokens, at, stop)
            found.append(_container(token, _parts(line, at + 1, close, depth + 1)))
            after = close + 1
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


def _tagged(line: _Line, at: int, stop: int, depth: int) -> tuple[tuple[Inline, ...], int]:
    """What an HTML tag stands for, and where to go on; a tag without a meaning is words."""
    literal = Text(line.tokens[at].content)
    tag = _TAG.fullmatch(literal.text)
    if tag is None:
        return (literal,), at + 1
    name = tag[2].lower()
    if name == "br":
        return (Break(hard=True),), at + 1
    close = line.tags.get(at, stop)
    if close >= stop or depth >= DEEPEST:
        return (literal,), at + 1
    inner = _parts(line, at + 1, close, depth + 1)
    words = plain(inner)
    if name in _STYLES and words.strip():
        parts: tuple[Inline, ...] = (Styled(_STYLES[name], inner),)
    elif name in _CODE and words.strip():
        parts = (Span(words),)
    elif name in ("sup", "sub"):
        shifted = words.translate(_RAISED if name == "sup" else _LOWERED)
        mark = "^" if name == "sup" else "_"
        parts = (Text(f"{mark}{words}" if shifted.isascii() else shifted),)
    else:
        parts = (literal, *inner, Text(line.tokens[close].content))
    return parts, close + 1


def _tags(tokens: Sequence[Token]) -> dict[int, int]:
    """Where each HTML tag that ends does so, on the same level of everything else."""
    found: dict[int, int] = {}
    levels: list[defaultdict[str, list[int]]] = [defaultdict(list)]
    for place, token in enumerate(tokens):
        if token.nesting == 1:
            levels.append(defaultdict(list))
        elif token.nesting == -1:
            levels.pop()
        elif token.type == "html_inline" and (tag := _TAG.fullmatch(token.content)):
            opened = levels[-1][tag[2].lower()]
            if not tag[1]:
                opened.append(place)
            elif opened:
                found[opened.pop()] = place
    return found
