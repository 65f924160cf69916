"""What was said in conversations, as it is searched."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from bot.chat import ThreadKey
from bot.recall.bm25 import Index
from bot.recall.embedding import Near
from bot.recall.fusion import BESIDE
from bot.recall.words import Words
from bot.records import Entry
from bot.storage.spoken import Mark

BYTES_OF_ONE = 120
"""About what a turn takes beside its words; its text stays in the store."""


def text_of(entry: Entry) -> str:
    """What a turn is found by: who said it is part of that."""
    return f"{entry.author}: {entry.text}" if entry.author else entry.text


@dataclass(frozen=True, slots=True)
class Heard:
    """A turn with the terms that it is found by."""

    entry: Entry
    terms: Sequence[str]


def hear(words: Words, entries: Iterable[Entry]) -> list[Heard]:
    """What `Talk.put` takes. Takes its time: some 0.1 ms for each."""
    return [Heard(entry, words.terms(text_of(entry))) for entry in entries if entry.text.strip()]


@dataclass(slots=True)
class _Log:
    """One conversation: the numbers that its turns have in the index, in the order of `seqs`."""

    thread: ThreadKey
    mark: Mark
    seqs: list[int] = field(default_factory=list[int])
    numbers: list[int] = field(default_factory=list[int])


class Talk:
    """Turns of the conversations of a channel, or of one conversation.

    Args:
        near: Where their vectors are kept; None when searches go by words alone.

    Attributes:
        stamp: Of the channel's last change that was taken in.
        index, near: See `bot.recall.lookup.Part`.
    """

    def __init__(self, near: Near | None = None) -> None:
        self.stamp = 0
        self.index = Index()
        self.near = near
        self._logs: dict[ThreadKey, _Log] = {}
        self._owners: dict[int, _Log] = {}
        self._seqs = array("q")
        self._times = array("d")

    def __len__(self) -> int:
        return len(self._owners)

    def __contains__(self, thread: object) -> bool:
        return thread in self._logs

    @property
    def threads(self) -> frozenset[ThreadKey]:
        """Conversations that are here, those without a word included."""
        return frozenset(self._logs)

    @property
    def bytes(self) -> int:
        """About how much memory it takes."""
        near = self.near.bytes if self.near is not None else 0
        return self.index.bytes + near + len(self._owners) * BYTES_OF_ONE + 500 * len(self._logs)

    def mark(self, thread: ThreadKey) -> Mark | None:
        """How a conversation stood when it was taken in."""
        log = self._logs.get(thread)
        return None if log is None else log.mark

    def put(self, thread: ThreadKey, mark: Mark, heard: Iterable[Heard]) -> None:
        """Take in turns that are newer than those that are here; the others are passed over."""
        log = self._logs.setdefault(thread, _Log(thread, mark))
        log.mark = mark
        for each in heard:
            if log.seqs and each.entry.seq <= log.seqs[-1]:
                continue
            number = self.index.add(each.terms)
            while len(self._seqs) <= number:
                self._seqs.append(0)
                self._times.append(0.0)
            self._seqs[number] = each.entry.seq
            self._times[number] = each.entry.at
            self._owners[number] = log
            log.seqs.append(each.entry.seq)
            log.numbers.append(number)

    def drop(self, threads: Iterable[ThreadKey]) -> None:
        """Remove conversations; those that are not here as well."""
        gone: list[int] = []
        for thread in threads:
            log = self._logs.pop(thread, None)
            if log is not None:
                gone += log.numbers
        for number in gone:
            del self._owners[number]
            if self.near is not None:
                self.near.drop(number)
        self.index.discard(frozenset(gone))

    def where(self, number: int) -> tuple[ThreadKey, int]:
        """The conversation that a turn is in, and its place there. Raises KeyError."""
        return self._owners[number].thread, self._seqs[number]

    def at(self, number: int) -> float:
        """When it was said, seconds since the epoch."""
        return self._times[number]

    def beside(self, number: int) -> Iterable[tuple[int, int]]:
        """The turns around one, and how far they are."""
        log = self._owners[number]
        place = bisect_left(log.seqs, self._seqs[number])
        numbers = log.numbers
        for far in range(1, len(BESIDE) + 1):
            if place >= far:
                yield numbers[place - far], far
            if place + far < len(numbers):
                yield numbers[place + far], far

    def allowed(self, besides: Mapping[ThreadKey, int]) -> Callable[[int], bool]:
        """Whether a turn may be found: it is not, from a number on, in one of `besides`."""
        owners, seqs = self._owners, self._seqs

        def allowed(number: int) -> bool:
            log = owners.get(number)
            if log is None:
                return False
            limit = besides.get(log.thread) if besides else None
            return limit is None or seqs[number] < limit

        return allowed

    def without_vector(self, most: int) -> list[tuple[ThreadKey, int]]:
        """Some that have none yet, the newest first."""
        if self.near is None or len(self.near) >= len(self._owners):
            return []
        missing: list[tuple[ThreadKey, int]] = []
        for number in reversed(self._owners):
            if number not in self.near:
                missing.append(self.where(number))
                if len(missing) >= most:
                    break
        return missing

    def make_room(self, vectors: Iterable[bytes]) -> None:
        """Drop all vectors if those that were made just now have another length.

        Then the model is another one under the same name.
        """
        if self.near is not None and not all(map(self.near.fits, filter(None, vectors))):
            self.near.clear()

    def put_vectors(self, thread: ThreadKey, mark: Mark, vectors: Mapping[int, bytes]) -> int:
        """Keep vectors of turns by their places, unless the log was reworked since.

        Returns:
            How many were kept.
        """
        log = self._logs.get(thread)
        if self.near is None or log is None:
            return 0
        if (log.mark.epoch, log.mark.reworked) != (mark.epoch, mark.reworked):
            return 0
        kept = 0
        for seq, vector in vectors.items():
            place = bisect_left(log.seqs, seq)
            if place < len(log.seqs) and log.seqs[place] == seq:
                kept += self.near.put(log.numbers[place], vector)
        return kept
