"""Cuts what commands answer into messages; the model's answers are split by the engine. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

LEAST_CARRYING = 256
"""In shorter parts there is no room for a fence's own lines beside the code."""

_CARRIED = 48
"""Room for what closes a fence at the end of a part, in any unit."""

_LONGEST_LEAD = 6
_LONGEST_WORD = 20
_LINE = re.compile(r"^(?P<lead>[ \t>]*)(?P<mark>`{3,12}|~{3,12})(?P<info>[^`\n]*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class _Fence:
    """An opening line of a text, and where it stands there."""

    start: int
    end: int
    lead: str
    mark: str
    info: str

    @property
    def opening(self) -> str:
        """What opens it again, with the language."""
        words = self.info.split()
        language = words[0] if words and len(words[0]) <= _LONGEST_WORD else ""
        return f"{self.lead}{self.mark}{language}"

    @property
    def closing(self) -> str:
        """What closes it."""
        return f"{self.lead}{self.mark}"

    def is_closed_by(self, line: re.Match[str]) -> bool:
        """Whether a line is its end."""
        return line["mark"].startswith(self.mark) and not line["info"].strip()


def cut_text(text: str, limit: int, measure: Callable[[str], int]) -> Sequence[str]:
    """`text` in parts of at most `limit`, cut at line ends, else at spaces, else anywhere.

    Code that goes on in the next part is closed and opened again, unless parts are very short.

    Args:
        text: What is to be sent.
        limit: Of one part, in the unit of `measure`.
        measure: Length of a text as it is sent, which grows with it.
    """
    carries = limit >= LEAST_CARRYING
    room = limit - _CARRIED if carries else limit
    parts: list[str] = []
    rest = text.strip()
    while measure(rest) > limit:
        cut = _cut(rest, room, measure)
        head, tail = rest[:cut], rest[cut:]
        fence = _open_at_the_end(head) if carries else None
        if fence is None:
            parts.append(head.rstrip())
            rest = tail.lstrip()
        elif fence.start and not head[fence.end :].strip():
            # All of the code is in the next part.
            parts.append(head[: fence.start].rstrip())
            rest = rest[fence.start :]
        else:
            parts.append(f"{head.rstrip()}\n{fence.closing}")
            rest = _resumed(fence, tail)
    return [*parts, rest] if rest else parts


def _open_at_the_end(text: str) -> _Fence | None:
    """The fence that is still open at the end of a text."""
    found: _Fence | None = None
    for line in _LINE.finditer(text):
        if found is None:
            lead = line["lead"] if len(line["lead"]) <= _LONGEST_LEAD else ""
            found = _Fence(line.start(), line.end(), lead, line["mark"], line["info"])
        elif found.is_closed_by(line):
            found = None
    return found


def _resumed(fence: _Fence, text: str) -> str:
    """What follows a part that ends within a fence: its indentation is part of the code."""
    text = text.removeprefix("\n")
    line = _LINE.match(text)
    if line is not None and fence.is_closed_by(line):
        return text[line.end() :].lstrip()
    return f"{fence.opening}\n{text}"


def _cut(text: str, limit: int, measure: Callable[[str], int]) -> int:
    # No text that is sent is shorter than its characters, so what lies beyond is not measured.
    low, high = 1, min(len(text), limit)
    while low < high:
        middle = (low + high + 1) // 2
        if measure(text[:middle]) <= limit:
            low = middle
        else:
            high = middle - 1
    head = text[: low + 1]
    for mark in ("\n", " "):
        cut = head.rfind(mark)
        if cut > low // 2:
            return cut
    return low
