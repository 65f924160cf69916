"""How long-term memory is put together."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

from bot.assembly.models import open_embedder
from bot.context.tokens import estimate
from bot.ids import memory_ids
from bot.memory.embeddings import unheard
from bot.memory.searching import Searching
from bot.memory.service import MemoryService
from bot.model.port import Usage
from bot.model.prices import cost_micros
from bot.records import Tally
from bot.settings import Settings
from bot.storage.threads import Threads


def memory_service(settings: Settings, threads: Threads) -> MemoryService:
    """Long-term memory for what searches nothing, such as forgetting; there is nothing to close."""
    store = threads.memories(settings.integer("BOBBIN_MEMORIES_PER_SCOPE") or 0)
    searching = Searching(store, threads, count=estimate, clock=time.time)
    return MemoryService(
        store, threads, searching, threads.links, threads.tokens, time.time, memory_ids
    )


@asynccontextmanager
async def open_memories(
    settings: Settings,
    threads: Threads,
    count: Callable[[str], int],
    spent: Callable[[Tally], None] = lambda cost: None,
    observe: Callable[[str], None] = unheard,
) -> AsyncGenerator[MemoryService]:
    """Long-term memory with its index and whatever searches by meaning.

    Args:
        settings: What was configured.
        threads: Where conversations are.
        count: Tokens of a text.
        spent: Told what each request for embeddings took.
        observe: Told how calls for embeddings end, as `bot.memory.embeddings.Meaning` says.

    Raises:
        ModelMisconfigured: What searches by meaning cannot be used.
    """
    store = threads.memories(settings.integer("BOBBIN_MEMORIES_PER_SCOPE") or 0)
    embedder = await asyncio.to_thread(open_embedder, settings, spent=Bill(spent).add)
    searching = Searching(
        store, threads, count=count, clock=time.time, embedder=embedder, observe=observe
    )
    try:
        yield MemoryService(
            store, threads, searching, threads.links, threads.tokens, time.time, memory_ids
        )
    finally:
        await searching.close()
        if embedder is not None:
            await embedder.close()


class Bill:
    """Adds up what requests for embeddings cost. They have no payer: they serve whoever searches.

    One question costs less than a millionth of a dollar, so it is the sum that is rounded.

    Args:
        spent: Told what each request took, and what it has made the sum grow by.
    """

    def __init__(self, spent: Callable[[Tally], None]) -> None:
        self._spent = spent
        self._tokens = 0
        self._cost = 0

    def add(self, model: str, usage: Usage) -> None:
        """Count a request; all of them are of one model."""
        self._tokens += usage.prompt
        cost = cost_micros(model, Usage(self._tokens, completion=0))
        before, self._cost = self._cost, cost or 0
        self._spent(
            Tally(prompt=usage.prompt, cost_micros=self._cost - before, unpriced=int(cost is None))
        )
