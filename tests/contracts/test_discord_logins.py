"""When a connection to Discord may log in, among others of the same process and of others."""

from __future__ import annotations

import asyncio

import pytest

from adapters.discord.calls import Timing
from adapters.discord.client import Listening
from adapters.discord.logins import PROMPT_SECONDS, Logins, Starts
from adapters.discord.shards import ALONE, Shard
from bot.errors import PlatformError
from bot.report import Unmeasured
from tests.contracts.discord_rig import SharedClaims
from tests.units.fuzz.test_fuzz_discord import Reader


async def all_left() -> Starts:
    """Discord's word on a day without log-ins."""
    return Starts()


async def test_who_dies_while_connecting_holds_nobody_up() -> None:
    claims, timing = SharedClaims(), Timing(identify=0.2, poll=0.01)
    loop = asyncio.get_running_loop()
    began = loop.time()
    for name in ("dead", "successor"):
        logins = Logins(loop.time, timing)
        logins.share(claims.of(name))
        await logins.admit(ALONE, all_left)
    assert timing.identify <= loop.time() - began < timing.hold / 2


@pytest.mark.parametrize("shared", [True, False])
async def test_who_connects_slowly_waits_for_the_key_once_more(shared: bool) -> None:
    timing = Timing(identify=0.2, poll=0.01)
    loop = asyncio.get_running_loop()
    logins = Logins(loop.time, timing)
    if shared:
        logins.share(SharedClaims().of("both"))
    slow, quick = Shard(0, 2), Shard(1, 2)
    await logins.admit(slow, all_left)
    await logins.admit(quick, all_left)
    await logins.identifying(quick)
    began = loop.time()
    await logins.identifying(slow)
    assert loop.time() - began > timing.identify / 2


async def test_processes_wait_for_the_store_before_they_log_in_side_by_side() -> None:
    claims, timing = SharedClaims(), Timing(identify=0.2, poll=0.01, unknown=30.0)
    claims.away = True
    loop = asyncio.get_running_loop()

    async def log_in(name: str) -> float:
        logins = Logins(loop.time, timing, allowed=None)
        logins.share(claims.of(name))
        await logins.admit(ALONE, all_left)
        await logins.identifying(ALONE)
        return loop.time()

    both = asyncio.gather(log_in("one"), log_in("another"))
    await asyncio.sleep(0)
    claims.away = False
    first, second = sorted(await both)
    assert second - first >= timing.identify


async def test_what_discord_does_not_say_is_as_it_said_before() -> None:
    claims, shard = SharedClaims(), Shard(3, 8)

    async def four_at_once() -> Starts:
        return Starts(concurrency=4)

    async def silence() -> Starts:
        raise PlatformError("no word")

    logins = Logins(asyncio.get_running_loop().time, Timing(identify=0.01, poll=0.01))
    logins.share(claims.of("one"))
    for ask in (four_at_once, silence):
        claims.held.clear()
        await logins.admit(shard, ask)
        assert list(claims.held) == ["identify:3"]
        await logins.leave(shard)


async def test_an_answer_that_is_missing_after_a_long_wait_for_the_key_lets_nobody_in() -> None:
    claims, loop, waited = SharedClaims(), asyncio.get_running_loop(), 0.0
    until = loop.time() + 0.2
    claims.held["identify:0"] = (until, "another/")

    async def pause(seconds: float) -> None:
        nonlocal waited
        waited += 0.4 * timing.unknown
        claims.away = not claims.away
        await asyncio.sleep(seconds)

    timing = Timing(identify=0.2, poll=0.01)
    logins = Logins(lambda: loop.time() + waited, timing, pause)
    logins.share(claims.of("one"))
    await logins.admit(ALONE, all_left)
    assert loop.time() >= until


