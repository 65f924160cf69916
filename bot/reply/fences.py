"""Where code fences are in a piece of Markdown, and the lines that carry one across a cut."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache

import regex

LONGEST_PREFIX = 24
"""A fence indented or quoted deeper than this many characters is taken for ordinary text."""

LONGEST_LANGUAGE = 16
"""A longer language is left out of a re-opened fence."""

_FENCE_LINE = regex.compile(
    r"^(?P<prefix>(?:[ \t]*+(?:>|(?:[-*+]|[0-9]{1,9}[.)])(?=[ \t])))*+[ \t]*+)"
    r"(?:(?P<mark>`{3,24})(?!`)(?P<info>[^`\n]*+)|(?P<mark>~{3,24})(?!~)(?P<info>[^\n]*+))$",
    regex.MULTILINE,
)
_UNQUOTED = regex.compile(r"^(?![ \t]*+>)", regex.MULTILINE)
_LANGUAGE = regex.compile(r"[ \t]*+([\w+#.\-]++)(?!\S)")
_NOT_QUOTE = regex.compile(r"[^>\s]")


@dataclass(frozen=True, slots=True)
class Fence:
    """An open fence.

    Attributes:
        prefix: What stands before the mark of its closing line: white space and quote marks.
        mark: The run of back-ticks or tildes.
        language: First word of the info string; empty when there is none worth repeating.
        indent: Columns before the mark in the text itself, which its closing line goes by.
    """

    prefix: str
    mark: str
    language: str
    indent: int

    @property
    def quoted(self) -> bool:
        """The fence is inside a block quote, and ends with it."""
        return ">" in self.prefix

    @property
    def opening(self) -> str:
        """The line that opens the fence again."""
        return f"{self.prefix}{self.mark}{self.language}"

    @property
    def closing(self) -> str:
        """The line that closes it."""
        return f"{self.prefix}{self.mark}"

    def continued(self) -> Fence:
        """The fence as it stands in the next message, where the list around it is missing.

        Four columns of indentation would make plain indented code of the fence's own line there.
        """
        return replace(self, prefix="> " * self.prefix.count(">"))


class Kind(StrEnum):
    """What a region of the text is."""

    PROSE = "prose"
    OPENING = "opening"
    CODE = "code"
    CLOSING = "closing"


@dataclass(frozen=True, slots=True)
class Region:
    """`text[start:end]` is of one kind. Lines of a fence include their line break.

    `fence` is the fence that an opening line, code or a closing line belongs to.
    """

    kind: Kind
    start: int
    end: int
    fence: Fence | None = None


def scan(text: str, carried: Fence | None = None, *, mid_line: bool = False) -> list[Region]:
    """Divide `text` into regions without gaps; empty regions are left out.

    Args:
        text: What one message shows, so that it begins at the beginning of a line.
        carried: A fence that is open at the beginning.
        mid_line: `text` continues a line of the fence, whose quote marks it therefore lacks.
    """
    return list(_scanned(text, carried, mid_line))


# Whoever splits an answer asks this several times, each time about the same text.
@lru_cache(maxsize=4)
def _scanned(text: str, carried: Fence | None, mid_line: bool) -> Sequence[Region]:
    regions: list[Region] = []
    at = 0
    fence = carried
    while at < len(text):
        if fence is None:
            line = _next_opening(text, at)
            stop = line.start if line else len(text)
            _add(regions, Kind.PROSE, at, stop)
            if line is not None:
                regions.append(line)
            at, fence = (line.end, line.fence) if line else (len(text), None)
        else:
            skip_first = mid_line and at == 0
            closing = _next_closing(text, at, fence, skip_first)
            stop = closing.start if closing else len(text)
            _add(regions, Kind.CODE, at, stop, fence)
            if closing is not None and closing.end > closing.start:
                regions.append(closing)
            at, fence = (closing.end, None) if closing else (len(text), fence)
    return regions


def open_fence(regions: list[Region], carried: Fence | None = None) -> Fence | None:
    """The fence that is open where the regions end."""
    if not regions:
        return carried
    last = regions[-1]
    return last.fence if last.kind in (Kind.OPENING, Kind.CODE) else None


def _add(
    regions: list[Region], kind: Kind, start: int, end: int, fence: Fence | None = None
) -> None:
    if end > start:
        regions.append(Region(kind, start, end, fence))


def _line_end(text: str, at: int) -> int:
    found = text.find("\n", at)
    return len(text) if found < 0 else found + 1


def _columns(prefix: str) -> int:
    return len(prefix.expandtabs(4))


def _next_opening(text: str, at: int) -> Region | None:
    for found in _FENCE_LINE.finditer(text, at):
        prefix = found["prefix"]
        if len(prefix) > LONGEST_PREFIX:
            continue
        word = _LANGUAGE.match(found["info"])
        language = word[1] if word and len(word[1]) <= LONGEST_LANGUAGE else ""
        blank = _NOT_QUOTE.sub(" ", prefix)
        fence = Fence(blank, found["mark"], language, _columns(prefix))
        return Region(Kind.OPENING, found.start(), _line_end(text, found.end()), fence)
    return None


def _next_closing(text: str, at: int, fence: Fence, skip_first: bool) -> Region | None:
    """The closing line, or an empty region where the block quote around the fence ends."""
    line = _line_end(text, at) if skip_first else at
    for found in _FENCE_LINE.finditer(text, at):
        stop = _line_end(text, found.end())
        if fence.quoted:
            unquoted = _UNQUOTED.search(text, line, max(line, stop))
            if unquoted is not None and unquoted.start() <= found.start():
                return Region(Kind.CLOSING, unquoted.start(), unquoted.start(), fence)
            line = max(line, stop)
        mark: str = found["mark"]
        prefix: str = found["prefix"]
        if (
            mark[0] == fence.mark[0]
            and len(mark) >= len(fence.mark)
            and not found["info"].strip()
            and not _NOT_QUOTE.search(prefix)
            and (fence.quoted or ">" not in prefix)
            and _columns(prefix) <= fence.indent + 3
        ):
            return Region(Kind.CLOSING, found.start(), stop, fence)
    unquoted = _UNQUOTED.search(text, line) if fence.quoted else None
    if unquoted is None or unquoted.start() == len(text):
        return None
    return Region(Kind.CLOSING, unquoted.start(), unquoted.start(), fence)
