"""Splitting an answer into messages, also while it is still growing.

Parts end at a paragraph, else a line, a sentence, a word or a grapheme. Links, mentions and
emoji stay whole unless one alone is longer than a message. A code fence that is open at the end
of a part is closed there and opened again in the next one, and so are bold text and its like;
a table gets its header again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto

import regex

from bot.reply.boundaries import atoms, choose_cut, half_open_at
from bot.reply.fences import Fence, Kind, Region, open_fence, scan
from bot.reply.half import half_block_at, table_head
from bot.reply.marks import held_at, open_marks, run_end, spanning
from bot.reply.unclosed import unclosed_at

Measure = Callable[[str], int]
"""Length of Markdown as the platform counts it."""

LEAST_LIMIT = 256
"""Shorter messages could not hold a fence's own lines and any code beside them."""

_WINDOW = 4
"""Characters looked at for one part, as a multiple of the limit."""

_LOOK_AHEAD = 4500
"""Characters after the longest possible part in which a link that begins there must end."""

_MANY = 400
"""Lines and cells of tables of which one hardly notices how long they take."""

_MOST_HOLDS = 4
"""What is left when something half-open is held back may end with such a thing again."""

_BLANK_LINES = regex.compile(r"(?:[^\S\n]*+\n)++")
_SPACE = regex.compile(r"\s++")
_HALF_FENCE = regex.compile(r"[ \t>]*+(?:[-*+][ \t]++|[0-9]{1,9}[.)][ \t]++)*+(?:`{1,2}|~{1,2})$")


@dataclass(frozen=True, slots=True)
class Part:
    """One message of an answer: what it shows of `answer[start:end]`.

    Attributes:
        text: What to post: `head`, then the text itself without white space around it, then
            `tail`. Inside code all white space is kept.
        start: Where it begins; the end of the part before.
        end: Where it ends.
        head: The lines that open a carried fence again; empty when there is none.
        tail: The lines that close the open fence. When the very next thing in the answer is the
            fence's own closing line, this stands for it and the next part leaves it out.
    """

    text: str
    start: int
    end: int
    head: str = ""
    tail: str = ""


class _Mode(Enum):
    FROZEN = auto()
    LAST = auto()
    GROWING = auto()


@dataclass(frozen=True, slots=True)
class _Cut:
    """Where a part ends, and what is open there: a fence, a table, or marks within a line."""

    at: int
    fence: Fence | None = None
    marks: tuple[str, ...] = ()
    table: str = ""


