"""What the buttons and windows under memories say. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from bot.panels import LONGEST_ACT


class Verb(StrEnum):
    """What is to be done."""

    LIST = "l"
    OPEN = "o"
    """Ask for other words, in a window."""
    SAVE = "s"
    """What the window says."""
    PIN = "p"
    UNPIN = "n"
    ASK_DELETE = "d"
    DELETE = "x"
    ASK_SHARE = "h"
    SHARE = "i"
    UNDO = "u"
    UNDO_BELOW = "b"
    """The same below what stays as it is: an answer, or a list of several."""
    MERGE = "m"
    MERGE_BELOW = "g"
    """The same below an answer, which stays as it is."""
    KEEP = "k"
    """What was remembered unasked shall stay."""


@dataclass(frozen=True, slots=True)
class Act:
    """One deed.

    Attributes:
        verb: See `Verb`.
        id: The memory.
        page: The page of the list that it is on, from 0.
        version: The memory's, where it matters.
        query: The search that the list is of, as much of it as fits; for a merge the id of the
            newer memory.
    """

    verb: Verb
    id: str = ""
    page: int = 0
    version: int = 0
    query: str = ""

    def __str__(self) -> str:
        head = f"{self.verb}:{self.id}:{self.page or ''}:{self.version or ''}:"
        return head + fitting(self.query, LONGEST_ACT - len(head))

    @classmethod
    def parse(cls, text: str) -> Act:
        """Read what `str` wrote. Raises ValueError for anything else."""
        parts = text.split(":", 4)
        if len(parts) != 5:
            raise ValueError("not of a memory's button")
        verb, id, page, version, query = parts
        return cls(Verb(verb), id, int(page or 0), int(version or 0), query)


def fitting(query: str, most: int) -> str:
    """A search on one line of at most so many characters.

    Of a longer one the tags are kept and the longest words, which tell most of what is looked for,
    in their order.
    """
    words = query.split()
    if len(" ".join(words)) <= most:
        return " ".join(words)
    by_weight = sorted(
        range(len(words)), key=lambda at: (not words[at].startswith("#"), -len(words[at]), at)
    )
    kept: list[int] = []
    for at in by_weight:
        if len(_line(words, [*kept, at])) <= most:
            kept.append(at)
    return _line(words, kept) or query[:most]


def _line(words: Sequence[str], places: Sequence[int]) -> str:
    return " ".join(words[at] for at in sorted(places))
