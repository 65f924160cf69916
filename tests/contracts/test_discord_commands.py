"""The Discord adapter with the real SDK against the simulated Discord: slash commands."""

from __future__ import annotations

import asyncio

from adapters.discord.interactions import NO_FILES, NOT_SHOWN, SHARED, TOO_LARGE
from bot.chat import CommandReply, File, ThreadChoice, ThreadKey
from bot.command_spec import CommandOption, CommandSpec
from bot.commands.specs import offered
from bot.errors import StoreUnavailable
from tests.contracts.discord_rig import COMMANDS, RecordingInbox, SharedClaims, connected, rig_of
from tests.simulators.discord_sim import DiscordSimulator

SYNC = "PUT /applications/{application_id}/commands"


async def test_commands_are_offered_and_told_only_when_they_change() -> None:
    async with DiscordSimulator() as sim:
        notes = None
        for commands in (COMMANDS, COMMANDS, (*COMMANDS, CommandSpec("help", "What I can do"))):
            rig = await rig_of(sim)
            rig.inbox = RecordingInbox(sim.signal.changed, commands=commands)
            rig.inbox.notes = notes or rig.inbox.notes
            notes = rig.inbox.notes
            running = rig.start()
            await sim.until_connected()
            await rig.stop(running)
        assert sim.calls_by_route()[SYNC] == 2
        slash = [command["name"] for command in sim.commands if command["type"] == 1]
        assert slash == ["summary", "export", "help"]
        assert sim.violations == []


async def test_all_commands_are_taken_in_every_language() -> None:
    commands = offered(images=True)
    async with DiscordSimulator() as sim:
        rig = await rig_of(sim)
        rig.inbox = RecordingInbox(sim.signal.changed, commands=commands)
        running = rig.start()
        await sim.until_connected()
        await rig.stop(running)
        assert sim.violations == []
        names = [command["name"] for command in sim.commands if command["type"] == 1]
    assert names == [command.name for command in commands]


async def test_of_processes_that_start_together_one_tells_the_commands() -> None:
    async with DiscordSimulator() as sim:
        shared = SharedClaims(sim.signal.changed)
        told = asyncio.Event()
        sim.faults.add(SYNC, gate=told, after_effect=True)
        rigs = [await rig_of(sim) for _ in range(2)]
        for number, rig in enumerate(rigs):
            rig.inbox.claims = shared.of(str(number))
        first = rigs[0].start()
        await sim.until(lambda: sim.calls_by_route()[SYNC] == 1)
        second = rigs[1].start()
        await sim.until_connected()
        told.set()
        await sim.until_connected(2)
        for rig, running in zip(rigs, (first, second), strict=True):
            await rig.stop(running)
        assert sim.calls_by_route()[SYNC] == 1
        assert shared.holder("commands") == ""


async def test_commands_that_discord_refuses_do_not_keep_the_bot_away() -> None:
    async with DiscordSimulator() as sim:
        rig = await rig_of(sim)
        sim.faults.add(SYNC, status=400, body={"code": 50035, "message": "Invalid Form Body"})
        running = rig.start()
        await sim.until_connected()
        assert "commands" not in rig.inbox.notes.texts
        await rig.stop(running)


async def test_a_command_in_a_thread_knows_which_one_is_meant() -> None:
    async with connected() as rig:
        event = await rig.mentioned()
        spot = await rig.adapter.open(event, "title")
        thread = rig.sim.channel(spot.channel)
        interaction = await rig.sim.slash(thread, rig.ada, "summary", share=False, focus="costs")
        answer = await interaction.answered()
        (call,) = rig.inbox.calls
    assert (call.name, call.thread, call.options) == ("summary", event.thread, {"focus": "costs"})
    assert (call.author.id, call.author.name) == (str(rig.ada.id), "Ada Lovelace")
    assert (answer.content, answer.ephemeral) == ("done", True)
    assert interaction.deferred
    assert rig.sim.violations == []


async def test_flags_that_are_on_are_passed_on() -> None:
    async with connected() as rig:
        await (await rig.sim.slash(rig.channel, rig.ada, "summary", share=True)).answered()
        (call,) = rig.inbox.calls
    assert call.options == {"share": "true"}


