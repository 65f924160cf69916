"""Long-term memory for tests: the real store, conversations, search and service."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from bot.audience import Audience, Grant, grant
from bot.chat import Author, Incoming, MessageRef, ThreadKey
from bot.context.tokens import estimate
from bot.ids import memory_ids
from bot.memories import MemoryText, Person, Scope, Source, Via, Written
from bot.memory.port import NewMemory
from bot.memory.searching import Searching
from bot.memory.service import MemoryService
from bot.recall.embedding import Embedder
from bot.records import Entry, Tally
from bot.storage.threads import Threads
from bot.storage.types import Turn
from tests.units.storage.samples import Clock

ADA = Person("slack", "T1", "UADA")
BEN = Person("slack", "T1", "UBEN")
THREAD = ThreadKey("slack", "T1", "C1", "1.0")
CHANNEL = Scope.of_channel("slack", "T1", "C1")
WORKSPACE = Scope.of_workspace("slack", "T1")


def there(person: Person = ADA, *, admin: bool = False, private: bool = True) -> Grant:
    """What somebody may do in a channel's conversation, by default in a reply to them alone."""
    place = Audience("slack", "T1", "C1", THREAD, person if private else None)
    return grant(place, person, admin=admin)


class Parts:
    """One process: `most` memories may be in one scope, `embedder` makes vectors."""

    def __init__(
        self,
        client: Any,
        clock: Clock,
        new_id: Callable[[], str],
        most: int = 100,
        embedder: Embedder | None = None,
    ) -> None:
        self.client = client
        self.clock = clock
        self.threads = Threads(client, worker="w", clock=clock, new_id=new_id)
        self.store = self.threads.memories(most)
        self.searching = Searching(
            self.store, self.threads, count=estimate, clock=clock, embedder=embedder
        )
        self.memories = MemoryService(
            self.store,
            self.threads,
            self.searching,
            self.threads.links,
            self.threads.tokens,
            clock,
            memory_ids,
        )

    async def add(
        self,
        content: str,
        who: Grant | None = None,
        scope: Scope | None = CHANNEL,
        *,
        thread: ThreadKey | None = None,
        messages: tuple[str, ...] = (),
        key: str = "",
        **text: Any,
    ) -> Written:
        """Have something remembered."""
        source = Source(Via.COMMAND, thread=thread, message_ids=messages)
        new = NewMemory(MemoryText(content, **text), source, scope)
        return await self.memories.add(who or there(), new, key=key)

    async def say(self, text: str, thread: ThreadKey, user: str, *, confined: bool = False) -> str:
        """Say something that is answered; the id of its message."""
        id = f"m-{user}-{thread.thread}"
        event = Incoming(
            f"e-{id}",
            thread,
            MessageRef(thread.channel, id),
            Author(user, user),
            text,
            1.0,
            1,
            addressed=True,
            confined=confined,
        )
        turn = await self.threads.begin(event)
        assert isinstance(turn, Turn)
        said = Entry("user", text, 1.0, user, user, (id,))
        await self.threads.commit(turn.lease, [said], Tally(turns=1), {user: user})
        return id

    async def dump(self) -> Mapping[str, str]:
        """Every key with everything in it, as one text each."""
        found: dict[str, str] = {}
        async for raw in self.client.scan_iter(count=1000):
            found[raw.decode()] = repr(await self._value(raw, await self.client.type(raw)))
        return found

    async def leftovers(self, *words: str) -> list[str]:
        """Keys in whose name or value one of the words stands."""
        return [
            f"{key} = {value}"
            for key, value in (await self.dump()).items()
            if any(word in key or word in value for word in words)
        ]

    async def _value(self, key: bytes, kind: bytes) -> object:
        match kind:
            case b"string":
                return await self.client.get(key)
            case b"hash":
                return await self.client.hgetall(key)
            case b"list":
                return await self.client.lrange(key, 0, -1)
            case b"set":
                return await self.client.smembers(key)
            case b"zset":
                return await self.client.zrange(key, 0, -1, withscores=True)
            case b"stream":
                return await self.client.xrange(key, "-", "+")
            case _:
                raise AssertionError(kind)
