"""How long-term memory is put together."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

from bot.endpoints import open_embedder
from bot.ids import memory_ids
from bot.memory.searching import Searching
from bot.memory.service import MemoryService
from bot.memory.unindexed import Unindexed
from bot.settings import Settings
from bot.storage.threads import Threads


def memory_service(settings: Settings, threads: Threads) -> MemoryService:
    """Long-term memory over the store of `threads`."""
    store = threads.memories(settings.integer("BOBBIN_MEMORIES_PER_SCOPE") or 0)
    return MemoryService(
        store,
        threads,
        Unindexed(store),
        threads.links,
        threads.tokens,
        time.time,
        memory_ids,
    )


@asynccontextmanager
async def open_memories(
    settings: Settings, threads: Threads, count: Callable[[str], int]
) -> AsyncGenerator[MemoryService]:
    """Long-term memory with its index and whatever searches by meaning.

    Args:
        settings: What was configured.
        threads: Where conversations are.
        count: Tokens of a text.

    Raises:
        ModelMisconfigured: What searches by meaning cannot be used.
    """
    store = threads.memories(settings.integer("BOBBIN_MEMORIES_PER_SCOPE") or 0)
    embedder = await asyncio.to_thread(open_embedder, settings)
    searching = Searching(store, threads, count=count, clock=time.time, embedder=embedder)
    try:
        yield MemoryService(
            store, threads, searching, threads.links, threads.tokens, time.time, memory_ids
        )
    finally:
        await searching.close()
        if embedder is not None:
            await embedder.close()
