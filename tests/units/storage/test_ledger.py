"""One common count of calls: never over a limit, whichever process makes them."""

from __future__ import annotations

import asyncio
import itertools
from collections import defaultdict
from collections.abc import Sequence
from contextlib import ExitStack

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis

from bot.capabilities import Call, Limit
from bot.ids import new_id
from bot.limits import Booking, Scope
from bot.reply.pacing import LoopClock, Pacer
from bot.reply.slots import Urgency
from bot.storage import keys
from bot.storage.connect import Link, open_redis
from bot.storage.limits import SharedLedger
from tests.servers import Valkey

PATIENT = 50.0
"""Seconds: here nothing is decided by how busy this machine is."""

FINAL, PART, INTERIM = Urgency.FINAL, Urgency.PART, Urgency.INTERIM
EDIT: frozenset[Call] = frozenset(("edit",))
POST: frozenset[Call] = frozenset(("post",))
BOTH: frozenset[Call] = frozenset(("edit", "post"))


def ledger(client: Redis, worker: str, name_space: str = "slack") -> SharedLedger:
    numbers = itertools.count(1)
    return SharedLedger(
        Link(client), name_space, worker, lambda: f"{worker}-{next(numbers)}", PATIENT
    )


def scope(slots: int = 2, seconds: float = 60.0, *, name: str = "edit/60/T1", **more: int) -> Scope:
    return Scope(name, slots, seconds, more.get("spread", 0.0), more.get("running", 0))


async def reserve(
    book: SharedLedger, *scopes: Scope, urgency: Urgency = PART, late: float = 1.0
) -> Booking:
    booking = await book.reserve("T1", scopes, urgency, late)
    assert booking is not None
    return booking


def waits(booking: Booking) -> list[float]:
    return [standing.wait for standing in booking.standings]


async def test_slots_are_counted_over_all_processes(client: Redis) -> None:
    one, two = ledger(client, "w1"), ledger(client, "w2")
    assert (await reserve(one, scope())).granted
    assert (await reserve(two, scope())).granted
    for book in (one, two):
        refused = await reserve(book, scope())
        assert not refused.granted
        assert 60 < waits(refused)[0] <= 61
    assert (await reserve(two, scope(name="edit/60/T2"))).granted
    other = await ledger(client, "w1", "discord").reserve("T1", (scope(),), PART, 1.0)
    assert other is not None and other.granted


async def test_a_slot_in_every_scope_or_in_none(client: Redis) -> None:
    book = ledger(client, "w1")
    narrow, wide = scope(1, 5, name="edit/5/T1/c1"), scope(2, 1, name="edit/1/")
    assert (await reserve(book, narrow, wide)).granted
    refused = await reserve(book, narrow, wide)
    assert 5 < waits(refused)[0] <= 6
    assert waits(refused)[1] == 0
    assert (await reserve(book, wide)).granted
    assert not (await reserve(book, wide)).granted


async def test_a_slot_is_free_one_period_after_the_call_was_over(client: Redis) -> None:
    one, two = ledger(client, "w1"), ledger(client, "w2")
    booking = await reserve(one, scope(1))
    one.settle(booking, 0.2)
    assert waits(await reserve(two, scope(1)))[0] > 60.5, "nobody has told it yet"
    assert 59 < waits(await reserve(one, scope(1)))[0] <= 60.2
    assert 59 < waits(await reserve(two, scope(1)))[0] <= 60.2


async def test_a_call_that_was_not_made_takes_no_slot(client: Redis) -> None:
    one, two = ledger(client, "w1"), ledger(client, "w2")
    one.settle(await reserve(one, scope(1)), None)
    assert (await reserve(one, scope(1))).granted
    assert not (await reserve(two, scope(1))).granted


async def test_a_cancelled_question_takes_no_slot_for_long(client: Redis) -> None:
    book = ledger(client, "w1")
    asking = asyncio.create_task(reserve(book, scope(1)))
    async with asyncio.timeout(50):
        while not await client.exists(keys.pace("slack", "T1", "edit/60/T1")[0]):
            pass
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    if asking.cancelled():
        assert (await reserve(book, scope(1))).granted


async def test_a_call_sent_again_takes_one_slot(client: Redis) -> None:
    same = SharedLedger(Link(client), "slack", "w1", lambda: "nonce")
    assert (await reserve(same, scope(2))).granted
    assert (await reserve(same, scope(2))).granted
    assert (await reserve(ledger(client, "w2"), scope(2))).granted
    assert not (await reserve(ledger(client, "w3"), scope(2))).granted


