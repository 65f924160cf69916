"""Retention and leaving, by looking at every key of a real server: nothing is left."""

from __future__ import annotations

import itertools
from typing import Any, cast

import pytest
from redis.asyncio import Redis

from bot.budgets import Account, Budgets, Payer, Used
from bot.chat import Author, MessageRef, ThreadKey
from bot.records import Summary, Tally
from bot.storage.base import DAY_SECONDS
from bot.storage.keys import ThreadKeys, of_place, place_of
from bot.storage.threads import Threads
from bot.storage.types import Again, Begun, Done, Draft, Rated, Rating, Signal, Turn
from tests.units.storage.samples import Clock, all_keys, commit, message

RETENTION = 90 * DAY_SECONDS
TALLY = Tally(1, 10, 1, 5, 70, 0, 0)


async def pass_time(client: Redis, clock: Clock, seconds: float) -> None:
    """Let so much time have passed: for the clock, and for whatever the server lets expire."""
    clock.now += seconds
    keys = sorted(await all_keys(client))
    asking = client.pipeline(transaction=False)
    for key in keys:
        asking.pttl(key)
    telling = client.pipeline(transaction=False)
    for key, left in zip(keys, await asking.execute(), strict=True):
        if left >= 0:
            telling.pexpire(key, max(0, left - round(seconds * 1000)))
    await telling.execute()


async def everything(client: Redis) -> str:
    """All keys with all that is in them."""
    lines: list[str] = []
    for key in sorted(await all_keys(client)):
        readers: dict[bytes, Any] = {
            b"hash": client.hgetall,
            b"list": lambda name: client.lrange(name, 0, -1),
            b"set": client.smembers,
            b"zset": lambda name: client.zrange(name, 0, -1),
            b"string": client.get,
        }
        lines.append(f"{key} {await readers[await client.type(key)](key)}")
    return "\n".join(lines)


async def converse(threads: Threads, thread: ThreadKey, first: int, *, loose: bool = True) -> Turn:
    """A conversation with everything that one can have, in its third turn."""
    for number in (first, first + 1):
        turn = await threads.begin(message(number, thread=thread, loose=loose))
        assert isinstance(turn, Turn)
        await threads.renew(turn.lease, Draft(refs=(MessageRef(thread.channel, f"a-{number}"),)))
        await commit(threads, turn, tally=TALLY, names={"u1": "Ada"})
    await threads.fold(thread, Summary(), Summary("so far", 2, 1, "model"))
    await threads.account(thread, TALLY)
    await threads.rate(Rated(thread, "turn", "u1", Rating.GOOD, 1.0, "a-model"))
    failed = await threads.begin(message(first + 5, thread=thread, loose=loose, text="in vain"))
    assert isinstance(failed, Turn)
    await threads.commit(failed.lease, (), TALLY, {}, keep=True)
    seen = await threads.take_window(thread)
    again = await threads.begin_again(
        f"click{first}", seen, Again.RETRY, seen.mail, Draft(), frozenset({"u1"})
    )
    assert isinstance(again, Turn)
    assert await threads.commit(again.lease, (), TALLY, {}, keep=True) is Done.IDLE
    turn = await threads.begin(message(first + 2, thread=thread, loose=loose))
    assert isinstance(turn, Turn)
    await threads.begin(message(first + 3, thread=thread, author=Author("u1", "Ada", is_bot=True)))
    payer = Payer.of(thread, Author("u1", "Ada", is_outside=True))
    budgets = Budgets(requests_per_minute=5)
    await threads.spending.reserve(payer, turn.lease.turn, TALLY, budgets)
    await threads.spending.charge(Payer.of(thread), TALLY, nonce=f"n{first}")
    return turn


