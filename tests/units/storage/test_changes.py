"""Edits and deletions: history follows the people, whatever runs meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import pytest
from redis.asyncio import Redis

from bot.chat import Incoming, MessageRef, ThreadKey
from bot.records import Entry, Summary, Tally
from bot.storage.keys import ThreadKeys
from bot.storage.threads import Threads
from bot.storage.types import (
    Amended,
    Begun,
    Done,
    Draft,
    Leftover,
    Restored,
    Revised,
    Signal,
    Struck,
    Turn,
)
from tests.units.storage.samples import (
    BEN,
    OTHER,
    THREAD,
    commit,
    end_lease,
    message,
    talk,
)


async def rewording(entry: Entry, event: Incoming) -> Entry:
    """As many tokens as there are words."""
    text = event.text
    return replace(entry, text=text, edited=event.edited, tokens=len(text.split()))


def edit(position: int, text: str, edited: float, *, thread: ThreadKey = THREAD) -> Incoming:
    """The message at a position as it reads after an edit."""
    return replace(message(position, thread=thread, text=text), edited=edited)


async def texts(threads: Threads, thread: ThreadKey = THREAD) -> Sequence[str]:
    """What the log says."""
    return [entry.text async for entry in threads.entries(thread)]


async def everything(client: Redis) -> str:
    """All keys and values as one text."""
    found: list[str] = []
    async for key in client.scan_iter(count=1000):
        match (await client.type(key)).decode():
            case "hash":
                value: object = await client.hgetall(key)
            case "list":
                value = await client.lrange(key, 0, -1)
            case "set":
                value = await client.smembers(key)
            case "zset":
                value = await client.zrange(key, 0, -1)
            case _:
                value = await client.get(key)
        found.append(f"{key!r} {value!r}")
    return "\n".join(found)


async def begun(threads: Threads, position: int, **given: object) -> Turn:
    turn = await threads.begin(message(position, **given))  # type: ignore[arg-type]
    assert isinstance(turn, Turn)
    return turn


class TestAmending:
    async def test_the_log_follows(self, threads: Threads) -> None:
        await talk(threads, 1, 2)
        assert await threads.amend(edit(1, "what I meant to say", 5.0), rewording) is Amended.DONE
        first, *_ = [entry async for entry in threads.entries(THREAD)]
        assert (first.text, first.edited, first.tokens) == ("what I meant to say", 5.0, 5)
        assert (first.role, first.author_id, first.message_ids) == ("user", "u1", ("m1",))
        assert (await threads.take_window(THREAD)).window[0] == first

    async def test_nothing_of_the_old_words_is_left(self, threads: Threads, client: Redis) -> None:
        turn = await begun(threads, 1, text="SECRET plan")
        await commit(threads, turn)
        assert "SECRET" in await everything(client)
        await threads.amend(edit(1, "a plan", 5.0), rewording)
        assert "SECRET" not in await everything(client)
        [choice] = await threads.recent("discord", "g1", "c1", "u1")
        assert choice.label == "a plan"

    async def test_an_older_edit_never_wins(self, threads: Threads) -> None:
        await talk(threads, 1)
        assert await threads.amend(edit(1, "second", 6.0), rewording) is Amended.DONE
        assert await threads.amend(edit(1, "first", 5.0), rewording) is Amended.SAME
        assert await threads.amend(edit(1, "second", 6.0), rewording) is Amended.SAME
        assert (await texts(threads))[0] == "second"

    async def test_nor_when_the_newer_one_went_back_to_the_first_words(
        self, threads: Threads
    ) -> None:
        await talk(threads, 1)
        assert await threads.amend(edit(1, "question 1", 6.0), rewording) is Amended.SAME
        assert await threads.amend(edit(1, "first", 5.0), rewording) is Amended.SAME
        assert (await texts(threads))[0] == "question 1"

    async def test_the_same_words_change_no_summary(self, threads: Threads) -> None:
        await talk(threads, 1, 2)
        await threads.fold(THREAD, Summary(), Summary("so far", 2, 1, "model"))
        await threads.amend(edit(1, "question 1", 6.0), rewording)
        assert (await threads.take_window(THREAD)).summary == Summary("so far", 2, 1, "model")

    async def test_waiting_mail_is_answered_as_it_reads_now(self, threads: Threads) -> None:
        turn = await begun(threads, 1)
        await threads.begin(message(2))
        assert await threads.amend(edit(2, "better", 5.0), rewording) is Amended.DONE
        after = await commit(threads, turn)
        assert isinstance(after, Turn)
        assert [(event.text, event.edited) for event in after.mail] == [("better", 5.0)]

    async def test_a_running_turn_stores_the_new_words(self, threads: Threads) -> None:
        turn = await begun(threads, 1)
        assert await threads.amend(edit(1, "better", 5.0), rewording) is Amended.DONE
        assert await threads.renew(turn.lease) is Signal.GO
        refused = await threads.commit(turn.lease, [], Tally(), {})
        assert isinstance(refused, Revised)
        assert [event.text for event in refused.mail] == ["better"]
        assert await texts(threads) == []
        await threads.amend(edit(1, "best", 6.0), rewording)
        assert isinstance(
            await threads.commit(turn.lease, [], Tally(), {}, revised=refused.revised), Revised
        )
        assert await threads.commit(turn.lease, [], Tally(), {}, revised=2) is Done.IDLE

    async def test_whoever_takes_over_has_the_new_words(
        self, threads: Threads, client: Redis
    ) -> None:
        await begun(threads, 1)
        await threads.amend(edit(1, "better", 5.0), rewording)
        await end_lease(client)
        heir = await threads.reclaim(THREAD)
        assert heir is not None
        assert ([event.text for event in heir.mail], heir.revised) == (["better"], 1)
        assert await threads.commit(heir.lease, [], Tally(), {}, revised=1) is Done.IDLE
        later = await begun(threads, 2)
        assert later.revised == 0

    async def test_an_unknown_message_stays_unknown(self, threads: Threads, client: Redis) -> None:
        assert await threads.amend(edit(1, "SECRET", 5.0), rewording) is Amended.UNKNOWN
        await talk(threads, 2)
        assert await threads.amend(edit(1, "SECRET", 5.0), rewording) is Amended.UNKNOWN
        assert "SECRET" not in await everything(client)

    async def test_a_running_turn_hears_of_what_it_may_have_read_elsewhere(
        self, threads: Threads, client: Redis
    ) -> None:
        turn = await begun(threads, 5)
        assert await threads.amend(edit(1, "better", 5.0), rewording) is Amended.UNKNOWN
        assert await threads.amend(edit(1, "better", 5.0), rewording) is Amended.UNKNOWN
        assert await threads.amend(edit(2, "other", 5.0), rewording) is Amended.UNKNOWN
        refused = await threads.commit(turn.lease, [], Tally(), {})
        assert isinstance(refused, Revised) and refused.revised == 2
        assert [event.text for event in refused.mail] == ["better", "other", "question 5"]
        assert await threads.commit(turn.lease, [], Tally(), {}, revised=2) is Done.IDLE
        assert "better" not in await everything(client)

    async def test_who_begins_anew_reads_it_again(self, threads: Threads, client: Redis) -> None:
        turn = await begun(threads, 5)
        await threads.amend(edit(1, "better", 5.0), rewording)
        await threads.strike(THREAD, ["m5"])
        assert await threads.renew(turn.lease) is Signal.WITHDRAWN
        assert "better" not in await everything(client)

    async def test_answers_are_ours_to_change(self, threads: Threads) -> None:
        turn = await begun(threads, 1)
        await commit(threads, turn)
        ours = MessageRef("c1", f"a-{turn.lease.turn}")
        forged = replace(edit(1, "forged", 5.0), ref=ours)
        assert await threads.amend(forged, rewording) is Amended.SAME
        assert (await texts(threads))[1] == "answer"

    async def test_a_summary_of_the_old_words_is_dropped(self, threads: Threads) -> None:
        await talk(threads, 1, 2, 3)
        await threads.fold(THREAD, Summary(), Summary("so far", 4, 1, "model"))
        assert await threads.amend(edit(3, "later", 5.0), rewording) is Amended.DONE
        now = await threads.take_window(THREAD)
        assert (now.summary.text, now.summary.upto) == ("so far", 4)
        assert await threads.amend(edit(1, "first", 5.0), rewording) is Amended.UNSUMMARISED
        now = await threads.take_window(THREAD)
        assert (now.summary.text, now.summary.upto) == ("", 0)
        assert [entry.seq for entry in now.window] == [1, 2, 3, 4, 5, 6]
        again = Summary("anew", 2, now.summary.version + 1, "model")
        assert await threads.fold(THREAD, now.summary, again)

    async def test_a_summary_that_is_being_made_of_them_is_not_stored(
        self, threads: Threads
    ) -> None:
        await talk(threads, 1, 2)
        seen = (await threads.take_window(THREAD)).summary
        await threads.amend(edit(1, "first", 5.0), rewording)
        made = Summary("of the old words", 2, seen.version + 1, "model")
        assert not await threads.fold(THREAD, seen, made)

    async def test_imported_conversations_follow_too(self, threads: Threads) -> None:
        entries = [
            Entry("user", f"said {number}", 1.0, "u1", "Ada", (f"m{number}",))
            for number in range(1, 701)
        ]
        done = await threads.restore(THREAD, entries, Summary(), Tally(), {"u1": "Ada"})
        assert done is Restored.DONE
        assert await threads.amend(edit(650, "changed", 5.0), rewording) is Amended.DONE
        assert (await texts(threads))[649] == "changed"
        assert await threads.strike(THREAD, ["m3", "m700"], ["e3", "e700"]) == Struck(2)
        assert len(await texts(threads)) == 698


class TestStriking:
    async def test_it_is_gone_with_all_its_traces(self, threads: Threads, client: Redis) -> None:
        turn = await begun(threads, 1, text="SECRET plan", loose=True)
        await commit(threads, turn)
        await talk(threads, 2)
        assert await threads.strike(THREAD, ["m1"], ["e1"]) == Struck(1)
        left = await everything(client)
        assert "SECRET" not in left
        assert "'m1'" not in left
        assert await texts(threads) == ["answer", "question 2", "answer"]
        assert await threads.thread_of("discord", "g1", MessageRef("c1", "m1")) is None
        assert await threads.begin(message(1)) is Begun.DUPLICATE

    async def test_twice_does_what_once_does(self, threads: Threads, client: Redis) -> None:
        await talk(threads, 1, 2)
        assert await threads.strike(THREAD, ["m1", "m1"], ["e1", "e1"]) == Struck(1)
        before = await everything(client)
        assert await threads.strike(THREAD, ["m1"], ["e1"]) == Struck()
        assert await everything(client) == before

    async def test_an_answer_goes_whole(self, threads: Threads) -> None:
        turn = await begun(threads, 1)
        said = Entry("assistant", "long", 0.0, message_ids=("a1", "a2", "a3"))
        user = Entry("user", "question 1", 0.0, "u1", "Ada", ("m1",))
        await threads.commit(turn.lease, [user, said], Tally(turns=1), {})
        assert await threads.strike(THREAD, ["a2"]) == Struck(1)
        assert await texts(threads) == ["question 1"]
        assert await threads.strike(THREAD, ["a1", "a3"]) == Struck()

    async def test_a_thread_of_which_all_is_gone_is_no_new_one(self, threads: Threads) -> None:
        await talk(threads, 1)
        entries = [entry async for entry in threads.entries(THREAD)]
        ids = [message for entry in entries for message in entry.message_ids]
        assert await threads.strike(THREAD, ids) == Struck(2)
        assert await threads.count(THREAD) == 0
        turn = await begun(threads, 2)
        assert (turn.joined, turn.window) == (False, ())
        await commit(threads, turn)
        assert [entry.seq async for entry in threads.entries(THREAD)] == [3, 4]
        [choice] = await threads.recent("discord", "g1", "c1", "u1")
        assert choice.label == "question 2"

    async def test_waiting_mail_is_not_answered(self, threads: Threads) -> None:
        turn = await begun(threads, 1)
        await threads.begin(message(2))
        await threads.begin(message(3))
        assert await threads.strike(THREAD, ["m2"], ["e2"]) == Struck(mail=1)
        assert await threads.renew(turn.lease) is Signal.GO
        after = await commit(threads, turn)
        assert isinstance(after, Turn)
        assert [event.text for event in after.mail] == ["question 3"]
        assert await threads.strike(THREAD, ["m3"]) == Struck(mail=1, withdrawn=True)

    async def test_a_turn_whose_question_is_gone_ends(
        self, threads: Threads, client: Redis
    ) -> None:
        turn = await begun(threads, 1, text="SECRET")
        await threads.renew(turn.lease, Draft(refs=(MessageRef("t1", "a1"),), note="stop\nSECRET"))
        assert await threads.strike(THREAD, ["m1"], ["e1"]) == Struck(mail=1, withdrawn=True)
        assert "SECRET" not in await everything(client)
        # Whoever writes the answer hears of it only when they keep it for delivery.
        late = Draft(refs=(MessageRef("t1", "a1"),), note="stop\nSECRET")
        assert await threads.renew(turn.lease, late) is Signal.WITHDRAWN
        assert "SECRET" not in await everything(client)
        assert await threads.renew(turn.lease) is Signal.WITHDRAWN
        assert await threads.commit(turn.lease, [], Tally(), {}) is Done.WITHDRAWN
        assert await threads.unanswered(turn.lease) == 0
        assert await threads.rollback(turn.lease) is Done.IDLE
        assert await threads.renew(turn.lease) is Signal.LOST

    async def test_whoever_takes_it_over_has_nothing_to_answer(
        self, threads: Threads, client: Redis
    ) -> None:
        turn = await begun(threads, 1)
        draft = Draft(refs=(MessageRef("t1", "a1"),), note="half/way")
        await threads.renew(turn.lease, draft)
        await threads.strike(THREAD, ["m1"])
        await end_lease(client)
        heir = await threads.reclaim(THREAD)
        assert heir is not None
        assert (heir.mail, heir.draft) == ((), replace(draft, note=""))
        assert await threads.renew(heir.lease) is Signal.GO

    async def test_what_is_left_of_several_questions_is_answered_anew(
        self, threads: Threads
    ) -> None:
        turn = await begun(threads, 1)
        await threads.begin(message(2))
        await threads.begin(message(3))
        both = await commit(threads, turn)
        assert isinstance(both, Turn)
        await threads.strike(THREAD, ["m2"])
        assert await threads.renew(both.lease) is Signal.WITHDRAWN
        assert await threads.unanswered(both.lease) == 1
        await threads.park(both.lease)
        again = await threads.reclaim(THREAD)
        assert again is not None
        assert [event.text for event in again.mail] == ["question 3"]
        assert await threads.renew(again.lease) is Signal.GO
        assert await commit(threads, again) is Done.IDLE

    async def test_a_turn_that_sees_a_deleted_message_begins_anew(self, threads: Threads) -> None:
        await talk(threads, 1)
        turn = await begun(threads, 2)
        assert await threads.strike(THREAD, ["m1"]) == Struck(1, withdrawn=True)
        assert await commit(threads, turn) is Done.WITHDRAWN
        await threads.park(turn.lease)
        again = await threads.reclaim(THREAD)
        assert again is not None
        assert [entry.text for entry in again.window] == ["answer"]

    async def test_a_summary_that_covers_it_is_dropped(self, threads: Threads) -> None:
        await talk(threads, 1, 2, 3)
        await threads.fold(THREAD, Summary(), Summary("SECRET", 4, 1, "model"))
        assert await threads.strike(THREAD, ["m3"]) == Struck(1)
        assert (await threads.take_window(THREAD)).summary.text == "SECRET"
        assert await threads.strike(THREAD, ["m1"]) == Struck(1, unsummarised=True)
        now = await threads.take_window(THREAD)
        assert (now.summary.text, now.summary.upto) == ("", 0)
        assert [entry.seq for entry in now.window] == [2, 3, 4, 6]

    async def test_a_summary_that_is_being_made_of_it_is_not_stored(self, threads: Threads) -> None:
        await talk(threads, 1, 2)
        seen = (await threads.take_window(THREAD)).summary
        await threads.strike(THREAD, ["m1"])
        made = Summary("of what was deleted", 2, seen.version + 1, "model")
        assert not await threads.fold(THREAD, seen, made)

    async def test_deleted_before_it_was_delivered(self, threads: Threads) -> None:
        await talk(threads, 1)
        assert await threads.strike(THREAD, ["m2"], ["e2"]) == Struck()
        assert await threads.begin(message(2)) is Begun.DUPLICATE
        holders = await threads.holders(("discord", "g1", "c1"), ["m9"], ["e9"])
        assert holders == {}
        late = ThreadKey("discord", "g1", "c1", "m9")
        assert await threads.begin(message(9, thread=late)) is Begun.DUPLICATE

    async def test_an_edit_does_not_bring_it_back(self, threads: Threads) -> None:
        await talk(threads, 1)
        await threads.strike(THREAD, ["m1"], ["e1"])
        assert await threads.amend(edit(1, "again", 9.0), rewording) is Amended.UNKNOWN
        assert await threads.begin(edit(1, "again", 9.0)) is Begun.DUPLICATE

    async def test_unusual_words_do_no_harm(self, threads: Threads) -> None:
        odd = 'quo"te \\ / \x00 \ud83d \U0001f9f5 </ref> ["m2"]'
        turn = await begun(threads, 1, text=odd)
        await threads.renew(turn.lease, Draft(refs=(MessageRef("t/1", "a1"),)))
        await threads.begin(message(2, text=odd))
        await threads.strike(THREAD, ["m2"])
        await commit(threads, turn)
        await threads.strike(THREAD, ["nothing"])
        assert (await texts(threads))[0] == odd
        assert await threads.strike(THREAD, ["m1"]) == Struck(1)


class TestFinding:
    async def test_loose_conversations_and_those_that_a_message_began(
        self, threads: Threads
    ) -> None:
        began = ThreadKey("discord", "g1", "c1", "m1")
        for thread, position in ((began, 1), (OTHER, 2)):
            turn = await begun(threads, position, thread=thread, loose=thread is OTHER)
            await commit(threads, turn)
        place = ("discord", "g1", "c1")
        found = await threads.holders(place, ["m1", "m2", "m3"], ["e1", "e2", "e3"])
        assert found == {began: ["m1"], OTHER: ["m2"]}

    async def test_the_newest_messages(self, threads: Threads) -> None:
        assert await threads.newest_messages(THREAD, 3) == ()
        await talk(threads, 1, 2)
        newest = await threads.newest_messages(THREAD, 3)
        assert [each[:2] for each in newest] == ["a-", "m2", "a-"]


class TestPlacesAndPeople:
    async def test_a_channel_goes_with_all_its_threads(
        self, threads: Threads, client: Redis
    ) -> None:
        elsewhere = ThreadKey("discord", "g1", "c2", "t1")
        for thread, position in ((THREAD, 1), (OTHER, 2), (elsewhere, 3)):
            turn = await begun(threads, position, thread=thread, text="SECRET", loose=True)
            await commit(threads, turn)
        running = await begun(threads, 4)
        assert await threads.forget_channel(("discord", "g1", "c1")) == 2
        assert await threads.forget_channel(("discord", "g1", "c1")) == 0
        assert [thread async for thread in threads.all_threads()] == [elsewhere]
        assert await threads.renew(running.lease) is Signal.LOST
        assert (await everything(client)).count("SECRET") == 2
        assert await threads.forget_channel(("discord", "g1", "c2")) == 1
        assert "SECRET" not in await everything(client)

    async def test_a_thread_that_is_gone_leaves_nothing_for_long(
        self, threads: Threads, client: Redis
    ) -> None:
        await talk(threads, 1)
        assert (await threads.drop(THREAD)).messages == 2
        assert (await threads.drop(THREAD)).messages == 0
        assert 0 < await client.ttl(ThreadKeys(THREAD).meta) <= 600

    async def test_a_person_goes_and_the_others_stay(self, threads: Threads, client: Redis) -> None:
        elsewhere = ThreadKey("discord", "g2", "c1", "t1")
        for thread in (THREAD, OTHER, elsewhere):
            first = 1 if thread is THREAD else 11 if thread is OTHER else 21
            turn = await begun(threads, first, thread=thread, text="SECRET of Ada")
            await commit(threads, turn, names={"u1": "Ada"})
            turn = await begun(threads, first + 1, thread=thread, author=BEN, text="Ben's")
            await commit(threads, turn, names={"u2": "Ben"})
        await threads.fold(THREAD, Summary(), Summary("Ada's SECRET", 2, 1, "model"))
        waits = await begun(threads, 31, author=BEN)
        await threads.begin(message(32, text="another SECRET"))
        found = dict(await threads.forget_person("discord", "g1", "u1"))
        assert found[THREAD] == Struck(1, 1, unsummarised=True, withdrawn=True)
        assert found[OTHER] == Struck(1)
        assert (await everything(client)).count("SECRET") == 2
        assert await threads.authors(THREAD) == {"u2"}
        assert (await threads.take_window(THREAD)).names == {"u2": "Ben"}
        assert set(await threads.usage(date(2023, 11, 14))) == {
            ("discord", "g1", "u2"),
            ("discord", "g2", "u1"),
            ("discord", "g2", "u2"),
        }
        assert await threads.renew(waits.lease) is Signal.WITHDRAWN
        assert await threads.forget_person("discord", "g1", "u1") == []
        await threads.forget_person("discord", "g2", "u1")
        left = await everything(client)
        assert "SECRET" not in left
        assert "Ada" not in left


async def test_what_is_left_over_is_kept_until_it_is_gone(threads: Threads) -> None:
    left = [Leftover(THREAD, MessageRef("t1", name)) for name in ("a1", "a2")]
    await threads.leave_over([])
    await threads.leave_over(left)
    await threads.leave_over(left)
    assert await threads.due_leftovers() == []
    for each in left:
        await threads.leftover_deleted(each)


@pytest.mark.parametrize("place", ["queue", "mail", "log"])
async def test_an_edit_loses_no_race(
    threads: Threads, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever changes the same message between reading and writing is read again."""
    turn = await begun(threads, 1)
    position = {"queue": 2, "mail": 1, "log": 1}[place]
    await threads.begin(message(2))
    if place == "log":
        await commit(threads, turn)
    raced = False

    async def racing(entry: Entry, event: Incoming) -> Entry:
        nonlocal raced
        if not raced:
            raced = True
            await threads.amend(edit(position, "meanwhile", 7.0), rewording)
        return await rewording(entry, event)

    kept = Threads._kept

    async def slowly(self: Threads, event: Incoming) -> object:
        found = await kept(self, event)
        if place != "log" and not raced:
            await racing(Entry("user", "", 0.0), event)
        return found

    monkeypatch.setattr(Threads, "_kept", slowly)
    assert await threads.amend(edit(position, "last", 8.0), racing) is Amended.DONE
    assert await threads.amend(edit(position, "first", 6.0), racing) is Amended.SAME


async def test_what_an_older_process_has_stored_is_found(threads: Threads, client: Redis) -> None:
    """It keeps no note of which entry holds which message."""
    await talk(threads, 1, 2)
    meta = ThreadKeys(THREAD).meta
    await client.hdel(meta, "entry:m2")
    await client.hset(meta, "indexed", "2")
    await talk(threads, 3)
    assert await threads.strike(THREAD, ["m2"], ["e2"]) == Struck(1)
    assert await client.hget(meta, "indexed") == b"6"
    await talk(threads, 4)
    assert await client.hget(meta, "indexed") == b"8"
