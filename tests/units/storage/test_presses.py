"""What controls need of the store: turns that nobody wrote for, and what people think."""

from __future__ import annotations

from dataclasses import replace

import pytest
from redis.asyncio import Redis

from bot.chat import MessageRef, ThreadKey
from bot.records import NO_TALLY, Entry, Summary
from bot.storage.keys import ThreadKeys
from bot.storage.threads import Threads
from bot.storage.types import (
    Again,
    Asked,
    Begun,
    Done,
    Draft,
    NotAgain,
    Noted,
    Rated,
    Rating,
    Signal,
    Turn,
)
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
    talk,
)

REFS = Draft(refs=(MessageRef("c1", "a1"),))


def saying(turn: Turn, text: str) -> list[Entry]:
    """The answer that a turn gives."""
    return [Entry("assistant", text, 0.0, turn=turn.lease.turn)]


async def talked(threads: Threads, position: int, answer: str = "answer") -> str:
    """A question and its answer as the engine stores them; the turn's id."""
    turn = await threads.begin(message(position))
    assert isinstance(turn, Turn)
    entries = [replace(entry, turn=turn.lease.turn) for entry in exchange(turn, answer)]
    assert await commit(threads, turn, entries) is Done.IDLE
    return turn.lease.turn


async def again(
    threads: Threads, again: Again = Again.REGENERATE, event: str = "click", nonce: str = "n"
) -> Turn | NotAgain:
    """The last answer once more, as somebody wants who sees the thread as it stands."""
    seen = await threads.take_window(THREAD)
    wish = replace(message(99, author=BEN), event_id=event, text="")
    mail = seen.mail if again is Again.RETRY else (wish,)
    return await threads.begin_again(
        event, seen, again, mail or (wish,), REFS, frozenset({"u1"}), nonce=nonce
    )


async def texts(threads: Threads) -> list[str]:
    return [entry.text async for entry in threads.entries(THREAD)]


@pytest.mark.parametrize("how", [Again.REGENERATE, Again.CONTINUE])
async def test_the_new_answer_takes_the_place_of_the_old(threads: Threads, how: Again) -> None:
    await talked(threads, 1, "first")
    await talked(threads, 2, "old")
    turn = await again(threads, how)
    assert isinstance(turn, Turn)
    assert (turn.again, turn.attempt, turn.draft, turn.joined) == (how, 1, REFS, False)
    assert turn.answer is not None and turn.answer.text == "old"
    assert [entry.text for entry in turn.window] == ["question 1", "first", "question 2"]
    assert turn.askers == {"u1", "u2"}
    assert turn.pressed == 1_700_000_000.0
    assert await commit(threads, turn, saying(turn, "new")) is Done.IDLE
    assert await texts(threads) == ["question 1", "first", "question 2", "new"]
    now = await threads.take_window(THREAD)
    assert (now.newest, now.running) == (4, False)
    # Whatever follows is a turn like any other.
    await talked(threads, 3, "more")
    assert await texts(threads) == [
        "question 1", "first", "question 2", "new", "question 3", "more"
    ]  # fmt: skip


async def test_the_old_answer_stays_without_a_new_one(threads: Threads) -> None:
    await talked(threads, 1, "old")
    turn = await again(threads)
    assert isinstance(turn, Turn)
    assert await commit(threads, turn, []) is Done.IDLE
    assert await texts(threads) == ["question 1", "old"]
    turn = await again(threads, event="click 2")
    assert isinstance(turn, Turn)
    assert await threads.rollback(turn.lease) is Done.IDLE
    assert await texts(threads) == ["question 1", "old"]
    assert not (await threads.take_window(THREAD)).running


async def test_a_successor_goes_on_with_it(threads: Threads, client: Redis) -> None:
    await talked(threads, 1, "old")
    turn = await again(threads)
    assert isinstance(turn, Turn)
    draft = Draft(refs=(MessageRef("c1", "a1"), MessageRef("c1", "a2")))
    assert await threads.renew(turn.lease, draft) is Signal.GO
    await end_lease(client)
    heir = await threads.reclaim(THREAD)
    assert heir is not None
    assert (heir.lease.turn, heir.attempt, heir.draft) == (turn.lease.turn, 2, draft)
    assert (heir.again, heir.answer, heir.window) == (turn.again, turn.answer, turn.window)
    assert heir.askers == turn.askers
    assert await commit(threads, turn, saying(turn, "of the dead")) is Done.LOST
    assert await commit(threads, heir, saying(heir, "new")) is Done.IDLE
    assert await texts(threads) == ["question 1", "new"]


