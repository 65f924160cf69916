"""REST and MCP as they run: real store, real core, real sockets."""

from __future__ import annotations

import itertools
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from bot.api.offer import BOUNDS, Behind, Offer
from bot.api.serving import serving
from bot.audience import Audience, Grant, grant
from bot.chat import Author, Incoming, MessageRef, ThreadKey
from bot.connections import Bounds
from bot.credentials import Issued, issue
from bot.ids import memory_ids, new_id
from bot.memories import Person
from bot.memory.conversations import write_conversations
from bot.memory.port import Memories
from bot.memory.searching import Searching
from bot.memory.service import MemoryService
from bot.records import Entry, Tally
from bot.storage.connect import open_redis, wait_until_ready
from bot.storage.threads import Threads
from bot.storage.types import Turn

MANY = 100_000
_NUMBERS = itertools.count(1)


def somebody(space: str = "1") -> Audience:
    """A channel of a server, seen by one person whom no other test knows."""
    user = str(next(_NUMBERS))
    thread = ThreadKey("discord", space, f"c{user}", f"t{user}")
    return Audience("discord", space, f"c{user}", thread, Person("discord", "@", user))


def grant_in(place: Audience) -> Grant:
    """What the person of a place may do there."""
    assert place.alone is not None
    return grant(place, place.alone)


@dataclass(frozen=True, slots=True)
class Site:
    """A running server, and what stands behind it."""

    url: str
    threads: Threads
    memories: Memories

    async def token(self, place: Audience | None = None, **options: object) -> Issued:
        """A token in force for somebody in a place, a fresh one without."""
        issued = issue(
            grant_in(place or somebody()),
            "test",
            now=time.time(),
            random=secrets.token_bytes,
            **options,  # type: ignore[arg-type]
        )
        assert await self.threads.tokens.add(issued.credential)
        return issued

    async def talk(self, place: Audience, *texts: str) -> None:
        """Let the person of a place say something there; each is answered with "Noted."."""
        thread, person = place.thread, place.alone
        assert thread is not None and person is not None
        for number, text in enumerate(texts, start=1):
            message = MessageRef(thread.channel, f"m{number}")
            who = Author(person.user, "Ada")
            id = f"{thread}{number}"
            event = Incoming(id, thread, message, who, text, number, number, addressed=True)
            turn = await self.threads.begin(event)
            assert isinstance(turn, Turn)
            said = Entry("user", text, 1.0 * number, who.id, who.name, (message.message,))
            answer = Entry("assistant", "Noted.", 1.5 * number, message_ids=(f"a{number}",))
            await self.threads.commit(turn.lease, [said, answer], Tally(turns=1), {})

    @asynccontextmanager
    async def http(self, token: str = "") -> AsyncIterator[httpx2.AsyncClient]:
        """A client that sends this token, a fresh one without."""
        token = token or (await self.token()).token
        headers = {"Authorization": f"Bearer {token}"}
        async with httpx2.AsyncClient(base_url=self.url, headers=headers, verify=False) as client:
            yield client

    @asynccontextmanager
    async def mcp(self, token: str = "", mode: str = "auto") -> AsyncIterator[Client]:
        """The official client over HTTP."""
        async with self.http(token) as http:
            transport = streamable_http_client(f"{self.url}/mcp", http_client=http)
            async with Client(transport, mode=mode) as client:
                yield client


def _core(threads: Threads) -> Memories:
    store = threads.memories(1_000)
    searching = Searching(store, threads, count=len, clock=time.time)
    return MemoryService(
        store, threads, searching, threads.links, threads.tokens, time.time, memory_ids
    )


@asynccontextmanager
async def running(
    redis_url: str, per_minute: int = MANY, bounds: Bounds = BOUNDS
) -> AsyncIterator[Site]:
    """A server on a free port of loopback."""
    client = open_redis(redis_url)
    try:
        await wait_until_ready(client, 50)
        threads = Threads(client, worker=new_id(), clock=time.time, new_id=new_id)
        memories = _core(threads)
        offer = Offer("127.0.0.1", 0, "", per_minute, "0", bounds)
        behind = Behind(
            memories,
            threads.tokens,
            threads.links,
            threads.claims("api"),
            partial(write_conversations, threads),
        )
        async with serving(offer, behind) as served:
            yield Site(f"http://127.0.0.1:{served.address[1]}", threads, memories)
    finally:
        await client.aclose()