async def test_others_hear_how_many_replies_are_being_written(client: Redis) -> None:
    one, two = ledger(client, "w1"), ledger(client, "w2")
    first = await reserve(one, scope(9, running=7))
    assert [standing.elsewhere for standing in first.standings] == [0]
    second = await reserve(two, scope(9, running=2))
    assert [standing.elsewhere for standing in second.standings] == [7]
    third = await reserve(one, scope(9, running=0))
    assert [standing.elsewhere for standing in third.standings] == [2]
    fourth = await reserve(two, scope(9, running=2))
    assert [standing.elsewhere for standing in fourth.standings] == [0]


async def test_interim_calls_of_all_processes_are_spread(client: Redis) -> None:
    one, two = ledger(client, "w1"), ledger(client, "w2")
    interim = Scope("edit/60/T1", 9, 60.0, 30.0, 1)
    assert (await reserve(one, interim, urgency=INTERIM)).granted
    assert 0 < waits(await reserve(two, interim, urgency=INTERIM))[0] <= 30
    assert (await reserve(two, scope(9), urgency=FINAL)).granted


async def test_the_next_slot_is_for_the_most_urgent_call_of_any_process(client: Redis) -> None:
    one, two = ledger(client, "w1"), ledger(client, "w2")
    place = scope(1)
    assert (await reserve(one, place, late=0.0)).granted
    assert not (await reserve(two, place, urgency=FINAL, late=0.0)).granted
    slots, state = keys.pace("slack", "T1", place.name)
    [(nonce, free)] = await client.zrange(slots, 0, -1, withscores=True)
    _, kept, _ = (await client.hget(state, "wanted")).split(b"|")
    # Whoever waits for it has time to come when the slot is free, which it now is.
    assert float(kept) > free
    await client.zadd(slots, {nonce: 1})
    assert not (await reserve(one, place, urgency=PART, late=0.0)).granted
    assert (await reserve(two, place, urgency=FINAL, late=0.0)).granted


async def test_a_pause_holds_for_everybody_and_the_longer_one_counts(client: Redis) -> None:
    one, two = ledger(client, "w1"), ledger(client, "w2")
    await one.pause("T1", "edit/60/T1", 30.0)
    await one.pause("T1", "edit/60/T1", 3.0)
    for book in (one, two):
        assert 3 < waits(await reserve(book, scope(), urgency=FINAL))[0] <= 30
    assert (await reserve(two, scope(name="edit/60/T2"))).granted
    assert (await reserve(two, scope(0, name="status/1/T1/c"))).granted
    await one.pause("T1", "status/1/T1/c", 30.0)
    assert waits(await reserve(two, scope(0, name="status/1/T1/c")))[0] > 0


async def test_everything_that_is_kept_ends_by_itself(client: Redis) -> None:
    book = ledger(client, "w1")
    await reserve(book, Scope("edit/60/T1", 1, 60.0, 1.0, 3), urgency=INTERIM)
    await reserve(book, scope(1))
    await book.pause("T1", "edit/60/T1", 30.0)
    await book.pause("T1", "post/1/T1/c", 30.0)
    found = [key async for key in client.scan_iter("*")]
    assert len(found) == 3
    for key in found:
        assert 0 < await client.pttl(key) < 90_000, key


async def test_a_call_is_one_script_in_one_slot_of_a_cluster() -> None:
    names = [*keys.pace("discord", "", "edit/5/g/c"), *keys.pace("discord", "", "edit+post/1/")]
    tags = {name[name.index("{") + 1 : name.index("}")] for name in names}
    assert len(tags) == 1
    odd = keys.pace("slack", "T{1}", "edit/60/T{1}")[0]
    assert odd.count("{") == 1 and odd.count("}") == 1


PLACES = st.sampled_from(["a", "b"])
CALLS = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.sampled_from(["edit", "post"]),
        PLACES,
        st.sampled_from(list(Urgency)),
        st.floats(0, 0.02),
    ),
    min_size=8,
    max_size=30,
)
LIMITS = st.lists(
    st.builds(
        Limit,
        st.sampled_from([EDIT, POST, BOTH]),
        st.sampled_from(["channel", "space", "adapter"]),
        st.integers(2, 6),
        st.sampled_from([0.03, 0.06]),
    ),
    min_size=1,
    max_size=3,
    unique_by=lambda limit: (limit.calls, limit.per),
)


@given(LIMITS, CALLS)
@settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_no_stretch_of_time_has_more_calls_of_all_processes_than_a_limit_allows(
    server: Valkey,
    limits: list[Limit],
    calls: list[tuple[int, Call, str, Urgency, float]],
) -> None:
    made = asyncio.run(_play(server, limits, calls))
    assert len(made) == len(calls)
    for limit in limits:
        scopes: dict[str, list[float]] = defaultdict(list)
        for at, call, channel, took in made:
            # What a machine that stood still held up for longer than was said is not counted on.
            if call in limit.calls and took <= PROMPT:
                scopes[channel if limit.per == "channel" else ""].append(at)
        for times in scopes.values():
            times.sort()
            for early, late in zip(times, times[limit.count :], strict=False):
                # The store counts in whole milliseconds.
                assert late - early >= limit.seconds - 0.002


