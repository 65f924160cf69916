"""A process that remembers and searches, as tests see it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from types import TracebackType
from typing import Any

from redis.asyncio import Redis

from bot.audience import Audience, Grant, grant
from bot.chat import Author, Incoming, MessageRef, ThreadKey
from bot.context.tokens import estimate
from bot.memories import Found, Memory, MemoryText, Person, Scope, Source, Via
from bot.memory.searching import Searching
from bot.records import Entry, Tally
from bot.storage.memories import MemoryStore
from bot.storage.memories_writing import Actor, Answer, Step
from bot.storage.threads import Threads
from bot.storage.topology import WAITS, Waits
from bot.storage.types import Done, Turn
from tests.units.storage.samples import Clock

ADA = Person("discord", "@", "u1")
CHANNEL = Scope.of_channel("discord", "g1", "c1")
PLACE = ("discord", "g1", "c1")
THREAD = ThreadKey(*PLACE, "t1")
OTHER = ThreadKey(*PLACE, "t2")


def here(thread: ThreadKey = THREAD, **audience: Any) -> Grant:
    """What Ada may do in a conversation."""
    where = (thread.platform, thread.space, thread.channel)
    return grant(Audience(*where, thread, **audience), ADA)


class Desk:
    """A process with a store and a search of its own; use it as a context."""

    def __init__(
        self,
        client: Redis,
        clock: Clock,
        new_id: Callable[[], str],
        waits: Waits = WAITS,
        **options: Any,
    ) -> None:
        self.client = client
        self.clock = clock
        self.threads = Threads(client, worker="w", clock=clock, new_id=new_id, waits=waits)
        self.store: MemoryStore = self.threads.memories()
        self._new_id = new_id
        options.setdefault("count", estimate)
        self.searching = Searching(self.store, self.threads, clock=clock, **options)
        self._position = 0

    async def __aenter__(self) -> Desk:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.searching.close()

    @asynccontextmanager
    async def another(self, **options: Any) -> AsyncIterator[Desk]:
        """Another process on the same store."""
        async with Desk(self.client, self.clock, self._new_id, **options) as desk:
            yield desk

    async def remember(
        self, content: str, scope: Scope = CHANNEL, *, confirmed: bool = True, **text: Any
    ) -> Memory:
        """Remember something."""
        number = f"mem_{self._new_id()}"
        memory = Memory(
            number,
            MemoryText(content, **text),
            scope,
            Source(Via.COMMAND, ADA),
            confirmed=confirmed,
            created_at=self.clock(),
            updated_at=self.clock(),
        )
        await self.write(Step("add", memory, number, "add"))
        return memory

    async def change(self, memory: Memory, **parts: Any) -> Memory:
        """Make something else of a memory; `text` parts are those of its text."""
        now = replace(memory, version=memory.version + 1, **parts)
        await self.write(Step("set", now, now.id, "update"))
        return now

    async def delete(self, memory: Memory) -> None:
        """Remove a memory for good."""
        await self.write(Step("remove", memory, "", "delete"))

    async def write(self, *steps: Step) -> None:
        """Write steps of one scope."""
        scope = steps[0].memory.scope
        for outcome in await self.store.write(scope, steps, Actor(str(ADA), Via.COMMAND)):
            assert outcome.answer is Answer.DONE

    async def say(
        self,
        asked: str,
        answer: str,
        thread: ThreadKey = THREAD,
        *,
        confined: bool = False,
        name: str = "Ada",
    ) -> str:
        """A turn; returns the id of the message that asked."""
        self._position += 1
        at = self.clock() + self._position
        id = f"m{self._new_id()}"
        event = Incoming(
            id,
            thread,
            MessageRef(thread.channel, id),
            Author("u1", name),
            asked,
            at,
            self._position,
            addressed=True,
            confined=confined,
        )
        turn = await self.threads.begin(event)
        assert isinstance(turn, Turn)
        entries = [
            Entry("user", asked, at, "u1", name, (id,)),
            Entry("assistant", answer, at + 1, message_ids=(f"a{id}",)),
        ]
        assert await self.threads.commit(turn.lease, entries, Tally(turns=1), {}) is Done.IDLE
        return id

    async def find(self, query: str, grant: Grant | None = None, **options: Any) -> list[str]:
        """What is found, best first."""
        found = await self.searching.search(grant or here(), query, **options)
        return [text_of(each) for each in found]


def text_of(found: Found) -> str:
    """What a hit says."""
    if found.memory is not None:
        return found.memory.text.content
    assert found.said is not None
    return found.said.text


def scores(found: Sequence[Found]) -> list[float]:
    """Their scores."""
    return [each.score for each in found]
