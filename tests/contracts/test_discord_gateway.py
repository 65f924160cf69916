"""The Discord adapter when the gateway goes away: whatever it does, nothing is lost for good."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import pytest

from bot.chat import Followed
from tests.contracts.discord_rig import QUICK, Rig, connected, rig_of
from tests.simulators.discord_sim import DiscordSimulator

Lose = Callable[[Rig], None]


def _close(code: int) -> Lose:
    return lambda rig: rig.sim.gateway.close(code)


def _cut_and_refuse(rig: Rig) -> None:
    rig.sim.gateway.refuse(1)
    rig.sim.gateway.drop()


def _invalidate(rig: Rig) -> None:
    rig.sim.gateway.invalidate()


def _forget(rig: Rig) -> None:
    rig.sim.gateway.drop()
    rig.sim.gateway.forget()


RESUMED: dict[str, Lose] = {
    "cut": lambda rig: rig.sim.gateway.drop(),
    "asked to reconnect": lambda rig: rig.sim.gateway.reconnect(),
    "told to resume": lambda rig: rig.sim.gateway.invalidate(resumable=True),
    **{str(code): _close(code) for code in (1000, 1001, 4000, 4001, 4002, 4005, 4008, 4009)},
}
ANEW: dict[str, Lose] = {"invalidated": _invalidate, "forgotten": _forget}


async def _heard(rig: Rig, *texts: str) -> None:
    """Wait until these came in, in whatever order; the engine drops what comes twice."""
    await rig.changed(lambda: {event.text for event in rig.inbox.messages} >= set(texts))


@pytest.mark.parametrize("way", RESUMED)
async def test_a_session_that_can_be_resumed_is(way: str) -> None:
    async with connected(DiscordSimulator(identify_seconds=0.0)) as rig:
        await rig.mentioned("before")
        RESUMED[way](rig)
        await rig.say(f"{rig.sim.mention} meanwhile")
        await _heard(rig, "meanwhile")
        await rig.mentioned("after")
        assert [event.text for event in rig.inbox.messages] == ["before", "meanwhile", "after"]
        assert len(rig.sim.identifies) == 1
        assert rig.inbox.meter.reasons == ["resumed"]


@pytest.mark.parametrize("way", ANEW)
async def test_after_a_session_that_is_lost_the_gap_is_read(way: str) -> None:
    async with connected(DiscordSimulator(identify_seconds=0.0)) as rig:
        first = await rig.mentioned("before")
        rig.inbox.followed = (Followed(first.thread, first.position),)
        rig.inbox.notes.texts["heard"] = str(time.time())
        ANEW[way](rig)
        await rig.say(f"{rig.sim.mention} meanwhile")
        await _heard(rig, "meanwhile")
        await rig.say(f"{rig.sim.mention} after")
        await _heard(rig, "after")
        assert len(rig.sim.identifies) == 2
        assert rig.sim.violations == []


async def test_a_log_in_that_follows_soon_on_another_leaves_nothing_running() -> None:
    """The SDK waits for the servers of each session, and forgets the second of two waits."""
    before = asyncio.all_tasks()
    async with connected(DiscordSimulator(identify_seconds=0.0)) as rig:
        rig.sim.gateway.invalidate()
        await rig.sim.until(lambda: len(rig.sim.identifies) == 2)
        await rig.sim.until_connected()
        await rig.say(f"{rig.sim.mention} after")
        await _heard(rig, "after")
    assert not {task for task in asyncio.all_tasks() - before if not task.done()}


async def test_what_the_sdk_does_after_the_word_about_log_ins_ends_with_the_adapter() -> None:
    """It sleeps once a rate limit is used up, though its answer is there."""
    before = asyncio.all_tasks()
    limits = {"total": 1000, "remaining": 999, "reset_after": 0, "max_concurrency": 1}
    used_up = {
        "X-RateLimit-Limit": "1",
        "X-RateLimit-Remaining": "0",
        "X-RateLimit-Reset-After": "600",
        "X-RateLimit-Bucket": "word",
    }
    async with DiscordSimulator(identify_seconds=0.0) as sim:
        body = {"url": sim.gateway_url, "shards": 1, "session_start_limit": limits}
        sim.faults.add("GET /gateway/bot", status=200, body=body, headers=used_up)
        rig = await rig_of(sim)
        running = rig.start()
        await sim.until_connected()
        await rig.stop(running)
    assert not {task for task in asyncio.all_tasks() - before if not task.done()}


async def test_a_gateway_that_refuses_for_a_while_is_not_asked_without_end() -> None:
    async with connected(DiscordSimulator(identify_seconds=0.0)) as rig:
        first = await rig.mentioned("before")
        rig.inbox.followed = (Followed(first.thread, first.position),)
        _cut_and_refuse(rig)
        rig.sim.gateway.forget()
        await rig.say(f"{rig.sim.mention} meanwhile")
        await _heard(rig, "meanwhile")
        assert rig.sim.gateway.refused == 1
        assert len(rig.sim.identifies) == 2
        assert len(rig.inbox.claims.shared.until) == 1


async def test_two_sessions_hear_the_same() -> None:
    async with connected(DiscordSimulator(identify_seconds=0.0)) as blue:
        green_inbox = type(blue.inbox)(blue.sim.signal.changed)
        green = type(blue.adapter)(blue.sim.world.token, QUICK)
        running = asyncio.create_task(green.run(green_inbox))
        await blue.sim.until_connected(2)
        await blue.say(f"{blue.sim.mention} both")
        await blue.changed(lambda: blue.inbox.messages and green_inbox.messages)
        assert blue.inbox.messages[0].event_id == green_inbox.messages[0].event_id
        running.cancel()
        await asyncio.wait([running])
        await green.close()
