"""What the buttons and windows under memories say. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

LONGEST_QUERY = 30
"""Characters of a search that go along in buttons; longer ones are cut between two words."""


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
    MERGE = "m"
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
        query: The search that the list is of; for a merge the id of the newer memory.
    """

    verb: Verb
    id: str = ""
    page: int = 0
    version: int = 0
    query: str = ""

    def __str__(self) -> str:
        return f"{self.verb}:{self.id}:{self.page or ''}:{self.version or ''}:{self.query}"

    @classmethod
    def parse(cls, text: str) -> Act:
        """Read what `str` wrote. Raises ValueError for anything else."""
        parts = text.split(":", 4)
        if len(parts) != 5:
            raise ValueError("not of a memory's button")
        verb, id, page, version, query = parts
        return cls(Verb(verb), id, int(page or 0), int(version or 0), query)


def fitting(query: str) -> str:
    """The beginning of a search, as whole words where there are any, on one line."""
    line = " ".join(query.split())
    if len(line) <= LONGEST_QUERY:
        return line
    return line[: LONGEST_QUERY + 1].rpartition(" ")[0] or line[:LONGEST_QUERY]
