"""Searching without an index: reads all that may be read. For small stores."""

from __future__ import annotations

from collections.abc import Sequence

from bot.audience import Grant
from bot.chat import ThreadKey
from bot.memories import Context, Filter, Found, Memory
from bot.memory.port import ANY
from bot.memory.similar import share
from bot.storage.memories import MemoryStore


class Unindexed:
    """Implements `bot.memory.port.Searching` over memories alone, by the words in common."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    async def search(
        self,
        grant: Grant,
        query: str,
        filter: Filter = ANY,
        *,
        limit: int = 10,
        said: bool = True,
    ) -> Sequence[Found]:
        """See `bot.memory.port.Searching`."""
        found: list[Found] = []
        after = ""
        while True:
            memories, after = await self._store.after(grant.readable, after)
            for memory in filter_by(memories, filter):
                if score := share(memory.text.content, query):
                    found.append(Found(score, memory))
            if not after:
                break
        found.sort(key=lambda each: -each.score)
        return found[:limit]

    async def context(
        self,
        grant: Grant,
        query: str = "",
        tags: Sequence[str] = (),
        *,
        max_tokens: int,
        said: bool = True,
        besides: Sequence[tuple[ThreadKey, int]] = (),
    ) -> Context:
        """See `bot.memory.port.Searching`; a token is taken to be three characters."""
        wanted = Filter(tags=frozenset(tags))
        hits = await self.search(grant, query, wanted, limit=20)
        lines: list[str] = []
        used = 0
        for hit in hits:
            line = f"- {hit.memory.text.content}" if hit.memory is not None else ""
            if used + len(line) > 3 * max_tokens:
                break
            lines.append(line)
            used += len(line) + 1
        taken = tuple(hits[: len(lines)])
        return Context("\n".join(lines), taken, used // 3, len(hits) - len(taken))


def filter_by(memories: Sequence[Memory], filter: Filter) -> Sequence[Memory]:
    """Those that are meant."""
    return [memory for memory in memories if filter.means(memory)]
