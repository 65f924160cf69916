"""Before it writes, a process that was away makes sure that the turn is still its own."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from redis.asyncio import Redis

from bot.chat import MessageRef, Spot
from bot.engine.running import Control, Ending
from bot.engine.watch import Watch
from bot.errors import LeaseLost, StoreUnavailable
from bot.storage.threads import Threads
from bot.storage.topology import Waits
from bot.storage.types import Draft, Turn
from tests.contracts.whole_store import opened, store
from tests.servers import LossyProxy, Valkey, lossy_proxy, valkey_server
from tests.units.model.asking import Shift
from tests.units.storage.samples import THREAD, Clock, message

EVERY = 100.0
"""Seconds between renewals: none is due while a test runs, unless it turns the clock."""

LASTS = 1000.0
"""Seconds that a watch takes its lease to last."""

QUICK = Waits(connect=0.1, reply=0.1, alone=0.02, operation=0.2)
UNHEARD = "lease not renewed"


def watching(
    threads: Threads, turn: Turn, control: Control, every: float = EVERY, patience: float = 50.0
) -> Watch:
    """The watch of a turn."""
    return Watch(threads, turn.lease, control, every=every, lasts=LASTS, patience=patience)


async def begun(client: Redis, clock: Clock, new_id: Callable[[], str]) -> tuple[Threads, Turn]:
    """A process that has begun a turn under a lease of a moment."""
    threads = Threads(client, worker="w1", clock=clock, new_id=new_id, lease_seconds=0.02)
    turn = await threads.begin(message(1), nonce="n1")
    assert isinstance(turn, Turn)
    return threads, turn


async def until_ended(threads: Threads) -> None:
    """Wait until the lease has run out by the store's own clock."""
    async with asyncio.timeout(50):
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
    async with watching(paused, turn, control) as watch:
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
    async with watching(paused, turn, control) as watch:
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
            async with opened(first.url) as patient, opened(first.url, QUICK) as client:
                threads = store(patient)
                turn = await threads.begin(message(1), nonce="n1")
                assert isinstance(turn, Turn)
                hasty = store(client, waits=QUICK)
                async with watching(hasty, turn, Control(), 0.02) as watch:
                    await watch.announce(Draft(Spot("c1")))
                    first.kill()
                    announcing = asyncio.create_task(watch.announce(draft))
                    async with asyncio.timeout(50):
                        while caplog.text.count(UNHEARD) < 2:
                            await asyncio.wait({announcing}, timeout=0.01)
                    assert not announcing.done()
                    with valkey_server(Path(folder), persist=True):
                        await announcing
                        heir = await threads.take_window(THREAD)
                        assert heir.running
                        await threads.park(turn.lease)
                        again = await threads.reclaim(THREAD)
                        assert again is not None and again.draft == draft


async def until_unheard(caplog: pytest.LogCaptureFixture, confirming: asyncio.Task[None]) -> None:
    """Wait until renewals have failed while something waits to be written."""
    before = caplog.text.count(UNHEARD)
    async with asyncio.timeout(50):
        while caplog.text.count(UNHEARD) < before + 3:
            await asyncio.wait({confirming}, timeout=0.01)


@asynccontextmanager
async def cut_off(
    server: Valkey, monkeypatch: pytest.MonkeyPatch, control: Control, patience: float = 50.0
) -> AsyncIterator[tuple[Watch, Turn, LossyProxy, Threads]]:
    """A turn whose process alone does not reach the store, for longer than its lease lasts; what
    another process sees of the store is last."""
    async with lossy_proxy(server) as proxy, opened(server.url) as direct:
        await direct.flushall()
        async with opened(proxy.url, QUICK) as client:
            turn = await store(direct).begin(message(1), nonce="n1")
            assert isinstance(turn, Turn)
            threads = store(client, waits=QUICK)
            async with watching(threads, turn, control, 0.02, patience) as watch:
                await watch.confirm()
                proxy.break_off()
                Shift(monkeypatch).forward(LASTS)
                yield watch, turn, proxy, store(direct, "w2")


async def test_nothing_is_written_while_nobody_can_say_whose_turn_it_is(
    server: Valkey, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    control = Control()
    async with cut_off(server, monkeypatch, control) as (watch, _, proxy, _):
        confirming = asyncio.create_task(watch.confirm())
        await until_unheard(caplog, confirming)
        assert not confirming.done()
        proxy.mend()
        await confirming
        assert control.ending is None


async def test_whoever_was_cut_off_leaves_the_turn_to_the_one_that_took_over(
    server: Valkey, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    control = Control()
    async with cut_off(server, monkeypatch, control) as (watch, turn, proxy, others):
        confirming = asyncio.create_task(watch.confirm())
        await until_unheard(caplog, confirming)
        await others.park(turn.lease)
        assert await others.reclaim(THREAD) is not None
        assert not confirming.done()
        proxy.mend()
        with pytest.raises(LeaseLost):
            await confirming
        assert control.ending is Ending.LOST


async def test_what_nobody_can_say_for_long_is_left_to_others(
    server: Valkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with cut_off(server, monkeypatch, Control(), 0.1) as (watch, _, _, _):
        with pytest.raises(StoreUnavailable):
            await watch.confirm()
        with pytest.raises(StoreUnavailable):
            await watch.announce(Draft(Spot("c1"), (MessageRef("c1", "a1"),), posting=True))
