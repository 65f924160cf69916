"""How long-term memory is put together."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

from bot.context.tokens import estimate
from bot.endpoints import open_embedder
from bot.ids import memory_ids
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
) -> AsyncGenerator[MemoryService]:
    """Long-term memory with its index and whatever searches by meaning.

    Args:
        settings: What was configured.
        threads: Where conversations are.
        count: Tokens of a text.
        spent: Told what each request for embeddings took.

    Raises:
        ModelMisconfigured: What searches by meaning cannot be used.
    """
    store = threads.memories(settings.integer("BOBBIN_MEMORIES_PER_SCOPE") or 0)

    def embedded(model: str, usage: Usage) -> None:
        spent(tally_of(model, usage))

    embedder = await asyncio.to_thread(open_embedder, settings, spent=embedded)
    searching = Searching(store, threads, count=count, clock=time.time, embedder=embedder)
    try:
        yield MemoryService(
            store, threads, searching, threads.links, threads.tokens, time.time, memory_ids
        )
    finally:
        await searching.close()
        if embedder is not None:
            await embedder.close()


def tally_of(model: str, usage: Usage) -> Tally:
    """What a request for embeddings took. It has no payer: it serves whoever searches later."""
    cost = cost_micros(model, usage)
    return Tally(prompt=usage.prompt, cost_micros=cost or 0, unpriced=int(cost is None))
