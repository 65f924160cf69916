"""Whose turn it is to be heard, and what the bot knows: threads, replies, messages, restarts."""

from __future__ import annotations

from tests.flows.weavers import HISTORY, Weavers, asked_last, weavers
from tests.servers import Valkey
from tests.simulators.discord_sim import Channel
from tests.simulators.openai_sim import Answer


async def test_a_thread_goes_on_without_mention_also_after_a_restart(server: Valkey) -> None:
    async with weavers(server) as here:
        thread = await here.conversation("I weave with red yarn", "Red is fine.")
        assert await here.stage.stop() == 0
        await here.stage.start()
        here.openai.script.append(Answer("You weave with red yarn."))
        await here.sim.say(thread, here.ada, "what do I weave with?")
        await here.until_said(thread, "Red is fine.", "You weave with red yarn.")
        last = here.openai.chats[-1]
        assert last.texts("user")[0] == "Ada: I weave with red yarn"
        assert last.texts("assistant") == ["Red is fine."]
        assert asked_last(last) == "Ada: what do I weave with?"


async def test_elsewhere_only_a_mention_counts(server: Valkey) -> None:
    async with weavers(server) as here:
        foreign = await here.sim.start_thread(here.general, None, "knots", here.ben)
        await here.sim.say(foreign, here.ada, "nobody asked the bot")
        await here.sim.say(here.general, here.ada, "here neither")
        await here.sim.say(here.general, here.ada, f"<@{here.ben.id}> hello")
        # What comes later in the same connection is handled after it.
        thread = await here.conversation("now you", "Yes, me.")
        assert here.said(foreign) == []
        assert here.said(here.general) == []
        assert here.said(thread) == ["Yes, me."]
        assert len(here.openai.chats) == 1
        assert "nobody asked" not in await here.stored()


async def _filled(here: Weavers, messages: int) -> Channel:
    thread = await here.sim.start_thread(here.general, None, "knots", here.ben)
    for number in range(messages):
        who = here.ada if number % 2 else here.ben
        await here.sim.say(thread, who, f"fact {number:03d}")
    return thread


async def test_a_call_into_a_thread_reads_what_was_said_before_once(server: Valkey) -> None:
    async with weavers(server) as here:
        thread = await _filled(here, 130)
        here.openai.script.extend([Answer("Fact 000."), Answer("Fact 129.")])
        await here.ask(here.ada, "what was the first fact?", thread)
        await here.until_said(thread, "Fact 000.")
        [request] = here.openai.chats
        context = request.texts("user")[0]
        assert context.startswith("[Earlier messages of this thread.")
        lines = context.splitlines()[1:]
        assert lines[0] == "Ben: fact 000"
        assert lines[-1] == "Ada: fact 129"
        assert len(lines) == 130
        assert asked_last(request) == "Ada: what was the first fact?"
        assert here.sim.calls_by_route()[HISTORY] == 2

        await here.sim.say(thread, here.ben, "and the last?")
        await here.until_said(thread, "Fact 000.", "Fact 129.")
        assert here.openai.chats[1].texts("user")[0] == context
        assert here.sim.calls_by_route()[HISTORY] == 2


async def test_of_a_long_thread_the_newest_part_is_read(server: Valkey) -> None:
    async with weavers(server) as here:
        thread = await _filled(here, 215)
        here.openai.script.append(Answer("Fact 214."))
        await here.ask(here.ada, "what was the last fact?", thread)
        await here.until_said(thread, "Fact 214.")
        lines = here.openai.chats[0].texts("user")[0].splitlines()[1:]
        assert lines[0] == "[Earlier messages of this thread are not shown.]"
        assert lines[1] == "Ada: fact 015"
        assert lines[-1] == "Ben: fact 214"
        assert len(lines) == 201


