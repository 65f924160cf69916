"""Where the bot answers on Discord: in a thread if one can be made, else in place."""

from __future__ import annotations

import pytest

from tests.flows.weavers import MAKE_THREAD, panel, weavers
from tests.servers import Valkey
from tests.simulators.discord_sim import Channel, Message
from tests.simulators.openai_sim import Answer


def reply_in(channel: Channel, asked: Message) -> list[str]:
    """What stands in a channel as visible replies to a message."""
    return [m.content for m in channel.messages.values() if m.reply_to is asked and not m.deleted]


async def test_the_thread_is_named_after_the_question(server: Valkey) -> None:
    async with weavers(server) as here:
        long = "Could somebody explain **why** the loom `jams` whenever " + "the weft is red " * 20
        here.openai.script.append(Answer("Because the red yarn is thicker."))
        asked = await here.ask(here.ada, long)
        thread = await here.thread_of(asked)
        await here.until_said(thread, "Because the red yarn is thicker.")
        assert thread.name.startswith("Could somebody explain why the loom jams whenever the weft")
        assert thread.name.endswith("…")
        assert len(thread.name) <= 100
        assert thread.parent is here.general
        assert here.said(here.general) == []


async def test_a_mention_in_a_thread_is_answered_in_that_thread(server: Valkey) -> None:
    async with weavers(server) as here:
        thread = await here.sim.start_thread(here.general, None, "colours", here.ben)
        here.openai.script.append(Answer("Blue goes with red."))
        await here.ask(here.ada, "what goes with red?", thread)
        await here.until_said(thread, "Blue goes with red.")
        assert here.sim.calls_by_route()[MAKE_THREAD] == 0


@pytest.mark.parametrize("stage", [False, True], ids=["voice", "stage"])
async def test_voice_text_is_answered_in_place(server: Valkey, stage: bool) -> None:
    async with weavers(server) as here:
        add = here.sim.add_stage_channel if stage else here.sim.add_voice_channel
        voice = await add(here.guild, "loft")
        here.openai.script.append(Answer("I can hear you."))
        asked = await here.ask(here.ada, "do you hear me?", voice)
        await here.until_said(voice, "I can hear you.")
        assert reply_in(voice, asked) == ["I can hear you."]
        assert here.sim.calls_by_route()[MAKE_THREAD] == 0


async def test_a_private_thread_is_a_conversation_of_those_who_are_in_it(server: Valkey) -> None:
    async with weavers(server) as here:
        thread = await here.sim.start_thread(here.general, None, "secret", here.ada, private=True)
        thread.members.add(here.sim.bot.id)
        await here.sim.say(thread, here.ada, "the colour is ultramarine")
        here.openai.script.extend([Answer("Ultramarine."), Answer("It is made of lapis.")])
        await here.ask(here.ada, "which colour?", thread)
        await here.until_said(thread, "Ultramarine.")
        assert "the colour is ultramarine" in here.openai.chats[0].text
        await here.sim.say(thread, here.ada, "made of what?")
        await here.until_said(thread, "Ultramarine.", "It is made of lapis.")
        await here.settled()
        # Who was not invited finds nothing of it, whatever they look for.
        found = await here.sim.slash(here.general, here.ben, "recall", query="ultramarine lapis")
        assert panel(await found.answered()).startswith("I find nothing about")
        listed = await here.sim.autocomplete(here.general, here.ben, "summary", "thread", "")
        assert await listed.completed() == []
        here.check()


async def test_an_announcement_channel_gets_a_thread(server: Valkey) -> None:
    async with weavers(server) as here:
        news = await here.sim.add_announcement_channel(here.guild, "news")
        here.openai.script.append(Answer("The fair is in May."))
        thread = await here.thread_of(await here.ask(here.ada, "when is the fair?", news))
        await here.until_said(thread, "The fair is in May.")


