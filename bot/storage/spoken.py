"""Reading logs for those who search them: what is there, what is different by now."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from bot.chat import ThreadKey
from bot.records import Entry
from bot.storage.base import Base
from bot.storage.codec import load_entry, to_bytes, to_text
from bot.storage.connect import Command
from bot.storage.keys import Place, ThreadKeys, of_place
from bot.storage.reading import read_entries

ENTRIES_AT_ONCE = 500
THREADS_AT_ONCE = 500
VECTORS_AT_ONCE = 20

Raw = Sequence[bytes | None]


@dataclass(frozen=True, slots=True)
class Mark:
    """How a log stands. Two marks that are the same mean the same log.

    Attributes:
        epoch: Rises when all of it was forgotten or replaced.
        newest: Number of the newest entry; 0 for none.
        said: Stamp of the last change.
        reworked: Stamp of the last change that did more than append; 0 for none.
    """

    epoch: int = 0
    newest: int = 0
    said: int = 0
    reworked: int = 0


@dataclass(frozen=True, slots=True)
class Changed:
    """What is different in a channel since a stamp.

    Attributes:
        stamp: Of the last change; 0 when nothing is there.
        count: How many conversations can be searched.
        threads: Those that have changed.
    """

    stamp: int = 0
    count: int = 0
    threads: tuple[ThreadKey, ...] = ()


class Spoken(Base):
    """The part of `Threads` that searches read from.

    A channel's conversations are those that everybody in it reads. One that fewer people read, or
    of which that is not known, is found by its own name alone.
    """

    async def changed(
        self, since: Mapping[Place, int], threads: Sequence[ThreadKey]
    ) -> tuple[Mapping[Place, Changed], Mapping[ThreadKey, Mark]]:
        """What is different in channels since a stamp (0 for all), and how some logs stand.

        One round trip. Raises StoreUnavailable.
        """
        commands: list[Command] = []
        for place, stamp in since.items():
            said = of_place(place).said(place)
            # In this order: what changes in between is seen then, or the next time.
            commands += [
                ("ZSCORE", said, ""),
                ("ZCARD", said),
                ("ZRANGEBYSCORE", said, f"({stamp}", "+inf"),
            ]
        replies = await self._link.batch([*commands, *map(_mark_of, threads)])
        found: dict[Place, Changed] = {}
        for number, place in enumerate(since):
            stamp, count, names = replies[3 * number : 3 * number + 3]
            keys = [ThreadKey.parse(to_text(name)) for name in cast(list[bytes], names) if name]
            found[place] = Changed(int(float(stamp or 0)), max(0, int(count) - 1), tuple(keys))
        marks = map(_read_mark, replies[len(commands) :])
        return found, dict(zip(threads, marks, strict=True))

    async def searchable(self, place: Place) -> frozenset[ThreadKey]:
        """All conversations of a channel that everybody in it reads. Raises StoreUnavailable."""
        names = await self._link.call("ZRANGE", of_place(place).said(place), 0, -1)
        return frozenset(ThreadKey.parse(to_text(name)) for name in names if name)

    async def count_vectors(self, threads: Iterable[ThreadKey]) -> int:
        """How many vectors there are of what was said. Raises StoreUnavailable."""
        commands: list[Command] = [("HLEN", ThreadKeys(thread).vectors) for thread in threads]
        found = 0
        for first in range(0, len(commands), THREADS_AT_ONCE):
            found += sum(await self._link.batch(commands[first : first + THREADS_AT_ONCE]))
        return found

    async def marks(self, threads: Sequence[ThreadKey]) -> Mapping[ThreadKey, Mark]:
        """How some logs stand. Raises StoreUnavailable."""
        found: dict[ThreadKey, Mark] = {}
        for first in range(0, len(threads), THREADS_AT_ONCE):
            part = threads[first : first + THREADS_AT_ONCE]
            replies = await self._link.batch(list(map(_mark_of, part)))
            found |= zip(part, map(_read_mark, replies), strict=True)
        return found

    async def spans(
        self, wanted: Iterable[tuple[ThreadKey, int, int]]
    ) -> Mapping[ThreadKey, Sequence[Entry]]:
        """Parts of logs, by the numbers of their first and last entry; each thread once.

        At most 500 entries in a round trip; read in a thread. Raises StoreUnavailable or
        StoreMismatch.
        """
        found: dict[ThreadKey, list[Entry]] = {}
        batch: list[tuple[ThreadKey, int, int]] = []
        room = ENTRIES_AT_ONCE
        for thread, first, last in wanted:
            found[thread] = []
            while first <= last:
                to = min(last, first + room - 1)
                batch.append((thread, first, to))
                room -= to - first + 1
                first = to + 1
                if not room:
                    await self._read_spans(batch, found)
                    batch, room = [], ENTRIES_AT_ONCE
        await self._read_spans(batch, found)
        return found

    async def entries_at(
        self, wanted: Mapping[ThreadKey, Sequence[int]]
    ) -> Mapping[tuple[ThreadKey, int], Entry]:
        """Single entries by their numbers, in one round trip; those that are there.

        Raises StoreUnavailable or StoreMismatch.
        """
        threads = [thread for thread, numbers in wanted.items() if numbers]
        replies = await self._link.batch(
            [("HMGET", ThreadKeys(thread).log, *wanted[thread]) for thread in threads]
        )
        return {
            (thread, number): load_entry(raw, number)
            for thread, reply in zip(threads, replies, strict=True)
            for number, raw in zip(wanted[thread], cast(Raw, reply), strict=True)
            if raw is not None
        }

    async def turn_vectors(
        self, model: str, wanted: Mapping[ThreadKey, Sequence[int]]
    ) -> Mapping[ThreadKey, Mapping[int, bytes]]:
        """The vectors that `model` has made of entries, by their numbers; those that are there.

        Raises StoreUnavailable.
        """
        name = to_bytes(f"{model}\n")
        asked = [
            (thread, numbers[first : first + ENTRIES_AT_ONCE])
            for thread, numbers in wanted.items()
            for first in range(0, len(numbers), ENTRIES_AT_ONCE)
        ]
        found: dict[ThreadKey, dict[int, bytes]] = {thread: {} for thread in wanted}
        for first in range(0, len(asked), VECTORS_AT_ONCE):
            part = asked[first : first + VECTORS_AT_ONCE]
            replies = await self._link.batch(
                [("HMGET", ThreadKeys(thread).vectors, *numbers) for thread, numbers in part]
            )
            for (thread, numbers), reply in zip(part, replies, strict=True):
                pairs = zip(numbers, cast(Raw, reply), strict=True)
                found[thread] |= {
                    number: kept.removeprefix(name)
                    for number, kept in pairs
                    if kept and kept.startswith(name)
                }
        return found

    async def put_turn_vectors(
        self, thread: ThreadKey, mark: Mark, model: str, vectors: Mapping[int, bytes]
    ) -> bool:
        """Keep vectors of entries, which go with them, if the log was not reworked since `mark`.

        Returns:
            Whether they were kept. Raises StoreUnavailable.
        """
        name = to_bytes(f"{model}\n")
        pairs = [part for number, vector in vectors.items() for part in (number, name + vector)]
        return bool(await self._run("vectorise", thread, (mark.epoch, mark.reworked, *pairs)))

    async def _read_spans(
        self, batch: Sequence[tuple[ThreadKey, int, int]], into: Mapping[ThreadKey, list[Entry]]
    ) -> None:
        commands: list[Command] = [
            ("HMGET", ThreadKeys(thread).log, *range(first, last + 1))
            for thread, first, last in batch
        ]
        replies = cast("list[Raw]", await self._link.batch(commands))

        def read() -> None:
            for (thread, first, _), raw in zip(batch, replies, strict=True):
                into[thread].extend(read_entries(raw, first))

        if sum(map(len, replies)) > 50:
            await asyncio.to_thread(read)
        else:
            read()


def _mark_of(thread: ThreadKey) -> Command:
    return ("HMGET", ThreadKeys(thread).meta, "epoch", "seq", "said", "reworked")


def _read_mark(reply: Raw) -> Mark:
    return Mark(*(int(value or 0) for value in reply))
