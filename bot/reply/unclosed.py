"""Formulas and HTML tags that are begun where a text ends and may yet be closed."""

from __future__ import annotations

import regex

from bot.markdown.dense import is_dense
from bot.markdown.extras import LONGEST_FORMULA, formula_at
from bot.markdown.inlines import TAGS
from bot.reply.marks import LONGEST_HELD, run_start

_PIECE = regex.compile(
    r"(?P<formula>\\[(\[]|\\$|\${1,2})"
    r"|\\[^\w\s]"
    r"|(?P<ticks>`++)(?:[^`]|(?!(?P=ticks)(?!`))`++){1,2000}?(?P=ticks)(?!`)"
    r"|(?P<code>`++)"
    rf"|<(?P<ends>/?)(?P<tag>{'|'.join(sorted(TAGS))})\s*+/?>"
    r"|<[^<>\s]{1,2000}+>",
    regex.IGNORECASE,
)
_BLANK = regex.compile(r"\n[^\S\n>]*+(?:>[^\S\n]*+)*+(?=\n)")
_BEFORE = regex.compile(r"(?:[^\S\n]*+(?:>|(?:[-*+]|[0-9]{1,9}[.)])(?=[^\S\n])))*+[^\S\n]*+")
_CLOSINGS = {"$$": "$$", "\\[": "\\]"}
_MAY_BE = {
    "$": regex.compile(rf"\$(?:(?![\s$])[^$\n]{{0,{LONGEST_HELD}}}+)?+$"),
    "$$": regex.compile(rf"\$\$[^$]{{0,{LONGEST_FORMULA}}}+\$?+$"),
    "\\": regex.compile(r"\\$"),
    "\\(": regex.compile(rf"\\\([\s\S]{{0,{LONGEST_HELD}}}+$"),
    "\\[": regex.compile(rf"\\\[[\s\S]{{0,{LONGEST_FORMULA}}}+$"),
}
_PROSE = regex.compile(
    r"\$(?:[A-Z_]{2,}+\b|[0-9][0-9.,]*+(?:[^\S\n]*+[-–][^\S\n]*+\$?[0-9][0-9.,]*+)?+[^\S\n]+[^\W\d_]"
    r"|[^\\^_=+*/<>|{}\n-]*?[^\S\n][^\W\d_]{2})"
)
"""An amount of money and what it is for, a variable of a shell, or words: no formula."""


def unclosed_at(text: str, start: int = 0) -> int:
    """Where a formula or what an HTML tag sets off begins and has not ended; `len(text)` for none.

    Only where it may still end: not past a blank line, nor past a length that few of them have.

    Args:
        text: Markdown; from `start` on outside fences.
        start: Nothing before is looked at.
    """
    return min(_equation_at(text, start), _inline_at(text, run_start(text, start)))


def _equation_at(text: str, start: int) -> int:
    """The formula on lines of its own; these may begin with what elsewhere begins a block."""
    least = max(start, len(text) - 2 * LONGEST_FORMULA)
    at = max((each.end() + 1 for each in _BLANK.finditer(text, least)), default=least)
    found, closing = len(text), ""
    while at < len(text):
        end = text.find("\n", at)
        end = len(text) if end < 0 else end
        before = _BEFORE.match(text, at, end)
        begin = before.end() if before else at
        if closing:
            closing = "" if closing in text[begin:end] else closing
        elif (opening := text[begin : begin + 2]) in _CLOSINGS and (at == start or at > least):
            closing = _CLOSINGS[opening]
            found = begin
            closing = "" if closing in text[begin + 2 : end] else closing
        at = end + 1
    return found if closing and len(text) - found <= LONGEST_FORMULA else len(text)


def _inline_at(text: str, at: int) -> int:
    tags: list[tuple[str, int]] = []
    first = len(text)
    if is_dense(text[at:]):
        return first
    while (piece := _PIECE.search(text, at)) is not None and piece["code"] is None:
        at = piece.end()
        if (mark := piece["formula"]) is not None:
            formula = formula_at(text, piece.start(), len(text))
            undecided = formula is not None and mark == "$" and formula[1] == len(text)
            if undecided or (formula is None and _may_be(text, piece.start(), mark)):
                first = piece.start()
                break
            at = at if formula is None else formula[1]
        elif (tag := piece["tag"]) is not None:
            _take(tags, tag.lower(), piece.start(), ends=bool(piece["ends"]))
    return min([first, *(place for _, place in tags if len(text) - place <= LONGEST_HELD)])


def _may_be(text: str, at: int, mark: str) -> bool:
    return _MAY_BE[mark].match(text, at) is not None and (
        mark != "$" or _PROSE.match(text, at) is None
    )


def _take(tags: list[tuple[str, int]], tag: str, place: int, *, ends: bool) -> None:
    if not ends:
        tags.append((tag, place))
        return
    found = next((n for n in reversed(range(len(tags))) if tags[n][0] == tag), None)
    if found is not None:
        del tags[found]
