"""Finding threads, usage, claims, notes, the schema."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from redis.asyncio import Redis

from bot.chat import Followed, MessageRef, ThreadChoice, ThreadKey
from bot.errors import StoreMismatch
from bot.records import Entry, Tally
from bot.storage.keys import SCHEMA, ThreadKeys, bucket_of, place_of
from bot.storage.threads import Threads
from bot.storage.types import Begun, Draft, Involved, Turn
from tests.units.storage.samples import BEN, OTHER, THREAD, Clock, commit, message, talk


async def begin(threads: Threads, position: int, **more: object) -> Turn:
    turn = await threads.begin(message(position, **more))  # type: ignore[arg-type]
    assert isinstance(turn, Turn)
    return turn


async def found(threads: Threads, channel: str, message_id: str) -> ThreadKey | None:
    return await threads.thread_of("discord", "g1", MessageRef(channel, message_id))


async def test_loose_messages_and_replies_are_found(threads: Threads) -> None:
    turn = await begin(threads, 1, loose=True)
    assert await found(threads, "c1", "m1") == THREAD
    await threads.renew(turn.lease, Draft(refs=(MessageRef("c1", "a1"), MessageRef("c7", "a2"))))
    assert await found(threads, "c1", "a1") == THREAD
    assert await found(threads, "c1", "a2") is None
    entry = Entry("assistant", "hi", 0.0, message_ids=("a1", "a3"))
    await commit(threads, turn, [entry])
    assert await found(threads, "c1", "a3") == THREAD
    assert await found(threads, "c2", "a3") is None
    assert await found(threads, "c1", "unknown") is None


async def test_messages_in_platform_threads_are_not_indexed(threads: Threads) -> None:
    turn = await begin(threads, 1)
    await threads.renew(turn.lease, Draft(refs=(MessageRef("c1", "a1"),)))
    await commit(threads, turn)
    assert await found(threads, "c1", "m1") is None
    assert await found(threads, "c1", "a1") is None


async def test_recent_offers_a_users_own_threads(threads: Threads, clock: Clock) -> None:
    await commit(threads, await begin(threads, 1, text="**First** of all"))
    clock.now += 10
    await commit(threads, await begin(threads, 2, thread=OTHER, text="Second"))
    clock.now += 10
    third = ThreadKey("discord", "g1", "c1", "t3")
    await commit(threads, await begin(threads, 3, thread=third, author=BEN))
    elsewhere = ThreadKey("discord", "g1", "c2", "t4")
    await commit(threads, await begin(threads, 4, thread=elsewhere))
    assert await threads.recent("discord", "g1", "c1", "u1") == [
        ThreadChoice(OTHER, "Second", clock.now - 10),
        ThreadChoice(THREAD, "First of all", clock.now - 20),
    ]
    assert await threads.recent("discord", "g1", "c1", "nobody") == []


async def test_recent_is_bounded(threads: Threads, clock: Clock, client: Redis) -> None:
    for number in range(110):
        clock.now += 1
        await begin(threads, number, thread=ThreadKey("discord", "g1", "c1", f"n{number}"))
    choices = await threads.recent("discord", "g1", "c1", "u1")
    assert [choice.thread.thread for choice in choices] == [f"n{n}" for n in range(109, 84, -1)]
    assert {await client.zcard(key) async for key in client.scan_iter("*:channel:*")} == {100}


async def test_all_threads_goes_over_every_bucket(threads: Threads) -> None:
    made = {ThreadKey("slack", f"w{n % 3}", f"c{n}", f"1.{n}:x") for n in range(300)}
    for number, thread in enumerate(sorted(made)):
        await begin(threads, number, thread=thread)
    seen = [thread async for thread in threads.all_threads()]
    assert len(seen) == 300
    assert set(seen) == made


async def test_stranded_looks_into_every_bucket(threads: Threads) -> None:
    made = {ThreadKey("slack", "w", f"c{n}", "1") for n in range(50)}
    for number, thread in enumerate(sorted(made)):
        await threads.park((await begin(threads, number, thread=thread)).lease)
    assert set(await threads.stranded()) == made


async def test_nobody_is_hidden_behind_many_that_are_stranded_before_them(threads: Threads) -> None:
    made = [ThreadKey("slack", "w", "c", f"{n}") for n in range(230)]
    for number, thread in enumerate(made):
        await threads.park((await begin(threads, number, thread=thread)).lease)
    assert set(await threads.stranded()) == set(made)


async def test_usage_is_counted_per_user_and_day(threads: Threads, clock: Clock) -> None:
    tally = Tally(1, 10, 1, 5, 70, 0, 0)
    await commit(threads, await begin(threads, 1), tally=tally)
    await commit(threads, await begin(threads, 2, thread=OTHER), tally=tally)
    elsewhere = ThreadKey("discord", "g1", "c9", "t9")
    await commit(threads, await begin(threads, 3, thread=elsewhere), tally=tally)
    await commit(threads, await begin(threads, 4, author=BEN), tally=tally)
    today = datetime.fromtimestamp(clock.now, UTC).date()
    clock.now += 86400
    await commit(threads, await begin(threads, 5), tally=tally)
    assert await threads.usage(today) == {
        ("discord", "g1", "u1"): Tally(3, 30, 3, 15, 210, 0, 0),
        ("discord", "g1", "u2"): tally,
    }
    assert await threads.usage(date(2001, 1, 1)) == {}


async def test_a_claim_is_for_the_first(threads: Threads) -> None:
    assert await threads.claim("x1", THREAD)
    assert not await threads.claim("x1", OTHER)
    assert await threads.claim("x2", ("discord", "g1", "c1"), nonce="n")
    assert await threads.claim("x2", ("discord", "g1", "c1"), nonce="n")
    assert not await threads.claim("x2", THREAD)
    await begin(threads, 1)
    assert not await threads.claim("e1", THREAD)
    assert await threads.claim("e2", THREAD)
    assert await threads.begin(message(2)) is Begun.DUPLICATE


async def test_notes_last_and_are_apart(threads: Threads, client: Redis) -> None:
    slack, discord = threads.notes("slack"), threads.notes("discord")
    assert await slack.read("commands") is None
    await slack.write("commands", "я")
    await slack.write("commands", "b")
    await discord.write("commands", "c")
    assert (await slack.read("commands"), await discord.read("commands")) == ("b", "c")
    assert await client.ttl("bobbin:notes:slack") == -1


async def test_a_note_is_replaced_only_while_it_says_what_is_known(threads: Threads) -> None:
    notes = threads.notes("slack")
    assert not await notes.replace("token", "я", "new")
    assert await notes.read("token") is None
    await notes.write("token", "я")
    assert not await notes.replace("token", "other", "new")
    assert await notes.read("token") == "я"
    assert await notes.replace("token", "я", "new")
    assert await notes.replace("token", "я", "new")
    assert await notes.read("token") == "new"


async def test_notes_are_listed_and_deleted(threads: Threads) -> None:
    notes, others = threads.notes("slack"), threads.notes("discord")
    for number in range(1200):
        await notes.write(f"installation:{number}", "x")
    await notes.write("é", "y")
    await others.write("installation:other", "z")
    assert sorted(await notes.names("installation:")) == sorted(
        f"installation:{number}" for number in range(1200)
    )
    await notes.delete("é")
    await notes.delete("é")
    assert (await notes.read("é"), await notes.names("é")) == (None, [])
    assert await others.names("") == ["installation:other"]


async def test_a_persons_threads_of_all_channels_the_latest_first(
    threads: Threads, clock: Clock, client: Redis
) -> None:
    mine: list[ThreadKey] = []
    for number in range(40):
        clock.now += 10
        key = ThreadKey("discord", "g1", f"c{number}", "t")
        mine.append(key)
        await commit(threads, await begin(threads, number + 1, thread=key, text=f"No. {number}"))
    for key in (ThreadKey("discord", "g2", "c1", "t"), ThreadKey("discord", "g11", "c1", "t")):
        await commit(threads, await begin(threads, 1, thread=key))
    theirs = ThreadKey("discord", "g1", "c1", "t-of-ben")
    await commit(threads, await begin(threads, 1, thread=theirs, author=BEN))
    # A channel in which others have begun many more since, in other servers as well.
    for space in ("g1", "g2"):
        busy = [ThreadKey("discord", space, "c39", f"b{number}") for number in range(120)]
        scores = {str(each): (clock.now + n) * 1000 for n, each in enumerate(busy, start=1)}
        await client.zadd(ThreadKeys(mine[-1]).bucket.threads, scores)
    latest = await threads.latest_of("discord", "g1", "u1")
    assert [choice.thread for choice in latest] == mine[::-1][:25]
    assert latest[0] == ThreadChoice(mine[-1], "No. 39", clock.now)
    assert {each async for each in threads.all_of("discord", "g1", "u1")} == {
        Involved(key, wrote=True) for key in mine
    }
    assert await threads.latest_of("discord", "g1", "nobody") == []
    assert [key async for key in threads.all_of("discord", "g3", "u1")] == []


async def test_schema_is_written_once_and_compared(threads: Threads, client: Redis) -> None:
    await threads.check_schema()
    await threads.check_schema()
    assert await client.hgetall(SCHEMA) == {b"version": b"1", b"buckets": b"128"}
    await client.hset(SCHEMA, "buckets", "64")
    with pytest.raises(StoreMismatch, match="64 buckets"):
        await threads.check_schema()


async def test_every_key_but_schema_and_notes_expires(threads: Threads, client: Redis) -> None:
    await talk(threads, 1)
    turn = await begin(threads, 2, loose=True)
    await threads.begin(message(3))
    await threads.renew(turn.lease, Draft(refs=(MessageRef("c1", "a1"),)))
    lasting = [key async for key in client.scan_iter() if await client.ttl(key) == -1]
    assert [key.decode().rsplit(":", 1)[1] for key in lasting] == ["leases"]


async def test_conversations_taken_part_in_are_told_with_their_newest_message(
    threads: Threads, clock: Clock
) -> None:
    long_ago = ThreadKey("discord", "g1", "c0", "t0")
    await commit(threads, await begin(threads, 1, thread=long_ago))
    clock.now += 1000
    since = clock.now
    newest = 2**63
    await threads.begin(message(newest))
    await threads.begin(message(newest - 1))
    clock.now += 10
    failed = ThreadKey("discord", "g1", "c2", "t3")
    await threads.rollback((await begin(threads, 5, thread=failed)).lease)
    await commit(threads, await begin(threads, 6, thread=ThreadKey("slack", "w", "c", "t")))
    await commit(threads, await begin(threads, 9, thread=OTHER))
    await threads.begin(message(10, thread=OTHER, addressed=False))
    assert await threads.taking_part("discord", since) == [
        Followed(OTHER, 10),
        Followed(THREAD, newest),
    ]
    assert [each.thread for each in await threads.taking_part("discord", 0)][-1] == long_ago
    await threads.forget(OTHER)
    assert [each.thread for each in await threads.taking_part("discord", since)] == [THREAD]


async def test_no_more_than_a_hundred_conversations_are_told(
    threads: Threads, clock: Clock
) -> None:
    keys = [ThreadKey("discord", "g1", f"c{number % 7}", f"t{number}") for number in range(105)]
    for number, key in enumerate(keys, start=1):
        clock.now += 1
        await threads.begin(message(number, thread=key))
    found = await threads.taking_part("discord", 0)
    assert [each.thread for each in found] == keys[:4:-1]


async def test_conversations_elsewhere_do_not_count_towards_the_hundred(
    threads: Threads, clock: Clock
) -> None:
    keys = [ThreadKey("discord", f"g{number % 2}", "c", f"t{number}") for number in range(110)]
    for number, key in enumerate(keys, start=1):
        clock.now += 1
        await threads.begin(message(number, thread=key))
    found = await threads.taking_part("discord", 0, lambda space: space == "g1")
    assert [each.thread for each in found] == keys[::-1][::2][:55]


async def test_direct_messages_are_found_however_many_later_conversations_there_are(
    threads: Threads, clock: Clock
) -> None:
    direct = ThreadKey("slack", "T1", "D1", "t")
    beside = next(
        place
        for place in (("slack", "T1", f"D{number}") for number in range(2, 10_000))
        if bucket_of(place) == bucket_of(place_of(direct))
    )
    await begin(threads, 1, thread=direct)
    for number in range(101):
        clock.now += 1
        await begin(threads, number + 2, thread=ThreadKey(*beside, f"t{number}"), author=BEN)
    assert await threads.directs_of("slack", "T1", "D", "u1") == (place_of(direct),)
    assert await threads.directs_of("slack", "T1", "", "u1") == (place_of(direct),)
    assert await threads.directs_of("slack", "T1", "D", "u2") == (beside,)
    assert await threads.directs_of("slack", "T1", "E", "u1") == ()
    assert await threads.directs_of("slack", "T", "", "u1") == ()


async def test_of_direct_messages_the_latest_come_first(threads: Threads, clock: Clock) -> None:
    places = [("slack", "T1", f"D{number}") for number in (3, 1, 2)]
    for position, place in enumerate([*places, places[0]], start=1):
        clock.now += 1
        await begin(threads, position, thread=ThreadKey(*place, f"t{position}"))
    found = await threads.directs_of("slack", "T1", "D", "u1")
    assert found == (places[0], places[2], places[1])
