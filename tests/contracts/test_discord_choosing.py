"""The Discord adapter with the real SDK against the simulated Discord: naming a conversation."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from adapters.discord.desk import NOT_INVITED
from bot.chat import CommandReply, ThreadChoice, ThreadKey
from bot.errors import StoreUnavailable
from tests.contracts.discord_rig import QUICK, RecordingInbox, Rig, connected, rig_of
from tests.contracts.test_discord_menus import CALLBACK
from tests.simulators.discord_sim import DiscordSimulator

LABELS = ("Why is the weft red?", "The loom is stuck", "Red yarn, blue yarn")


def _choices(rig: Rig, space: str = "") -> tuple[ThreadChoice, ...]:
    return tuple(
        ThreadChoice(
            ThreadKey("discord", space or str(rig.guild.id), str(rig.channel.id), str(number)),
            label,
            float(number),
        )
        for number, label in enumerate(LABELS, 1)
    )


async def test_what_is_typed_is_completed_from_the_callers_conversations() -> None:
    async with connected() as rig:
        rig.inbox.reply = CommandReply("Which?", choices=_choices(rig))
        all_of_them = await rig.sim.autocomplete(rig.channel, rig.ada, "summary", "thread", "")
        some = await rig.sim.autocomplete(rig.channel, rig.ada, "summary", "thread", "RED w")
        names = [
            [choice["name"] for choice in await each.completed()] for each in (all_of_them, some)
        ]
        asked = rig.inbox.calls[0]
    assert names == [list(LABELS), ["Why is the weft red?"]]
    assert (asked.thread, asked.channel) == (None, str(rig.channel.id))
    assert (asked.space, asked.author.id) == (str(rig.guild.id), str(rig.ada.id))
    assert rig.sim.violations == []


async def test_a_chosen_conversation_is_meant() -> None:
    async with connected() as rig:
        chosen = _choices(rig)[1].thread
        thread = await rig.sim.start_thread(rig.channel, None, "elsewhere", rig.ada)
        for place in (rig.channel, thread):
            await (await rig.sim.slash(place, rig.ada, "summary", thread=str(chosen))).answered()
        calls = rig.inbox.calls
    # Who is in a thread of a channel sees that channel, and so its other threads.
    assert [(call.thread, call.channel) for call in calls] == [(chosen, str(rig.channel.id))] * 2
    assert all(call.options == {} for call in calls)


async def test_in_a_thread_the_conversations_around_it_are_offered() -> None:
    async with connected() as rig:
        thread = await rig.sim.start_thread(rig.channel, None, "here", rig.ada)
        rig.inbox.reply = CommandReply("Which?", choices=_choices(rig))
        typing = await rig.sim.autocomplete(thread, rig.ada, "export", "thread", "loom")
        assert [choice["name"] for choice in await typing.completed()] == ["The loom is stuck"]
        (asked,) = rig.inbox.calls
    assert (asked.thread, asked.channel) == (None, str(rig.channel.id))


async def test_what_names_no_conversation_of_this_server_asks_which_one() -> None:
    async with connected() as rig:
        other = str(_choices(rig, space="42")[0].thread)
        for written in ("the red one", other, "discord:1:2"):
            await (await rig.sim.slash(rig.channel, rig.ada, "summary", thread=written)).answered()
        calls = rig.inbox.calls
    assert [call.thread for call in calls] == [None, None, None]


async def test_who_was_not_invited_to_a_private_thread_does_not_reach_it() -> None:
    async with connected() as rig:
        grace = rig.sim.add_user("grace", "Grace")
        owner = rig.sim.world.users[rig.guild.owner_id]
        thread = await rig.sim.start_thread(rig.channel, None, "secret", rig.ada, private=True)
        thread.members.add(rig.sim.bot.id)
        key = ThreadKey("discord", str(rig.guild.id), str(rig.channel.id), str(thread.id))
        answers = [
            await (await rig.sim.slash(rig.channel, user, "summary", thread=str(key))).answered()
            for user in (grace, rig.ada, owner)
        ]
        called = [call.author.id for call in rig.inbox.calls]
    assert [answer.content for answer in answers] == [NOT_INVITED, "done", "done"]
    assert called == [str(rig.ada.id), str(owner.id)]


async def test_while_the_store_is_away_nothing_is_offered() -> None:
    class Failing(RecordingInbox):
        async def command(self, call: object) -> CommandReply:
            raise StoreUnavailable("away")

    async with DiscordSimulator() as sim:
        rig = await rig_of(sim)
        rig.inbox = Failing(sim.signal.changed)
        running = rig.start()
        await sim.until_connected()
        typing = await sim.autocomplete(rig.channel, rig.ada, "summary", "thread", "x")
        assert await typing.completed() == []
        await rig.stop(running)


async def test_what_is_not_found_in_time_is_not_waited_for() -> None:
    """Discord takes an answer within three seconds; nothing is better than none."""

    class Slow(RecordingInbox):
        async def command(self, call: object) -> CommandReply:
            await asyncio.Event().wait()
            raise AssertionError("nobody has waited so long")

    async with DiscordSimulator() as sim:
        rig = await rig_of(sim, timing=replace(QUICK, complete=0.02))
        rig.inbox = Slow(sim.signal.changed)
        running = rig.start()
        await sim.until_connected()
        typing = await sim.autocomplete(rig.channel, rig.ada, "summary", "thread", "x")
        assert await typing.completed() == []
        await rig.stop(running)


async def test_what_was_answered_already_or_is_too_late_makes_no_noise(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with connected() as rig:
        for code in (40060, 10062):
            fault = rig.sim.faults.add(CALLBACK, code=code)
            await rig.sim.autocomplete(rig.channel, rig.ada, "summary", "thread", "x")
            await rig.changed(lambda fault=fault: fault.times == 0)
        typing = await rig.sim.autocomplete(rig.channel, rig.ada, "summary", "thread", "x")
        assert await typing.completed() == []
    assert not [record for record in caplog.records if "not handled" in record.message]