@pytest.mark.parametrize("loose", [True, False])
async def test_after_its_retention_nothing_about_a_thread_is_left(
    threads: Threads, client: Redis, clock: Clock, loose: bool
) -> None:
    thread = ThreadKey("discord", "g1", "c1", "t1")
    turn = await converse(threads, thread, 100, loose=loose)
    await threads.park(turn.lease)
    # Another conversation in that channel goes on, and keeps the indexes alive.
    neighbour = ThreadKey("discord", "g1", "c1", "t2")
    for week in range(13):
        await pass_time(client, clock, 7 * DAY_SECONDS)
        going_on = await threads.begin(message(5000 + week, thread=neighbour, loose=loose))
        assert isinstance(going_on, Turn)
        await commit(threads, going_on)
    await threads.stranded()
    await threads.reclaim(thread)
    assert await threads.sweep() == 1
    left = await everything(client)
    signs = ("discord:g1:c1:t1", "m100", "m101", "a-100", "so far", "question 100")
    for sign in (*signs, "in vain", "rated:", "a-model"):
        assert sign not in left
    assert ":event:" in left
    assert "discord:g1:c1:t2" in left
    # Nothing happens any more, and nothing is left at all.
    await pass_time(client, clock, RETENTION + 60)
    await threads.sweep()
    await pass_time(client, clock, 8 * DAY_SECONDS)
    assert await all_keys(client) == set()


async def test_also_when_nobody_swept_for_long(
    threads: Threads, client: Redis, clock: Clock
) -> None:
    """A bot that was off for weeks finds no list of the thread's messages any more."""
    thread = ThreadKey("discord", "g1", "c1", "t1")
    turn = await threads.begin(message(1, thread=thread, loose=True))
    assert isinstance(turn, Turn)
    await commit(threads, turn)
    await pass_time(client, clock, 60 * DAY_SECONDS)
    other = await threads.begin(
        message(2, thread=ThreadKey("discord", "g1", "c1", "t2"), loose=True)
    )
    assert isinstance(other, Turn)
    await commit(threads, other)
    await pass_time(client, clock, 40 * DAY_SECONDS)
    assert not await client.exists(f"{ThreadKeys(thread).base}:refs")
    assert await threads.thread_of("discord", "g1", MessageRef("c1", "m1")) == thread
    await threads.sweep()
    assert "t1" not in await everything(client)
    assert await threads.thread_of("discord", "g1", MessageRef("c1", "m2")) == other.lease.thread


async def test_what_was_forgotten_is_gone_after_its_retention_too(
    threads: Threads, client: Redis, clock: Clock
) -> None:
    thread = ThreadKey("discord", "g1", "c1", "t1")
    await converse(threads, thread, 100)
    await threads.forget(thread)
    await pass_time(client, clock, 3 * DAY_SECONDS)
    assert "forgotten" in await everything(client)
    await pass_time(client, clock, RETENTION)
    await threads.sweep()
    assert "discord:g1:c1:t1" not in await everything(client)


async def test_leaving_a_place_leaves_nothing_of_it(
    threads: Threads, client: Redis, clock: Clock
) -> None:
    numbers = itertools.count(100, 10)
    gone = [ThreadKey("discord", "g1", f"c1{n}", f"t{n}") for n in range(8)]
    turns = [await converse(threads, thread, next(numbers)) for thread in gone]
    forgotten = ThreadKey("discord", "g1", "c19", "t9")
    await converse(threads, forgotten, next(numbers))
    await threads.forget(forgotten)
    # The same ids on another server and on another platform.
    kept = [ThreadKey("discord", "x2", "k1", "t1"), ThreadKey("slack", "y1", "k1", "t1")]
    for thread in kept:
        await converse(threads, thread, next(numbers))
    await pass_time(client, clock, DAY_SECONDS)
    before = {thread: await threads.count(thread) for thread in kept}

    assert await threads.forget_space("discord", "g1") == 8
    late = turns[0]
    assert await threads.renew(late.lease, Draft(note="late")) is Signal.LOST
    assert await commit(threads, late, names={"u1": "Ada"}) is Done.LOST
    assert not await threads.fold(gone[0], Summary("so far", 2, 1), Summary("late", 2, 2))
    assert await threads.forget_space("discord", "g1") == 0
    assert await threads.stranded() == []

    guards = {ThreadKeys(thread).meta for thread in (*gone, forgotten)}
    naming = {key for key in await all_keys(client) if "g1" in key}
    assert naming <= guards
    for key in naming:
        assert 0 < await client.ttl(key) <= 600
        assert set(await client.hgetall(key)) == {b"fence", b"version", b"epoch"}
    await pass_time(client, clock, 600)
    left = await everything(client)
    assert "g1" not in left and "c1" not in left
    assert {thread: await threads.count(thread) for thread in kept} == before
    for thread in kept:
        used = await threads.used_today(Payer.of(thread, Author("u1", "Ada")))
        assert used[Account.SPACE] == Used()
        place = place_of(thread)
        assert await client.exists(of_place(place).found(place))
        assert ThreadKeys(thread).thread in [each async for each in threads.all_threads()]


