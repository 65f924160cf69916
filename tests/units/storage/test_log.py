"""The log: order, folding, reading in pieces, import."""

from __future__ import annotations

from dataclasses import replace

import pytest
from redis.asyncio import Redis

from bot.chat import Incoming, Spot
from bot.errors import StoreMismatch
from bot.records import Entry, Summary, Tally
from bot.storage.keys import ThreadKeys
from bot.storage.threads import Threads
from bot.storage.types import Conversation, Draft, Erased, Restored, Turn
from tests.units.storage.samples import THREAD, commit, message, talk
from tests.units.storage.test_changes import everything

SOME = [
    Entry("context", "earlier", 1.0, "u9", "Zoe", ("m0",), 3),
    Entry("user", "hello", 2.0, "u1", "Ada", ("m1",), 4, turn="x"),
    Entry("assistant", "hi", 3.0, "", "", ("a1", "a2"), 5, True, "x"),
]


async def written(threads: Threads) -> list[Entry]:
    return [entry async for entry in threads.entries(THREAD, batch=2)]


async def test_entries_keep_every_field(threads: Threads) -> None:
    turn = await threads.begin(message(1))
    assert isinstance(turn, Turn)
    await commit(threads, turn, SOME)
    assert await written(threads) == [replace(entry, seq=n) for n, entry in enumerate(SOME, 1)]
    assert await threads.count(THREAD) == 3


async def test_an_unknown_thread_is_empty(threads: Threads, client: Redis) -> None:
    assert await threads.take_window(THREAD) == Conversation()
    assert await written(threads) == []
    assert await threads.count(THREAD) == 0
    assert await client.dbsize() == 0


async def test_take_window_shows_a_running_turn(threads: Threads) -> None:
    await talk(threads, 1)
    turn = await threads.begin(message(2))
    assert isinstance(turn, Turn)
    await threads.begin(message(3))
    draft = Draft(Spot("c1"), note="…")
    await threads.renew(turn.lease, draft)
    seen = await threads.take_window(THREAD)
    assert (seen.running, seen.waiting, seen.draft, seen.names) == (True, 1, draft, {"u1": "Ada"})
    assert [entry.text for entry in seen.window] == ["question 1", "answer"]
    assert seen.tally == Tally(turns=1)


async def test_fold_is_compare_and_set(threads: Threads) -> None:
    await talk(threads, 1, 2, 3)
    none, first = Summary(), Summary("one", 2, 1, "model")
    assert await threads.fold(THREAD, none, first)
    assert not await threads.fold(THREAD, none, Summary("other", 4, 1, "extract"))
    assert not await threads.fold(THREAD, Summary("", 1, 1), Summary("other", 4, 2))
    assert not await threads.fold(THREAD, first, Summary("beyond the log", 7, 2))
    second = Summary("two", 4, 2, "extract")
    assert await threads.fold(THREAD, first, second)
    seen = await threads.take_window(THREAD)
    assert seen.summary == second
    assert [entry.seq for entry in seen.window] == [5, 6]
    assert await threads.count(THREAD) == 6


async def test_a_repeated_fold_says_the_same(threads: Threads) -> None:
    await talk(threads, 1, 2)
    first = Summary("one", 2, 1, "model")
    assert await threads.fold(THREAD, Summary(), first, nonce="n1")
    assert await threads.fold(THREAD, first, Summary("two", 4, 2, "model"), nonce="n2")
    assert await threads.fold(THREAD, Summary(), first, nonce="n1")
    assert (await threads.take_window(THREAD)).summary.text == "two"


async def _proposed(threads: Threads) -> tuple[str, ...]:
    return (await threads.take_window(THREAD)).proposed


