"""Redis hangs, is full, fails over: people are told, and nothing is lost, doubled or half-done."""

from __future__ import annotations

import asyncio
import os
import signal
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.chat import Removal
from bot.engine import texts
from bot.storage.connect import open_redis
from bot.storage.topology import Waits
from tests.clusters import valkey_cluster, valkey_sentinels
from tests.flows.look import settled
from tests.flows.meadow import a_meadow
from tests.flows.stage import QUICK
from tests.flows.test_changes import gone
from tests.flows.test_nothing_left import answered
from tests.flows.weavers import Weavers, weavers
from tests.servers import Valkey
from tests.simulators.openai_sim import Answer

BEGINNING = "This is only the beginning of it,"
WHOLE = f"{BEGINNING} and this is the end."
SHORT = replace(
    QUICK,
    store_in_turn=0.4,
    sweep=0.1,
    renew=0.1,
    store=Waits(connect=0.2, reply=0.2, alone=0.2, operation=0.6),
)
"""An outage of two seconds is to these as one of five minutes to the real ones."""

LEFT = "a turn was left to be taken over"


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="bobbin-out-") as path:
        yield Path(path)


def held() -> Answer:
    """An answer that stops after its beginning."""
    return Answer([BEGINNING, " and this", " is the end."]).hold(after=1)


async def remembered(town: Weavers, *answers: str) -> None:
    """The next question is asked with exactly these answers before it."""
    asked = town.openai.chats[-1]
    assert asked.texts("assistant") == list(answers)


async def test_a_server_that_hangs_for_longer_than_anybody_waits(
    server: Valkey, caplog: pytest.LogCaptureFixture
) -> None:
    """Longer than a lease and than an answer is held for: it is asked again and edited."""
    extra = {"BOBBIN_LEASE_SECONDS": "0.6"}
    async with weavers(server, extra=extra, timing=SHORT) as town:
        answer = held()
        town.openai.script.append(answer)
        thread = await town.thread_of(await town.ask(town.ada, "tell me"))
        await town.until_said(thread, BEGINNING)
        os.kill(server.pid, signal.SIGSTOP)
        try:
            other = await town.ask(town.ben, "and here?")
            await town.sim.until(lambda: town.said(town.general) == [texts.STORE_AWAY])
            answer.release_all()
            await town.ask(town.ben, "nobody there?")
            await town.sim.until(lambda: len(town.said(town.general)) == 2)
            async with asyncio.timeout(50):
                while LEFT not in caplog.text:  # noqa: ASYNC110 - nobody reports what is logged
                    await asyncio.sleep(0.01)
            assert town.said(thread) == [BEGINNING]
        finally:
            os.kill(server.pid, signal.SIGCONT)
        elsewhere = await town.thread_of(other)
        await town.sim.until(lambda: len(town.said(elsewhere)) == 1)
        # The question is asked again, and its message edited.
        await town.until_asked(3)
        await town.settled()
        (again,) = town.said(thread)
        assert again.startswith("Ada said: tell me")
        await town.sim.say(thread, town.ada, "thanks")
        await town.sim.until(lambda: len(town.said(thread)) == 2)
        await remembered(town, again)
        assert len(town.openai.chats) == 5
        await town.settled()


async def test_a_full_server(server: Valkey) -> None:
    extra = {"BOBBIN_LEASE_SECONDS": "60"}
    # It answers at once; whoever does not wait for that takes a busy machine for an outage.
    timing = replace(SHORT, store_in_turn=10.0, store=Waits(alone=0.2))
    async with weavers(server, extra=extra, timing=timing) as town:
        answer = held()
        town.openai.script.append(answer)
        thread = await town.thread_of(await town.ask(town.ada, "tell me"))
        await town.until_said(thread, BEGINNING)
        await fill(server, True)
        try:
            answer.release_all()
            await town.until_said(thread, WHOLE)
            other = await town.ask(town.ben, "and here?")
            await town.sim.until(lambda: town.said(town.general) == [texts.STORE_AWAY])
        finally:
            await fill(server, False)
        elsewhere = await town.thread_of(other)
        await town.sim.until(lambda: len(town.said(elsewhere)) == 1)
        await town.settled()
        await town.until_said(thread, WHOLE)
        await town.sim.say(thread, town.ada, "thanks")
        await town.sim.until(lambda: len(town.said(thread)) == 2)
        await remembered(town, WHOLE)
        assert town.said(town.general) == [texts.STORE_AWAY]
        await town.settled()


async def test_a_full_server_forgets(server: Valkey) -> None:
    """What makes room is not refused for want of it."""
    async with a_meadow(server) as field:
        said = await answered(field, "my loom is ultramarine")
        await answered(field, "and my warp is crimson")
        inbox = await field.meadow.inbox()
        await fill(server, True)
        try:
            await inbox.deleted(gone(said))
            left = await field.stored()
            assert "ultramarine" not in left and "crimson" in left
            await inbox.deleted(Removal("discord", "1", "11", said.thread))
            assert "crimson" not in await field.stored()
        finally:
            await fill(server, False)


async def fill(server: Valkey, full: bool) -> None:
    """Leave the server no memory, or as much as it wants."""
    client: Any = open_redis(server.url)
    await client.config_set("maxmemory", "1" if full else "0")
    await client.aclose()


async def test_a_failover_while_a_reply_streams(folder: Path) -> None:
    """Nobody notices: the answer goes on, is kept, and nobody is told of an outage."""
    # Longer than it takes even on a slow machine.
    timing = replace(QUICK, store=Waits(failover=40.0, operation=45.0))
    with valkey_sentinels(folder, down_after_ms=300) as running:
        async with weavers(running, timing=timing) as town:
            answer = held()
            town.openai.script.append(answer)
            thread = await town.thread_of(await town.ask(town.ada, "tell me"))
            await town.until_said(thread, BEGINNING)
            running.primary.server.kill()
            other = await town.ask(town.ben, "and here?")
            answer.release_all()
            await town.until_said(thread, WHOLE)
            elsewhere = await town.thread_of(other)
            await town.sim.until(lambda: len(town.said(elsewhere)) == 1, 50)
            await town.sim.say(thread, town.ada, "thanks")
            await town.sim.until(lambda: len(town.said(thread)) == 2, 50)
            await remembered(town, WHOLE)
            assert town.said(town.general) == []
            assert len(town.openai.chats) == 3
            await settled(running)


async def test_a_bot_on_a_cluster(folder: Path) -> None:
    with valkey_cluster(folder) as running:
        async with weavers(running) as town:
            thread = await town.conversation()
            await town.sim.say(thread, town.ada, "and you?")
            await town.sim.until(lambda: len(town.said(thread)) == 2)
            await remembered(town, "Hello Ada, how are you?")
            await town.settled()
