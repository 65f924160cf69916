"""What stands on each platform from a message on, and the sign of messages that wait."""

from __future__ import annotations

import pytest

from adapters.slack.manifest import manifest
from bot.chat import MessageRef, ThreadKey
from bot.errors import NotAllowed
from tests.contracts import discord_rig, slack_rig
from tests.simulators.discord_sim import DiscordSimulator


async def test_discord_reads_a_channel_from_a_message_on() -> None:
    async with discord_rig.connected(DiscordSimulator(scale=50)) as rig:
        said = [
            await rig.sim.say(rig.channel, rig.ada, f"line {number}", event=False)
            for number in range(130)
        ]
        first = MessageRef(str(rig.channel.id), str(said[10].id))
        key = ThreadKey("discord", str(rig.guild.id), first.channel, first.message)
        some = await rig.adapter.since(first, key, 5)
        rest = await rig.adapter.since(first, key, 500)
        # A past that may not be read looks empty.
        await rig.sim.deny(rig.channel, "read_message_history")
        with pytest.raises(NotAllowed):
            await rig.adapter.since(first, key, 5)
    assert [line.text for line in some.messages] == [f"line {n}" for n in range(10, 15)]
    assert some.partial
    assert [line.text for line in rest.messages] == [f"line {n}" for n in range(10, 130)]
    assert not rest.partial
    assert rig.sim.violations == []


async def test_slack_reads_a_thread_or_a_channel_from_a_message_on() -> None:
    async with slack_rig.connected() as rig:
        roots = [
            rig.sim.say(rig.room, rig.ada, f"root {number}", deliver=False) for number in range(4)
        ]
        replies = [
            rig.sim.say(rig.room, rig.ada, f"reply {number}", thread=roots[1], deliver=False)
            for number in range(4)
        ]
        team = rig.sim.workspace.id

        def key(root: str) -> ThreadKey:
            return ThreadKey("slack", team, rig.room.id, root)

        below = MessageRef(rig.room.id, replies[1].ts)
        in_thread = await rig.adapter.since(below, key(roots[1].ts), 50)
        top = MessageRef(rig.room.id, roots[1].ts)
        in_channel = await rig.adapter.since(top, key(roots[1].ts), 50)
        some = await rig.adapter.since(top, key(roots[1].ts), 2)
        assert rig.sim.violations == []
    assert [line.text for line in in_thread.messages] == ["reply 1", "reply 2", "reply 3"]
    assert [line.text for line in in_channel.messages] == ["root 1", "root 2", "root 3"]
    assert not in_channel.partial
    assert [line.text for line in some.messages] == ["root 1", "root 2"] and some.partial


async def test_signs_come_and_go_on_discord() -> None:
    async with discord_rig.connected() as rig:
        said = await rig.sim.say(rig.channel, rig.ada, "hello", event=False)
        ref = MessageRef(str(rig.channel.id), str(said.id))
        for waiting in (True, True, False, False):
            await rig.adapter.mark_waiting(ref, waiting)
            assert bool(said.reactions.get("👀")) is waiting
        gone = MessageRef(ref.channel, "123456789012345678")
        await rig.adapter.mark_waiting(gone, True)
    assert rig.sim.violations == []


async def test_signs_come_and_go_on_slack_and_need_their_scope() -> None:
    async with slack_rig.connected() as rig:
        said = rig.sim.say(rig.room, rig.ada, "hello", deliver=False)
        ref = MessageRef(rig.room.id, said.ts)
        for waiting in (True, True, False, False):
            await rig.adapter.mark_waiting(ref, waiting)
            assert bool(said.reactions.get("eyes")) is waiting
        assert rig.sim.violations == []
    scopes = set(manifest()["oauth_config"]["scopes"]["bot"]) - {"reactions:write"}
    without = slack_rig.simulator(scopes=scopes)
    async with slack_rig.connected(without) as rig:
        said = rig.sim.say(rig.room, rig.ada, "hello", deliver=False)
        for _ in range(3):
            await rig.adapter.mark_waiting(MessageRef(rig.room.id, said.ts), True)
        assert len(rig.sim.calls("reactions.add")) == 1


@pytest.mark.parametrize("word", ["too_many_emoji", "too_many_reactions", "not_reactable"])
async def test_a_message_that_takes_no_more_signs_says_nothing_of_others(word: str) -> None:
    async with slack_rig.connected() as rig:
        refs = [(await rig.mentioned()).ref for _ in range(2)]
        rig.sim.faults.add("reactions.add", error=word)
        for ref in refs:
            await rig.adapter.mark_waiting(ref, True)
        assert len(rig.sim.calls("reactions.add")) == 2
