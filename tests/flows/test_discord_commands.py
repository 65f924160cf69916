"""Commands on Discord, as slash commands and typed."""

from __future__ import annotations

import asyncio
import json

import pytest

from bot.transfer import read_export
from tests.flows.weavers import COMMANDS, POST, Weavers, panel, weavers
from tests.servers import Valkey
from tests.simulators.discord_sim import Channel, Message
from tests.simulators.openai_sim import Answer

SECRET = "the colour is ultramarine"
BEGINNING = "Once upon a time there was a loom. "


async def _private(here: Weavers, channel: Channel, name: str, **options: object) -> Message:
    """Ada calls a command; the answer, which only she sees."""
    call = await here.sim.slash(channel, here.ada, name, **options)
    answer = await call.answered()
    assert call.ephemeral
    return answer


async def test_commands_are_told_once(server: Valkey) -> None:
    async with weavers(server) as here:
        assert {command["name"] for command in here.sim.commands} == {
            "ask",
            "leave",
            "persona",
            "settings",
            "remember",
            "memories",
            "recall",
            "link",
            "connect",
            "summary",
            "forget",
            "stop",
            "usage",
            "export",
            "help",
            "Ask about this",
            "Remember this",
            "Summarise from here",
            "Forget this thread",
        }
        assert await here.stage.stop() == 0
        await here.stage.start()
        assert here.sim.calls_by_route()[COMMANDS] == 1


async def test_help_tells_how_to_talk_to_the_bot(server: Valkey) -> None:
    async with weavers(server) as here:
        told = await _private(here, here.general, "help")
        assert told.content.startswith("Mention me in a channel and I answer in a thread")
        for command in here.sim.commands:
            assert command["type"] == 3 or f"`/{command['name']}`" in told.content


async def test_forget_leaves_nothing_behind(server: Valkey) -> None:
    async with weavers(server) as here:
        thread = await here.conversation(f"remember: {SECRET}", "It is ultramarine.")
        assert "ultramarine" in await here.stored()
        told = await _private(here, thread, "forget", sure=True)
        assert told.content == (
            "Forgotten: 2 messages, 1 name and that I take part in this thread. Nothing that was "
            "said here is left in my store, only how many tokens each person used per day. What "
            "stands in the chat stays there. Mention me to begin again."
        )
        left = await here.stored()
        assert "ultramarine" not in left
        assert "Ada" not in left
        again = await _private(here, thread, "forget", sure=True)
        assert again.content == "I keep nothing about this thread."

        await here.sim.say(thread, here.ada, "nobody listens to this")
        here.openai.script.append(Answer("Which colour?"))
        await here.ask(here.ada, "what colour?", thread)
        await here.until_said(thread, "It is ultramarine.", "Which colour?")
        assert len(here.openai.chats) == 2
        assert "ultramarine" not in here.openai.chats[1].text


async def test_what_was_forgotten_is_not_read_again_from_the_chat(server: Valkey) -> None:
    async with weavers(server) as here:
        thread = await here.sim.start_thread(here.general, None, "paint", here.ben)
        await here.sim.say(thread, here.ben, f"I say {SECRET}")
        here.openai.script.extend([Answer("Blue."), Answer("Which colour?")])
        await here.ask(here.ada, "which colour?", thread)
        await here.until_said(thread, "Blue.")
        await here.settled()
        assert SECRET in here.openai.chats[0].text
        told = await _private(here, thread, "forget", sure=True)
        assert told.content.startswith("Forgotten: 3 messages")
        here.sim.world.pass_time(60)
        await here.sim.say(thread, here.ben, "and now for something else")
        await here.ask(here.ada, "what did Ben say?", thread)
        await here.until_said(thread, "Blue.", "Which colour?")
        [context] = here.openai.chats[1].texts("user")[:-1]
        assert context.splitlines()[1:] == [
            "[Earlier messages of this thread are not shown.]",
            "Ben: and now for something else",
        ]


async def test_whoever_was_quoted_may_have_it_forgotten(server: Valkey) -> None:
    """Ben has not spoken to the bot, but what he said before it was called is stored."""
    async with weavers(server) as here:
        thread = await here.sim.start_thread(here.general, None, "planning", here.ben)
        await here.sim.say(thread, here.ben, f"remember: {SECRET}")
        here.openai.script.append(Answer("Noted, Ada."))
        await here.sim.say(thread, here.ada, f"{here.mention} hello there")
        await here.until_said(thread, "Noted, Ada.")
        await here.settled()
        assert SECRET in await here.stored()
        call = await here.sim.slash(thread, here.ben, "forget", sure=True)
        told = await call.answered()
        assert told.content.startswith("Forgotten: 3 messages, 2 names and that I take part")
        left = await here.stored()
        assert "ultramarine" not in left and "Ben" not in left


