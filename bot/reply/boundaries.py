"""Where a piece of Markdown may be cut, and which of those places reads best."""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Sequence

import regex

from bot.markdown.dense import is_dense
from bot.reply.fences import Kind, Region

_CODE_SPAN = r"(?<!`)(?P<ticks>`++)[^\n]{0,2000}?(?<!`)(?P=ticks)(?!`)"
_LABEL = r"\[(?:\\.|[^\[\]\n\\]|\[[^\[\]\n]{0,200}+\]){0,500}+\]"
_TARGET = r"(?:<[^<>\n]{0,2000}+>|(?:\\.|[^\s()\\]|\([^\s()]{0,500}+\)){0,4000}+)"
_TITLE = r"(?:[^\S\n]++(?:\"[^\"\n]{0,300}+\"|'[^'\n]{0,300}+'))?+"
_LINK = rf"!?{_LABEL}(?:\([^\S\n]*+{_TARGET}{_TITLE}[^\S\n]*+\)|\[[^\[\]\n]{{0,200}}+\])"
_ANGLE = r"<(?:[@#!:/a-zA-Z][^<>\s]{0,2000}+|[!/][^<>\n]{1,200}+)>"
_URL = (
    r"(?<![a-zA-Z0-9])(?:[a-zA-Z][a-zA-Z0-9+.\-]{1,15}+://|www\.)[^\s<>。，、；！？「」『』（）]++"
)
_SHORT_CODE = r":[a-z0-9_+\-]{2,64}+:"
_MARKS = r"\*{2,3}|__|~~|\|\|"
_SURROGATES = r"[\ud800-\udbff][\udc00-\udfff]"
_WORD_START = r"(?P<skip>[a-zA-Z0-9]+(?=[a-zA-Z0-9]))"

_IN_PROSE = regex.compile(
    "|".join(
        (_CODE_SPAN, _LINK, _ANGLE, _URL, _SHORT_CODE, _MARKS, _WORD_START, _SURROGATES, r"\X")
    )
)
_IN_CODE = regex.compile("|".join((_ANGLE, _URL, _WORD_START, _SURROGATES, r"\X")))
_GRAPHEMES = regex.compile(rf"{_SURROGATES}|\X")

_WHOLE_LINK = regex.compile(_LINK)

_HALF_LABEL = r"\[(?:\\.|[^\[\]\n\\]|\[[^\[\]\n]{0,200}+\]){0,500}+(?:\[[^\[\]\n]{0,200}+)?+"
_HALF_TARGET = (
    r"\((?:<[^<>\n]{0,2000}+>?+|(?:\\.|[^\s()\\]|\([^\s()]{0,500}+\)?+){0,4000}+)"
    r"(?:[^\S\n]++(?:\"[^\"\n]{0,300}+\"?+|'[^'\n]{0,300}+'?+)?+)?+"
)
_HALF_OPEN = regex.compile(
    r"(?:"
    rf"!?{_HALF_LABEL}"
    rf"|!?{_LABEL}(?:{_HALF_TARGET}|\[[^\[\]\n]{{0,200}}+)?+"
    r"|<(?:(?:https?://|mailto:)[^<>|\s]{0,2000}+\|[^<>\n]{0,200}+"
    r"|[@#!:/a-zA-Z][^<>\s]{0,2000}+|[!/][^<>\n]{0,200}+)?+"
    rf"|{_URL}"
    r")$"
)

_PARAGRAPH = regex.compile(r"\n(?:[^\S\n]*+\n)++")
_LINE = regex.compile(r"\n")
_SENTENCE = regex.compile(r"(?<=[.!?…][\"'”’)\]*_]*)\s++|[。！？][\"'”’」』）]*+")
_WORD = regex.compile(r"\s++|[、，；：]")

_PROSE_LEVELS = (
    (_PARAGRAPH, 0.5, True),
    (_LINE, 1 / 3, False),
    (_SENTENCE, 1 / 3, True),
    (_WORD, 0.25, False),
)
_CODE_LEVELS = (
    (_PARAGRAPH, 0.5, True),
    (_LINE, 0.05, False),
    (_WORD, 0.25, False),
)
"""Kinds of break, best first: what ends with one, the least share of the room it must fill, and
whether it means anything in prose only. A line of code is not broken to fill a message."""

Span = tuple[int, int]