async def test_a_command_outside_any_thread_says_only_where_it_was_typed() -> None:
    async with connected() as rig:
        await (await rig.sim.slash(rig.channel, rig.ada, "export")).answered()
        (call,) = rig.inbox.calls
    assert call.thread is None
    assert (call.space, call.channel) == (str(rig.guild.id), str(rig.channel.id))


async def test_a_command_in_direct_messages_means_the_conversation_there() -> None:
    async with connected() as rig:
        direct = rig.sim.open_dm(rig.ada)
        await (await rig.sim.slash(direct, rig.ada, "export")).answered()
        (call,) = rig.inbox.calls
    assert call.thread == ThreadKey("discord", "@me", str(direct.id), str(direct.id))


async def test_admins_are_known_by_their_permissions() -> None:
    async with connected() as rig:
        owner = rig.sim.world.users[rig.guild.owner_id]
        for user in (rig.ada, owner):
            await (await rig.sim.slash(rig.channel, user, "export")).answered()
        assert [call.author.is_admin for call in rig.inbox.calls] == [False, True]


async def test_files_come_with_the_private_answer() -> None:
    async with connected() as rig:
        small = File("talk.md", b"# Talk", "text/markdown")
        large = File("talk.json", bytes(10 * 1024 * 1024 + 1), "application/json")
        rig.inbox.reply = CommandReply("Here it is.", files=(small, large))
        answer = await (await rig.sim.slash(rig.channel, rig.ada, "export")).answered()
        (attachment,) = answer.attachments
    assert (attachment.filename, attachment.data) == ("talk.md", b"# Talk")
    assert answer.content == f"Here it is.\n\n{TOO_LARGE}"
    assert answer.ephemeral


async def test_an_open_answer_is_shown_to_everybody() -> None:
    async with connected() as rig:
        rig.inbox.reply = CommandReply("the summary", private=False)
        interaction = await rig.sim.slash(rig.channel, rig.ada, "summary", share=True)
        await rig.sim.until(lambda: rig.by_bot())
        (shown,) = rig.by_bot()
    assert (shown.content, shown.ephemeral) == ("the summary", False)
    assert interaction.original is not None
    assert interaction.original.content == SHARED


async def test_a_long_private_answer_stays_private_and_whole() -> None:
    text = "\n".join(f"line {number} of the summary" for number in range(200))
    async with connected() as rig:
        rig.inbox.reply = CommandReply(text)
        interaction = await rig.sim.slash(rig.channel, rig.ada, "summary")

        def shown() -> str:
            return "\n".join(m.content for m in rig.sim.ephemerals(rig.channel, rig.ada))

        await rig.sim.until(lambda: shown() == text)
        assert rig.by_bot() == []
        assert len(interaction.responses) > 2


async def test_code_that_goes_on_in_the_next_message_is_code_there_too() -> None:
    code = "\n".join(f"    spool_{number} = wind(yarn, {number})" for number in range(80))
    async with connected() as rig:
        rig.inbox.reply = CommandReply(f"Like this:\n```py\n{code}\n```\nThat is all.")
        call = await rig.sim.slash(rig.channel, rig.ada, "summary")
        await rig.changed(lambda: [each for each in call.responses if "That is" in each.content])
        first, second = call.responses
    assert first.content.startswith("Like this:\n```py\n    spool_0")
    assert first.content.endswith("\n```")
    assert second.content.startswith("```py\n    spool_")
    assert second.content.endswith("\n```\nThat is all.")
    shown = [line for each in (first, second) for line in each.content.split("\n")]
    assert "\n".join(line for line in shown if line.startswith("    ")) == code


async def test_nobody_is_pinged_by_an_answer() -> None:
    async with connected() as rig:
        rig.inbox.reply = CommandReply(f"@everyone {rig.ada.mention}", private=False)
        await rig.sim.slash(rig.channel, rig.ada, "summary")
        await rig.sim.until(lambda: rig.by_bot())
        (shown,) = rig.by_bot()
    assert shown.pings == set()


