"""How long-term memory is put together."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

from bot.assembly.embedders import open_embedder
from bot.budgets import Payer
from bot.context.tokens import estimate
from bot.ids import memory_ids, new_id
from bot.memory.embeddings import always, unheard
from bot.memory.paying import Till
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
    till = Till(settings.budgets, threads.spending, new_id)
    embedder = await asyncio.to_thread(open_embedder, settings, spent=Bill(spent, till.charge).add)
    at_a_price = settings.text("BOBBIN_EMBEDDINGS") == "openai"
    searching = Searching(
        store,
        threads,
        count=count,
        clock=time.time,
        embedder=embedder,
        observe=observe,
        has_left=till.has_left if at_a_price else always,
    )
    try:
        yield MemoryService(
            store, threads, searching, threads.links, threads.tokens, time.time, memory_ids
        )
    finally:
        await searching.close()
        if embedder is not None:
            await embedder.close()
        await till.close()


class Bill:
    """Adds up what requests for embeddings cost.

    One question costs less than a millionth of a dollar, so it is the sum that is rounded: whoever
    makes it grow by one pays it.

    Args:
        spent: Told what each request took, and what it has made the sum grow by.
        charge: Told the same of each request that somebody pays for. Nobody does for the vectors
            of memories and of what was said, which serve whoever searches.
    """

    def __init__(
        self,
        spent: Callable[[Tally], None],
        charge: Callable[[Payer, Tally], None] = lambda payer, cost: None,
    ) -> None:
        self._spent = spent
        self._charge = charge
        self._tokens = 0
        self._cost = 0

    def add(self, model: str, usage: Usage, payer: Payer | None = None) -> None:
        """Count a request; all of them are of one model."""
        self._tokens += usage.prompt
        cost = cost_micros(model, Usage(self._tokens, completion=0))
        before, self._cost = self._cost, cost or 0
        grown = self._cost - before
        took = Tally(prompt=usage.prompt, cost_micros=grown, unpriced=int(cost is None))
        self._spent(took)
        if payer is not None:
            self._charge(payer, took)
