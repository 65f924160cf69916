"""Every operation of the store, for tests of what it runs on."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path

from bot.budgets import Account, Budgets, Most, Over, Payer
from bot.channel import NOTHING_SET, ChannelSettings, Mention
from bot.chat import Author, Incoming, MessageRef, ThreadKey
from bot.limits import News, Scope
from bot.records import Entry, Summary, Tally
from bot.storage.connect import open_redis, wait_until_ready
from bot.storage.keys import place_of
from bot.storage.threads import Threads
from bot.storage.topology import WAITS, Client, Waits
from bot.storage.types import (
    Again,
    Amended,
    Begun,
    Done,
    Draft,
    Erased,
    Involved,
    Leftover,
    Noted,
    Rated,
    Rating,
    Restored,
    Signal,
    Struck,
    Turn,
)
from tests.contracts.whole_memory import every_memory_operation, linking_and_tokens
from tests.units.storage.samples import THREAD, Clock, commit, message

ACL = Path(__file__).parents[2] / "deploy" / "redis-users.acl"
BOBBIN = "bobbin:sesame@"
LOOKER = ("looker", "look")
"""Somebody who may do everything, beside the deployed user."""


def shipped_users(folder: Path) -> Path:
    """A file with the deployed user, whose password is in BOBBIN, and with LOOKER."""
    rules = folder / "users.acl"
    shipped = ACL.read_text(encoding="utf-8").replace("PASSWORD", "sesame")
    rules.write_text(f"{shipped}user looker on >look +@all ~*\n")
    return rules


OTHER = ThreadKey("slack", "T", "C", "1.2")
"""In another bucket than THREAD, and in the slots of another primary where there are three."""

ADA = Payer("slack", "T", "C", "u1")


@asynccontextmanager
async def opened(url: str, waits: Waits = WAITS) -> AsyncIterator[Client]:
    """A client of a Redis that answers."""
    client = open_redis(url, waits)
    try:
        await wait_until_ready(client, 20, waits=waits)
        yield client
    finally:
        await client.aclose()


def store(client: Client, worker: str = "w1", waits: Waits = WAITS) -> Threads:
    """The store as the bot has it, with ids in order."""
    numbers = itertools.count(1)
    return Threads(
        client,
        worker=worker,
        clock=Clock(),
        new_id=lambda: f"{worker}{next(numbers)}",
        waits=waits,
    )


async def everything(threads: Threads) -> None:
    """Every operation of the store once, on two channels."""
    await threads.check_schema()
    await threads.ping()
    for thread in (THREAD, OTHER):
        await _turns(threads, thread)
        await _readings(threads, thread)
        assert await threads.claim("call", thread)
        assert not await threads.claim("call", thread)
    assert {thread async for thread in threads.all_threads()} == {THREAD, OTHER}
    assert len(await threads.taking_part("slack", 0)) == 1
    assert len(await threads.usage(date(2023, 11, 14))) == 2
    await _beside_threads(threads)
    assert await threads.leave(OTHER)
    assert await threads.forget(OTHER) == Erased(2, True, False, False, 1)
    entries = [Entry("user", "hello", 0.0, "u1", "Ada", ("m1",))]
    done = await threads.restore(OTHER, entries, Summary(), Tally(), {"u1": "Ada"})
    assert done is Restored.DONE
    await _changes(threads)
    assert await threads.sweep() == 0
    await _budgets(threads)
    await _channels(threads)
    assert await threads.forget_space("slack", "T") == 1
    assert (await threads.spending.used(ADA))[Account.SPACE].tokens == 0
    await every_memory_operation(threads.memories())
    await linking_and_tokens(threads.links, threads.tokens)


async def _reworded(entry: Entry, event: Incoming) -> Entry:
    return replace(entry, text=event.text, edited=event.edited, tokens=1)


async def _changes(threads: Threads) -> None:
    place = ("slack", "T", "C")
    first = replace(message(1, thread=OTHER, text="changed"), edited=1.0)
    assert await threads.amend(first, _reworded) is Amended.DONE
    turn = await threads.begin(message(3, thread=OTHER, loose=True))
    assert isinstance(turn, Turn)
    assert await threads.begin(message(4, thread=OTHER)) is Begun.QUEUED
    changed = replace(message(4, thread=OTHER, text="changed"), edited=1.0)
    assert await threads.amend(changed, _reworded) is Amended.DONE
    assert await threads.holders(place, ["m3", "m9"], ["e3", "e9"]) == {OTHER: ["m3"]}
    struck = await threads.strike(OTHER, ["m3", "m4"], ["e3", "e4"])
    assert struck == Struck(0, 2, withdrawn=True)
    assert await threads.unanswered(turn.lease) == 0
    left = [Leftover(OTHER, MessageRef("C", "a3"))]
    await threads.leave_over(left)
    await threads.leftover_deleted(left[0])
    assert await threads.rollback(turn.lease) is Done.IDLE
    assert await threads.newest_messages(OTHER, 10) == ["m1"]
    assert await threads.forget_person("slack", "T", "u1") == [(OTHER, Struck(1))]
    assert await threads.forget_channel(("slack", "T", "none")) == 0
    assert (await threads.drop(ThreadKey("slack", "T", "none", "1.1"))).messages == 0


async def _budgets(threads: Threads) -> None:
    tally, budgets = Tally(prompt=10, completion=5), Budgets(Most(tokens=30), requests_per_minute=2)
    assert await threads.account(THREAD, tally)
    used = await threads.used_today(Payer.of(THREAD, Author("u1", "Ada")))
    assert used[Account.SPACE].tokens >= 15
    assert await threads.spending.reserve(ADA, "t1", tally, budgets) is None
    assert await threads.spending.settle(ADA, "t1", tally)
    await threads.spending.charge(ADA, tally, nonce="n")
    assert isinstance(await threads.spending.reserve(ADA, "t2", tally, budgets), Over)
    assert (await threads.spending.used(ADA))[Account.SPACE].tokens >= 30


async def _channels(threads: Threads) -> None:
    place = place_of(THREAD)
    settings = ChannelSettings(Mention.ALWAYS, 12.0, "terse")
    await threads.set_channel(place, settings)
    assert await threads.channel_settings(place) == settings
    assert await threads.open_channels(place[0]) == {place}
    assert (await threads.take_window(THREAD)).persona == "terse"
    await threads.set_channel(place, NOTHING_SET)
    assert await threads.open_channels(place[0]) == frozenset()
    await threads.set_channel(place, settings)
    await threads.count_use(THREAD, "u2", Tally(prompt=3))


async def _turns(threads: Threads, thread: ThreadKey) -> None:
    turn = await threads.begin(message(1, thread=thread, loose=True))
    assert isinstance(turn, Turn)
    assert await threads.renew(turn.lease, Draft(refs=(MessageRef("C", "a1"),))) is Signal.GO
    assert await threads.begin(message(2, thread=thread)) is Begun.QUEUED
    await threads.park(turn.lease)
    assert await threads.stranded() == [thread]
    heir = await threads.reclaim(thread)
    assert heir is not None
    after = await commit(threads, heir, names={"u1": "Ada"})
    assert isinstance(after, Turn)
    assert await threads.ask_stop(thread)
    assert await threads.commit(after.lease, (), Tally(), {}, keep=True) is Done.IDLE
    seen = await threads.take_window(thread)
    askers = (await threads.asked(thread)).askers
    again = await threads.begin_again("click", seen, Again.RETRY, seen.mail, Draft(), askers)
    assert isinstance(again, Turn)
    assert await threads.rollback(again.lease) is Done.IDLE
    assert await threads.rate(Rated(thread, "t1", "u1", Rating.GOOD, 1.0)) is Noted.NEW
    assert [rated.user async for rated in threads.ratings(thread)] == ["u1"]
    assert await threads.answer_of(thread, "t1") is None
    assert await threads.fold(thread, Summary(), Summary("so far", 1, 1, "model"))
    assert await threads.account(thread, Tally(prompt=1))


async def _readings(threads: Threads, thread: ThreadKey) -> None:
    assert len((await threads.take_window(thread)).window) == 1
    assert len([entry async for entry in threads.entries(thread)]) == 2
    assert await threads.count(thread) == 2
    assert await threads.takes_part(thread)
    assert await threads.authors(thread) == {"u1"}
    place = (thread.platform, thread.space, thread.channel)
    assert [choice.thread for choice in await threads.recent(*place, "u1")] == [thread]
    latest = await threads.latest_of(thread.platform, thread.space, "u1")
    assert [choice.thread for choice in latest] == [thread]
    involved = [one async for one in threads.all_of(thread.platform, thread.space, "u1")]
    assert involved == [Involved(thread, wrote=True)]
    ref = MessageRef(thread.channel, "m1")
    assert await threads.thread_of(thread.platform, thread.space, ref) == thread


async def _beside_threads(threads: Threads) -> None:
    notes, claims = threads.notes("discord"), threads.claims("discord")
    await notes.write("hash", "1")
    assert await notes.read("hash") == "1"
    assert await notes.replace("hash", "1", "2")
    assert await notes.names("ha") == ["hash"]
    await notes.delete("hash")
    assert await claims.claim("shard", 30) == 0
    assert await claims.claim("shard", 30, "other") > 0
    await claims.release("shard")
    assert await claims.spend("logins", 1, 5) == 0
    assert (await threads.condition()).summary
    book = threads.ledger("slack")
    scopes = (Scope("post/4/T/C", 4, 4.0, 0.0, 1), Scope("edit/60/T", 48, 60.0, 0.2, 1))
    booking = await book.reserve("T", scopes, 3, 1.0)
    assert booking is not None and booking.granted
    book.settle(booking, 0.1)
    await book.pause("T", "edit/60/T", 5.0)
    paused = await book.reserve("T", scopes, 0, 1.0)
    assert paused is not None and not paused.granted
    only = (Scope("open/1/T", 1, 60.0, 0.0, 0),)
    for granted in (True, False):
        taken = await book.reserve("T", only, 0, 1.0)
        assert taken is not None and taken.granted is granted
    exchange = threads.exchange("https://api.openai.com/v1")
    assert await exchange.start(1, 16, 0.1) == News()
    exchange.taken(0.1)
    assert await exchange.cool(20.0, 60.0) is not None
    await exchange.push(0.1, 0.1, 3)
    await exchange.close()