async def test_whoever_has_connected_and_does_not_get_the_key_in_time_does_not_log_in() -> None:
    claims, timing = SharedClaims(), Timing(identify=0.2, poll=0.01, hold=0.1)
    loop = asyncio.get_running_loop()
    logins = Logins(loop.time, timing)
    logins.share(claims.of("one"))
    await logins.admit(ALONE, all_left)
    paid = dict(claims.until)
    claims.held["identify:0"] = (loop.time() + 0.5, "another/")
    with pytest.raises(TimeoutError):
        await logins.identifying(ALONE)
    await logins.leave(ALONE)
    # The next try waits for its turn, and what was paid for the first is not lost.
    await logins.admit(ALONE, all_left)
    await logins.identifying(ALONE)
    assert claims.holder("identify:0") == "one"
    assert claims.until == paid


async def test_a_log_in_that_the_sdk_repeats_by_itself_is_paid_for_and_waits_for_the_key() -> None:
    claims, timing = SharedClaims(), Timing(identify=0.2, poll=0.01)
    loop = asyncio.get_running_loop()
    logins = Logins(loop.time, timing)
    logins.share(claims.of("one"))
    await logins.admit(ALONE, all_left)
    await logins.identifying(ALONE)
    began, paid = loop.time(), dict(claims.until)
    await logins.identifying(ALONE)
    assert loop.time() - began > timing.identify / 2
    assert claims.until != paid


async def test_whoever_hears_late_that_he_may_log_in_holds_the_key_from_then_on() -> None:
    claims, timing = SharedClaims(), Timing(identify=5.0, poll=0.01)
    loop = asyncio.get_running_loop()
    logins = Logins(loop.time, timing, allowed=None)
    logins.share(claims.of("one"))
    await logins.admit(ALONE, all_left)
    late = claims.late = asyncio.Event()
    loop.call_later(2 * PROMPT_SECONDS, late.set)
    await logins.identifying(ALONE)
    [(until, _)] = claims.held.values()
    assert until >= loop.time() + timing.identify - PROMPT_SECONDS


async def test_others_wait_for_a_log_in_that_a_busy_machine_sends_late() -> None:
    claims, timing = SharedClaims(), Timing(identify=5.0, poll=0.01)
    loop = asyncio.get_running_loop()
    logins = Logins(loop.time, timing, allowed=None)
    logins.share(claims.of("one"))
    await logins.admit(ALONE, all_left)
    await logins.identifying(ALONE)
    [(until, _)] = claims.held.values()
    assert until > loop.time() + 1.5 * timing.identify
    await logins.arrived(ALONE)
    [(until, _)] = claims.held.values()
    assert 0.5 * timing.identify < until - loop.time() <= timing.identify


async def test_a_log_in_does_not_wait_for_ever_for_the_store() -> None:
    claims, timing = SharedClaims(), Timing(identify=0.2, poll=0.01, unknown=0.05)
    claims.away = True
    loop = asyncio.get_running_loop()
    logins = Logins(loop.time, timing, allowed=None)
    logins.share(claims.of("one"))
    began = loop.time()
    await logins.admit(ALONE, all_left)
    await logins.identifying(ALONE)
    assert 0.05 <= loop.time() - began < timing.hold


async def test_a_connection_that_ends_while_its_login_is_told_leaves_nothing_running() -> None:
    claims, timing, loop = (
        SharedClaims(),
        Timing(identify=0.01, poll=0.01),
        asyncio.get_running_loop(),
    )
    logins = Logins(loop.time, timing)
    logins.share(claims.of("one"))
    before = asyncio.all_tasks()
    client = Listening(Reader(), logins, Unmeasured(), ALONE, loop.time, content=True)
    await client._async_setup_hook()
    await logins.admit(ALONE, all_left)
    await logins.identifying(ALONE)
    asked, claims.late = asyncio.Event(), asyncio.Event()
    claims.changed = asked.set
    client.dispatch("connect")
    await asked.wait()
    await client.close()
    assert not {task for task in asyncio.all_tasks() - before if not task.done()}