def half_open_at(text: str) -> int:
    """Where an unfinished link, mention or address at the very end of prose begins.

    `len(text)` when there is none.
    """
    at = text.rfind("\n") + 1
    if is_dense(text[at:]):
        return len(text)
    while (found := _HALF_OPEN.search(text, at)) is not None:
        whole = _WHOLE_LINK.search(text, at)
        if whole is None or not whole.start() < found.start() < whole.end():
            return found.start()
        # The address within a link that is complete.
        at = whole.end()
    return len(text)


def atoms(text: str, regions: Sequence[Region]) -> list[Span]:
    """The stretches of more than one character that should stay whole, in order."""
    spans: list[Span] = []
    for number, region in enumerate(regions):
        if region.kind is Kind.OPENING:
            _add(spans, (region.start, _first_code(text, regions[number + 1 :], region.end)))
        elif region.kind is Kind.CLOSING:
            _add(spans, (region.start, region.end))
        else:
            pattern = _IN_PROSE if region.kind is Kind.PROSE else _IN_CODE
            for each in pattern.finditer(text, region.start, region.end):
                if each.end() - each.start() > 1 and each["skip"] is None:
                    _add(spans, each.span())
    return spans


def choose_cut(
    text: str, regions: Sequence[Region], whole: Sequence[Span], first: int, most: int
) -> int:
    """The best place to cut at, `first < cut <= most`.

    Args:
        text: Begins where the part begins.
        regions: From `scan`.
        whole: From `atoms`; one that leaves no other choice is cut all the same.
        first: Offset of the first visible character.
        most: The longest prefix that fits; `first < most < len(text)`.
    """
    fences = _Fences(regions)
    kept = _Whole(whole)
    levels = _PROSE_LEVELS if fences.in_prose(most) else _CODE_LEVELS
    for pattern, share, prose_only in levels:
        floor = first + (most - first) * share
        ends = [each.end() for each in pattern.finditer(text, first, most)]
        for cut in reversed(ends):
            if cut <= floor or cut <= first:
                break
            if (fences.in_prose(cut) or not prose_only) and kept.begins(cut) is None:
                return cut
    begins = kept.begins(most)
    if begins is None:
        return most
    if begins > first:
        return begins
    return _cut_inside(text, first, most)


def _cut_inside(text: str, first: int, most: int) -> int:
    """Cut something that should be whole: at a space, else between graphemes, else anywhere."""
    spaces = [each.end() for each in _WORD.finditer(text, first, most)]
    if spaces and spaces[-1] > first + (most - first) / 2:
        return spaces[-1]
    cut = first
    for each in _GRAPHEMES.finditer(text, first):
        if each.end() > most:
            break
        cut = each.end()
    if cut > first:
        return cut
    high = "\ud800" <= text[most - 1] <= "\udbff"
    return most - 1 if high and most - 1 > first else most


def _add(spans: list[Span], span: Span) -> None:
    """Append a span, or widen the last one where the two overlap."""
    if spans and span[0] < spans[-1][1]:
        spans[-1] = (spans[-1][0], max(spans[-1][1], span[1]))
    else:
        spans.append(span)


def _first_code(text: str, after: Iterable[Region], at: int) -> int:
    """The end of the first visible character of a fence's code: before it a cut leaves it empty."""
    for region in after:
        if region.kind is not Kind.CODE:
            return region.end if region.kind is Kind.CLOSING else at + 1
        code = text[region.start : region.end]
        blank = len(code) - len(code.lstrip())
        if blank < len(code):
            return region.start + blank + 1
        at = region.end
    return at


class _Fences:
    """Tells which kind of region comes before an offset."""

    def __init__(self, regions: Sequence[Region]) -> None:
        self._starts = [region.start for region in regions]
        self._kinds = [region.kind for region in regions]

    def in_prose(self, offset: int) -> bool:
        found = bisect.bisect_left(self._starts, offset) - 1
        return found >= 0 and self._kinds[found] in (Kind.PROSE, Kind.CLOSING)


class _Whole:
    """Tells which atom an offset would cut."""

    def __init__(self, spans: Sequence[Span]) -> None:
        self._spans = spans
        self._starts = [start for start, _ in spans]

    def begins(self, offset: int) -> int | None:
        """The beginning of the atom that a cut at `offset` goes through, None if it is free."""
        found = bisect.bisect_left(self._starts, offset) - 1
        if found >= 0 and self._spans[found][1] > offset:
            return self._starts[found]
        return None
