"""The Discord adapter where the bot is no member: somebody has brought it along."""

from __future__ import annotations

import pytest

from adapters.discord.desk import NOT_HERE
from adapters.discord.interactions import REST_IN_FILE
from bot.chat import CommandReply
from tests.contracts.discord_rig import Rig
from tests.contracts.test_discord_menus import at_desk
from tests.simulators.discord_sim import Channel, DiscordSimulator

LONG = "\n".join(f"line {number} of a long answer" for number in range(800))
CHANNELS = "/channels/{channel_id}"


async def _guild(rig: Rig) -> Channel:
    return await rig.sim.add_foreign_channel()


async def _people(rig: Rig) -> Channel:
    return rig.sim.open_private(rig.ada, rig.sim.add_user("grace", "Grace"))


async def _group(rig: Rig) -> Channel:
    others = [rig.sim.add_user(name) for name in ("grace", "emmy")]
    return rig.sim.open_private(rig.ada, *others)


@pytest.mark.parametrize("place", [_guild, _people, _group])
async def test_a_private_question_works_where_the_bot_is_not(place: object) -> None:
    async with at_desk() as rig:
        channel = await place(rig)  # type: ignore[operator]
        rig.sim.install(rig.ada)
        rig.inbox.reply = CommandReply("Blue.")
        asked = await rig.sim.slash(channel, rig.ada, "ask", question="Which colour?")
        answer = await asked.answered()
        (call,) = rig.inbox.calls
        touched = [route for route in rig.sim.calls_by_route() if CHANNELS in route]
    assert (call.name, call.options) == ("ask", {"question": "Which colour?"})
    assert call.channel == str(channel.id)
    assert call.space == (str(channel.guild.id) if channel.guild else "@me")
    assert (answer.content, answer.ephemeral) == ("Blue.", True)
    # No call but those that answer the interaction could succeed there.
    assert touched == []


async def test_a_message_elsewhere_can_be_asked_about() -> None:
    async with at_desk() as rig:
        channel = await _guild(rig)
        rig.sim.install(rig.ada)
        message = await rig.sim.say(channel, rig.ada, "The weft is red.")
        menu = await rig.sim.message_menu(message, rig.ada, "Ask about this")
        await menu.asked()
        await (await rig.sim.submit(menu, question="Why?")).answered()
        (call,) = rig.inbox.calls
    assert call.about is not None and call.about.text == "The weft is red."


async def test_in_a_thread_elsewhere_too() -> None:
    async with at_desk() as rig:
        channel = await _guild(rig)
        rig.sim.install(rig.ada)
        thread = await rig.sim.start_thread(channel, None, "far away", rig.ada)
        await (await rig.sim.slash(thread, rig.ada, "ask", question="Which colour?")).answered()
        (call,) = rig.inbox.calls
        assert rig.inbox.malformed_events == []
    assert call.channel == str(thread.id)


async def test_what_needs_a_conversation_says_so() -> None:
    async with at_desk() as rig:
        channel = await _guild(rig)
        rig.sim.install(rig.ada)
        answer = await (await rig.sim.slash(channel, rig.ada, "summary")).answered()
        message = await rig.sim.say(channel, rig.ada, "hello")
        with pytest.raises(LookupError):
            await rig.sim.message_menu(message, rig.ada, "Summarise from here")
        with pytest.raises(LookupError):
            await rig.sim.slash(rig.sim.open_private(rig.ada, rig.ada), rig.ada, "summary")
    assert (answer.content, answer.ephemeral) == (NOT_HERE, True)
    assert rig.inbox.calls == []


@pytest.mark.parametrize("private", [True, False])
@pytest.mark.parametrize("outside", [True, False])
async def test_an_answer_of_many_parts_stays_within_five_more(private: bool, outside: bool) -> None:
    """Where it is a member more would be taken, but nobody reads a dozen messages."""
    async with at_desk() as rig:
        channel = await _guild(rig) if outside else rig.channel
        rig.sim.install(rig.ada)
        rig.inbox.reply = CommandReply(LONG, private=private)
        asked = await rig.sim.slash(channel, rig.ada, "ask", question="Tell me all")
        await rig.sim.until(
            lambda: any(REST_IN_FILE in message.content for message in asked.responses)
        )
        files = [file for message in asked.responses for file in message.attachments]
    assert [(file.filename, file.data) for file in files] == [("answer.md", LONG.encode())]
    assert all(message.ephemeral for message in asked.responses) == private


async def test_where_outside_apps_are_silenced_the_answer_is_private() -> None:
    async with at_desk() as rig:
        channel = await _guild(rig)
        rig.sim.install(rig.ada)
        await rig.sim.deny(channel, "use_external_apps", user=rig.ada)
        rig.inbox.reply = CommandReply("Blue.", private=False)
        asked = await rig.sim.slash(channel, rig.ada, "ask", question="Which colour?")
        answer = await asked.answered()
        assert len(asked.responses) == 1
    assert (answer.content, answer.ephemeral) == ("Blue.", True)


async def test_without_the_portals_leave_nobody_can_bring_it_along() -> None:
    sim = DiscordSimulator()
    sim.world.personal = False
    async with at_desk(sim) as rig:
        channel = await _guild(rig)
        sim.install(rig.ada)
        with pytest.raises(LookupError):
            await sim.slash(channel, rig.ada, "ask", question="Which colour?")
        await (await sim.slash(rig.channel, rig.ada, "ask", question="Which colour?")).answered()
    assert all(command["integration_types"] == [0] for command in sim.commands)
