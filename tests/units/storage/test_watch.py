"""Before it writes, a process that was paused makes sure that the turn is still its own."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from redis.asyncio import Redis

from bot.chat import MessageRef, Spot
from bot.engine.running import Control, Ending
from bot.engine.watch import Watch
from bot.errors import LeaseLost
from bot.storage.threads import Threads
from bot.storage.types import Draft, Turn
from tests.contracts.whole_store import opened, store
from tests.servers import valkey_server
from tests.units.model.asking import Shift
from tests.units.storage.samples import THREAD, Clock, message

EVERY = 100.0
"""Seconds between renewals: none is due while a test runs, unless it turns the clock."""


async def begun(client: Redis, clock: Clock, new_id: Callable[[], str]) -> tuple[Threads, Turn]:
    """A process that has begun a turn under a lease of a moment."""
    threads = Threads(client, worker="w1", clock=clock, new_id=new_id, lease_seconds=0.02)
    turn = await threads.begin(message(1), nonce="n1")
    assert isinstance(turn, Turn)
    return threads, turn


async def until_ended(threads: Threads) -> None:
    """Wait until the lease has run out by the store's own clock."""
    async with asyncio.timeout(5):
        while THREAD not in await threads.stranded():
            pass


async def test_after_a_pause_the_store_is_asked_before_anything_is_written(
    client: Redis,
    clock: Clock,
    new_id: Callable[[], str],
    threads: Threads,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    paused, turn = await begun(client, clock, new_id)
    control = Control()
    async with Watch(paused, turn.lease, control, EVERY) as watch:
        await watch.confirm()
        await until_ended(threads)
        assert await threads.reclaim(THREAD) is not None
        Shift(monkeypatch).forward(3 * EVERY)
        with pytest.raises(LeaseLost):
            await watch.confirm()
        assert control.ending is Ending.LOST
        with pytest.raises(LeaseLost):
            await watch.confirm()


async def test_after_a_pause_in_which_nobody_took_over_it_goes_on(
    client: Redis,
    clock: Clock,
    new_id: Callable[[], str],
    threads: Threads,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    paused, turn = await begun(client, clock, new_id)
    control = Control()
    async with Watch(paused, turn.lease, control, EVERY) as watch:
        await until_ended(threads)
        Shift(monkeypatch).forward(3 * EVERY)
        await watch.confirm()
        assert control.ending is None


async def test_what_is_announced_while_the_store_is_away_is_kept_before_it_is_done(
    caplog: pytest.LogCaptureFixture,
) -> None:
    draft = Draft(Spot("c1"), (MessageRef("c1", "a1"),), posting=True)
    with tempfile.TemporaryDirectory(prefix="bobbin-test-") as folder:
        with valkey_server(Path(folder), persist=True) as first:
            async with opened(first.url) as client:
                threads = store(client)
                turn = await threads.begin(message(1), nonce="n1")
                assert isinstance(turn, Turn)
                async with Watch(threads, turn.lease, Control(), 0.02) as watch:
                    await watch.announce(Draft(Spot("c1")))
                    first.kill()
                    announcing = asyncio.create_task(watch.announce(draft))
                    async with asyncio.timeout(10):
                        while caplog.text.count("lease not renewed") < 2:
                            await asyncio.wait({announcing}, timeout=0.01)
                    assert not announcing.done()
                    with valkey_server(Path(folder), persist=True):
                        await announcing
                        heir = await threads.take_window(THREAD)
                        assert heir.running
                        await threads.park(turn.lease)
                        again = await threads.reclaim(THREAD)
                        assert again is not None and again.draft == draft