async def test_forget_ends_the_answer_and_nothing_comes_back(server: Valkey) -> None:
    async with weavers(server) as here:
        thread = await here.conversation(f"remember: {SECRET}", "It is ultramarine.")
        answer = Answer([BEGINNING, "The end of ultramarine."]).hold(1)
        here.openai.script.append(answer)
        await here.sim.say(thread, here.ada, "tell me a story about ultramarine")
        await here.sim.until(lambda: here.said(thread)[-1] == BEGINNING.strip())
        told = await _private(here, thread, "forget", sure=True)
        assert told.content.startswith("Forgotten: 3 messages, 1 name and that I take part")
        assert "The answer I was writing is stopped." in told.content
        await here.openai.until(lambda: here.openai.disconnects)
        await here.sim.until(lambda: "forgotten" in here.said(thread)[-1])
        assert here.said(thread)[-1] == (
            f"{BEGINNING.strip()}\n\n*(stopped: this conversation was forgotten)*"
        )
        assert await here.stage.stop() == 0
        assert "ultramarine" not in await here.stored()
        assert "Once upon" not in await here.stored()


async def test_an_answer_that_just_appears_when_it_is_forgotten_says_so(server: Valkey) -> None:
    """People see it before we are told that it stands."""
    async with weavers(server) as here:
        thread = await here.conversation()
        here.openai.script.append(Answer([BEGINNING, "The end."]).hold(1))
        told = asyncio.Event()
        here.sim.faults.add(POST, after_effect=True, gate=told)
        await here.sim.say(thread, here.ada, "tell me a story")
        await here.sim.until(lambda: here.said(thread)[-1] == BEGINNING.strip())
        await _private(here, thread, "forget", sure=True)
        await here.openai.until(lambda: here.openai.disconnects)
        told.set()
        stopped = f"{BEGINNING.strip()}\n\n*(stopped: this conversation was forgotten)*"
        await here.sim.until(lambda: here.said(thread)[-1] == stopped)


async def test_a_stranger_may_not_and_an_admin_may(server: Valkey) -> None:
    async with weavers(server) as here:
        boss = here.sim.add_user("boss", "Boss")
        role = await here.sim.add_role(here.guild, "Keepers", "manage_threads")
        here.sim.give_role(here.guild, boss, role)
        thread = await here.conversation(f"remember: {SECRET}", "It is ultramarine.")
        for name in ("forget", "summary", "export", "usage", "stop"):
            call = await here.sim.slash(thread, here.ben, name)
            told = await call.answered()
            assert call.ephemeral
            assert told.content == (
                "Only people who took part in this conversation, or an admin, can do that."
            )
        assert "ultramarine" in await here.stored()
        call = await here.sim.slash(thread, boss, "forget", sure=True)
        assert (await call.answered()).content.startswith("Forgotten: 2 messages")
        assert "ultramarine" not in await here.stored()


async def test_a_summary_is_private_unless_it_is_shared(server: Valkey) -> None:
    async with weavers(server) as here:
        thread = await here.conversation("my loom is red", "A red loom.")
        summary = "## Goal\nAda has a red loom.\n\n## Facts\n- The loom is red."
        here.openai.script.extend([Answer(summary), Answer(summary)])
        told = await _private(here, thread, "summary")
        assert "red loom" in told.content
        assert here.said(thread) == ["A red loom."]

        call = await here.sim.slash(thread, here.ada, "summary", share=True)
        await here.sim.until(lambda: len(here.posts(thread)) == 2)
        shared = here.posts(thread)[1]
        assert not shared.ephemeral
        assert "red loom" in shared.content
        assert (await call.answered()).content == "Shown to everybody here."
        # Looking back changes nothing.
        here.openai.script.append(Answer("Red."))
        await here.sim.say(thread, here.ada, "what colour?")
        await here.sim.until(lambda: here.said(thread)[-1] == "Red.")
        assert here.openai.chats[-1].texts("user")[0] == "Ada: my loom is red"