async def test_a_lost_reply_gives_the_same_turn_and_a_second_click_none(threads: Threads) -> None:
    await talked(threads, 1)
    seen = await threads.take_window(THREAD)
    wish = (replace(message(99), text=""),)
    asked = ("click", seen, Again.REGENERATE, wish, REFS, frozenset({"u1"}))
    first = await threads.begin_again(*asked, nonce="n")
    assert isinstance(first, Turn)
    assert await threads.begin_again(*asked, nonce="n") == first
    assert await threads.begin_again(*asked, nonce="m") is NotAgain.DUPLICATE
    assert await again(threads, event="second") is NotAgain.RUNNING
    assert await commit(threads, first, saying(first, "new")) is Done.IDLE
    assert await threads.begin_again(*asked, nonce="n") is NotAgain.DUPLICATE
    # The thread is not as it was seen any more.
    stale = ("third", replace(seen, newest=seen.newest - 1), *asked[2:])
    assert await threads.begin_again(*stale) is NotAgain.STALE


async def test_what_is_said_meanwhile_comes_next(threads: Threads) -> None:
    await talked(threads, 1, "old")
    turn = await again(threads)
    assert isinstance(turn, Turn)
    assert await threads.begin(message(2)) is Begun.QUEUED
    after = await commit(threads, turn, saying(turn, "new"))
    assert isinstance(after, Turn)
    assert [entry.text for entry in after.window] == ["question 1", "new"]
    assert (after.again, after.answer, after.pressed) == (None, None, 0.0)
    assert after.askers == {"u1"}


async def test_a_summary_never_holds_the_answer_that_goes(threads: Threads) -> None:
    await talked(threads, 1, "first")
    await talked(threads, 2, "old")
    before = await threads.take_window(THREAD)
    turn = await again(threads)
    assert isinstance(turn, Turn)
    seen = (await threads.take_window(THREAD)).summary
    assert not await threads.fold(THREAD, seen, Summary("of the old", 4, seen.version + 1))
    assert await threads.fold(THREAD, seen, Summary("of the first", 2, seen.version + 1))
    assert await commit(threads, turn, saying(turn, "new")) is Done.IDLE
    # One that was begun before, and read the old answer, comes too late.
    late = Summary("of the old", 4, before.summary.version + 1)
    assert not await threads.fold(THREAD, before.summary, late)
    now = (await threads.take_window(THREAD)).summary
    assert (now.text, now.upto) == ("of the first", 2)
    assert await threads.fold(THREAD, now, Summary("of the new", 4, now.version + 1))
    assert await again(threads, event="folded") is NotAgain.FOLDED


async def test_forgetting_ends_it(threads: Threads) -> None:
    await talked(threads, 1, "old")
    turn = await again(threads)
    assert isinstance(turn, Turn)
    await threads.forget(THREAD)
    assert await commit(threads, turn, saying(turn, "new")) is Done.LOST
    assert await texts(threads) == []
    assert await threads.asked(THREAD) == Asked()


async def test_the_bot_that_was_sent_away_stays_away(threads: Threads) -> None:
    await talked(threads, 1)
    await threads.leave(THREAD)
    turn = await again(threads)
    assert isinstance(turn, Turn)
    await commit(threads, turn, saying(turn, "new"))
    assert not await threads.takes_part(THREAD)


async def test_a_question_that_failed_can_be_asked_once_more(
    threads: Threads, client: Redis
) -> None:
    turn = await threads.begin(message(1))
    assert isinstance(turn, Turn)
    assert await threads.commit(turn.lease, (), turn.tally, {}, keep=True) is Done.IDLE
    seen = await threads.take_window(THREAD)
    assert (seen.failed, seen.mail) == (turn.lease.turn, turn.mail)
    assert 0 < await client.ttl(ThreadKeys(THREAD).all()[3]) <= 86400
    once_more = await again(threads, Again.RETRY)
    assert isinstance(once_more, Turn)
    assert (once_more.mail, once_more.again) == (turn.mail, Again.RETRY)
    assert once_more.answer is None and once_more.lease.turn != turn.lease.turn
    assert await commit(threads, once_more) is Done.IDLE
    assert await texts(threads) == ["question 1", "answer"]
    assert (await threads.take_window(THREAD)).mail == ()


async def test_but_not_after_something_else_was_said(threads: Threads) -> None:
    turn = await threads.begin(message(1))
    assert isinstance(turn, Turn)
    await threads.commit(turn.lease, (), turn.tally, {}, keep=True)
    seen = await threads.take_window(THREAD)
    await talk(threads, 2)
    asked = ("click", seen, Again.RETRY, seen.mail, REFS, frozenset({"u1"}))
    assert await threads.begin_again(*asked) is NotAgain.STALE
    assert (await threads.take_window(THREAD)).mail == ()


async def test_who_asked(threads: Threads) -> None:
    assert await threads.asked(THREAD) == Asked()
    turn = await threads.begin(message(1, author=BEN))
    assert isinstance(turn, Turn)
    await threads.begin(message(2, author=ADA))
    assert await threads.asked(THREAD) == Asked(turn.lease.turn, frozenset({"u2"}))
    assert not await threads.ask_stop(THREAD, "another")
    assert await threads.renew(turn.lease) is Signal.GO
    assert await threads.ask_stop(THREAD, turn.lease.turn)
    assert await threads.renew(turn.lease) is Signal.STOP