async def test_the_message_that_started_a_thread_is_context_too(server: Valkey) -> None:
    async with weavers(server) as here:
        first = await here.sim.say(here.general, here.ben, "my loom squeaks")
        thread = await here.sim.start_thread(here.general, first, "squeak", here.ben)
        await here.sim.say(thread, here.ben, "any idea?")
        here.openai.script.append(Answer("Oil it."))
        await here.ask(here.ada, "what does Ben need?", thread)
        await here.until_said(thread, "Oil it.")
        context = here.openai.chats[0].texts("user")[0]
        assert context.splitlines()[1:] == [
            "Ben: (started this thread) my loom squeaks",
            "Ben: any idea?",
        ]


async def test_an_unreadable_past_does_not_stand_in_the_way(server: Valkey) -> None:
    async with weavers(server) as here:
        thread = await _filled(here, 3)
        await here.sim.deny(here.general, "read_message_history")
        here.openai.script.append(Answer("I can't see them."))
        await here.ask(here.ada, "what was said?", thread)
        await here.until_said(thread, "I can't see them.")
        assert asked_last(here.openai.chats[0]) == "Ada: what was said?"


async def test_direct_messages_need_no_mention(server: Valkey) -> None:
    async with weavers(server) as here:
        dm = here.sim.open_dm(here.ada)
        here.openai.script.extend([Answer("Hello in private."), Answer("You said psst.")])
        await here.sim.say(dm, here.ada, "psst")
        await here.until_said(dm, "Hello in private.")
        await here.settled()
        assert await here.stage.stop() == 0
        await here.stage.start()
        await here.sim.say(dm, here.ada, "what did I say?")
        await here.until_said(dm, "Hello in private.", "You said psst.")
        assert here.openai.chats[1].texts("assistant") == ["Hello in private."]
        assert [m.reply_to for m in here.posts(dm)] == [None, None]


async def test_replies_continue_a_conversation_outside_threads(server: Valkey) -> None:
    async with weavers(server) as here:
        voice = await here.sim.add_voice_channel(here.guild, "loft")
        here.openai.script.extend([Answer("One."), Answer("Two."), Answer("Three.")])
        await here.ask(here.ada, "count with me", voice)
        await here.until_said(voice, "One.")
        await here.settled()

        await here.sim.say(voice, here.ben, "go on", reply_to=here.posts(voice)[0], ping=False)
        await here.until_said(voice, "One.", "Two.")
        assert here.openai.chats[1].texts("assistant") == ["One."]
        await here.settled()

        assert await here.stage.stop() == 0
        await here.stage.start()
        await here.sim.say(voice, here.ada, "and on", reply_to=here.posts(voice)[1], ping=False)
        await here.until_said(voice, "One.", "Two.", "Three.")
        assert here.openai.chats[2].texts("assistant") == ["One.", "Two."]


async def test_a_reply_to_a_person_between_is_part_of_the_conversation(server: Valkey) -> None:
    async with weavers(server) as here:
        voice = await here.sim.add_voice_channel(here.guild, "loft")
        here.openai.script.extend([Answer("One."), Answer("Two.")])
        asked = await here.ask(here.ada, "count with me", voice)
        await here.until_said(voice, "One.")
        await here.settled()
        await here.sim.say(voice, here.ben, "I mean from two", reply_to=asked, ping=False)
        await here.until_said(voice, "One.", "Two.")
        assert here.openai.chats[1].texts("assistant") == ["One."]


async def test_a_mention_that_replies_to_somebody_brings_their_words(server: Valkey) -> None:
    async with weavers(server) as here:
        said = await here.sim.say(here.general, here.ben, "The warp is cotton.\nThe weft is wool.")
        here.openai.script.append(Answer("Good choice."))
        asked = await here.sim.say(
            here.general, here.ada, f"{here.mention} is that good?", reply_to=said, ping=False
        )
        await here.until_asked(1)
        text = asked_last(here.openai.chats[0])
        assert text == (
            "Ada: > Ben wrote:\n> The warp is cotton.\n> The weft is wool.\n\nis that good?"
        )
        thread = await here.thread_of(asked)
        await here.until_said(thread, "Good choice.")
        assert thread.name == "is that good?"