async def test_stop_keeps_what_was_written(server: Valkey) -> None:
    async with weavers(server) as here:
        thread = await here.conversation()
        answer = Answer([BEGINNING, "The end."]).hold(1)
        here.openai.script.append(answer)
        await here.sim.say(thread, here.ada, "tell me a story")
        await here.sim.until(lambda: here.said(thread)[-1] == BEGINNING.strip())
        told = await _private(here, thread, "stop")
        assert told.content == "Stopping. What I had written stays."
        await here.openai.until(lambda: here.openai.disconnects)
        await here.sim.until(lambda: here.said(thread)[-1] == f"{BEGINNING.strip()}\n\n*(stopped)*")
        await here.settled()
        # The store knows of the end a moment before the bot.
        async with asyncio.timeout(20):
            while (idle := await _private(here, thread, "stop")).content.startswith("Stopping."):
                pass
        assert idle.content == "I'm not writing anything here right now."
        here.openai.script.append(Answer("With a loom."))
        await here.sim.say(thread, here.ada, "how did it begin?")
        await here.sim.until(lambda: here.said(thread)[-1] == "With a loom.")
        kept = here.openai.chats[-1].texts("assistant")[-1]
        assert kept == f"{BEGINNING}\n\n[This answer was interrupted here.]"


async def test_stop_before_the_first_word(server: Valkey) -> None:
    async with weavers(server) as here:
        here.openai.script.append(Answer(BEGINNING).hold())
        thread = await here.thread_of(await here.ask(here.ada, "tell me a story"))
        await here.until_asked(1)
        assert (await _private(here, thread, "stop")).content.startswith("Stopping.")
        await here.until_said(thread, "*(stopped)*")
        await here.settled()
        here.openai.script.append(Answer("You wanted a story."))
        await here.sim.say(thread, here.ada, "what did I want?")
        await here.sim.until(lambda: here.said(thread)[-1] == "You wanted a story.")


async def test_usage_tells_what_it_took(server: Valkey) -> None:
    async with weavers(server) as here:
        thread = await here.conversation()
        told = await _private(here, thread, "usage")
        usage = here.openai.chats[0].usage
        assert usage is not None
        assert "- 2 messages stored, 1 answer given" in told.content
        assert f"{usage['prompt_tokens']:,} tokens read" in told.content
        assert f"{usage['completion_tokens']:,} written" in told.content
        assert "cost so far: less than $0.0001" in told.content


async def test_an_export_can_be_read_back(server: Valkey) -> None:
    async with weavers(server) as here:
        thread = await here.conversation("my loom is red", "A *red* loom.")
        told = await _private(here, thread, "export")
        assert told.content == "This conversation, 2 messages."
        markdown, as_json = told.attachments
        assert (markdown.filename[-3:], as_json.filename[-5:]) == (".md", ".json")
        text = markdown.data.decode()
        assert "**Ada**, " in text
        assert "my loom is red" in text
        assert "A *red* loom." in text
        [record] = read_export(as_json.data.decode())
        assert [(e.role, e.author, e.text) for e in record.entries] == [
            ("user", "Ada", "my loom is red"),
            ("assistant", "", "A *red* loom."),
        ]
        assert record.thread.thread == str(thread.id)
        assert isinstance(json.loads(as_json.data), list)


async def test_outside_a_thread_one_chooses(server: Valkey) -> None:
    async with weavers(server) as here:
        nothing = await _private(here, here.general, "summary")
        assert nothing.content.startswith("You have no conversation with me in this channel yet.")
        await here.conversation("about red", "Red it is.")
        thread = await here.conversation("about blue", "Blue it is.")
        told = await _private(here, here.general, "usage")
        assert told.content == (
            "Which conversation do you mean? These are your latest here; for another one write "
            "`/usage` in it."
        )
        [row] = told.components
        [menu] = row["components"]
        assert [option["label"] for option in menu["options"]] == ["about blue", "about red"]
        chosen = menu["options"][0]["value"]
        call = await here.sim.choose(told, here.ada, menu["custom_id"], chosen)
        answer = await call.answered()
        assert call.ephemeral
        assert "2 messages stored" in answer.content
        assert str(thread.id) in chosen
        # Typed to everybody, it can't show a list for one alone.
        for who, said in (
            (here.ada, "Please use /summary here"),
            (here.ben, "You have no convers"),
        ):
            await here.ask(who, "summary")
            await here.sim.until(lambda said=said: said in "".join(here.said(here.general)[-1:]))
        assert len(here.openai.chats) == 2