async def test_what_a_fold_proposes_stays_until_it_is_taken_up(threads: Threads) -> None:
    await talk(threads, 1, 2, 3)
    first, second = Summary("one", 2, 1, "model"), Summary("two", 4, 2, "model")
    assert await threads.fold(THREAD, Summary(), first, proposed="[1]")
    assert not await threads.fold(THREAD, Summary(), first, proposed="[late]")
    assert await threads.fold(THREAD, first, second, proposed="[2]")
    assert await _proposed(threads) == ("[1]", "[2]")
    turn = await threads.begin(message(4))
    assert isinstance(turn, Turn) and turn.proposed
    assert await threads.take_up(THREAD, "[1]", nonce="n")
    assert await threads.take_up(THREAD, "[1]", nonce="n")
    assert not await threads.take_up(THREAD, "[1]")
    assert await _proposed(threads) == ("[2]",)
    assert await threads.take_up(THREAD, "[2]")
    assert await _proposed(threads) == ()


async def test_it_is_left_to_a_process_that_has_its_platform(
    threads: Threads, client: Redis
) -> None:
    await talk(threads, 1, 2, 3)
    await threads.fold(THREAD, Summary(), Summary("one", 2, 1, "model"), proposed="[1]")
    assert await threads.due_proposals([THREAD.platform]) == []
    await client.zadd(ThreadKeys(THREAD).bucket.proposed, {str(THREAD): 1})
    assert await threads.due_proposals(["console"]) == []
    assert await threads.due_proposals([THREAD.platform]) == [THREAD]
    assert await threads.due_proposals([THREAD.platform]) == []


@pytest.mark.parametrize("what", ["strike", "amend", "forget"])
async def test_it_never_outlives_what_it_rests_upon(
    threads: Threads, client: Redis, what: str
) -> None:
    await talk(threads, 1, 2, 3)
    await threads.fold(THREAD, Summary(), Summary("so far", 2, 1, "model"), proposed="SECRET")
    await threads.strike(THREAD, ["m3"])
    assert await _proposed(threads) == ("SECRET",)
    if what == "strike":
        await threads.strike(THREAD, ["m1"])
    elif what == "amend":
        event = replace(message(1, text="anything else"), edited=9.0)
        await threads.amend(event, _reworded)
    else:
        await threads.forget(THREAD)
    assert await _proposed(threads) == ()
    assert not await threads.take_up(THREAD, "SECRET")
    assert "SECRET" not in await everything(client)


async def _reworded(entry: Entry, event: Incoming) -> Entry:
    return replace(entry, text=event.text, edited=event.edited)


@pytest.mark.parametrize("new", [Summary("x", 2, 2), Summary("", 2, 1), Summary("x", -1, 1)])
async def test_a_summary_that_does_not_follow_is_refused(threads: Threads, new: Summary) -> None:
    with pytest.raises(ValueError, match="next version"):
        await threads.fold(THREAD, Summary(), new)


async def test_reading_ends_when_the_thread_is_forgotten(threads: Threads) -> None:
    await talk(threads, 1, 2, 3)
    seen: list[int] = []
    async for entry in threads.entries(THREAD, batch=2):
        seen.append(entry.seq)
        if entry.seq == 2:
            await threads.forget(THREAD)
            await talk(threads, 4, 5, 6)
    assert seen == [1, 2]


async def test_restore_brings_everything_back(threads: Threads) -> None:
    entries = [replace(entry, seq=seq) for entry, seq in zip(SOME, (2, 3, 7), strict=True)]
    tally = Tally(9, 8, 7, 6, 5, 4, 3)
    names = {"u1": "Ada", "u9": "Zoe"}
    summary = Summary("s", 3, 12, "model")
    assert await threads.restore(THREAD, entries, summary, tally, names) is Restored.DONE
    assert await written(threads) == entries
    turn = await threads.begin(message(1, addressed=False))
    assert isinstance(turn, Turn)
    assert (turn.tally, turn.names, turn.window) == (tally, names, (entries[2],))
    assert (turn.summary.text, turn.summary.upto) == ("s", 3)
    await commit(threads, turn)
    assert [entry.seq for entry in await written(threads)] == [2, 3, 7, 8, 9]
    assert await threads.authors(THREAD) == {"u1", "u9"}
    assert [choice.label for choice in await threads.recent("discord", "g1", "c1", "u1")] == [
        "hello"
    ]


