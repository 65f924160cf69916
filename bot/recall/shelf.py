"""The memories of one scope, as they are searched."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from bot.memories import Filter, Memory, Status
from bot.recall.bm25 import Index
from bot.recall.embedding import Near
from bot.recall.words import Words

BYTES_OF_ONE = 900
"""About what a memory takes beside its text."""


def text_of(memory: Memory) -> str:
    """What a memory is found by."""
    return "\n".join(filter(None, (memory.text.content, memory.text.subject, *memory.text.tags)))


@dataclass(frozen=True, slots=True)
class Read:
    """A memory with the terms that it is found by."""

    memory: Memory
    terms: Sequence[str]


def read(words: Words, memories: Iterable[Memory]) -> list[Read]:
    """What `Shelf.put` takes. Takes its time: some 0.1 ms for each."""
    return [Read(memory, words.terms(text_of(memory))) for memory in memories]


class Shelf:
    """Active memories of one scope; others are not kept.

    Args:
        words: Those that the memories were `read` with.
        near: Where their vectors are kept; None when searches go by words alone.

    Attributes:
        version: Of the scope, as far as it was taken in.
        index, near: See `bot.recall.lookup.Part`.
    """

    def __init__(self, words: Words, near: Near | None = None) -> None:
        self.version = 0
        self.index = Index()
        self.near = near
        self._words = words
        self._numbers: dict[str, int] = {}
        self._held: dict[int, Memory] = {}
        self._characters = 0

    def __len__(self) -> int:
        return len(self._held)

    @property
    def bytes(self) -> int:
        """About how much memory it takes."""
        near = self.near.bytes if self.near is not None else 0
        return self.index.bytes + near + len(self._held) * BYTES_OF_ONE + self._characters

    def put(self, reads: Iterable[Read]) -> None:
        """Take in memories that are new or different by now."""
        for each in reads:
            memory = each.memory
            number = self._numbers.get(memory.id)
            if memory.status is not Status.ACTIVE:
                self.drop((memory.id,))
                continue
            text = text_of(memory)
            if number is not None and text_of(self._held[number]) == text:
                self._held[number] = memory
                continue
            self.drop((memory.id,))
            number = self.index.add(each.terms)
            self._numbers[memory.id] = number
            self._held[number] = memory
            self._characters += len(text)

    def drop(self, ids: Iterable[str]) -> None:
        """Remove memories; those that are not here as well."""
        for id in ids:
            number = self._numbers.pop(id, None)
            if number is None:
                continue
            text = text_of(self._held.pop(number))
            self._characters -= len(text)
            self.index.remove(number, self._words.terms(text))
            if self.near is not None:
                self.near.drop(number)

    def memory(self, number: int) -> Memory:
        """The memory with this number. Raises KeyError."""
        return self._held[number]

    def allowed(self, filter: Filter, now: float) -> Callable[[int], bool]:
        """Whether the memory with a number is one of those that are meant, and still holds."""
        held = self._held

        def allowed(number: int) -> bool:
            memory = held.get(number)
            return memory is not None and holds(memory, now) and filter.means(memory)

        return allowed

    def all(self) -> Iterable[Memory]:
        """Everything here."""
        return self._held.values()

    def without_vector(self, most: int) -> list[Memory]:
        """Some that have none yet, the newest first."""
        if self.near is None or len(self.near) >= len(self._held):
            return []
        missing: list[Memory] = []
        for number in reversed(self._held):
            if number not in self.near:
                missing.append(self._held[number])
                if len(missing) >= most:
                    break
        return missing

    def put_made(self, made: Sequence[tuple[Memory, bytes]]) -> int:
        """Keep vectors that were made just now; returns how many.

        Where they have another length than those that are here, the model is another one under the
        same name, and all of these are made anew.
        """
        if self.near is not None and not all(
            self.near.fits(vector) for _, vector in made if vector
        ):
            self.near.clear()
        return sum(self.put_vector(memory, vector) for memory, vector in made)

    def put_vector(self, memory: Memory, vector: bytes) -> bool:
        """Keep the vector of a memory's content, unless that is another one by now."""
        number = self._numbers.get(memory.id)
        if number is None or self.near is None:
            return False
        if self._held[number].text.content != memory.text.content:
            return False
        return self.near.put(number, vector)


def holds(memory: Memory, now: float) -> bool:
    """It may still be recalled."""
    return memory.status is Status.ACTIVE and not 0 < memory.text.expires_at <= now
