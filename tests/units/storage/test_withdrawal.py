"""A turn that has lost a message of its mail ends only if it is still its process's own."""

from __future__ import annotations

from collections.abc import Callable

from redis.asyncio import Redis

from bot.budgets import Budgets, Payer
from bot.chat import Spot
from bot.engine.allowance import Allowance
from bot.engine.revising import Withdrawal
from bot.records import NO_TALLY
from bot.reply.pacing import LoopClock
from bot.storage.threads import Threads
from bot.storage.types import Done, Lease, Turn
from tests.units.reply.platform import Platform, unlimited
from tests.units.reply.scene import Scene
from tests.units.storage.samples import ADA, THREAD, Clock, commit, message


async def withdrawn(
    threads: Threads, lease: Lease, new_id: Callable[[], str]
) -> Turn | Done | None:
    """End a turn whose answer is one message; what comes of it, and that nothing is deleted."""
    platform = Platform(unlimited())
    scene = Scene(platform)
    ref = platform.put("c1", "an answer")
    allowance = Allowance(Budgets(), threads, Clock(), "gpt-6-luna")
    withdrawal = Withdrawal(threads, allowance, platform, scene.pacer, LoopClock(), 5.0, new_id)
    async with scene.reply(spot=Spot("c1"), refs=(ref,)) as reply:
        payer = Payer.of(THREAD, ADA)
        after = await withdrawal.begin_anew(lease, reply, (), payer, NO_TALLY)
    await scene.pacer.close()
    assert platform.standing("c1") == ["an answer"]
    return after


async def test_an_answer_of_the_one_that_took_over_is_not_deleted(
    client: Redis, threads: Threads, new_id: Callable[[], str]
) -> None:
    turn = await threads.begin(message(1))
    assert isinstance(turn, Turn)
    await threads.park(turn.lease)
    heir = await threads.reclaim(THREAD)
    assert heir is not None
    assert await commit(threads, heir) is Done.IDLE
    assert await withdrawn(threads, turn.lease, new_id) is Done.LOST
    assert await client.keys("*leftovers*") == []


async def test_a_turn_with_something_left_to_answer_is_given_back(
    threads: Threads, new_id: Callable[[], str]
) -> None:
    turn = await threads.begin(message(1))
    assert isinstance(turn, Turn)
    assert await withdrawn(threads, turn.lease, new_id) is None
    assert await threads.reclaim(THREAD) is not None
