"""Searching past conversations: found where they may be read, and only as they stand now."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.audience import Audience, grant, imports_of
from bot.chat import ThreadKey
from bot.memories import Filter, Kind
from bot.records import Entry, Summary, Tally
from bot.storage.keys import place_of
from tests.units.searching.desk import ADA, CHANNEL, OTHER, PLACE, THREAD, Desk, here

ASKED = "Which queue shall we take for invoices?"
ANSWER = "RabbitMQ, since you run it already."


async def test_what_was_said_in_the_channel_is_found_with_where_and_when(desk: Desk) -> None:
    id = await desk.say(ASKED, ANSWER, OTHER)
    (first, *_) = await desk.searching.search(here(), "rabbitmq")
    assert first.said is not None and first.memory is None
    assert (first.said.thread, first.said.seq, first.said.role) == (OTHER, 2, "assistant")
    assert first.said.text == ANSWER and first.said.message_ids == (f"a{id}",)
    (question, *_) = await desk.searching.search(here(), "which queue for invoices, Ada?")
    assert question.said is not None and question.said.author == "Ada"
    assert question.said.at == desk.clock() + 1 and question.said.message_ids == (id,)


async def test_an_answer_without_the_words_is_found_by_its_question(desk: Desk) -> None:
    await desk.say(ASKED, "RabbitMQ.")
    await desk.say("Is it raining?", "No.")
    assert (await desk.find("queue for invoices"))[:2] == [ASKED, "RabbitMQ."]
    assert "No." not in await desk.find("queue for invoices")


async def test_memories_and_turns_are_found_together_or_memories_alone(desk: Desk) -> None:
    await desk.say(ASKED, ANSWER)
    await desk.remember("The queue for invoices is RabbitMQ")
    assert set(await desk.find("rabbitmq queue")) == {
        ASKED,
        ANSWER,
        "The queue for invoices is RabbitMQ",
    }
    assert await desk.find("rabbitmq", said=False) == ["The queue for invoices is RabbitMQ"]
    facts = Filter(kinds=frozenset({Kind.FACT}))
    assert await desk.find("rabbitmq", filter=facts) == []


async def test_a_thread_that_few_read_is_found_from_itself_alone(desk: Desk) -> None:
    await desk.say("The salary is a secret", "I see.", OTHER, confined=True)
    await desk.say("hello", "hi", THREAD)
    assert await desk.find("salary") == []
    inside = grant(Audience(*PLACE, OTHER, confined=True), ADA)
    assert (await desk.find("salary", inside))[0] == "The salary is a secret"
    assert await desk.find("hello", inside) == []
    # It is not written anywhere as one of the channel's.
    changed, _ = await desk.threads.changed({PLACE: 0}, ())
    assert changed[PLACE].threads == (THREAD,)


async def test_a_thread_that_becomes_closed_or_open_is_so_at_once(desk: Desk) -> None:
    await desk.say("the word is marmalade", "ok", OTHER)
    assert await desk.find("marmalade") != []
    await desk.say("just us now", "ok", OTHER, confined=True)
    assert await desk.find("marmalade") == []
    await desk.say("open again", "ok", OTHER)
    assert await desk.find("marmalade") != []


@pytest.mark.parametrize(
    "elsewhere",
    [
        replace(THREAD, channel="c2"),
        replace(THREAD, space="g2"),
        replace(THREAD, platform="slack"),
    ],
)
async def test_other_places_are_never_looked_into(desk: Desk, elsewhere: ThreadKey) -> None:
    await desk.say("the word is marmalade", "ok", elsewhere)
    assert await desk.find("marmalade") == []
    assert await desk.find("marmalade", here(elsewhere)) != []
    assert await desk.find("marmalade", replace(here(elsewhere), channels=())) != []
    assert await desk.find("marmalade", replace(here(elsewhere), channels=(), threads=())) == []


async def test_another_process_hears_each_turn_edit_and_deletion_at_once(desk: Desk) -> None:
    async with desk.another() as other:
        assert await other.find("marmalade") == []
        first = await desk.say("the word is marmalade", "ok")
        assert len(await other.find("marmalade")) == 2
        await desk.say("more about marmalade", "and butter")
        assert len(await other.find("marmalade")) == 4
        assert (await other.find("butter"))[0] == "and butter"
        await other.threads.strike(THREAD, [first])
        for each in (desk, other):
            assert "the word is marmalade" not in await each.find("marmalade")
            assert "more about marmalade" in await each.find("marmalade")
        await desk.threads.forget(THREAD)
        assert await other.find("marmalade butter ok") == []
        await desk.say("nothing but jam", "ok")
        assert (await other.find("jam"))[0] == "nothing but jam"
        assert await other.find("marmalade") == []


async def test_one_thread_of_many_that_goes_away_is_noticed(desk: Desk) -> None:
    keys = [replace(THREAD, thread=f"t{number}") for number in range(12)]
    for number, key in enumerate(keys):
        await desk.say(f"topic{number} apple", "ok", key)
    assert len(await desk.find("apple", limit=50)) == 24
    await desk.threads.forget(keys[3])
    await desk.say("topic12 apple", "ok", keys[5])
    found = await desk.find("apple", limit=50)
    assert len(found) == 24 and "topic3 apple" not in found and "topic12 apple" in found
    await desk.threads.forget_channel(PLACE)
    assert await desk.find("apple") == []


async def test_an_emptied_store_is_noticed(desk: Desk) -> None:
    await desk.say("apple", "ok")
    assert await desk.find("apple") != []
    await desk.client.flushall()
    assert await desk.find("apple") == []
    await desk.say("pear", "ok")
    assert (await desk.find("pear"))[0] == "pear" and await desk.find("apple") == []


async def test_what_is_in_view_already_is_not_found_for_a_context(desk: Desk) -> None:
    await desk.say("apple one", "ok")
    await desk.say("apple two", "ok")
    await desk.say("apple three", "ok", OTHER)
    packed = await desk.searching.context(here(), "apple", max_tokens=1_000, besides=[(THREAD, 3)])
    texts = [found.said.text for found in packed.found if found.said is not None]
    assert "apple one" in texts and "apple three" in texts and "apple two" not in texts


async def test_imported_conversations_are_found_by_whose_they_are(desk: Desk) -> None:
    thread = ThreadKey(*imports_of(ADA), "chat1")
    entries = [Entry("user", "tell me of zeppelins", 1.0, "u1", "Ada", seq=1)]
    await desk.threads.restore(thread, entries, Summary(), Tally(), {})
    assert await desk.find("zeppelins", here(alone=ADA)) == ["tell me of zeppelins"]
    assert await desk.find("zeppelins") == []


async def test_of_a_restored_thread_nobody_knows_who_reads_it_until_it_goes_on(
    desk: Desk,
) -> None:
    entries = [Entry("user", "tell me of zeppelins", 1.0, "u1", "Ada", seq=1)]
    await desk.threads.restore(OTHER, entries, Summary(), Tally(), {})
    assert await desk.find("zeppelins") == []
    assert await desk.find("zeppelins", here(OTHER)) != []
    await desk.say("and?", "they fly", OTHER)
    assert await desk.find("zeppelins") != []
    await desk.threads.restore(OTHER, entries, Summary(), Tally(), {}, replacing=True)
    assert await desk.find("zeppelins") == ["tell me of zeppelins"]


async def test_long_conversations_are_read_bit_by_bit_and_then_only_what_is_new(
    desk: Desk,
) -> None:
    entries = [
        Entry("user", f"line{number} of the saga", float(number), "u1", "Ada", seq=number)
        for number in range(1, 1_201)
    ]
    direct = ThreadKey("discord", "@me", "d1", "d1")
    await desk.threads.restore(direct, entries, Summary(), Tally(), {}, confined=False)
    mine = here(direct, alone=ADA, direct=True)
    assert (await desk.find("line1200", mine))[0] == "line1200 of the saga"
    await desk.say("one more", "the end", direct)
    assert (await desk.find("the end", mine))[0] == "the end"
    assert (await desk.find("line7", mine))[0] == "line7 of the saga"


async def test_forgetting_leaves_nothing_of_the_index_behind(desk: Desk) -> None:
    await desk.say("apple", "ok")
    keys = [key.decode() async for key in desk.client.scan_iter()]
    assert any(":said:" in key for key in keys)
    await desk.threads.forget(THREAD)
    assert place_of(THREAD) == PLACE and CHANNEL.channel == "c1"
    keys = [key.decode() async for key in desk.client.scan_iter()]
    assert not any(":said:" in key for key in keys)
