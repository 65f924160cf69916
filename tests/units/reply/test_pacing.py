"""Pacing: never over a limit, finals first, everybody in turn, nothing left behind."""

from __future__ import annotations

import asyncio
import math
from collections import defaultdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.capabilities import Call, Limit
from bot.reply.pacing import LoopClock, Pacer, Urgency
from tests.units.reply.virtual import virtual

EDIT: frozenset[Call] = frozenset(("edit",))
POST: frozenset[Call] = frozenset(("post",))
BOTH: frozenset[Call] = frozenset(("edit", "post"))


def now() -> float:
    return asyncio.get_running_loop().time()


LIMITS = st.lists(
    st.builds(
        Limit,
        st.sampled_from([EDIT, POST, BOTH]),
        st.sampled_from(["channel", "space", "adapter"]),
        st.integers(1, 6),
        st.floats(0.5, 20.0),
    ),
    min_size=1,
    max_size=4,
)
CALLS = st.lists(
    st.tuples(
        st.floats(0, 10),
        st.sampled_from(["edit", "post"]),
        st.sampled_from(["a", "b", "c"]),
        st.sampled_from(list(Urgency)),
    ),
    min_size=1,
    max_size=40,
)


@given(LIMITS, CALLS)
@settings(max_examples=100, deadline=None)
@virtual
async def test_no_stretch_of_time_has_more_calls_than_a_limit_allows(
    limits: list[Limit], calls: list[tuple[float, Call, str, Urgency]]
) -> None:
    pacer = Pacer(limits, LoopClock())
    made: list[tuple[float, Call, str]] = []

    async def make(at: float, call: Call, channel: str, urgency: Urgency) -> None:
        await asyncio.sleep(at)
        with pacer.reply(channel, "space"):
            with await pacer.acquire(call, channel, "space", urgency):
                made.append((now(), call, channel))

    await asyncio.gather(*(make(*call) for call in calls))
    assert len(made) == len(calls)
    for limit in limits:
        scopes: dict[str, list[float]] = defaultdict(list)
        for at, call, channel in made:
            if call in limit.calls:
                scopes[channel if limit.per == "channel" else ""].append(at)
        for times in scopes.values():
            times.sort()
            for early, late in zip(times, times[limit.count :], strict=False):
                assert late - early >= limit.seconds - 1e-6
    assert pacer.waiting == 0


@virtual
async def test_the_more_urgent_go_first() -> None:
    pacer = Pacer([Limit(EDIT, "space", 1, 1.0)], LoopClock())
    order: list[Urgency] = []

    async def make(urgency: Urgency) -> None:
        await pacer.acquire("edit", "c", "s", urgency)
        order.append(urgency)

    await pacer.acquire("edit", "c", "s", Urgency.FINAL)
    await asyncio.gather(*(make(urgency) for urgency in reversed(Urgency)))
    assert order == [
        Urgency.FINAL,
        Urgency.PART,
        Urgency.OPEN,
        Urgency.INTERIM,
        Urgency.SIGN,
    ]


@virtual
async def test_signs_of_work_take_no_more_than_half_of_the_slots() -> None:
    pacer = Pacer([Limit(EDIT | {"status"}, "adapter", 10, 60.0)], LoopClock())
    for _ in range(4):
        await pacer.acquire("edit", "c", "s", Urgency.PART)
    assert pacer.try_acquire("status", "c", "s", Urgency.SIGN) is not None
    assert pacer.try_acquire("status", "c", "s", Urgency.SIGN) is None
    for _ in range(5):
        assert pacer.try_acquire("edit", "c", "s", Urgency.PART) is not None


@virtual
async def test_replies_of_one_scope_take_turns() -> None:
    pacer = Pacer([Limit(EDIT, "space", 5, 10.0)], LoopClock())
    order: list[int] = []

    async def reply(number: int) -> None:
        for _ in range(5):
            await pacer.acquire("edit", f"c{number}", "s", Urgency.INTERIM)
            order.append(number)

    await pacer.acquire("edit", "c", "s", Urgency.INTERIM)
    await asyncio.gather(*(reply(number) for number in range(4)))
    assert order == [0, 1, 2, 3] * 5


@virtual
async def test_interim_edits_leave_a_slot_for_each_reply_that_may_end() -> None:
    pacer = Pacer([Limit(EDIT, "space", 50, 60.0)], LoopClock())

    async def interim() -> None:
        while True:
            await pacer.acquire("edit", "c", "s", Urgency.INTERIM)

    replies = [pacer.reply(f"c{number}", "s") for number in range(20)]
    for reply in replies:
        reply.__enter__()
    eager = [asyncio.create_task(interim()) for _ in range(20)]
    await asyncio.sleep(59)
    for _ in range(25):
        assert pacer.try_acquire("edit", "c", "s", Urgency.FINAL) is not None
    assert pacer.try_acquire("edit", "c", "s", Urgency.FINAL) is None
    for task in eager:
        task.cancel()
    await asyncio.gather(*eager, return_exceptions=True)
    for reply in replies:
        reply.__exit__(None, None, None)


@virtual
async def test_a_crowd_leaves_interim_edits_some_room_in_short_limits() -> None:
    """Few of many replies end within one second, so that the reserve is small there."""
    pacer = Pacer([Limit(EDIT, "adapter", 50, 1.0)], LoopClock())
    made = 0

    async def interim(number: int) -> None:
        nonlocal made
        with pacer.reply(f"c{number}", "s"):
            while now() < 10:
                await pacer.acquire("edit", f"c{number}", "s", Urgency.INTERIM)
                made += 1

    await asyncio.gather(*(interim(number) for number in range(100)))
    assert 350 <= made <= 550


