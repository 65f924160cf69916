"""Messages that are left over of replies are found again until they are deleted."""

from __future__ import annotations

from redis.asyncio import Redis

from bot.chat import MessageRef
from bot.records import Tally
from bot.storage.keys import ThreadKeys
from bot.storage.leftovers import AGAIN_SECONDS
from bot.storage.threads import Threads
from bot.storage.types import Done, Leftover, Turn
from tests.units.storage.samples import THREAD, exchange, message

INDEX = ThreadKeys(THREAD).bucket.leftovers
LEFT = (MessageRef("c1", "a1"), MessageRef("c1", "a2"))


async def leave(threads: Threads, *, nonce: str = "n") -> Turn:
    turn = await threads.begin(message(1))
    assert isinstance(turn, Turn)
    assert await _commit(threads, turn, nonce) is Done.IDLE
    return turn


async def _commit(threads: Threads, turn: Turn, nonce: str) -> Turn | Done:
    said = exchange(turn)
    return await threads.commit(turn.lease, said, Tally(), {}, leftovers=LEFT, nonce=nonce)


async def let_time_pass(client: Redis) -> None:
    for name in await client.zrange(INDEX, 0, -1):
        await client.zadd(INDEX, {name: 1}, xx=True)


async def test_who_commits_is_left_alone_with_them_for_a_while(
    threads: Threads, client: Redis
) -> None:
    await leave(threads)
    assert await threads.due_leftovers() == []
    await let_time_pass(client)
    assert set(await threads.due_leftovers()) == {Leftover(THREAD, ref) for ref in LEFT}
    assert await threads.due_leftovers() == []
    soonest = (await client.zrange(INDEX, 0, 0, withscores=True))[0][1]
    seconds, _ = await client.time()
    assert soonest / 1000 > seconds + AGAIN_SECONDS / 2


async def test_what_is_deleted_is_found_no_more(threads: Threads, client: Redis) -> None:
    await leave(threads)
    await threads.leftover_deleted(Leftover(THREAD, LEFT[0]))
    await let_time_pass(client)
    assert await threads.due_leftovers() == [Leftover(THREAD, LEFT[1])]


async def test_a_commit_that_is_lost_leaves_them_to_the_successor(
    threads: Threads, client: Redis
) -> None:
    turn = await leave(threads, nonce="first")
    await client.delete(INDEX)
    assert await _commit(threads, turn, "late") is Done.LOST
    assert not await client.exists(INDEX)


async def test_what_cannot_be_read_is_removed(threads: Threads, client: Redis) -> None:
    await client.zadd(INDEX, {"nonsense": 1})
    assert await threads.due_leftovers() == []
    assert not await client.exists(INDEX)
