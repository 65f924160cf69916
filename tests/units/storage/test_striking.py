"""What many messages are taken out of a thread by: pieces, which together do what one would do."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from redis.asyncio import Redis

from bot.records import Entry, Summary, Tally
from bot.storage.changes import STRUCK_AT_ONCE
from bot.storage.connect import Observe, open_redis, unobserved
from bot.storage.keys import ThreadKeys, place_of
from bot.storage.threads import Threads
from bot.storage.types import Rated, Rating, Restored, Struck, Turn
from tests.examples import examples
from tests.servers import Valkey
from tests.units.storage.samples import ADA, BEN, THREAD, Clock, commit, message
from tests.units.storage.test_changes import everything

ALL = 10_000
PASSING = {b"version", b"said", b"reworked", b"until", b"since"}
"""Fields that tell how often something was done, or when."""


class Died(Exception):
    """The process ended here."""


@dataclass
class Calls:
    """Counts the calls that take something out, and does something after one of them."""

    after: int = -1
    then: Callable[[], None] = lambda: None
    seen: int = 0

    def __call__(self, what: str, seconds: float, wrong: str) -> None:
        if what == "strike":
            self.seen += 1
            if self.seen == self.after:
                self.then()


def die() -> None:
    raise Died


def store(client: Any, observe: Observe = unobserved) -> Threads:
    ids = itertools.count(1)
    return Threads(
        client, worker="w", clock=Clock(), new_id=lambda: f"id{next(ids)}", observe=observe
    )


async def converse(threads: Threads, turns: Sequence[str], summed_up: int) -> None:
    """One turn for each word of initials; then one that runs, and somebody who waits."""
    number = itertools.count(1)
    for asked in turns:
        events = [
            message(next(number), author=ADA if who == "a" else BEN, loose=True) for who in asked
        ]
        turn = await threads.begin(events[-1])
        assert isinstance(turn, Turn)
        said = [
            Entry(
                "user",
                event.text,
                event.at,
                event.author.id,
                event.author.name,
                (event.ref.message,),
                turn=turn.lease.turn,
            )
            for event in events
        ]
        answer = f"answer {turn.lease.turn}", 0.0
        parts = f"a-{turn.lease.turn}", f"b-{turn.lease.turn}"
        said.append(Entry("assistant", *answer, message_ids=parts, turn=turn.lease.turn))
        await commit(threads, turn, said, names={"u1": "Ada", "u2": "Ben"})
        for user in (ADA, BEN):
            rated = Rated(THREAD, turn.lease.turn, user.id, Rating.GOOD, 5.0)
            await threads.rate(rated)
    window = (await threads.take_window(THREAD)).window
    if upto := min(summed_up, len(window)):
        text = " ".join(entry.text for entry in window[:upto])
        assert await threads.fold(THREAD, Summary(), Summary(text, upto, 1, "model"))
    await threads.begin(message(next(number), author=BEN))
    await threads.begin(message(next(number), author=ADA))


async def kept(client: Redis) -> dict[bytes, object]:
    """Everything in the store but what counts calls or tells the time."""
    found: dict[bytes, object] = {}
    async for key in client.scan_iter(count=1000):
        match (await client.type(key)).decode():
            case "hash":
                fields = await client.hgetall(key)
                found[key] = {name: fields[name] for name in fields.keys() - PASSING}
            case "list":
                found[key] = await client.lrange(key, 0, -1)
            case "set":
                found[key] = await client.smembers(key)
            case "zset":
                found[key] = sorted(await client.zrange(key, 0, -1))
            case _ if b":event:" in key:
                found[key] = b""
            case _:
                pass
    return found


async def _compare(
    url: str,
    turns: Sequence[str],
    summed_up: int,
    gone: Sequence[int] | None,
    at_once: int,
    dies: int,
) -> None:
    """Take out Ada, or some messages: at once, and in pieces, of which some are done twice."""
    client: Any = open_redis(url)

    async def take(threads: Threads, at_once: int) -> Struck:
        if gone is None:
            return await threads.forget_in(THREAD, "u1", at_once=at_once)
        ids = [f"m{number}" for number in gone] + [f"b-id{number}" for number in gone]
        events = [f"e{number}" for number in gone]
        return await threads.strike(THREAD, ids, events, at_once=at_once)

    async def follow(threads: Threads) -> None:
        """Whatever was done before, do all of it, as far as one finds what is left to do."""
        if gone is not None:
            await take(threads, at_once)
            return
        if "u1" in await threads.authors(THREAD):
            await take(threads, at_once)
        stored = await everything(client)
        assert "Ada" not in stored and "|u1" not in stored

    try:
        await client.flushall()
        whole = store(client)
        await converse(whole, turns, summed_up)
        struck = await take(whole, ALL)
        await follow(whole)
        expected = await kept(client)
        await client.flushall()
        await converse(store(client), turns, summed_up)
        with contextlib.suppress(Died):
            assert await take(store(client, Calls(dies, die)), at_once) == struck
        await follow(store(client))
        assert await kept(client) == expected
        assert await take(store(client), at_once) == Struck()
        assert await kept(client) == expected
    finally:
        await client.aclose()


@examples(20, suppress_health_check=list(HealthCheck))
@given(
    turns=st.lists(st.sampled_from(["a", "b", "ab", "ba", "aa", "bb"]), max_size=6),
    summed_up=st.integers(0, 8),
    gone=st.none() | st.lists(st.integers(1, 20), max_size=8),
    at_once=st.integers(1, 4),
    dies=st.integers(1, 9),
)
def test_pieces_take_out_what_one_would_take_out_though_the_process_dies_between_two(
    server: Valkey,
    turns: list[str],
    summed_up: int,
    gone: list[int] | None,
    at_once: int,
    dies: int,
) -> None:
    asyncio.run(_compare(server.url, turns, summed_up, gone, at_once, dies))


async def test_nobody_waits_long_for_a_person_who_is_taken_out(client: Redis) -> None:
    calls = Calls()
    threads = store(client, calls)
    log = [
        Entry("user", f"question {number}", 0.0, "u1", "Ada", (f"m{number}",))
        for number in range(3 * STRUCK_AT_ONCE - 1)
    ]
    done = await threads.restore(THREAD, log, Summary(), Tally(), {"u1": "Ada"})
    assert done is Restored.DONE
    assert await threads.forget_in(THREAD, "u1") == Struck(len(log))
    assert calls.seen == 3
    assert (await threads.count(THREAD), await threads.authors(THREAD)) == (0, frozenset())


async def test_a_thread_that_is_forgotten_meanwhile_keeps_what_others_say_afterwards(
    server: Valkey,
) -> None:
    async def anew() -> None:
        """Somebody forgets the thread, and both talk in it again."""
        other: Any = open_redis(server.url)
        threads = store(other)
        await threads.forget(THREAD)
        for number, author in ((21, BEN), (22, ADA)):
            turn = await threads.begin(message(number, author=author))
            assert isinstance(turn, Turn)
            await commit(threads, turn)
        await other.aclose()

    def elsewhere() -> None:
        process = threading.Thread(target=asyncio.run, args=(anew(),))
        process.start()
        process.join()

    client: Any = open_redis(server.url)
    await client.flushall()
    threads = store(client, Calls(1, elsewhere))
    await converse(threads, ["a", "a", "a"], 0)
    await threads.forget_in(THREAD, "u1", at_once=1)
    assert [e.text async for e in threads.entries(THREAD)] == ["question 21", "answer", "answer"]
    assert await threads.authors(THREAD) == {"u2"}
    await client.aclose()


async def test_a_long_conversation_outside_threads_is_forgotten_with_all_that_finds_it(
    threads: Threads, client: Redis
) -> None:
    turn = await threads.begin(message(1, loose=True))
    assert isinstance(turn, Turn)
    ids = tuple(f"a{number}" for number in range(1001))
    await commit(threads, turn, [Entry("assistant", "long", 0.0, message_ids=ids)])
    bucket = ThreadKeys(THREAD).bucket
    assert await client.hlen(bucket.found(place_of(THREAD))) == 1002
    await threads.forget(THREAD)
    assert not await client.exists(bucket.found(place_of(THREAD)))
