"""`MemoryService`: long-term memory as everything above calls it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace

from bot.audience import Grant, imports_of
from bot.chat import ThreadKey
from bot.memories import (
    Context,
    Filter,
    Found,
    Kept,
    Kind,
    Memory,
    Page,
    Person,
    Said,
    ScopeKind,
    Stats,
)
from bot.memory.port import ANY, Searching
from bot.memory.writing import Writing
from bot.storage.links import StoredLinks
from bot.storage.memories import MemoryStore
from bot.storage.memories_reading import PAGE
from bot.storage.threads import Threads
from bot.storage.tokens import StoredCredentials


class MemoryService(Writing):
    """Implements `bot.memory.port.Memories`.

    Whatever is asked for is looked up in the scopes of the grant and nowhere else.

    Args:
        store: Where memories are.
        threads: Where conversations are.
        searching: Finds things.
        links: Which accounts belong together.
        credentials: Tokens of other programs.
        clock: Seconds since the epoch.
        new_ids: Makes so many ids of memories of that time, in order; see `bot.ids.memory_ids`.
    """

    def __init__(
        self,
        store: MemoryStore,
        threads: Threads,
        searching: Searching,
        links: StoredLinks,
        credentials: StoredCredentials,
        clock: Callable[[], float],
        new_ids: Callable[[float, int], Sequence[str]],
    ) -> None:
        super().__init__(store, searching, threads.confined, clock, new_ids)
        self._threads = threads
        self._links = links
        self._credentials = credentials

    @property
    def most(self) -> int:
        """See `bot.memory.port.Memories`."""
        return self._store.most

    async def get(self, grant: Grant, id: str) -> Memory | None:
        """See `bot.memory.port.Memories`."""
        return await self._one(grant, id)

    async def page(
        self, grant: Grant, filter: Filter = ANY, *, after: str = "", limit: int = 20
    ) -> Page:
        """See `bot.memory.port.Memories`."""
        self._check_cursor(after)
        found: list[Memory] = []
        while True:
            most = min(PAGE, max(limit + 1, 50))
            memories, after = await self._store.after(grant.readable, after, most=most)
            for memory in memories:
                if filter.means(memory):
                    found.append(memory)
                if len(found) > limit:
                    return Page(tuple(found[:limit]), found[limit - 1].id if limit else "")
            if not after:
                return Page(tuple(found))

    async def search(
        self,
        grant: Grant,
        query: str,
        filter: Filter = ANY,
        *,
        limit: int = 10,
        said: bool = True,
    ) -> Sequence[Found]:
        """See `bot.memory.port.Memories`."""
        return await self._searching.search(grant, query, filter, limit=limit, said=said)

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
        """See `bot.memory.port.Memories`."""
        return await self._searching.context(
            grant, query, tags, max_tokens=max_tokens, said=said, besides=besides
        )

    async def stats(self, grant: Grant) -> Stats:
        """See `bot.memory.port.Memories`."""
        total = 0
        scopes: dict[ScopeKind, int] = {}
        kinds: dict[Kind, int] = {}
        tags: dict[str, int] = {}
        async for memory in self.everything(grant):
            total += 1
            scopes[memory.scope.kind] = scopes.get(memory.scope.kind, 0) + 1
            kinds[memory.text.kind] = kinds.get(memory.text.kind, 0) + 1
            for tag in memory.text.tags:
                tags[tag] = tags.get(tag, 0) + 1
        return Stats(total, scopes, kinds, tags)

    async def conversation(
        self, grant: Grant, thread: ThreadKey, *, after: int = 0, limit: int = 50
    ) -> Sequence[Said] | None:
        """See `bot.memory.port.Memories`."""
        if not await self._may_read(grant, thread):
            return None
        entries = await self._threads.entries_after(thread, after, limit)
        return [
            Said(thread, each.seq, each.role, each.author, each.text, each.at, each.message_ids)
            for each in entries
        ]

    async def everything(self, grant: Grant, filter: Filter = ANY) -> AsyncIterator[Memory]:
        """See `bot.memory.port.Memories`."""
        after = ""
        while True:
            memories, after = await self._store.after(grant.readable, after, most=PAGE, oldest=True)
            for memory in memories:
                if filter.means(memory):
                    yield memory
            if not after:
                return

    async def kept_of(self, of: Person | ThreadKey) -> Kept:
        """See `bot.memory.port.Memories`."""
        kept = await self._store.kept_of(of)
        if isinstance(of, ThreadKey):
            return replace(kept, vectors=kept.vectors + await self._threads.count_vectors([of]))
        imports = await self._threads.searchable(imports_of(of))
        return replace(
            kept,
            vectors=kept.vectors + await self._threads.count_vectors(imports),
            imports=len(imports),
            tokens=len(await self._credentials.of(of)),
            links=len(await self._links.of(of)),
        )

    async def forget_person(self, person: Person, space: str = "") -> int:
        """See `bot.memory.port.Memories`."""
        everything = space in ("", person.space)
        if everything:
            # First: what their programs write from now on would be left.
            await self._credentials.revoke_all(person)
        gone = await self._store.forget_person(person, space)
        if everything:
            await self._threads.forget_channel(imports_of(person))
            await self._links.unlink(person)
        await self._searching.let_go()
        return gone

    async def forget_thread(self, thread: ThreadKey) -> int:
        """See `bot.memory.port.Memories`."""
        gone = await self._store.forget_thread(thread)
        await self._searching.let_go(scopes=None if gone else (), threads=[thread])
        return gone

    async def forget_place(self, platform: str, space: str, channel: str = "") -> int:
        """See `bot.memory.port.Memories`."""
        await self._credentials.forget(platform, space, channel)
        gone = await self._store.forget_place(platform, space, channel)
        if not channel:
            await self._links.forget(platform, space)
        await self._searching.let_go()
        return gone

    async def forget_messages(
        self, thread: ThreadKey, messages: Sequence[str], *, unasked: bool = False
    ) -> int:
        """See `bot.memory.port.Memories`."""
        gone = await self._store.forget_messages(thread, messages, unasked=unasked)
        if gone:
            await self._searching.let_go(threads=())
        return gone

    async def shut_out(self, person: Person, channel: tuple[str, str, str]) -> int:
        """See `bot.memory.port.Memories`."""
        return await self._credentials.shut_out(person, channel)

    async def let_go(self, thread: ThreadKey) -> None:
        """See `bot.memory.port.Memories`."""
        await self._searching.let_go(scopes=(), threads=[thread])

    async def _may_read(self, grant: Grant, thread: ThreadKey) -> bool:
        """A conversation is open by itself, or by its channel unless fewer people read it."""
        if thread in grant.threads:
            return True
        if (thread.platform, thread.space, thread.channel) not in grant.channels:
            return False
        return not (await self._confined([thread]))
