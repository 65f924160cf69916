"""Indexes of the memories of scopes, brought up to date before each search."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from functools import partial

from bot.memories import Memory, Scope
from bot.memory.cache import Cache
from bot.memory.embeddings import Meaning
from bot.memory.index_work import IndexWork
from bot.recall.shelf import Shelf, read
from bot.recall.words import Words
from bot.storage.memories import MemoryStore

MANY = 50
"""Memories whose reading takes some milliseconds."""

CHUNK = 500
FILLED_AT_ONCE = 64
"""Texts that an embedder is given in one call."""


class MemoryIndexes:
    """The indexes of scopes that a process holds.

    Args:
        store: Where memories are.
        words: Takes texts apart.
        meaning: Makes vectors, where there are any.
        work: Does what is to be done on indexes.
        most_bytes: Of the memory for all of them; the one that was used last is kept in any case.
        most: How many indexes.
    """

    def __init__(
        self,
        store: MemoryStore,
        words: Words,
        meaning: Meaning,
        work: IndexWork,
        *,
        most_bytes: int,
        most: int,
    ) -> None:
        self._store = store
        self._words = words
        self._meaning = meaning
        self._work = work
        self._cache: Cache[Scope, Shelf] = Cache(most_bytes, most)

    @property
    def bytes(self) -> int:
        """About how much memory all of them take."""
        return self._cache.bytes

    async def current(self, scopes: Sequence[Scope]) -> list[Shelf]:
        """The shelf of each scope as it stands in the store now.

        One round trip when nothing has changed. Raises StoreUnavailable or StoreMismatch.
        """
        versions = await self._store.versions(scopes)
        return list(
            await asyncio.gather(
                *(
                    self._shelf(scope, version)
                    for scope, version in zip(scopes, versions, strict=True)
                )
            )
        )

    async def catch_up(self, scopes: Iterable[Scope] | None = None) -> None:
        """Hold nothing of these scopes, or of any, that the store has no longer.

        One round trip where something of them is held. Raises as `current` does.
        """
        among = self._cache.keys if scopes is None else scopes
        if held := [scope for scope in among if scope in self._cache]:
            await self.current(held)

    def clear(self) -> None:
        """Hold nothing any longer."""
        self._cache.clear()

    def fill(self, scopes: Iterable[Scope]) -> None:
        """Have vectors made of memories that have none yet, beside everything else."""
        for scope in scopes:
            shelf = self._cache.get(scope)
            if shelf is not None and shelf.without_vector(1):
                self._work.fill(scope, partial(self.fill_some, scope))

    async def fill_some(self, scope: Scope, most: int = FILLED_AT_ONCE) -> int:
        """Make vectors of some memories that have none; returns of how many.

        Raises StoreUnavailable.
        """
        shelf = self._cache.get(scope)
        missing = [] if shelf is None else shelf.without_vector(most)
        vectors = await self._meaning.of_texts([memory.text.content for memory in missing])
        if shelf is None or not vectors:
            return 0
        made = list(zip(missing, vectors, strict=True))
        kept = await self._work.run(lambda: shelf.put_made(made), long=False)
        if kept and self._cache.get(scope) is shelf:
            self._cache.put(scope, shelf)
        await self._store.put_vectors(
            scope, self._meaning.name, {memory.id: vector for memory, vector in made}
        )
        return kept

    async def _shelf(self, scope: Scope, version: int) -> Shelf:
        shelf = self._cache.get(scope)
        if shelf is not None and shelf.version == version:
            return shelf
        if not version:
            self._cache.drop(scope)
            return Shelf(self._words)
        return await self._work.in_line(f"shelf {scope}", lambda: self._renewed(scope, version))

    async def _renewed(self, scope: Scope, version: int) -> Shelf:
        shelf = self._cache.get(scope)
        if shelf is not None and shelf.version == version:
            return shelf
        changes = await self._store.changes(scope, shelf.version if shelf is not None else 0)
        if shelf is None or changes.whole:
            made = Shelf(self._words, self._meaning.new_near())
            await asyncio.to_thread(self._fill_shelf, made, changes.changed)
            shelf = made
        else:
            held, many = shelf, len(changes.changed) > MANY
            for first in range(0, len(changes.changed), CHUNK):
                part = changes.changed[first : first + CHUNK]
                reads = (
                    await asyncio.to_thread(read, self._words, part)
                    if many
                    else read(self._words, part)
                )
                await self._work.run(lambda reads=reads: held.put(reads), long=many)
            if changes.gone:
                await self._work.run(lambda: held.drop(changes.gone), long=len(changes.gone) > MANY)
        await self._take_vectors(scope, shelf, changes.changed)
        shelf.version = changes.version
        self._cache.put(scope, shelf)
        return shelf

    def _fill_shelf(self, shelf: Shelf, memories: Sequence[Memory]) -> None:
        for first in range(0, len(memories), CHUNK):
            shelf.put(read(self._words, memories[first : first + CHUNK]))

    async def _take_vectors(self, scope: Scope, shelf: Shelf, memories: Sequence[Memory]) -> None:
        """Take in those vectors that some process has made already."""
        if shelf.near is None or not memories:
            return
        ids = {memory.id: memory for memory in memories}
        kept = await self._store.vectors(scope, self._meaning.name, list(ids))

        def take() -> None:
            for id, vector in kept.items():
                shelf.put_vector(ids[id], vector)

        await self._work.run(take, long=len(kept) > MANY)