async def test_choices_are_a_list_that_calls_the_command_again() -> None:
    async with connected() as rig:
        key = ThreadKey("discord", str(rig.guild.id), str(rig.channel.id), "12345")
        rig.inbox.reply = CommandReply(
            "Which one?", choices=(ThreadChoice(key, "what is a bobbin? " * 9, 1.0),)
        )
        first = await rig.sim.slash(rig.channel, rig.ada, "summary", share=True)
        asked = await first.answered()
        (row,) = asked.components
        (select,) = row["components"]
        rig.inbox.reply = CommandReply("the summary")
        second = await rig.sim.choose(
            asked, rig.ada, select["custom_id"], select["options"][0]["value"]
        )
        answer = await second.answered()
        call = rig.inbox.calls[1]
    assert (call.name, call.thread, call.options) == ("summary", key, {"share": "true"})
    assert (answer.content, answer.ephemeral) == ("the summary", True)
    assert len(select["options"][0]["label"]) == 100
    assert rig.sim.violations == []


async def test_somebody_elses_components_are_left_alone() -> None:
    async with connected() as rig:
        await rig.sim.raw_event(
            "INTERACTION_CREATE",
            {
                "id": "1",
                "application_id": str(rig.sim.world.application_id),
                "type": 3,
                "token": "t",
                "version": 1,
                "attachment_size_limit": 1,
                "guild_id": str(rig.guild.id),
                "channel": {"id": str(rig.channel.id), "type": 0},
                "member": {"user": {"id": "1", "username": "x", "discriminator": "0"}},
                "data": {"custom_id": "stop:1", "component_type": 2},
            },
        )
        await rig.mentioned()
    assert rig.inbox.calls == []


async def test_an_interaction_that_another_process_answers_is_dropped() -> None:
    async with connected() as rig:
        rig.sim.faults.add(
            "POST /interactions/{interaction_id}/{token}/callback",
            status=400,
            body={"code": 40060, "message": "Interaction has already been acknowledged."},
        )
        await rig.sim.slash(rig.channel, rig.ada, "summary")
        await rig.mentioned()
    assert rig.inbox.calls == []


ORIGINAL = "PATCH /webhooks/{application_id}/{token}/messages/{message_id}"


async def test_where_no_files_are_allowed_the_answer_comes_without_and_says_so() -> None:
    async with connected() as rig:
        rig.inbox.reply = CommandReply("All of it:", files=(File("all.md", b"#", "text/markdown"),))
        rig.sim.faults.add(lambda call: bool(call.files), status=403, code=50013)
        answer = await (await rig.sim.slash(rig.channel, rig.ada, "export")).answered()
    assert answer.content == f"All of it:\n\n{NO_FILES}" and not answer.attachments


async def test_an_answer_that_discord_does_not_take_is_told_of() -> None:
    async with connected() as rig:
        rig.sim.faults.add(ORIGINAL, status=400, body={"code": 50035, "message": "Invalid Form"})
        answer = await (await rig.sim.slash(rig.channel, rig.ada, "summary")).answered()
    assert answer.content == NOT_SHOWN


async def test_a_failing_store_is_said_to_the_caller() -> None:
    class Failing(RecordingInbox):
        async def command(self, call: object) -> CommandReply:
            raise StoreUnavailable("away")

    async with DiscordSimulator() as sim:
        rig = await rig_of(sim)
        rig.inbox = Failing(sim.signal.changed)
        running = rig.start()
        await sim.until_connected()
        answer = await (await sim.slash(rig.channel, rig.ada, "summary")).answered()
        await rig.stop(running)
    assert answer.content == StoreUnavailable.user_text


async def test_descriptions_are_cut_to_what_discord_takes() -> None:
    async with DiscordSimulator() as sim:
        rig = await rig_of(sim)
        long = CommandSpec("long", "d" * 120, (CommandOption("o", "e" * 120),))
        rig.inbox = RecordingInbox(sim.signal.changed, commands=(long,))
        running = rig.start()
        await sim.until_connected()
        await rig.stop(running)
        assert len(sim.commands[0]["description"]) == 100
        assert sim.violations == []


async def test_links_in_answers_are_not_unfolded() -> None:
    async with connected() as rig:
        rig.inbox.reply = CommandReply("See https://example.org/loom.\n" * 100)
        await (await rig.sim.slash(rig.channel, rig.ada, "export")).answered()
        whispered = await rig.changed(
            lambda: len(found := rig.sim.ephemerals(rig.channel, rig.ada)) > 1 and found
        )
        assert whispered
        for message in whispered:
            await rig.sim.unfurl(message)
            assert not message.unfurled
    assert rig.sim.violations == []
