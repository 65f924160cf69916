"""The Slack adapter with the real SDK against the simulated Slack: edits and deletions."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from bot.chat import Removal, Spot, ThreadKey
from bot.errors import StoreUnavailable
from tests.contracts.slack_rig import HASTY, Rig, connected, simulator
from tests.simulators.slack_sim import Message


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    async with connected() as made:
        yield made
        assert made.sim.violations == []
        assert made.inbox.malformed_events == []


def key(message: Message) -> ThreadKey:
    """The conversation of a message."""
    return ThreadKey("slack", message.team, message.channel, message.root_ts)


def gone(message: Message) -> Removal:
    """What is told of a deleted message."""
    event = f"{message.team}:{message.channel}:{message.ts}"
    return Removal("slack", message.team, message.channel, key(message), (message.ts,), (event,))


async def acked(rig: Rig) -> None:
    """Wait until Slack has an acknowledgement for everything that it has sent."""
    await rig.sim.until(lambda: all(each.state == "acked" for each in rig.sim.envelopes))


async def asked(rig: Rig, text: str = "hullo") -> Message:
    """Ada mentions the bot."""
    before = len(rig.inbox.messages)
    message = rig.sim.say(rig.room, rig.ada, f"{rig.sim.mention} {text}")
    await rig.events(before + 2)
    return message


class TestEdits:
    async def test_what_it_reads_now_and_since_when(self, rig: Rig) -> None:
        message = await asked(rig)
        rig.sim.edit(message, f"{rig.sim.mention} hello *you*")
        rig.sim.edit(message, f"{rig.sim.mention} hello *all*")
        await rig.sim.until(lambda: len(rig.inbox.edits) == 2)
        first, second = sorted(rig.inbox.edits, key=lambda edit: edit.edited)
        event = rig.inbox.messages[0]
        assert first == replace(event, text="hello **you**", edited=first.edited)
        # Both in one second, and yet the one after the other.
        assert second.text == "hello **all**"
        assert second.edited > first.edited > event.at
        await acked(rig)

    async def test_in_a_thread_without_a_mention(self, rig: Rig) -> None:
        root = await asked(rig)
        reply = rig.sim.say(rig.room, rig.ada, "and mroe", thread=root)
        rig.sim.edit(reply, "and more")
        await rig.sim.until(lambda: rig.inbox.edits)
        [edit] = rig.inbox.edits
        assert (edit.thread, edit.text, edit.addressed) == (key(reply), "and more", False)

    async def test_previews_are_no_edits(self, rig: Rig) -> None:
        message = await asked(rig, "https://example.org")
        rig.sim.unfurl(message, "https://example.org")
        await acked(rig)
        assert rig.inbox.edits == []

    async def test_our_own_edits_are_let_be(self, rig: Rig) -> None:
        root = await asked(rig)
        spot = Spot(rig.room.id, root.ts)
        ref = await rig.adapter.post(spot, "half", key="k1")
        await rig.adapter.edit(ref, "whole")
        await acked(rig)
        assert rig.inbox.edits == []
        assert len(rig.inbox.messages) == 2


class TestDeletions:
    async def test_messages_of_people_and_of_ours(self, rig: Rig) -> None:
        root = await asked(rig)
        ref = await rig.adapter.post(Spot(rig.room.id, root.ts), "an answer", key="k1")
        ours = next(m for m in rig.sim.state.messages.values() if m.ts == ref.message)
        reply = rig.sim.say(rig.room, rig.ada, "thanks", thread=root)
        alone = rig.sim.say(rig.room, rig.ada, "nobody was asked")
        for message in (reply, ours, alone):
            rig.sim.delete(message)
        await rig.sim.until(lambda: len(rig.inbox.removals) == 3)
        assert {removal.messages[0]: removal for removal in rig.inbox.removals} == {
            message.ts: gone(message) for message in (reply, ours, alone)
        }
        await acked(rig)

    async def test_a_root_with_replies_stays_as_a_tombstone(self, rig: Rig) -> None:
        root = await asked(rig)
        rig.sim.say(rig.room, rig.ada, "more", thread=root)
        rig.sim.delete(root)
        await rig.sim.until(lambda: rig.inbox.removals)
        assert rig.inbox.removals == [gone(root)]
        assert rig.inbox.edits == []

    async def test_the_id_is_that_of_the_message(self, rig: Rig) -> None:
        message = await asked(rig)
        rig.sim.delete(message)
        await rig.sim.until(lambda: rig.inbox.removals)
        assert rig.inbox.removals[0].events == (rig.inbox.messages[0].event_id,)

    async def test_one_does_not_overtake_its_message(self, rig: Rig) -> None:
        rig.inbox.open, rig.inbox.looked = frozenset({rig.room.id}), asyncio.Event()
        message = rig.sim.say(rig.room, rig.ada, "nobody in particular is asked")
        # Two connections keep no order between them.
        await rig.sim.until(lambda: rig.inbox.asking)
        rig.sim.delete(message)
        rig.mention("and you?")
        await rig.sim.until(lambda: len(rig.inbox.messages) == 2)
        assert rig.inbox.removals == []
        rig.inbox.looked.set()
        await rig.sim.until(lambda: rig.inbox.removals)
        assert rig.inbox.messages[-1].ref.message == message.ts
        assert rig.inbox.removals == [gone(message)]
        await acked(rig)

    async def test_channels(self, rig: Rig) -> None:
        private = rig.sim.add_channel("private", private=True)
        for channel in (rig.room, private):
            rig.sim.delete_channel(channel)
        await rig.sim.until(lambda: len(rig.inbox.removals) == 2)
        team = rig.sim.workspace.id
        assert set(rig.inbox.removals) == {
            Removal("slack", team, channel.id) for channel in (rig.room, private)
        }

    async def test_an_archived_channel_is_still_there(self, rig: Rig) -> None:
        event = {"type": "channel_archive", "channel": rig.room.id, "user": rig.ada.id}
        rig.sim.raw_event(event)
        await acked(rig)
        assert rig.inbox.removals == []

    async def test_somebody_whose_account_is_closed(self, rig: Rig) -> None:
        guest = rig.sim.add_user("Eve", external_team="T0THERS")
        for person in (rig.ada, guest):
            rig.sim.change_profile(person)
            rig.sim.deactivate(person)
        await rig.sim.until(lambda: rig.inbox.removals)
        await acked(rig)
        team = rig.sim.workspace.id
        assert rig.inbox.removals == [Removal("slack", team, person=rig.ada.id)]


async def test_none_is_lost_while_the_store_is_away() -> None:
    sim = simulator(timing=HASTY)
    async with connected(sim) as rig:
        message = await asked(rig)
        rig.inbox.failures.append(StoreUnavailable("away"))
        sim.edit(message, f"{sim.mention} hello")
        await sim.until(lambda: rig.inbox.edits)
        rig.inbox.failures.append(StoreUnavailable("away"))
        sim.delete(message)
        await sim.until(lambda: rig.inbox.removals)
        assert (len(rig.inbox.edits), len(rig.inbox.removals)) == (1, 1)
