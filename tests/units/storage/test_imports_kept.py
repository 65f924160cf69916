"""How long conversations stay that people brought from elsewhere: for good, or as it is set."""

from __future__ import annotations

import itertools

import pytest
from redis.asyncio import Redis

from bot.audience import imports_of
from bot.chat import ThreadKey
from bot.memories import Person
from bot.records import Entry, Summary, Tally
from bot.storage.base import DAY_SECONDS
from bot.storage.keys import bucket_of, place_of
from bot.storage.spoken import Mark
from bot.storage.threads import Threads
from bot.storage.types import Restored, Turn
from tests.units.storage.samples import Clock, all_keys, commit, message
from tests.units.storage.test_erasure import everything, pass_time

ADA = Person("slack", "T1", "U7")
PLACE = imports_of(ADA)
RYE, OLDER = (ThreadKey(*PLACE, f"chatgpt-{name}") for name in ("rye", "older"))
SAID = [Entry("user", "rye sourdough", 1.0, "U7", "Ada"), Entry("assistant", "12 hours", 2.0)]


async def bring(threads: Threads, thread: ThreadKey = RYE) -> None:
    """Import a conversation, and have a vector made of it."""
    done = await threads.restore(thread, SAID, Summary(), Tally(), {"U7": "Ada"})
    assert done is Restored.DONE
    mark: Mark = (await threads.marks([thread]))[thread]
    assert await threads.put_turn_vectors(thread, mark, "m", {1: b"1234"})


def beside() -> ThreadKey:
    """A conversation whose channel shares its indexes with the imports."""
    for number in itertools.count():
        thread = ThreadKey("slack", "T1", f"D{number}", "t")
        if bucket_of(place_of(thread)) == bucket_of(PLACE):
            return thread
    raise AssertionError


async def test_what_was_imported_stays_while_conversations_end(
    threads: Threads, client: Redis, clock: Clock
) -> None:
    await bring(threads)
    thread = beside()
    turn = await threads.begin(message(1, thread=thread))
    assert isinstance(turn, Turn)
    await commit(threads, turn)
    for _ in range(40):
        await pass_time(client, clock, 30 * DAY_SECONDS)
        await threads.sweep()
    assert "question 1" not in await everything(client)
    assert [entry.text async for entry in threads.entries(RYE)] == ["rye sourdough", "12 hours"]
    assert await threads.searchable(PLACE) == {RYE}
    assert await threads.count_vectors([RYE]) == 1
    assert await threads.authors(RYE) == {"U7"}
    assert [each async for each in threads.all_threads()] == [RYE]
    # And goes when its owner wants it to.
    assert len(await threads.forget_person("slack", "T1", "U7")) == 1
    await pass_time(client, clock, 600)
    assert await all_keys(client) == set()


async def test_a_time_that_is_set_for_imports_ends_them(client: Redis, clock: Clock) -> None:
    numbers = itertools.count()
    threads = Threads(
        client,
        worker="w",
        clock=clock,
        new_id=lambda: f"id{next(numbers)}",
        retention_days=90,
        import_retention_days=30,
    )
    await bring(threads, OLDER)
    await pass_time(client, clock, 20 * DAY_SECONDS)
    await bring(threads)
    await pass_time(client, clock, 11 * DAY_SECONDS)
    assert await threads.sweep() == 1
    assert [entry.text async for entry in threads.entries(OLDER)] == []
    assert await threads.searchable(PLACE) == {RYE}
    await pass_time(client, clock, 20 * DAY_SECONDS)
    assert await threads.sweep() == 1
    await pass_time(client, clock, 600)
    assert await all_keys(client) == set()


async def test_one_that_is_forgotten_leaves_no_mark(
    threads: Threads, client: Redis, clock: Clock
) -> None:
    """It is on no platform that could show it once more."""
    await bring(threads)
    await threads.forget(RYE)
    await pass_time(client, clock, 601)
    assert await all_keys(client) == set()


@pytest.mark.parametrize("whole", ["channel", "space"])
async def test_they_go_with_what_they_were_brought_to(
    threads: Threads, client: Redis, clock: Clock, whole: str
) -> None:
    await bring(threads)
    if whole == "channel":
        assert await threads.forget_channel(PLACE) == 1
    else:
        assert await threads.forget_space("slack", "T1") == 1
    await pass_time(client, clock, 600)
    assert await all_keys(client) == set()


async def test_many_of_them_hide_no_conversation(threads: Threads, clock: Clock) -> None:
    thread = beside()
    turn = await threads.begin(message(1, thread=thread))
    assert isinstance(turn, Turn)
    await commit(threads, turn)
    clock.now += 1
    for number in range(120):
        await threads.restore(ThreadKey(*PLACE, f"c{number}"), SAID, Summary(), Tally(), {})
    assert [each.thread for each in await threads.taking_part("slack", 0.0)] == [thread]
    assert [each.thread for each in await threads.latest_of("slack", "T1", "u1")] == [thread]
    assert await threads.directs_of("slack", "T1", "D", "u1") == (place_of(thread),)
