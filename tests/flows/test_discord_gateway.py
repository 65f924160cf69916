"""The whole bot when Discord repeats, mixes up, takes away and throws out."""

from __future__ import annotations

import asyncio

import pytest

from tests.flows.look import until_stored
from tests.flows.weavers import PATCH, weavers
from tests.servers import Valkey
from tests.simulators.openai_sim import Answer

BEGINNING = "Once upon a time there was a loom. "
STORY = f"{BEGINNING}The end."


async def test_what_comes_twice_and_out_of_order_is_answered_once(server: Valkey) -> None:
    async with weavers(server) as here:
        thread = await here.conversation()
        held = Answer([BEGINNING, "The end."]).hold(after=1)
        here.openai.script.extend([held, Answer("To all of you.")])
        await here.sim.say(thread, here.ada, "tell me a story")
        await here.sim.until(lambda: len(here.said(thread)) == 2)
        first = await here.sim.say(thread, here.ada, "the first", event=False)
        second = await here.sim.say(thread, here.ben, "the second")
        for message in (first, second, first, second):
            await here.sim.redeliver(message)
        await until_stored(server, True, "the first", "the second")
        held.release_all()
        await here.until_said(thread, "Hello Ada, how are you?", STORY, "To all of you.")
        for message in (second, first):
            await here.sim.redeliver(message)
        await here.settled()
        people = "\n".join(here.openai.chats[-1].texts("user"))
        assert people.count("Ada: the first") == people.count("Ben: the second") == 1
        assert people.index("Ada: the first") < people.index("Ben: the second")
        assert len(here.openai.chats) == 3


@pytest.mark.parametrize("locked", [False, True], ids=["archived", "locked"])
async def test_a_thread_that_is_closed_while_the_answer_grows(server: Valkey, locked: bool) -> None:
    async with weavers(server) as here:
        thread = await here.conversation()
        await here.sim.deny(here.general, "manage_threads")
        held = Answer([BEGINNING, "The end."]).hold(after=1)
        here.openai.script.append(held)
        await here.sim.say(thread, here.ada, "tell me a story")
        await here.sim.until(lambda: len(here.said(thread)) == 2)
        await here.sim.archive(thread, locked=locked)
        held.release_all()
        await here.settled()
        assert here.said(thread)[1] == (BEGINNING.strip() if locked else STORY)
        assert thread.archived is locked
        refused = [r for r in here.sim.requests if r.route == PATCH and r.status >= 400]
        assert len(refused) <= 2
        await here.conversation("somewhere else", "Gladly.")


async def test_another_bot_is_not_answered(server: Valkey) -> None:
    async with weavers(server) as here:
        other = here.sim.add_user("other", bot=True)
        thread = await here.conversation()
        await here.ask(other, "hello, colleague")
        await here.sim.say(thread, other, "are you there?")
        here.openai.script.append(Answer("To Ada."))
        await here.sim.say(thread, here.ada, "go on")
        await here.until_said(thread, "Hello Ada, how are you?", "To Ada.")
        assert len(here.openai.chats) == 2
        assert "colleague" not in await here.stored()


async def test_what_was_said_in_a_server_is_erased_when_the_bot_is_removed(
    server: Valkey,
) -> None:
    async with weavers(server) as here:
        other = await here.sim.add_guild("Dyers")
        vat = await here.sim.add_text_channel(other, "vat")
        here.openai.script.append(Answer("It is ultramarine."))
        thread = await here.thread_of(await here.ask(here.ada, "remember ultramarine", vat))
        await here.until_said(thread, "It is ultramarine.")
        await here.conversation("remember madder", "It is madder.")
        await here.settled()
        await here.sim.outage(here.guild)
        await here.sim.leave_guild(other)
        left = ["all"]
        async with asyncio.timeout(50):
            while left:
                words = await here.stored()
                # A mark stays for a day, so that what is delivered late is forgotten as well.
                kept = [line for line in words.splitlines() if ":meta = " not in line]
                left = [line for line in kept if str(vat.id) in line]
        assert "ultramarine" not in words
        assert "madder" in words
