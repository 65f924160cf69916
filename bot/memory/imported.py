"""What became of an import."""

from __future__ import annotations

from dataclasses import dataclass

from bot.errors import ImportRefused

MOST_NAMED = 20
"""Places of a file that are named; of others it is told how many there are."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """One place in a file and what is wrong there, as a clause for people."""

    where: str
    why: str

    def __str__(self) -> str:
        return f"{self.where}: {self.why}"


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did, or with `dry_run` would do.

    Attributes:
        new: Memories, or conversations, that were not there.
        same: Those that were, and stay as they are.
        renewed: Conversations that have gone on since they were imported.
        refused: Those that may not be stored, such as secrets; the others are.
        refusals: The first `MOST_NAMED` of them.
        broken: Places that cannot be read. Because of these nothing at all is stored; only a dry
            run returns such a report, otherwise `ImportRefused` is raised.
        breaks: The first `MOST_NAMED` of them.
        conversations: It counts conversations, not memories.
        dry_run: Nothing was changed.
    """

    new: int = 0
    same: int = 0
    renewed: int = 0
    refused: int = 0
    refusals: tuple[Refusal, ...] = ()
    broken: int = 0
    breaks: tuple[Refusal, ...] = ()
    conversations: bool = False
    dry_run: bool = False


class Counting:
    """Counts towards a report."""

    def __init__(self) -> None:
        self.new = 0
        self.same = 0
        self.renewed = 0
        self._refused = _Named()
        self._broken = _Named()

    def refuse(self, where: str, why: str) -> None:
        """One that may not be stored."""
        self._refused.add(Refusal(where, why))

    def mark_broken(self, where: str, why: str) -> None:
        """One that cannot be read."""
        self._broken.add(Refusal(where, why))

    def check(self) -> None:
        """Raises ImportRefused if anything cannot be read, naming the first places."""
        broken = self._broken
        if broken.count:
            more = broken.count - len(broken.first)
            names = "\n".join(map(str, broken.first))
            raise ImportRefused(f"{names}\nand {more} more" if more else names)

    def report(self, *, conversations: bool, dry_run: bool) -> ImportReport:
        """What was counted."""
        return ImportReport(
            new=self.new,
            same=self.same,
            renewed=self.renewed,
            refused=self._refused.count,
            refusals=tuple(self._refused.first),
            broken=self._broken.count,
            breaks=tuple(self._broken.first),
            conversations=conversations,
            dry_run=dry_run,
        )


class _Named:
    """How many there are, and the first of them."""

    def __init__(self) -> None:
        self.count = 0
        self.first: list[Refusal] = []

    def add(self, refusal: Refusal) -> None:
        self.count += 1
        if len(self.first) < MOST_NAMED:
            self.first.append(refusal)