async def test_what_people_think(threads: Threads, client: Redis, clock: Clock) -> None:
    turn = await talked(threads, 1)
    good = Rated(THREAD, turn, "u1", Rating.GOOD, clock(), "gpt")
    assert await threads.rate(good, nonce="n") is Noted.NEW
    assert await threads.rate(good, nonce="n") is Noted.NEW
    assert await threads.rate(good) is Noted.SAME
    bad = replace(good, rating=Rating.BAD)
    assert await threads.rate(bad) is Noted.CHANGED
    other = replace(good, user="u|2", model="a|b")
    assert await threads.rate(other) is Noted.NEW
    assert await threads.rate(replace(good, thread=OTHER)) is Noted.NOTHING
    found = sorted([rated async for rated in threads.ratings(THREAD)], key=lambda each: each.user)
    assert found == [bad, other]
    await threads.forget(THREAD)
    assert [rated async for rated in threads.ratings(THREAD)] == []
    assert await threads.rate(good) is Noted.NOTHING


async def test_the_answer_of_a_turn(threads: Threads) -> None:
    turn = await talked(threads, 1, "this one")
    for position in range(2, 6):
        await talked(threads, position)
    found = await threads.answer_of(THREAD, turn)
    assert found is not None and (found.text, found.seq) == ("this one", 2)
    assert await threads.answer_of(THREAD, "none") is None
    assert await threads.answer_of(ThreadKey("discord", "g1", "c1", "t9"), turn) is None


async def test_an_answer_before_deleted_ones_is_given_anew(threads: Threads, client: Redis) -> None:
    await talked(threads, 1, "old")
    await talked(threads, 2, "deleted")
    found = await threads.take_window(THREAD)
    gone = [message for entry in found.window[2:] for message in entry.message_ids]
    await threads.strike(THREAD, gone)
    assert await texts(threads) == ["question 1", "old"]
    turn = await again(threads)
    assert isinstance(turn, Turn)
    assert turn.answer is not None and (turn.answer.text, turn.answer.seq) == ("old", 2)
    assert [entry.text for entry in turn.window] == ["question 1"]
    assert await commit(threads, turn, saying(turn, "new")) is Done.IDLE
    assert await texts(threads) == ["question 1", "new"]
    await talked(threads, 3, "more")
    assert await texts(threads) == ["question 1", "new", "question 3", "more"]


async def test_a_new_answer_is_found_by_its_messages(threads: Threads) -> None:
    await talked(threads, 1, "old")
    for number in range(2):
        turn = await again(threads, event=f"click {number}")
        assert isinstance(turn, Turn)
        said = [replace(each, message_ids=(f"a{number}",)) for each in saying(turn, "new")]
        assert await commit(threads, turn, said) is Done.IDLE
    assert (await threads.strike(THREAD, ["a0"])).entries == 0
    assert (await threads.strike(THREAD, ["a1"])).entries == 1
    assert await texts(threads) == ["question 1"]


async def test_an_answer_deleted_while_it_is_given_anew(threads: Threads, client: Redis) -> None:
    first = await threads.begin(message(1))
    assert isinstance(first, Turn)
    entries = [replace(each, turn=first.lease.turn) for each in exchange(first, "old")]
    entries[-1] = replace(entries[-1], message_ids=("a1", "m99"))
    assert await commit(threads, first, entries) is Done.IDLE
    turn = await again(threads)
    assert isinstance(turn, Turn) and not turn.is_void
    # The wish that it is given anew names one of its messages, the deletion the other.
    struck = await threads.strike(THREAD, ["a1"])
    assert (struck.entries, struck.mail, struck.withdrawn) == (1, 1, True)
    assert await threads.renew(turn.lease) is Signal.WITHDRAWN
    assert await commit(threads, turn, saying(turn, "new")) is Done.WITHDRAWN
    await end_lease(client)
    heir = await threads.reclaim(THREAD)
    assert heir is not None and heir.is_void


async def test_a_question_deleted_meanwhile_is_not_asked_once_more(threads: Threads) -> None:
    turn = await threads.begin(message(1))
    assert isinstance(turn, Turn)
    assert await threads.begin(message(2)) is Begun.QUEUED
    both = await commit(threads, turn, exchange(turn))
    assert isinstance(both, Turn)
    assert await threads.commit(both.lease, [], NO_TALLY, {}, keep=True) is Done.IDLE
    seen = await threads.take_window(THREAD)
    wished = (Again.RETRY, seen.mail, REFS, frozenset[str]())
    await threads.strike(THREAD, [seen.mail[0].ref.message])
    assert await threads.begin_again("click", seen, *wished) is NotAgain.STALE
    assert not (await threads.take_window(THREAD)).running


async def test_what_somebody_thought_goes_with_them(threads: Threads) -> None:
    turn = await talked(threads, 1)
    for user in ("u1", "u2"):
        rated = Rated(THREAD, turn, user, Rating.GOOD, 1.0)
        assert await threads.rate(rated) is Noted.NEW
    await threads.forget_in(THREAD, "u2")
    assert [rated.user async for rated in threads.ratings(THREAD)] == ["u1"]
