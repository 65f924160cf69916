"""How long-term memory is put together."""

from __future__ import annotations

import time

from bot.ids import memory_ids
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