class Splitter:
    """Splits one answer as it grows; parts that are followed by another one never change.

    A snapshot costs time in proportion to what is new plus one message. A text that does not
    begin like the one before (the model was asked again) keeps those parts that still hold.
    """

    def __init__(self, limit: int, measure: Measure) -> None:
        """`limit` is in units of `measure`.

        Raises:
            ValueError: `limit` is less than `LEAST_LIMIT`.
        """
        if limit < LEAST_LIMIT:
            raise ValueError(f"a message must hold at least {LEAST_LIMIT}, not {limit}")
        self._limit = limit
        self._measure = measure
        self._frozen: list[Part] = []
        self._cuts: list[_Cut] = [_Cut(0)]
        self._prefix = ""
        self._asked = ("", False)
        self._answer: tuple[Part, ...] = ()

    def takes_long(self, text: str) -> bool:
        """Whether `parts` may take more than some milliseconds: each line and each cell costs."""
        at = self._cuts[-1].at
        return text.count("\n", at) + text.count("|", at) > _MANY

    def parts(self, text: str, *, final: bool = False) -> tuple[Part, ...]:
        """The messages that show `text`, the whole answer so far.

        While it is not `final`, half-open markup at the very end is held back. A fence's opening
        line that nothing follows is not shown; blank text gives no part.
        """
        if self._asked != (text, final):
            self._answer, self._asked = self._parts(text, final), (text, final)
        return self._answer

    def _parts(self, text: str, final: bool) -> tuple[Part, ...]:
        self._forget_what_changed(text)
        mode = _Mode.LAST if final else _Mode.GROWING
        while True:
            cut = self._cuts[-1]
            begin = _visible_start(text, cut)
            chunk = text[begin : begin + self._limit * _WINDOW]
            whole = begin + len(chunk) == len(text)
            mid_line = begin > 0 and text[begin - 1] != "\n"
            likely = self._limit
            if whole:
                last = _render(chunk, cut, mid_line, mode)
                if not last.text.strip():
                    return tuple(self._frozen)
                size = self._measure(last.text)
                if size <= self._limit:
                    part = Part(last.text, cut.at, len(text), last.head, last.tail)
                    return (*self._frozen, part)
                likely = max(1, len(chunk) * self._limit // size)
            self._freeze(text, cut, begin, chunk, mid_line, likely)

    def _forget_what_changed(self, text: str) -> None:
        while not text.startswith(self._prefix):
            self._cuts.pop()
            at = self._cuts[-1].at
            self._prefix = self._prefix[:at]
            while self._frozen and self._frozen[-1].end > at:
                self._frozen.pop()

    def _freeze(
        self, text: str, cut: _Cut, begin: int, chunk: str, mid_line: bool, likely: int
    ) -> None:
        def fits(length: int) -> bool:
            shown = _render(chunk[:length], cut, mid_line, _Mode.FROZEN, chunk[length:])
            return self._measure(shown.text) <= self._limit

        most = _longest(fits, len(chunk) - 1, likely)
        near = chunk[: most + _LOOK_AHEAD]
        regions = scan(near, cut.fence, mid_line=mid_line)
        whole = atoms(near, regions)
        first = _first_visible(near, regions, cut.fence)
        length = most
        while most > first + 1:
            length = choose_cut(near, regions, whole, first, most)
            if fits(length):
                break
            most = length - 1
        length = max(1, length)
        shown = _render(chunk[:length], cut, mid_line, _Mode.FROZEN, chunk[length:])
        end = begin + length
        if shown.text.strip():
            self._frozen.append(Part(shown.text, cut.at, end, shown.head, shown.tail))
        fence = open_fence(scan(chunk[:length], cut.fence, mid_line=mid_line), cut.fence)
        if fence is not None:
            self._cuts.append(_Cut(end, fence.continued()))
        else:
            table = table_head(shown.text, chunk[:length], chunk[length:], self._limit // 3)
            self._cuts.append(_Cut(end, None, shown.marks, table))
        self._prefix = text[:end]


def split(text: str, limit: int, measure: Measure) -> list[str]:
    """The messages that show a complete answer. See `Splitter`."""
    return [part.text for part in Splitter(limit, measure).parts(text, final=True)]


def _longest(fits: Callable[[int], bool], most: int, likely: int) -> int:
    """The greatest length up to `most` that fits, or a little less; at least 1.

    Measuring may mean rendering, so it is looked for around what is `likely`.
    """
    near = likely // 128
    step = max(1, likely // 32)
    low, high = 0, most
    probe = min(most, likely)
    if fits(probe):
        low = probe
        while low < most and fits(min(most, low + step)):
            low, step = min(most, low + step), 2 * step
        high = min(most, low + step - 1)
    else:
        high = probe - 1
        while high > 1 and not fits(max(1, high - step)):
            high, step = max(1, high - step) - 1, 2 * step
        low = max(1, high - step)
    while high - low > near:
        middle = (low + high + 1) // 2
        if fits(middle):
            low = middle
        else:
            high = middle - 1
    return max(1, low)


def _visible_start(text: str, cut: _Cut) -> int:
    """Skip white space after a cut, but not inside code and not a line's indentation."""
    if cut.fence is not None:
        return cut.at
    begin = cut.at
    if begin > 0 and text[begin - 1] != "\n":
        spaces = _SPACE.match(text, begin)
        begin = text.rfind("\n", begin, spaces.end()) + 1 or spaces.end() if spaces else begin
    blank = _BLANK_LINES.match(text, begin)
    return blank.end() if blank else begin


def _first_visible(text: str, regions: list[Region], carried: Fence | None) -> int:
    """Offset of the first character that the part shows."""
    after = _after_empty_fence(text, regions) if carried else 0
    if carried is not None and after is None:
        return 0
    rest = text[after or 0 :]
    return (after or 0) + len(rest) - len(rest.lstrip())


def _after_empty_fence(text: str, regions: list[Region]) -> int | None:
    """Where prose begins if a carried fence ends before any code; None if it holds some."""
    for region in regions:
        if region.kind is Kind.CLOSING:
            return region.end
        if region.kind is not Kind.CODE:
            return region.start
        if not text[region.start : region.end].isspace():
            return None
    return None


@dataclass(frozen=True, slots=True)
class _Shown:
    text: str
    head: str = ""
    tail: str = ""
    marks: tuple[str, ...] = ()


def _render(chunk: str, cut: _Cut, mid_line: bool, mode: _Mode, after: str = "") -> _Shown:
    """What a message that holds `chunk` shows.

    Args:
        chunk: Follows the cut.
        cut: The one before it.
        mid_line: It does not begin at the beginning of a line.
        mode: Whether more follows.
        after: What follows, as far as it is known.
    """
    carried = cut.fence
    if mode is _Mode.GROWING:
        chunk = _hold_back(chunk, carried, mid_line)
    chunk, regions = _trim_end(chunk, carried, mid_line, mode)
    fence = open_fence(regions, carried)
    head = ""
    if carried is not None:
        end = _after_empty_fence(chunk, regions)
        if end is not None:
            return _render(_without_blank_lines(chunk[end:]), _Cut(0), False, mode, after)
        if mode is not _Mode.FROZEN and not chunk.strip():
            return _Shown("")
        quote = carried.prefix if mid_line and carried.quoted else ""
        head = f"{carried.opening}\n{quote}"
        chunk = _dedented_closing(chunk, regions, carried)
    elif not chunk.strip():
        return _Shown(chunk)
    else:
        head = cut.table or _opened_again(cut.marks, chunk, mode)
    if fence is None:
        return _marked(chunk, head, regions, mode, after)
    tail = ("" if chunk.endswith("\n") else "\n") + fence.closing
    return _Shown(head + chunk + tail, head, tail)


def _opened_again(marks: tuple[str, ...], chunk: str, mode: _Mode) -> str:
    """The marks that were closed at the cut, unless it turns out that nothing closes them."""
    head = "".join(marks)
    if not head or chunk[:1].isspace():
        return ""
    if scan(head + chunk)[0].kind is Kind.OPENING:
        # Back-ticks that were within a line would open a fence at the beginning of one.
        return ""
    end = run_end(chunk)
    if end == len(chunk) and mode is not _Mode.LAST:
        return head
    unclosed = any(at < len(head) for at, _ in open_marks(head + chunk[:end]))
    return "" if unclosed else head


def _marked(chunk: str, head: str, regions: list[Region], mode: _Mode, after: str) -> _Shown:
    """Prose whose open marks are closed, as far as they are meant to be marks."""
    if mode is _Mode.LAST:
        return _Shown(head + chunk, head)
    prose = regions[-1].start if regions and regions[-1].kind is Kind.PROSE else len(chunk)
    start = prose + len(head) if prose else 0
    text = head + chunk
    if mode is _Mode.FROZEN:
        marks = spanning(text, after, start)
    else:
        marks = tuple(mark for _, mark in open_marks(text, start))
    tail = "".join(reversed(marks))
    return _Shown(text + tail, head, tail, marks)


def _trim_end(
    chunk: str, carried: Fence | None, mid_line: bool, mode: _Mode
) -> tuple[str, list[Region]]:
    """Leave out white space at the end of prose, and an opening line that nothing follows.

    Without the line that ended its block quote a fence is open again, hence more than once.
    """
    may_drop = mode is not _Mode.FROZEN
    while True:
        regions = scan(chunk, carried, mid_line=mid_line)
        shorter = chunk
        if open_fence(regions, carried) is None:
            shorter = chunk.rstrip()
        elif may_drop and (unused := _unused_opening(chunk, regions)) is not None:
            may_drop = False
            before = chunk[:unused].rstrip()
            shorter = before if before or mode is _Mode.GROWING else chunk
        if shorter == chunk:
            return chunk, regions
        chunk = shorter


def _hold_back(chunk: str, carried: Fence | None, mid_line: bool) -> str:
    """Leave out markup at the very end that is not complete yet."""
    line = chunk.rfind("\n") + 1
    if _HALF_FENCE.match(chunk, line):
        return chunk[:line]
    regions = scan(chunk, carried, mid_line=mid_line)
    if open_fence(regions, carried) is not None:
        return chunk
    prose = regions[-1].start if regions and regions[-1].kind is Kind.PROSE else len(chunk)
    for _ in range(_MOST_HOLDS):
        if prose >= len(chunk):
            break
        line = max(prose, chunk.rfind("\n") + 1)
        end = min(
            line + half_open_at(chunk[line:]),
            half_block_at(chunk, prose),
            held_at(chunk, prose),
            unclosed_at(chunk, prose),
        )
        if end == len(chunk):
            break
        chunk = chunk[:end].rstrip(" \t")
    return chunk


def _without_blank_lines(text: str) -> str:
    blank = _BLANK_LINES.match(text)
    return text[blank.end() :] if blank else text


def _dedented_closing(chunk: str, regions: list[Region], carried: Fence) -> str:
    """The chunk with its carried fence's own closing line at the margin.

    The fence was opened again at the margin, so an indented mark might not close it.
    """
    for region in regions:
        if region.kind is Kind.CLOSING:
            if carried.quoted:
                return chunk
            return chunk[: region.start] + chunk[region.start :].lstrip(" \t")
        if region.kind is not Kind.CODE:
            return chunk
    return chunk


def _unused_opening(chunk: str, regions: list[Region]) -> int | None:
    """Where the last fence opens if it holds nothing yet, None if it holds something."""
    for region in reversed(regions):
        if region.kind is Kind.OPENING:
            return region.start
        if region.kind is not Kind.CODE or chunk[region.start : region.end].strip():
            return None
    return None
