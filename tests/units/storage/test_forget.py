"""Forgetting: nothing stays, nothing comes back."""

from __future__ import annotations

from datetime import date

from redis.asyncio import Redis

from bot.chat import MessageRef
from bot.records import Summary, Tally
from bot.storage.keys import ThreadKeys
from bot.storage.threads import Threads
from bot.storage.types import Begun, Done, Draft, Erased, Signal, Turn
from tests.units.storage.samples import (
    OTHER,
    THREAD,
    Clock,
    all_keys,
    commit,
    end_lease,
    message,
    talk,
)


async def test_tells_what_was_there(threads: Threads) -> None:
    assert await threads.forget(THREAD) == Erased()
    await talk(threads, 1, 2)
    await threads.fold(THREAD, Summary(), Summary("so far", 2, 1, "model"))
    turn = await threads.begin(message(3))
    assert isinstance(turn, Turn)
    await threads.begin(message(4))
    assert await threads.forget(THREAD) == Erased(6, True, True, True, 1)
    assert await threads.forget(THREAD) == Erased()


async def test_nothing_but_guards_is_left(threads: Threads, client: Redis) -> None:
    ref = MessageRef("c1", "m9")
    turn = await threads.begin(message(9, loose=True, text="my secret"))
    assert isinstance(turn, Turn)
    await threads.renew(turn.lease, Draft(refs=(MessageRef("c1", "a9"),)))
    await commit(threads, turn, names={"u1": "Ada"})
    assert await threads.thread_of("discord", "g1", ref) == THREAD
    await threads.forget(THREAD)
    keys = ThreadKeys(THREAD)
    left = {key for key in await all_keys(client) if ":answer:" not in key}
    bucket = keys.bucket
    guarded = {bucket.forgotten, bucket.event("e9"), bucket.usage("20231114")}
    assert left == {keys.meta, *guarded}
    guards = {b"fence", b"version", b"epoch", b"forgotten", b"forgotten_to"}
    assert set(await client.hgetall(keys.meta)) == guards
    for key in left | await all_keys(client):
        assert 0 < await client.ttl(key) <= 91 * 86400
    assert await threads.thread_of("discord", "g1", ref) is None
    assert await threads.thread_of("discord", "g1", MessageRef("c1", "a9")) is None
    assert [thread async for thread in threads.all_threads()] == []
    assert await threads.recent("discord", "g1", "c1", "u1") == []
    assert not await threads.takes_part(THREAD)
    assert await threads.authors(THREAD) == frozenset()
    again = await threads.begin(message(10))
    assert isinstance(again, Turn)
    assert again.forgotten > 0


async def test_other_threads_stay(threads: Threads) -> None:
    await talk(threads, 1)
    await talk(threads, 2, thread=OTHER)
    await threads.forget(THREAD)
    assert await threads.count(OTHER) == 2
    assert [thread async for thread in threads.all_threads()] == [OTHER]


async def test_a_running_turn_cannot_bring_it_back(threads: Threads, client: Redis) -> None:
    turn = await threads.begin(message(1))
    assert isinstance(turn, Turn)
    await threads.begin(message(2))
    await threads.forget(THREAD)
    assert await threads.renew(turn.lease, Draft(note="late")) is Signal.LOST
    assert await commit(threads, turn, names={"u1": "Ada"}) is Done.LOST
    assert await threads.rollback(turn.lease) is Done.LOST
    await threads.park(turn.lease)
    await end_lease(client)
    assert await threads.stranded() == []
    assert await threads.reclaim(THREAD) is None
    assert await threads.count(THREAD) == 0
    assert not await threads.takes_part(THREAD)
    assert await threads.usage(date(2023, 11, 14)) == {}


async def test_nor_can_it_disturb_the_turn_after(threads: Threads) -> None:
    old = await threads.begin(message(1))
    assert isinstance(old, Turn)
    await threads.forget(THREAD)
    new = await threads.begin(message(2))
    assert isinstance(new, Turn)
    assert (new.joined, new.window, new.names, new.tally) == (True, (), {}, Tally())
    assert new.lease.fence > old.lease.fence
    assert await commit(threads, old) is Done.LOST
    assert await threads.renew(old.lease) is Signal.LOST
    assert await threads.renew(new.lease) is Signal.GO
    assert await commit(threads, new) is Done.IDLE
    assert [entry.text async for entry in threads.entries(THREAD)] == ["question 2", "answer"]


async def test_a_redelivered_event_is_not_answered_again(threads: Threads) -> None:
    await talk(threads, 1)
    await threads.forget(THREAD)
    assert await threads.begin(message(1)) is Begun.DUPLICATE


async def test_a_message_from_before_that_arrives_late_stays_forgotten(threads: Threads) -> None:
    big = 1 << 62
    for position in (big, big + 2):
        turn = await threads.begin(message(position))
        assert isinstance(turn, Turn)
        await commit(threads, turn)
    await threads.forget(THREAD)
    await threads.forget(THREAD)
    assert await threads.begin(message(big + 1)) is Begun.DUPLICATE
    assert isinstance(await threads.begin(message(big + 3)), Turn)


async def test_a_summary_of_what_was_forgotten_is_not_stored(threads: Threads) -> None:
    await talk(threads, 1)
    seen = (await threads.take_window(THREAD)).summary
    await threads.forget(THREAD)
    await talk(threads, 2)
    assert not await threads.fold(THREAD, seen, Summary("old secret", 2, seen.version + 1))
    now = (await threads.take_window(THREAD)).summary
    assert await threads.fold(THREAD, now, Summary("fresh", 2, now.version + 1))


async def test_the_same_call_again_tells_the_same(threads: Threads) -> None:
    await talk(threads, 1)
    first = await threads.forget(THREAD, nonce="n")
    assert first == Erased(2, False, True, False, 1)
    assert await threads.forget(THREAD, nonce="n") == first


async def test_sweep_removes_what_is_past_its_retention(
    threads: Threads, client: Redis, clock: Clock
) -> None:
    turn = await threads.begin(message(1, loose=True))
    assert isinstance(turn, Turn)
    await commit(threads, turn)
    clock.now += 80 * 86400
    await talk(threads, 2, thread=OTHER)
    assert await threads.sweep() == 0
    clock.now += 11 * 86400
    assert await threads.sweep() == 1
    assert [thread async for thread in threads.all_threads()] == [OTHER]
    assert await threads.thread_of("discord", "g1", MessageRef("c1", "m1")) is None
    assert not any(":t1:log" in key for key in await all_keys(client))


async def test_sweep_cleans_up_after_keys_that_expired(
    threads: Threads, client: Redis, clock: Clock
) -> None:
    turn = await threads.begin(message(1, loose=True))
    assert isinstance(turn, Turn)
    await commit(threads, turn)
    keys = ThreadKeys(THREAD)
    await client.delete(keys.meta, keys.log)
    clock.now += 91 * 86400
    assert await threads.sweep() == 1
    assert await threads.thread_of("discord", "g1", MessageRef("c1", "m1")) is None
    assert [thread async for thread in threads.all_threads()] == []
    assert await threads.sweep() == 0