async def test_without_the_permission_it_answers_in_place(server: Valkey) -> None:
    async with weavers(server) as here:
        await here.sim.deny(here.general, "create_public_threads")
        here.openai.script.extend([Answer("In place then."), Answer("And again.")])
        first = await here.ask(here.ada, "may you?")
        await here.sim.until(lambda: reply_in(here.general, first) == ["In place then."])
        second = await here.ask(here.ada, "still not?")
        await here.sim.until(lambda: reply_in(here.general, second) == ["And again."])
        # Two mentions in a channel are two conversations.
        assert here.openai.chats[1].texts("assistant") == []
        assert here.sim.invalid_requests <= 1


async def test_a_refusal_is_learnt_when_permissions_do_not_tell(server: Valkey) -> None:
    async with weavers(server) as here:
        fault = here.sim.faults.add(MAKE_THREAD, code=50013)
        here.openai.script.extend([Answer("In place then."), Answer("And again.")])
        first = await here.ask(here.ada, "may you?")
        await here.sim.until(lambda: reply_in(here.general, first) == ["In place then."])
        second = await here.ask(here.ada, "still not?")
        await here.sim.until(lambda: reply_in(here.general, second) == ["And again."])
        assert fault.times == 0
        assert here.sim.calls_by_route()[MAKE_THREAD] == 1


async def test_a_long_wait_for_a_thread_is_not_waited_out(server: Valkey) -> None:
    async with weavers(server) as here:
        # Longer than is looked for the answer.
        here.sim.faults.rate_limit(MAKE_THREAD, 1000.0)
        here.openai.script.append(Answer("Here I am."))
        asked = await here.ask(here.ada, "quick question")
        await here.sim.until(lambda: reply_in(here.general, asked) == ["Here I am."])
        [message] = here.posts(here.general)
        assert message.history[0] in ("Here I am.", "Here I ", "Here")
        assert here.sim.thread_of(asked) is None


async def test_a_short_wait_for_a_thread_is_waited_out(server: Valkey) -> None:
    async with weavers(server) as here:
        here.sim.faults.rate_limit(MAKE_THREAD, 2.0)
        here.openai.script.append(Answer("Here I am."))
        thread = await here.thread_of(await here.ask(here.ada, "quick question"))
        await here.until_said(thread, "Here I am.")


async def test_a_thread_that_stands_already_is_used(server: Valkey) -> None:
    async with weavers(server) as here:
        here.sim.faults.add(MAKE_THREAD, drop=True, after_effect=True)
        here.openai.script.append(Answer("Only one thread."))
        asked = await here.ask(here.ada, "hello hello")
        thread = await here.thread_of(asked)
        await here.until_said(thread, "Only one thread.")
        assert [r.status for r in here.sim.requests if r.route == MAKE_THREAD][-1] == 400
        assert here.said(here.general) == []


async def test_an_archived_thread_is_opened_again(server: Valkey) -> None:
    async with weavers(server) as here:
        thread = await here.conversation()
        answer = Answer("Still here.").hold()
        here.openai.script.append(answer)
        await here.sim.say(thread, here.ada, "are you there?")
        await here.until_asked(2)
        await here.sim.archive(thread)
        answer.release_all()
        await here.until_said(thread, "Hello Ada, how are you?", "Still here.")


async def test_a_bare_mention_gets_a_greeting_that_says_what_to_do(server: Valkey) -> None:
    async with weavers(server) as here:
        asked = await here.sim.say(here.general, here.ada, here.mention)
        thread = await here.thread_of(asked)
        [greeting] = await here.sim.until(lambda: here.posts(thread))
        assert thread.name == "Chat with Ada"
        assert greeting.content.startswith("Hello!")
        assert "just write" in greeting.content
        assert here.openai.chats == []
        # The thread is the bot's now.
        here.openai.script.append(Answer("Seven."))
        await here.sim.say(thread, here.ada, "how many shafts?")
        await here.until_said(thread, greeting.content, "Seven.")
