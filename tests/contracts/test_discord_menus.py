"""The Discord adapter with the real SDK against the simulated Discord: menus and forms."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from adapters.discord.desk import NO_WORDS, NOT_READABLE
from bot.chat import CommandReply, MessageRef, ThreadKey
from bot.command_spec import CommandOption, CommandSpec
from tests.contracts.discord_rig import COMMANDS, RecordingInbox, Rig, rig_of
from tests.simulators.discord_sim import DiscordSimulator

SPECS = (
    *COMMANDS,
    CommandSpec("ask", "Ask me something", (CommandOption("question", "What"),)),
    CommandSpec("forget", "Erase this thread"),
    CommandSpec("help", "What I can do"),
)
CALLBACK = "POST /interactions/{interaction_id}/{token}/callback"


@asynccontextmanager
async def at_desk(sim: DiscordSimulator | None = None) -> AsyncIterator[Rig]:
    """A rig that is connected and offers all that menus call."""
    async with sim or DiscordSimulator() as running_sim:
        rig = await rig_of(running_sim)
        rig.inbox = RecordingInbox(running_sim.signal.changed, commands=SPECS)
        running = rig.start()
        await running_sim.until_connected()
        try:
            yield rig
        finally:
            await rig.stop(running)
            assert running_sim.violations == []


async def test_a_question_about_a_message_is_answered_in_private() -> None:
    async with at_desk(DiscordSimulator(message_content=False)) as rig:
        grace = rig.sim.add_user("grace", "Grace")
        message = await rig.sim.say(rig.channel, grace, "The weft is *red*.")
        menu = await rig.sim.message_menu(message, rig.ada, "Ask about this")
        form = await menu.asked()
        rig.inbox.reply = CommandReply("Because it was dyed.")
        sent = await rig.sim.submit(menu, question="Why is it red?")
        answer = await sent.answered()
        (call,) = rig.inbox.calls
    assert form["title"] == "Ask about this"
    assert (call.name, call.options) == ("ask", {"question": "Why is it red?"})
    assert call.about is not None
    # What Discord withholds elsewhere comes along with a menu.
    assert call.about.text == "The weft is *red*."
    assert call.about.ref == MessageRef(str(rig.channel.id), str(message.id))
    assert (call.about.author.name, call.about.from_bot) == ("Grace", False)
    assert call.thread is None
    assert (answer.content, answer.ephemeral) == ("Because it was dyed.", True)


async def test_the_form_speaks_the_language_of_whoever_opens_it() -> None:
    async with at_desk() as rig:
        rig.sim.locale = "de"
        message = await rig.say("Das Garn ist rot.")
        menu = await rig.sim.message_menu(message, rig.ada, "Ask about this")
        form = await menu.asked()
    assert form["title"] == "Dazu etwas fragen"
    assert form["components"][0]["label"] == "Was möchtest du darüber wissen?"


async def test_a_form_outlives_the_process_that_opened_it() -> None:
    async with DiscordSimulator() as sim:
        rig = await rig_of(sim)
        rig.inbox = RecordingInbox(sim.signal.changed, commands=SPECS)
        running = rig.start()
        await sim.until_connected()
        message = await rig.say("The weft is red.")
        menu = await sim.message_menu(message, rig.ada, "Ask about this")
        await menu.asked()
        await rig.stop(running)
        later = await rig_of(sim)
        later.inbox.commands = SPECS
        running = later.start()
        await sim.until_connected()
        sent = await sim.submit(menu, question="Why?")
        await sent.answered()
        (call,) = later.inbox.calls
        await sim.delete(message)
        gone = await (await sim.submit(menu, question="Why?")).answered()
        await later.stop(running)
    assert call.about is not None and call.about.text == "The weft is red."
    assert gone.content == NOT_READABLE
    assert len(later.inbox.calls) == 1
    assert sim.violations == []


async def test_menus_call_commands_on_the_message() -> None:
    async with at_desk() as rig:
        thread = await rig.sim.start_thread(rig.channel, None, "talk", rig.ada)
        inside = await rig.sim.say(thread, rig.ada, "one")
        outside = await rig.say("two")
        await (await rig.sim.message_menu(inside, rig.ada, "Summarise from here")).answered()
        await (await rig.sim.message_menu(outside, rig.ada, "Forget this thread")).answered()
        summary, forget = rig.inbox.calls
    key = ThreadKey("discord", str(rig.guild.id), str(rig.channel.id), str(thread.id))
    assert (summary.name, summary.thread) == ("summary", key)
    assert summary.about is not None and summary.about.text == "one"
    # In a channel the engine finds out what the message belongs to.
    assert (forget.name, forget.thread) == ("forget", None)
    assert forget.about is not None
    assert forget.about.ref == MessageRef(str(rig.channel.id), str(outside.id))


async def test_a_message_without_words_is_told_as_such() -> None:
    async with at_desk() as rig:
        message = await rig.say("")
        menu = await rig.sim.message_menu(message, rig.ada, "Ask about this")
        answer = await menu.answered()
    assert (answer.content, answer.ephemeral) == (NO_WORDS, True)
    assert rig.inbox.calls == []


async def test_a_menu_that_another_process_answers_is_dropped() -> None:
    async with at_desk() as rig:
        message = await rig.say("The weft is red.")
        rig.sim.faults.add(CALLBACK, status=400, body={"code": 40060, "message": "acknowledged"})
        await rig.sim.message_menu(message, rig.ada, "Ask about this")
        await rig.mentioned()
        rig.sim.faults.add(CALLBACK, status=404, body={"code": 10062, "message": "Unknown"})
        await rig.sim.message_menu(message, rig.ada, "Ask about this")
        await rig.mentioned()
        assert rig.inbox.malformed_events == []
    assert rig.inbox.calls == []


async def test_forms_and_menus_of_others_are_left_alone() -> None:
    async with at_desk() as rig:
        base = {
            "id": "1",
            "application_id": str(rig.sim.world.application_id),
            "token": "t",
            "version": 1,
            "attachment_size_limit": 1,
            "guild_id": str(rig.guild.id),
            "channel": {"id": str(rig.channel.id), "type": 0},
            "member": {"user": {"id": "1", "username": "x", "discriminator": "0"}},
        }
        form = {"custom_id": "survey:1:2", "components": []}
        menu = {"id": "1", "name": "Translate", "type": 3, "target_id": "1"}
        for number, data in ((5, form), (2, {**menu, "resolved": {"messages": {}}})):
            await rig.sim.raw_event("INTERACTION_CREATE", {**base, "type": number, "data": data})
        await rig.mentioned()
    assert [call.name for call in rig.inbox.calls] in ([], ["Translate"])
