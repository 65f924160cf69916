"""Turns: begin, renew, commit, rollback, park, reclaim."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from redis.asyncio import Redis

from bot.chat import Author, MessageRef, Spot, ThreadKey
from bot.records import Entry, Summary, Tally
from bot.storage.keys import ThreadKeys, place_of
from bot.storage.threads import Threads
from bot.storage.types import Begun, Done, Draft, Signal, Turn
from tests.units.storage.samples import (
    ADA,
    BEN,
    OTHER,
    THREAD,
    Clock,
    commit,
    end_lease,
    exchange,
    message,
)


async def begin(threads: Threads, position: int, **more: object) -> Turn:
    turn = await threads.begin(message(position, **more))  # type: ignore[arg-type]
    assert isinstance(turn, Turn)
    return turn


async def test_first_message_begins_a_turn(threads: Threads) -> None:
    event = message(1)
    turn = await threads.begin(event)
    assert isinstance(turn, Turn)
    assert turn.mail == (event,)
    assert (turn.lease.thread, turn.lease.fence) == (THREAD, 1)
    assert (turn.attempt, turn.joined, turn.window, turn.summary) == (1, True, (), Summary())
    assert (turn.draft, turn.names, turn.tally) == (Draft(), {}, Tally())


async def test_commit_stores_everything_for_the_next_turn(threads: Threads) -> None:
    first = await begin(threads, 1)
    tally = Tally(1, 10, 2, 3, 4, 5, 6)
    assert await commit(threads, first, tally=tally, names={"u1": "Ada"}) is Done.IDLE
    second = await begin(threads, 2)
    assert [(entry.seq, entry.role, entry.text) for entry in second.window] == [
        (1, "user", "question 1"),
        (2, "assistant", "answer"),
    ]
    assert (second.names, second.tally, second.joined) == ({"u1": "Ada"}, tally, False)
    await commit(threads, second, tally=tally)
    assert (await begin(threads, 3)).tally == Tally(2, 20, 4, 6, 8, 10, 12)


async def test_unaddressed_messages_are_ignored_until_the_bot_takes_part(threads: Threads) -> None:
    stray = message(1, addressed=False)
    assert await threads.begin(stray) is Begun.IGNORED
    assert not await threads.takes_part(THREAD)
    turn = await begin(threads, 2)
    assert await threads.takes_part(THREAD)
    assert await threads.begin(message(3, addressed=False)) is Begun.QUEUED
    after = await commit(threads, turn)
    assert isinstance(after, Turn)
    assert await commit(threads, after) is Done.IDLE
    assert await threads.takes_part(THREAD)
    # An ignored message is not remembered: the same one, now addressed, is new.
    assert isinstance(await threads.begin(message(1)), Turn)


async def test_what_was_said_before_the_bot_was_called_stays_unanswered(threads: Threads) -> None:
    before = message(1, addressed=False)
    assert await threads.begin(before) is Begun.IGNORED
    turn = await begin(threads, 2)
    assert await threads.begin(before) is Begun.IGNORED
    await commit(threads, turn)
    assert await threads.begin(before) is Begun.IGNORED
    # A call that was delivered late makes what came after it the bot's, too.
    earlier = await begin(threads, 0)
    assert await threads.begin(before) is Begun.QUEUED
    assert await commit(threads, earlier) is not Done.IDLE


async def test_a_bot_that_is_called_again_looks_no_further_back(threads: Threads) -> None:
    await commit(threads, await begin(threads, 1))
    await threads.leave(THREAD)
    meanwhile = message(2, addressed=False)
    assert await threads.begin(meanwhile) is Begun.IGNORED
    await commit(threads, await begin(threads, 3))
    assert await threads.begin(meanwhile) is Begun.IGNORED
    assert isinstance(await threads.begin(message(4, addressed=False)), Turn)


async def test_ignored_messages_leave_nothing_behind(threads: Threads, client: Redis) -> None:
    assert await threads.begin(message(1, addressed=False)) is Begun.IGNORED
    assert await client.dbsize() == 0


async def test_duplicates_are_told(threads: Threads) -> None:
    turn = await begin(threads, 1)
    assert await threads.begin(message(1)) is Begun.DUPLICATE
    await commit(threads, turn)
    assert await threads.begin(message(1)) is Begun.DUPLICATE


async def test_waiting_mail_becomes_one_turn_in_platform_order(threads: Threads) -> None:
    turn = await begin(threads, 1)
    for position in (4, 2, 3):
        assert await threads.begin(message(position, author=BEN)) is Begun.QUEUED
    after = await commit(threads, turn)
    assert isinstance(after, Turn)
    assert [event.position for event in after.mail] == [2, 3, 4]
    assert after.lease.turn != turn.lease.turn
    assert after.lease.fence > turn.lease.fence
    assert [entry.text for entry in after.window] == ["question 1", "answer"]
    assert await commit(threads, after) is Done.IDLE
    texts = [entry.text async for entry in threads.entries(THREAD)]
    assert texts == ["question 1", "answer", "question 2", "question 3", "question 4", "answer"]


async def test_threads_do_not_wait_for_each_other(threads: Threads) -> None:
    await begin(threads, 1)
    assert (await begin(threads, 2, thread=OTHER)).lease.thread == OTHER


async def test_renew_stores_the_draft_for_a_successor(threads: Threads, client: Redis) -> None:
    turn = await begin(threads, 1)
    draft = Draft(Spot("c1", "m1"), (MessageRef("c1", "a1"), MessageRef("c1", "a2")), "half")
    assert await threads.renew(turn.lease, draft) is Signal.GO
    assert await threads.renew(turn.lease) is Signal.GO
    await end_lease(client)
    heir = await threads.reclaim(THREAD)
    assert heir is not None
    assert (heir.draft, heir.mail, heir.attempt) == (draft, turn.mail, 2)
    assert heir.lease.turn == turn.lease.turn
    after = await commit(threads, heir)
    assert after is Done.IDLE
    assert (await begin(threads, 2)).draft == Draft()


async def test_a_held_lease_is_not_reclaimed(threads: Threads) -> None:
    await begin(threads, 1)
    assert await threads.reclaim(THREAD) is None
    assert await threads.stranded() == []


async def test_it_is_known_when_the_next_lease_ends(
    client: Redis, clock: Clock, new_id: Callable[[], str]
) -> None:
    threads = Threads(client, worker="w1", clock=clock, new_id=new_id, lease_seconds=300)
    assert await threads.next_end() == math.inf
    await begin(threads, 1)
    assert 280 < await threads.next_end() <= 300
    await begin(threads, 2, thread=ThreadKey("discord", "g1", "c2", "t1"))
    await end_lease(client)
    assert 280 < await threads.next_end() <= 300


async def test_an_old_holder_is_fenced_off(threads: Threads, client: Redis) -> None:
    turn = await begin(threads, 1)
    await end_lease(client)
    assert await threads.stranded() == [THREAD]
    heir = await threads.reclaim(THREAD)
    assert heir is not None
    assert await threads.renew(turn.lease, Draft(note="late")) is Signal.LOST
    assert await commit(threads, turn) is Done.LOST
    assert await threads.rollback(turn.lease) is Done.LOST
    await threads.park(turn.lease)
    assert await threads.renew(heir.lease) is Signal.GO
    assert await commit(threads, heir) is Done.IDLE
    assert await threads.count(THREAD) == 2


async def test_a_late_holder_that_nobody_replaced_goes_on(threads: Threads, client: Redis) -> None:
    turn = await begin(threads, 1)
    await end_lease(client)
    assert await threads.renew(turn.lease) is Signal.GO
    assert await threads.stranded() == []
    assert await threads.reclaim(THREAD) is None


async def test_a_reclaimed_turn_does_not_see_later_mail(threads: Threads, client: Redis) -> None:
    await begin(threads, 1)
    await threads.begin(message(2))
    await end_lease(client)
    heir = await threads.reclaim(THREAD)
    assert heir is not None
    assert [event.position for event in heir.mail] == [1]
    after = await commit(threads, heir)
    assert isinstance(after, Turn)
    assert [event.position for event in after.mail] == [2]


async def test_a_turn_is_given_up_after_three_lost_leases(threads: Threads, client: Redis) -> None:
    await begin(threads, 1)
    await threads.begin(message(2))
    for attempt in (2, 3):
        await end_lease(client)
        heir = await threads.reclaim(THREAD)
        assert heir is not None
        assert heir.attempt == attempt
        assert heir.losses == attempt - 1
    await end_lease(client)
    following = await threads.reclaim(THREAD)
    assert following is not None
    assert [event.position for event in following.mail] == [2]
    assert following.attempt == 1
    for _ in range(2):
        await end_lease(client)
        assert await threads.reclaim(THREAD) is not None
    await end_lease(client)
    assert await threads.reclaim(THREAD) is None
    assert await threads.stranded() == []
    assert await threads.count(THREAD) == 0


async def test_a_holder_that_was_only_slow_does_not_count_as_a_loss(
    threads: Threads, client: Redis
) -> None:
    turn = await begin(threads, 1)
    for attempt in range(2, 10):
        await end_lease(client)
        heir = await threads.reclaim(THREAD)
        assert heir is not None
        assert (heir.attempt, heir.losses) == (attempt, 1)
        for _ in range(2):
            assert await threads.renew(turn.lease) is Signal.LOST
        turn = heir


async def test_losses_soon_after_taking_are_told_from_others(
    threads: Threads, client: Redis
) -> None:
    await begin(threads, 1)
    quick: list[int] = []
    for lived in (False, True):
        if lived:
            await client.hset(ThreadKeys(THREAD).meta, "since", "-10000000")
        await end_lease(client)
        heir = await threads.reclaim(THREAD)
        assert heir is not None
        quick.append(heir.quick)
    assert quick == [1, 0]


async def test_slow_holders_are_told_from_dead_ones_in_any_order(
    threads: Threads, client: Redis
) -> None:
    first = await begin(threads, 1)
    await end_lease(client)
    second = await threads.reclaim(THREAD)
    assert second is not None
    await end_lease(client)
    third = await threads.reclaim(THREAD)
    assert third is not None
    assert third.losses == 2
    assert await threads.renew(first.lease) is Signal.LOST
    await end_lease(client)
    fourth = await threads.reclaim(THREAD)
    assert fourth is not None
    assert fourth.losses == 2


async def test_a_turn_that_makes_everybody_slow_is_given_up_in_the_end(
    threads: Threads, client: Redis
) -> None:
    turn: Turn | None = await begin(threads, 1)
    leases = 0
    while turn is not None:
        leases += 1
        await end_lease(client)
        heir = await threads.reclaim(THREAD)
        await threads.renew(turn.lease)
        turn = heir
    assert leases == 15 + 3


async def test_parking_hands_over_at_once_and_does_not_count_as_loss(threads: Threads) -> None:
    turn = await begin(threads, 1)
    draft = Draft(note="half")
    for attempt in range(2, 7):
        await threads.renew(turn.lease, draft)
        await threads.park(turn.lease)
        assert await threads.renew(turn.lease) is Signal.LOST
        assert await threads.stranded() == [THREAD]
        heir = await threads.reclaim(THREAD)
        assert heir is not None
        assert (heir.attempt, heir.losses, heir.draft, heir.mail) == (attempt, 0, draft, turn.mail)
        turn = heir


async def test_repeating_begin_does_not_take_a_parked_turn_back(threads: Threads) -> None:
    turn = await threads.begin(message(1), nonce="n")
    assert isinstance(turn, Turn)
    assert await threads.begin(message(1), nonce="n") == turn
    await threads.park(turn.lease)
    assert await threads.begin(message(1), nonce="n") is Begun.QUEUED
    assert await threads.stranded() == [THREAD]


async def test_mail_for_a_parked_turn_waits(threads: Threads) -> None:
    turn = await begin(threads, 1)
    await threads.park(turn.lease)
    assert await threads.begin(message(2)) is Begun.QUEUED
    heir = await threads.reclaim(THREAD)
    assert heir is not None
    assert heir.mail == turn.mail


async def test_rollback_drops_the_mail_and_keeps_the_log(threads: Threads) -> None:
    await commit(threads, await begin(threads, 1))
    failed = await begin(threads, 2)
    await threads.begin(message(3))
    after = await threads.rollback(failed.lease)
    assert isinstance(after, Turn)
    assert [event.position for event in after.mail] == [3]
    assert after.names == {}
    assert [entry.text for entry in after.window] == ["question 1", "answer"]
    assert await threads.rollback(after.lease) is Done.IDLE
    assert await threads.count(THREAD) == 2


async def test_rollback_of_the_first_turn_is_not_taking_part(threads: Threads) -> None:
    turn = await begin(threads, 1)
    assert await threads.rollback(turn.lease) is Done.IDLE
    assert not await threads.takes_part(THREAD)
    assert (await begin(threads, 2)).joined


async def test_stop_reaches_the_holder_and_a_successor(threads: Threads, client: Redis) -> None:
    assert not await threads.ask_stop(THREAD)
    turn = await begin(threads, 1)
    assert await threads.ask_stop(THREAD)
    assert await threads.renew(turn.lease) is Signal.STOP
    await end_lease(client)
    heir = await threads.reclaim(THREAD)
    assert heir is not None
    assert await threads.renew(heir.lease) is Signal.STOP
    await threads.begin(message(2))
    after = await commit(threads, heir)
    assert isinstance(after, Turn)
    assert await threads.renew(after.lease) is Signal.GO


async def test_whoever_is_quoted_as_context_is_known(threads: Threads) -> None:
    """What was said before the bot was called is stored, so its authors may have it forgotten."""
    turn = await begin(threads, 1)
    earlier = Entry("context", "my address", 0.5, "u9", "Zoe", ("m0",))
    await commit(threads, turn, [earlier, *exchange(turn)])
    assert await threads.authors(THREAD) == {"u1", "u9"}
    choices = await threads.recent("discord", "g1", "c1", "u9")
    assert [choice.thread for choice in choices] == [THREAD]


async def test_leaving_during_a_turn_lasts(threads: Threads) -> None:
    turn = await begin(threads, 1)
    await threads.leave(THREAD)
    assert not await threads.takes_part(THREAD)
    assert await threads.begin(message(2, addressed=False)) is Begun.IGNORED
    assert await commit(threads, turn) is Done.IDLE
    assert not await threads.takes_part(THREAD)
    again = await begin(threads, 3)
    await commit(threads, again)
    assert await threads.takes_part(THREAD)
    assert await threads.leave(THREAD)
    assert not await threads.leave(THREAD)


async def test_window_holds_what_the_summary_does_not(threads: Threads) -> None:
    for position in (1, 2, 3):
        await commit(threads, await begin(threads, position))
    assert await threads.fold(THREAD, Summary(), Summary("so far", 4, 1, "model"))
    turn = await begin(threads, 4)
    assert turn.summary == Summary("so far", 4, 1, "model")
    assert [entry.seq for entry in turn.window] == [5, 6]


@pytest.mark.parametrize("size", [499, 500, 501, 1203])
async def test_long_windows_come_whole(threads: Threads, size: int) -> None:
    turn = await begin(threads, 1)
    entries = [Entry("user", f"line {number}", 0.0, "u1") for number in range(1, size + 1)]
    names = {f"u{number}": f"Name {number}" for number in range(size)}
    assert await commit(threads, turn, entries, names=names) is Done.IDLE
    after = await begin(threads, 2)
    assert [entry.text for entry in after.window] == [entry.text for entry in entries]
    assert after.names == names


async def test_hostile_text_survives(threads: Threads) -> None:
    text = 'lone \ud800 "quoted" \\ \x00 \r\n *3\r\n$3 🧵 ' + "я" * 10
    turn = await begin(threads, 1, text=text)
    assert turn.mail[0].text == text
    await commit(threads, turn, exchange(turn, text), names={"u1": text})
    after = await begin(threads, 2)
    assert [entry.text for entry in after.window] == [text, text]
    assert after.names == {"u1": text}


async def test_authors_are_known_from_their_first_message(threads: Threads) -> None:
    assert await threads.authors(THREAD) == frozenset()
    await begin(threads, 1)
    await threads.begin(message(2, author=BEN))
    assert await threads.authors(THREAD) == {ADA.id, BEN.id}


async def test_content_expires_with_the_retention(threads: Threads, client: Redis) -> None:
    await commit(threads, await begin(threads, 1), names={"u1": "Ada"})
    keys = ThreadKeys(THREAD)
    for key in (keys.meta, keys.log, keys.authors, f"{keys.base}:names"):
        assert 90 * 86400 - 60 < await client.ttl(key) <= 90 * 86400


async def test_bots_have_the_word_for_so_long_and_no_longer(threads: Threads) -> None:
    bot = Author("b1", "Clock", is_bot=True)
    assert await threads.begin(message(1, author=bot, addressed=False)) is Begun.IGNORED
    for position in range(2, 7):
        assert await commit(threads, await begin(threads, position, author=bot)) is Done.IDLE
    # Those that wait for the next turn count, too; a repeated call does not.
    turn = await threads.begin(message(7, author=bot), nonce="n")
    assert isinstance(turn, Turn)
    assert await threads.begin(message(7, author=bot), nonce="n") == turn
    for position in (8, 9):
        assert await threads.begin(message(position, author=bot)) is Begun.IGNORED
    # In another channel nobody has talked yet, and a person gives it the word again.
    elsewhere = ThreadKey("discord", "g1", "c2", "t1")
    assert isinstance(await begin(threads, 10, author=bot, thread=elsewhere), Turn)
    assert await threads.begin(message(11, author=ADA)) is Begun.QUEUED
    assert await threads.begin(message(12, author=bot)) is Begun.QUEUED


async def test_bots_that_open_threads_have_the_word_for_as_long_in_a_channel(
    threads: Threads, client: Redis
) -> None:
    bot = Author("b1", "Clock", is_bot=True)
    opened = [ThreadKey("discord", "g1", "c1", f"b{number}") for number in range(9)]
    for position, thread in enumerate(opened[:6]):
        assert isinstance(await begin(threads, position, author=bot, thread=thread), Turn)
    assert await threads.begin(message(6, author=bot, thread=opened[6])) is Begun.IGNORED
    # Nothing is left of a thread that is not taken up: nobody would ever delete it.
    assert not await client.exists(ThreadKeys(opened[6]).meta)
    bots = ThreadKeys(THREAD).bucket.bots(place_of(THREAD))
    assert 3000 < await client.ttl(bots) <= 3600
    # What a person says in one of them gives bots the word in each; what is refused counts nothing.
    assert await threads.begin(message(7, thread=opened[0])) is Begun.QUEUED
    assert isinstance(await begin(threads, 8, author=bot, thread=opened[6]), Turn)
    assert await client.get(bots) == b"1"
    # In a thread alone they have it no longer than before, whatever people say in others.
    for position in range(9, 14):
        assert await threads.begin(message(position, author=bot, thread=opened[6])) is Begun.QUEUED
    assert await threads.begin(message(14, thread=opened[0])) is Begun.QUEUED
    assert await threads.begin(message(15, author=bot, thread=opened[6])) is Begun.IGNORED
    assert isinstance(await begin(threads, 16, author=bot, thread=opened[7]), Turn)
    await threads.forget_channel(place_of(THREAD))
    assert not await client.exists(bots)