@virtual
async def test_a_late_arrival_counts_from_when_it_arrived() -> None:
    pacer = Pacer([Limit(EDIT, "channel", 1, 5.0)], LoopClock())
    with await pacer.acquire("edit", "c", "s"):
        await asyncio.sleep(0.4)
    await pacer.acquire("edit", "c", "s")
    assert now() == pytest.approx(5.4)


@virtual
async def test_a_call_that_returns_very_late_has_arrived_long_ago() -> None:
    pacer = Pacer([Limit(EDIT, "channel", 1, 5.0)], LoopClock())
    with await pacer.acquire("edit", "c", "s"):
        await asyncio.sleep(4.0)
    await pacer.acquire("edit", "c", "s")
    assert now() == pytest.approx(6.0)


@virtual
async def test_penalties_hold_for_the_scope_and_nothing_else() -> None:
    pacer = Pacer([Limit(EDIT, "channel", 5, 5.0), Limit(BOTH, "adapter", 50, 1.0)], LoopClock())
    pacer.penalise("edit", "a", "s", 7.0)
    assert pacer.try_acquire("edit", "a", "s", Urgency.FINAL) is None
    assert pacer.try_acquire("edit", "b", "s", Urgency.FINAL) is not None
    assert pacer.try_acquire("post", "a", "s", Urgency.FINAL) is not None
    await pacer.acquire("edit", "a", "s", Urgency.FINAL)
    assert now() == pytest.approx(7.0)


@virtual
async def test_penalties_hold_where_no_limit_is_known() -> None:
    pacer = Pacer([], LoopClock())
    assert pacer.try_acquire("edit", "a", "s") is not None
    pacer.penalise("edit", "a", "s", 3.0)
    assert pacer.try_acquire("edit", "a", "s") is None
    await pacer.acquire("edit", "a", "s")
    assert now() == pytest.approx(3.0)


@virtual
async def test_a_wait_that_cannot_end_in_time_is_refused_at_once() -> None:
    pacer = Pacer([Limit(EDIT, "space", 2, 60.0)], LoopClock())
    for _ in range(2):
        await pacer.acquire("edit", "c", "s")
    assert await pacer.acquire_within("edit", "c", "s", Urgency.FINAL, 3.0) is None
    assert now() == 0.0
    await asyncio.sleep(58)
    assert await pacer.acquire_within("edit", "c", "s", Urgency.FINAL, 3.0) is not None
    assert now() == pytest.approx(60.0)


@virtual
async def test_a_wait_with_a_deadline_ends_there() -> None:
    pacer = Pacer([Limit(EDIT, "space", 1, 2.0)], LoopClock())
    await pacer.acquire("edit", "c", "s")
    waiting = asyncio.create_task(pacer.acquire_within("edit", "c", "s", Urgency.FINAL, 3.0))
    await asyncio.sleep(1)
    pacer.penalise("edit", "c", "s", 60.0)
    assert await waiting is None
    assert now() == pytest.approx(3.0)
    assert pacer.waiting == 0


@virtual
async def test_cancelled_waits_leave_nothing_and_lose_nothing() -> None:
    pacer = Pacer([Limit(EDIT, "space", 1, 10.0)], LoopClock())
    await pacer.acquire("edit", "c", "s")
    first, second, third = (asyncio.create_task(pacer.acquire("edit", "c", "s")) for _ in range(3))
    await asyncio.sleep(1)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    assert pacer.waiting == 2
    await second
    assert now() == pytest.approx(10.0)
    third.cancel()
    await asyncio.gather(third, return_exceptions=True)
    assert pacer.waiting == 0


@virtual
async def test_a_slot_granted_to_a_cancelled_call_goes_to_the_next() -> None:
    pacer = Pacer([Limit(EDIT, "space", 1, 10.0)], LoopClock())
    taken = await pacer.acquire("edit", "c", "s")
    granted = asyncio.create_task(pacer.acquire("edit", "c", "s"))
    other = asyncio.create_task(pacer.acquire("edit", "c", "s"))
    await asyncio.sleep(1)
    taken.give_back()
    granted.cancel()
    await asyncio.gather(granted, return_exceptions=True)
    assert granted.cancelled()
    await other
    assert now() == 1.0


@virtual
async def test_scopes_where_nothing_happens_are_forgotten() -> None:
    pacer = Pacer([Limit(EDIT, "channel", 5, 5.0), Limit(EDIT, "space", 50, 60.0)], LoopClock())
    for number in range(3000):
        with pacer.reply(f"c{number}", f"s{number}"):
            await pacer.acquire("edit", f"c{number}", f"s{number}")
        await asyncio.sleep(1)
        assert pacer.scopes < 300
    with pacer.reply("kept", "kept"):
        await asyncio.sleep(1000)
        for number in range(500):
            await pacer.acquire("edit", f"d{number}", f"d{number}")
        held = pacer.try_acquire("edit", "kept", "kept", Urgency.INTERIM)
        assert held is not None
    assert math.isfinite(now())


@virtual
async def test_what_is_not_limited_is_not_held_up() -> None:
    pacer = Pacer([Limit(EDIT, "space", 1, 10.0)], LoopClock())
    for _ in range(1000):
        await pacer.acquire("post", "c", "s")
    assert now() == 0.0
    assert pacer.scopes == 0
