"""A store full of what was said and remembered, and the search that the bot itself uses."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from bot.audience import Grant
from bot.budgets import Payer
from bot.chat import ThreadKey
from bot.context.tokens import estimate
from bot.ids import new_id
from bot.memories import Memory
from bot.memory.searching import Searching
from bot.recall.embedding import Embedder
from bot.records import Entry, Summary, Tally
from bot.storage.connect import open_redis
from bot.storage.memories import MemoryStore
from bot.storage.memories_writing import Actor, Answer, Step
from bot.storage.threads import Threads
from bot.storage.types import Restored
from tests.servers import valkey_server

NOW = datetime(2026, 7, 1, tzinfo=UTC).timestamp()
"""When it is asked, so that figures do not change from day to day."""


class KeptEmbedder:
    """An embedder that is asked once for each text."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._kept: dict[str, bytes] = {}
        self.name = embedder.name

    @property
    def dimensions(self) -> int:
        """See `Embedder`."""
        return self._embedder.dimensions

    async def embed(
        self, texts: Sequence[str], *, query: bool = False, payer: Payer | None = None
    ) -> Sequence[bytes]:
        """See `Embedder`."""
        new = [text for text in dict.fromkeys(texts) if text not in self._kept]
        self._kept |= zip(new, await self._embedder.embed(new, query=query), strict=True)
        return [self._kept[text] for text in texts]

    async def close(self) -> None:
        """See `Embedder`."""
        await self._embedder.close()


class Library:
    """What can be searched.

    Args:
        threads: Where conversations go.
        store: Where memories go.
        searching: Finds them.
    """

    def __init__(self, threads: Threads, store: MemoryStore, searching: Searching) -> None:
        self._threads = threads
        self._store = store
        self._searching = searching
        self._names: dict[str | tuple[ThreadKey, int], str] = {}

    async def take_talk(
        self, thread: ThreadKey, entries: Sequence[Entry], names: Sequence[str], confined: bool
    ) -> None:
        """Store a conversation, whose turns are called by `names`."""
        done = await self._threads.restore(
            thread, entries, Summary(), Tally(), {}, confined=confined
        )
        if done is not Restored.DONE:
            raise RuntimeError(f"{thread} was not stored: {done}")
        self._names |= {(thread, number): name for number, name in enumerate(names, start=1)}

    async def take_memory(self, memory: Memory, name: str) -> None:
        """Store a memory, which is called by `name`."""
        step = Step("add", memory, memory.id, "add")
        (outcome,) = await self._store.write(memory.scope, [step], Actor())
        if outcome.answer is not Answer.DONE:
            raise RuntimeError(f"{name} was not stored: {outcome}")
        self._names[memory.id] = name

    async def fill(self, grants: Iterable[Grant]) -> None:
        """Have all vectors made that searches with these use, if there is an embedder."""
        for grant in grants:
            await self._searching.fill(grant)

    async def find(self, grant: Grant, question: str, most: int) -> list[str]:
        """Names of the best hits, best first."""
        found: list[str] = []
        for hit in await self._searching.search(grant, question, limit=most):
            if hit.memory is not None:
                found.append(self._names[hit.memory.id])
            elif hit.said is not None:
                found.append(self._names[hit.said.thread, hit.said.seq])
        return found


@asynccontextmanager
async def open_library(embedder: Embedder | None = None) -> AsyncIterator[Library]:
    """An empty one on a server of its own."""
    with (
        tempfile.TemporaryDirectory(prefix="bobbin-bench-") as folder,
        valkey_server(Path(folder)) as server,
    ):
        client = open_redis(server.url)

        def clock() -> float:
            return NOW

        threads = Threads(client, worker="bench", clock=clock, new_id=new_id)
        store = threads.memories()
        searching = Searching(store, threads, count=estimate, clock=clock, embedder=embedder)
        try:
            yield Library(threads, store, searching)
        finally:
            await searching.close()
            await client.aclose()