PROMPT = 0.1


class Prompt(SharedLedger):
    """The ledger of a process whose calls are known to reach the platform within 0.1 s.

    `took` is what the newest one that was settled took.
    """

    took = 0.0

    async def reserve(
        self, together: str, scopes: Sequence[Scope], urgency: int, late: float
    ) -> Booking | None:
        return await super().reserve(together, scopes, urgency, min(late, PROMPT))

    def settle(self, booking: Booking, seconds: float | None) -> None:
        self.took = seconds or 0.0
        super().settle(booking, seconds)


async def _play(
    server: Valkey, limits: Sequence[Limit], calls: Sequence[tuple[int, Call, str, Urgency, float]]
) -> list[tuple[float, Call, str, float]]:
    """Three processes make calls that reach the platform after a while; when, and how late."""
    client = open_redis(server.url)
    made: list[tuple[float, Call, str, float]] = []
    loop = asyncio.get_running_loop()

    async def make(who: int, call: Call, channel: str, urgency: Urgency, takes: float) -> None:
        with pacers[who].reply(channel, "space"):
            with await pacers[who].acquire(call, channel, "space", urgency):
                await asyncio.sleep(takes)
                at = loop.time()
            made.append((at, call, channel, books[who].took))

    try:
        await client.flushall()
        books = [Prompt(Link(client), "slack", f"w{n}", new_id, PATIENT) for n in range(3)]
        pacers = [Pacer(limits, LoopClock(), book) for book in books]
        await asyncio.gather(*(make(*call) for call in calls))
        assert [pacer.waiting for pacer in pacers] == [0, 0, 0]
    finally:
        await client.aclose()
    return made


@pytest.mark.parametrize("urgency", [FINAL, INTERIM])
async def test_what_cannot_end_in_time_is_refused_at_once(client: Redis, urgency: Urgency) -> None:
    limits = [Limit(EDIT, "space", 2, 60.0)]
    one, two = (Pacer(limits, LoopClock(), ledger(client, worker)) for worker in ("w1", "w2"))
    for _ in range(2):
        with await one.acquire("edit", "c", "T1"):
            pass
    assert await two.acquire_within("edit", "c", "T1", urgency, 3.0) is None
    assert two.waiting == 0


async def test_interim_edits_leave_room_for_the_replies_of_other_processes(client: Redis) -> None:
    limits = [Limit(EDIT, "space", 10, 0.5)]
    crowd, single = (Pacer(limits, LoopClock(), ledger(client, worker)) for worker in ("w1", "w2"))
    with ExitStack() as replies:
        # Twenty seconds' worth of answers: five of them end within half a second.
        for number in range(100):
            replies.enter_context(crowd.reply(f"c{number}", "T1"))
        replies.enter_context(single.reply("d", "T1"))
        await crowd.acquire("edit", "c0", "T1", FINAL)
        eager = 0
        while await single.acquire_within("edit", "d", "T1", INTERIM, 0.3) is not None:
            eager += 1
        assert eager > 0
        for _ in range(5):
            assert await crowd.acquire_within("edit", "c1", "T1", FINAL, 0.05) is not None


async def test_a_refusal_pauses_the_other_processes(client: Redis) -> None:
    limits = [Limit(EDIT, "space", 9, 60.0)]
    one, two = (Pacer(limits, LoopClock(), ledger(client, worker)) for worker in ("w1", "w2"))
    one.penalise("edit", "c", "T1", 30.0)
    await one.close()
    assert await two.acquire_within("edit", "c", "T1", FINAL, 3.0) is None
    assert await two.acquire_within("edit", "c", "T2", FINAL, 3.0) is not None
    assert await two.acquire_within("post", "c", "T1", FINAL, 3.0) is not None


async def test_a_refusal_of_what_no_limit_counts_pauses_the_other_processes(client: Redis) -> None:
    limits = [Limit(EDIT, "space", 9, 60.0)]
    one, two = (Pacer(limits, LoopClock(), ledger(client, worker)) for worker in ("w1", "w2"))
    one.penalise("status", "c", "T1", 30.0)
    await one.close()
    assert await two.acquire_within("status", "c", "T1", FINAL, 3.0) is None
    assert await two.acquire_within("status", "d", "T1", FINAL, 3.0) is not None
