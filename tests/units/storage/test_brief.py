"""Asking the store briefly: nobody waits long for a store that is away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from redis.asyncio import Redis

from bot.capabilities import Limit
from bot.ids import new_id
from bot.reply.pacing import LoopClock, Pacer
from bot.reply.slots import Urgency
from bot.storage.brief import REST_SECONDS, BriefLink
from bot.storage.connect import Link, open_redis
from bot.storage.limits import SharedLedger
from bot.storage.scripts import SCRIPTS
from tests.counting import counting
from tests.servers import free_port
from tests.units.model.asking import Shift

KEYS = ("bobbin:{p:x:}:edit:state",)
ARGUMENTS = (1000,)


@asynccontextmanager
async def silent() -> AsyncIterator[tuple[str, list[bytes]]]:
    """The address of a server that hears everything and never answers, and what it has heard."""
    heard: list[bytes] = []

    async def hear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(1 << 16):
            heard.append(data)
        writer.close()

    server = await asyncio.start_server(hear, "127.0.0.1", 0)
    async with server:
        yield f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}", heard


async def test_an_answer_passes_through(client: Redis) -> None:
    brief = BriefLink(Link(client), "a test")
    assert await brief.run(SCRIPTS["pause"], KEYS, ARGUMENTS) == 0


async def test_a_store_that_is_silent_is_left_alone_for_a_while(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with silent() as (url, heard):
        client = open_redis(url)
        brief = BriefLink(Link(client), "a test")
        async with counting() as seconds:
            assert await brief.run(SCRIPTS["pause"], KEYS, ARGUMENTS) is None
            assert seconds() < REST_SECONDS
        before = len(heard)
        for _ in range(100):
            assert await brief.run(SCRIPTS["pause"], KEYS, ARGUMENTS) is None
        assert len(heard) == before
        shift = Shift(monkeypatch)
        async with asyncio.timeout(50):
            while len(heard) == before:
                shift.forward(REST_SECONDS)
                assert await brief.run(SCRIPTS["pause"], KEYS, ARGUMENTS) is None
        await client.aclose()
    assert caplog.text.count("by this process alone for now") == 1


async def test_a_reply_is_paced_by_its_own_process_when_the_store_is_away() -> None:
    client = open_redis(f"redis://127.0.0.1:{free_port()}")
    ledger = SharedLedger(Link(client), "slack", "w1", new_id)
    pacer = Pacer([Limit(frozenset({"edit"}), "space", 2, 60.0)], LoopClock(), ledger)
    for _ in range(2):
        with await pacer.acquire("edit", "c", "T1"):
            pass
    assert await pacer.acquire_within("edit", "c", "T1", Urgency.FINAL, 3.0) is None
    pacer.penalise("status", "c", "T1", 5.0)
    await pacer.close()
    await client.aclose()