async def test_usage_of_every_day_goes_with_its_place(
    threads: Threads, client: Redis, clock: Clock
) -> None:
    here, there = ThreadKey("slack", "T1", "C1", "t"), ThreadKey("slack", "T11", "C1", "t")
    begun = clock.now
    for day in range(5):
        clock.now = begun + day * 20 * DAY_SECONDS
        for offset, thread in enumerate((here, there)):
            turn = await threads.begin(message(day * 2 + offset, thread=thread))
            assert isinstance(turn, Turn)
            await commit(threads, turn, tally=TALLY)
    ada = Author("u1", "Ada")
    used = await threads.used_today(Payer.of(here, ada))
    assert used == dict.fromkeys((Account.USER, Account.CHANNEL, Account.SPACE), Used(15, 70))
    await threads.forget_space("slack", "T1")
    assert await threads.used_today(Payer.of(there, ada)) == used
    assert set((await threads.used_today(Payer.of(here, ada))).values()) == {Used()}
    fields = [
        field
        for key in cast("set[str]", await all_keys(client))
        if ":use:" in key
        for field in await client.hkeys(key)
    ]
    assert fields and not any(field.startswith((b"slack:T1:", b"slack:T1|")) for field in fields)


async def test_a_large_place_is_left_step_by_step(threads: Threads, client: Redis) -> None:
    """No command asks for all there is at once."""
    for number in range(300):
        thread = ThreadKey("discord", "g1", "c1", f"t{number}")
        assert isinstance(await threads.begin(message(number, thread=thread)), Turn)
    await client.config_resetstat()
    assert await threads.forget_space("discord", "g1") == 300
    called = await client.info("commandstats")
    assert called["cmdstat_zscan"]["calls"] > 2
    assert not {"cmdstat_keys", "cmdstat_zrange", "cmdstat_flushall"} & set(called)
    assert [each async for each in threads.all_threads()] == []


@pytest.mark.parametrize("gone", ["thread", "channel", "space"])
async def test_what_was_said_in_a_place_that_is_gone_does_not_bring_it_back(
    threads: Threads, client: Redis, clock: Clock, gone: str
) -> None:
    thread = ThreadKey("discord", "g1", "c1", "t1")
    turn = await threads.begin(message(1, thread=thread))
    assert isinstance(turn, Turn)
    clock.now += 10
    match gone:
        case "thread":
            await threads.drop(thread)
        case "channel":
            await threads.forget_channel(place_of(thread))
        case _:
            await threads.forget_space("discord", "g1")
    # It was on its way in meanwhile, in another process.
    assert await threads.begin(message(9, thread=thread, text="zebra")) is Begun.DUPLICATE
    assert "zebra" not in await everything(client)
    elsewhere = ThreadKey("discord", "g2", "c1", "t1")
    assert isinstance(await threads.begin(message(8, thread=elsewhere)), Turn)
    # Who has asked the bot in again is answered.
    assert isinstance(await threads.begin(message(11, thread=thread)), Turn)