async def test_restore_replaces_and_invalidates_older_summaries(threads: Threads) -> None:
    await talk(threads, 1, 2)
    before = (await threads.take_window(THREAD)).summary
    again = await threads.restore(THREAD, SOME, Summary(), Tally(), {}, replacing=True)
    assert again is Restored.DONE
    assert [entry.text for entry in await written(threads)] == ["earlier", "hello", "hi"]
    assert not await threads.fold(THREAD, before, Summary("late", 2, before.version + 1))
    seen = await threads.take_window(THREAD)
    assert seen.tally == Tally()
    assert await threads.fold(THREAD, seen.summary, Summary("new", 2, seen.summary.version + 1))


async def test_restore_refuses_while_a_turn_runs(threads: Threads, client: Redis) -> None:
    turn = await threads.begin(message(1))
    assert isinstance(turn, Turn)
    refused = await threads.restore(THREAD, SOME, Summary(), Tally(), {}, replacing=True)
    assert refused is Restored.BUSY
    assert [key async for key in client.scan_iter("*:stage:*")] == []
    await commit(threads, turn)
    assert [entry.text for entry in await written(threads)] == ["question 1", "answer"]


async def test_restore_refuses_to_replace_unless_told(threads: Threads, client: Redis) -> None:
    await talk(threads, 1)
    refused = await threads.restore(THREAD, SOME, Summary(), Tally(), {})
    assert refused is Restored.TAKEN
    assert [key async for key in client.scan_iter("*:stage:*")] == []
    assert [entry.text for entry in await written(threads)] == ["question 1", "answer"]
    await threads.forget(THREAD)
    assert await threads.restore(THREAD, SOME, Summary(), Tally(), {}) is Restored.DONE


async def test_restore_of_a_long_log(threads: Threads, client: Redis) -> None:
    entries = [Entry("user", f"line {n}", float(n), f"u{n}") for n in range(1, 1503)]
    names = {f"u{n}": f"Name {n}" for n in range(1, 1503)}
    assert await threads.restore(THREAD, entries, Summary(), Tally(), names) is Restored.DONE
    assert [entry.text for entry in await written(threads)] == [entry.text for entry in entries]
    assert len(await threads.authors(THREAD)) == 1502
    assert 0 < await client.ttl(ThreadKeys(THREAD).log) <= 90 * 86400
    assert [key async for key in client.scan_iter("*:stage:*")] == []


async def test_restore_of_nothing_empties(threads: Threads) -> None:
    await talk(threads, 1)
    emptied = await threads.restore(THREAD, [], Summary(), Tally(), {}, replacing=True)
    assert emptied is Restored.DONE
    assert await threads.count(THREAD) == 0
    assert await threads.forget(THREAD) == Erased()


@pytest.mark.parametrize(
    ("seqs", "upto"), [((2, 2, 3), 0), ((1, 0, 3), 0), ((3, 2, 1), 0), ((1, 2, 3), 4)]
)
async def test_restore_refuses_impossible_numbers(
    threads: Threads, seqs: tuple[int, ...], upto: int
) -> None:
    entries = [replace(entry, seq=seq) for entry, seq in zip(SOME, seqs, strict=True)]
    with pytest.raises(ValueError, match="entries"):
        await threads.restore(THREAD, entries, Summary("s", upto, 1), Tally(), {})


async def test_broken_entries_are_told(threads: Threads, client: Redis) -> None:
    await talk(threads, 1)
    await client.hset(ThreadKeys(THREAD).log, "1", "{not json")
    with pytest.raises(StoreMismatch):
        await written(threads)


async def test_missing_entries_are_passed_over(threads: Threads, client: Redis) -> None:
    await talk(threads, 1, 2)
    await client.hdel(ThreadKeys(THREAD).log, "2")
    assert [entry.seq for entry in await written(threads)] == [1, 3, 4]
    assert [entry.seq for entry in (await threads.take_window(THREAD)).window] == [1, 3, 4]