@pytest.mark.parametrize("typed", ["forget", "!forget", "/forget", "Forget"])
async def test_a_command_can_be_typed_after_a_mention(server: Valkey, typed: str) -> None:
    async with weavers(server) as here:
        thread = await here.conversation(f"remember: {SECRET}", "It is ultramarine.")
        await here.ask(here.ada, typed, thread)
        await here.sim.until(lambda: len(here.said(thread)) == 2)
        asked = here.posts(thread)[1]
        assert panel(asked).startswith("**Forget this conversation?** That erases 2 messages")
        assert "ultramarine" in await here.stored()
        # Only who was asked may say so, and then changes what everybody sees.
        beside = await here.press(asked, here.ben, "Forget it")
        assert panel(beside).startswith("Only whoever asked, or an admin")
        assert beside.ephemeral and "ultramarine" in await here.stored()
        await here.press(asked, here.ada, "Forget it")
        assert panel(asked).startswith("Forgotten: 2 messages")
        assert "ultramarine" not in await here.stored()
        assert len(here.openai.chats) == 1


async def test_a_marked_command_needs_no_mention_in_a_thread(server: Valkey) -> None:
    async with weavers(server) as here:
        thread = await here.conversation("my loom is red", "A red loom.")
        here.openai.script.append(Answer("## Goal\nAda has a red loom.\n\n## Facts\n- It is red."))
        await here.sim.say(thread, here.ada, "!summary share")
        await here.sim.until(lambda: len(here.said(thread)) == 2)
        assert "red loom" in here.said(thread)[1]
        await here.sim.say(thread, here.ada, "!usage foo=bar")
        await here.sim.until(lambda: len(here.said(thread)) == 3)
        assert here.said(thread)[2].startswith("I don't know “foo=bar” after `usage`")
        # The bare word is a message like any other.
        here.openai.script.append(Answer("Of what?"))
        await here.sim.say(thread, here.ada, "summary")
        await here.sim.until(lambda: here.said(thread)[-1] == "Of what?")


async def test_a_typed_command_is_run_once(server: Valkey) -> None:
    async with weavers(server) as here:
        thread = await here.conversation()
        asked = await here.sim.say(thread, here.ada, "!help")
        await here.sim.until(lambda: len(here.said(thread)) == 2)
        await here.sim.redeliver(asked)
        here.openai.script.append(Answer("Yes."))
        await here.sim.say(thread, here.ada, "still here?")
        await here.sim.until(lambda: "Yes." in here.said(thread))
        assert len(here.said(thread)) == 3


async def test_what_is_said_here_is_not_told_to_everybody(server: Valkey) -> None:
    async with weavers(server) as here:
        thread = await here.conversation("my loom is red", "A red loom.")
        await here.sim.say(thread, here.ada, "!usage")
        dm = here.sim.open_dm(here.ada)
        await here.sim.until(lambda: here.said(dm))
        assert here.said(dm)[0].startswith("- 2 messages stored")
        await here.sim.until(lambda: len(here.said(thread)) == 2)
        assert here.said(thread)[1] == "I've answered you in a direct message."


async def test_a_typed_stop_ends_the_answer(server: Valkey) -> None:
    async with weavers(server) as here:
        answer = Answer([BEGINNING, "The end."]).hold(1)
        here.openai.script.append(answer)
        thread = await here.thread_of(await here.ask(here.ada, "tell me a story"))
        await here.sim.until(lambda: here.said(thread))
        await here.sim.say(thread, here.ada, "!stop")
        await here.sim.until(lambda: len(here.said(thread)) == 2)
        assert here.said(thread)[1] == "Stopping. What I had written stays."
        await here.sim.until(lambda: here.said(thread)[0].endswith("*(stopped)*"))


async def test_a_typed_command_tells_nothing_in_public_when_messages_are_closed(
    server: Valkey,
) -> None:
    async with weavers(server) as here:
        thread = await here.conversation("my loom is red", "A red loom.")
        here.sim.faults.add("POST /users/@me/channels", code=50007)
        await here.sim.say(thread, here.ada, "!usage")
        await here.sim.until(lambda: len(here.said(thread)) == 2)
        assert here.said(thread)[1] == (
            "I can't send you a direct message. Use /usage here: its answer is shown to you only."
        )


async def test_a_bare_word_is_a_command_only_after_a_mention_in_the_text(server: Valkey) -> None:
    async with weavers(server) as here:
        thread = await here.conversation()
        (answer,) = here.posts(thread)
        here.openai.script.append(Answer("Forget what?"))
        await here.sim.say(thread, here.ada, "Forget", reply_to=answer, ping=True)
        await here.until_said(thread, "Hello Ada, how are you?", "Forget what?")
        await here.settled()
        assert "how are you" in await here.stored()
        await here.ask(here.ada, "forget", thread)
        await here.sim.until(lambda: len(here.said(thread)) == 3)
        assert panel(here.posts(thread)[-1]).startswith("**Forget this conversation?**")
        assert "how are you" in await here.stored()
