"""The Discord adapter with the real SDK against the simulated Discord: edits and deletions."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

import pytest

from adapters.discord.gaps import NOTE as HEARD
from adapters.discord.gaps import OVERLAP_SECONDS
from adapters.discord.missed import MOST_PAGES
from adapters.discord.missed import PAGE as PAGE_SIZE
from adapters.discord.standing import MOST_COMPARED
from bot.chat import Followed, MessageRef, Removal, ThreadKey
from tests.contracts.discord_rig import Rig, connected, rig_of
from tests.simulators.discord_sim import DiscordSimulator, Message

GET = "GET /channels/{channel_id}/messages/{message_id}"
FETCH = "GET /channels/{channel_id}/messages/{message_id}"
HISTORY = "GET /channels/{channel_id}/messages"


def key(rig: Rig, thread: int | str, channel: int | None = None) -> ThreadKey:
    """A conversation in the rig's server."""
    place = str(channel or rig.channel.id)
    return ThreadKey("discord", str(rig.guild.id), place, str(thread))


async def heard(rig: Rig) -> None:
    """Wait until everything that was sent before has been handled."""
    marker = await rig.say(f"{rig.sim.mention} marker")
    await rig.changed(lambda: any(e.event_id == str(marker.id) for e in rig.inbox.messages))


class TestEdits:
    async def test_what_it_reads_now_and_since_when(self) -> None:
        async with connected() as rig:
            asked = await rig.say(f"{rig.sim.mention} hullo")
            event = await rig.event()
            await rig.sim.edit(asked, f"{rig.sim.mention} hello **you**")
            await rig.changed(lambda: rig.inbox.edits)
            [edit] = rig.inbox.edits
        assert (edit.text, edit.thread, edit.ref) == ("hello **you**", event.thread, event.ref)
        assert (edit.event_id, edit.author, edit.at) == (event.event_id, event.author, event.at)
        assert edit.edited >= edit.at > 0
        assert event.edited == 0

    async def test_previews_and_threads_are_no_edits(self) -> None:
        async with connected() as rig:
            said = await rig.say("https://example.org")
            await rig.sim.unfurl(said)
            await rig.sim.start_thread(rig.channel, said, "a thread", rig.ada)
            await heard(rig)
            assert rig.inbox.edits == []
            assert rig.inbox.malformed_events == []

    async def test_an_edit_that_takes_the_mention_away_is_one(self) -> None:
        async with connected() as rig:
            asked = await rig.say(f"{rig.sim.mention} hello")
            await rig.event()
            await rig.sim.edit(asked, "hello")
            await rig.changed(lambda: rig.inbox.edits)
            [edit] = rig.inbox.edits
        assert (edit.thread, edit.text, edit.addressed) == (key(rig, asked.id), "hello", False)

    async def test_only_a_part_is_told(self) -> None:
        async with connected() as rig:
            asked = await rig.say(f"{rig.sim.mention} hullo")
            await rig.event()
            await rig.sim.edit(asked, f"{rig.sim.mention} hello", whole=False)
            await rig.changed(lambda: rig.inbox.edits)
            assert rig.inbox.edits[0].text == "hello"
            rig.sim.faults.add(GET, status=404, body={"code": 10008, "message": "Unknown Message"})
            await rig.sim.edit(asked, f"{rig.sim.mention} hallo", whole=False)
            await heard(rig)
            assert len(rig.inbox.edits) == 1
            assert rig.inbox.malformed_events == []

    async def test_in_threads_and_direct_messages(self) -> None:
        async with connected() as rig:
            thread = await rig.sim.start_thread(rig.channel, None, "t", rig.ada)
            direct = rig.sim.open_dm(rig.ada)
            for place in (thread, direct):
                said = await rig.sim.say(place, rig.ada, "hullo")
                await rig.sim.edit(said, "hello")
            await rig.changed(lambda: len(rig.inbox.edits) == 2)
            there = {edit.thread for edit in rig.inbox.edits}
        direct_key = ThreadKey("discord", "@me", str(direct.id), str(direct.id))
        assert there == {key(rig, thread.id), direct_key}

    async def test_a_loose_conversation_is_found_by_the_message_itself(self) -> None:
        async with connected() as rig:
            first = await rig.say(f"{rig.sim.mention} first")
            second = await rig.say(f"{rig.sim.mention} secnd")
            loose = key(rig, first.id)
            rig.inbox.loose[MessageRef(str(rig.channel.id), str(second.id))] = loose
            await rig.sim.edit(second, f"{rig.sim.mention} second")
            await rig.changed(lambda: rig.inbox.edits)
        assert rig.inbox.edits[0].thread == loose

    async def test_what_it_answers_stays_with_it(self) -> None:
        async with connected() as rig:
            ben = rig.sim.add_user("ben", "Ben")
            answered = await rig.sim.say(rig.channel, ben, "tea or coffee")
            asked = await rig.say(f"{rig.sim.mention} whta?", reply_to=answered)
            event = await rig.event()
            await rig.sim.edit(asked, f"{rig.sim.mention} what?")
            await rig.changed(lambda: rig.inbox.edits)
            # Discord does not always tell what a message answers.
            payload = {
                "id": str(asked.id),
                "channel_id": str(rig.channel.id),
                "guild_id": str(rig.guild.id),
                "type": 19,
                "author": {"id": str(rig.ada.id), "username": "ada", "discriminator": "0"},
                "content": f"{rig.sim.mention} what?",
                "timestamp": "2026-01-01T00:00:00+00:00",
                "edited_timestamp": "2026-01-01T00:00:00+00:00",
                "mentions": [],
                "mention_roles": [],
                "mention_everyone": False,
                "tts": False,
                "pinned": False,
                "attachments": [],
                "embeds": [],
                "message_reference": {
                    "message_id": str(answered.id),
                    "channel_id": str(rig.channel.id),
                },
            }
            payload["author"]["avatar"] = None  # type: ignore[index]
            await rig.sim.raw_event("MESSAGE_UPDATE", payload)
            await rig.changed(lambda: len(rig.inbox.edits) == 2)
        assert event.text == "> Ben wrote:\n> tea or coffee\n\nwhta?"
        assert [e.text for e in rig.inbox.edits] == [event.text.replace("whta", "what")] * 2

    async def test_our_own_edits_and_those_of_webhooks_are_let_be(self) -> None:
        async with connected() as rig:
            spot = rig.spot(rig.channel)
            ref = await rig.adapter.post(spot, "half", key="k1")
            await rig.adapter.edit(ref, "whole")
            hook = await rig.sim.webhook_message(rig.channel, "hook", "said")
            await rig.sim.edit(hook, "changed")
            await heard(rig)
            assert rig.inbox.edits == []

    async def test_words_that_may_not_be_read_are_not_taken_for_none(self) -> None:
        sim = DiscordSimulator()
        sim.message_content = False
        async with connected(sim) as rig:
            asked = await rig.say(f"{sim.mention} hello")
            await rig.event()
            await sim.edit(asked, "hello, all of you")
            await heard(rig)
            assert rig.inbox.edits == []


class TestDeletions:
    async def test_a_message_of_a_channel(self) -> None:
        async with connected() as rig:
            asked = await rig.say(f"{rig.sim.mention} hello")
            await rig.event()
            await rig.sim.delete(asked)
            await rig.changed(lambda: rig.inbox.removals)
        ids = (str(asked.id),)
        where = (str(rig.guild.id), str(rig.channel.id))
        assert rig.inbox.removals == [Removal("discord", *where, None, ids, ids)]
        assert rig.inbox.messages[0].event_id == ids[0]

    async def test_a_message_of_ours_in_a_thread(self) -> None:
        async with connected() as rig:
            thread = await rig.sim.start_thread(rig.channel, None, "t", rig.ada)
            ref = await rig.adapter.post(rig.spot(thread), "an answer", key="k1")
            await rig.sim.delete(rig.sim.message(ref.message))
            await rig.changed(lambda: rig.inbox.removals)
        [removal] = rig.inbox.removals
        assert (removal.thread, removal.messages) == (key(rig, thread.id), (ref.message,))

    async def test_of_a_thread_that_is_not_known_any_more(self) -> None:
        async with connected() as rig:
            thread = await rig.sim.start_thread(rig.channel, None, "t", rig.ada)
            said = await rig.sim.say(thread, rig.ada, "hello")
            await rig.sim.archive(thread)
            await rig.sim.delete(said)
            await rig.changed(lambda: rig.inbox.removals)
        assert rig.inbox.removals[0].thread == key(rig, thread.id)

    async def test_a_direct_message(self) -> None:
        async with connected() as rig:
            direct = rig.sim.open_dm(rig.ada)
            await rig.sim.delete(await rig.sim.say(direct, rig.ada, "hello"))
            await rig.changed(lambda: rig.inbox.removals)
        there = str(direct.id)
        assert rig.inbox.removals[0].thread == ThreadKey("discord", "@me", there, there)

    async def test_many_at_once(self) -> None:
        async with connected() as rig:
            said = [await rig.say(f"{number}") for number in range(3)]
            await rig.sim.delete_many(said)
            await rig.changed(lambda: rig.inbox.removals)
        [removal] = rig.inbox.removals
        assert set(removal.messages) == {str(message.id) for message in said}
        assert removal.events == removal.messages

    async def test_it_does_not_overtake_its_message(self) -> None:
        async with connected() as rig:
            seen: list[str] = []
            messages, removals = rig.inbox.message, rig.inbox.deleted

            async def message(event: object) -> None:
                await messages(event)  # type: ignore[arg-type]
                seen.append("message")

            async def deleted(removal: Removal) -> None:
                await removals(removal)
                seen.append("deleted")

            rig.inbox.message, rig.inbox.deleted = message, deleted  # type: ignore[method-assign]
            asked = await rig.say(f"{rig.sim.mention} hello")
            await rig.sim.delete(asked)
            await rig.changed(lambda: len(seen) == 2)
        assert seen == ["message", "deleted"]

    async def test_threads_and_channels(self) -> None:
        async with connected() as rig:
            thread = await rig.sim.start_thread(rig.channel, None, "t", rig.ada)
            other = await rig.sim.add_text_channel(rig.guild, "other")
            within = await rig.sim.start_thread(other, None, "t", rig.ada)
            await rig.sim.delete_thread(thread)
            await rig.changed(lambda: len(rig.inbox.removals) == 1)
            await rig.sim.delete_channel(other)
            await rig.changed(lambda: len(rig.inbox.removals) == 3)
        space = str(rig.guild.id)
        assert rig.inbox.removals[0].thread == key(rig, thread.id)
        assert Removal("discord", space, str(other.id)) in rig.inbox.removals
        inner = key(rig, within.id, other.id)
        assert Removal("discord", space, str(within.id), inner) in rig.inbox.removals


def ids(messages: Sequence[Message]) -> tuple[str, ...]:
    return tuple(str(each.id) for each in messages)


class TestMeanwhile:
    async def _thread(self, sim: DiscordSimulator) -> tuple[Rig, list[Message]]:
        """A thread that is followed, with five messages that were heard."""
        rig = await rig_of(sim)
        thread = await sim.start_thread(rig.channel, None, "t", rig.ada)
        said = [await sim.say(thread, rig.ada, f"{number}") for number in range(5)]
        rig.inbox.followed = (Followed(key(rig, thread.id), said[-1].id),)
        rig.inbox.kept = [str(message.id) for message in said]
        rig.inbox.notes.texts[HEARD] = str(time.time())
        return rig, said

    async def test_what_was_edited_or_deleted_is_found(self) -> None:
        async with DiscordSimulator() as sim:
            rig, said = await self._thread(sim)
            await sim.edit(said[1], "changed", event=False)
            await sim.delete(said[3], event=False)
            new = await sim.say(said[0].channel, rig.ada, "new", event=False)
            running = rig.start()
            await rig.changed(lambda: rig.inbox.removals and rig.inbox.messages)
            await rig.stop(running)
        assert [event.position for event in rig.inbox.messages] == [new.id]
        assert [(edit.position, edit.text) for edit in rig.inbox.edits] == [(said[1].id, "changed")]
        one = ids([said[3]])
        thread = said[0].channel
        where = (str(rig.guild.id), str(thread.id))
        assert rig.inbox.removals == [Removal("discord", *where, key(rig, thread.id), one, one)]

    @pytest.mark.parametrize("gone", ["thread", "channel", "neither", "messages"])
    async def test_a_place_that_was_deleted_is_found(self, gone: str) -> None:
        async with DiscordSimulator() as sim:
            rig, said = await self._thread(sim)
            guild, thread = str(rig.guild.id), said[0].channel
            expected = [Removal("discord", guild, str(thread.id), key(rig, thread.id))]
            if gone == "channel":
                await sim.delete_channel(rig.channel)
                expected.append(Removal("discord", guild, str(rig.channel.id)))
            elif gone == "messages":
                for each in said:
                    await sim.delete(each)
                expected = [replace(expected[0], messages=ids(said), events=ids(said))]
            else:
                await sim.delete_thread(thread)
            if gone == "neither":
                # Outside threads a conversation is no place of its own.
                inside = await rig.say("in the channel")
                others = [await rig.say("and another") for _ in range(3)]
                rig.inbox.kept = ids([inside, *others])
                for each in others:
                    await sim.delete(each)
                others_gone = Removal("discord", guild, str(rig.channel.id))
                expected = [replace(others_gone, messages=ids(others), events=ids(others))]
            running = rig.start()
            await rig.changed(lambda: sim.calls_by_route()[HISTORY] >= 2)
            await rig.changed(lambda: len(rig.inbox.removals) >= len(expected))
            await rig.stop(running)
        assert rig.inbox.removals == expected

    @pytest.mark.parametrize("loose", [False, True])
    async def test_what_lies_far_down_in_the_channel_is_looked_for_by_the_page(
        self, loose: bool
    ) -> None:
        """A thread that was deleted, or a conversation outside threads, in a busy channel."""
        async with DiscordSimulator(limits=False) as sim:
            rig = await rig_of(sim)
            asked = await rig.say(f"{sim.mention} hello")
            thread = await sim.start_thread(rig.channel, asked, "t", rig.ada)
            place = rig.channel if loose else thread
            said = [await sim.say(place, rig.ada, "at once")]
            for number in range(MOST_PAGES * PAGE_SIZE):
                await sim.say(rig.channel, rig.ada, f"{number}")
            said += [await sim.say(place, rig.ada, f"{number}") for number in range(30)]
            await sim.delete_thread(thread)
            if loose:
                await sim.delete(said[0])
            rig.inbox.followed = (Followed(key(rig, thread.id), said[-1].id),)
            rig.inbox.kept = ids(said)
            rig.inbox.notes.texts[HEARD] = str(time.time())
            running = rig.start()
            await rig.changed(lambda: rig.inbox.removals)
            counts = sim.calls_by_route()
            await rig.stop(running)
        where = Removal("discord", str(rig.guild.id), str(rig.channel.id))
        expected = replace(where, messages=ids(said[:1]), events=ids(said[:1]))
        if not loose:
            expected = replace(where, channel=str(thread.id), thread=key(rig, thread.id))
        assert rig.inbox.removals == [expected]
        assert counts[FETCH] <= 2 and counts[HISTORY] <= MOST_PAGES + 4

    @pytest.mark.parametrize(
        ("status", "body"), [(200, []), (404, {"code": 10003, "message": "Unknown Channel"})]
    )
    async def test_a_place_that_is_there_is_not_taken_for_deleted(
        self, status: int, body: object
    ) -> None:
        """Whether it looks empty, or Discord errs about it."""
        async with DiscordSimulator() as sim:
            rig, _ = await self._thread(sim)
            sim.faults.add(HISTORY, status=status, body=body, times=2)
            running = rig.start()
            await rig.changed(lambda: sim.calls_by_route()[HISTORY] >= 2)
            await rig.stop(running)
        assert rig.inbox.removals == []

    @pytest.mark.parametrize("unread", [True, False])
    async def test_what_stands_in_the_channel_is_not_taken_for_deleted(self, unread: bool) -> None:
        """Where the past may not be read, or a thread was opened later on the first message."""
        async with DiscordSimulator() as sim:
            rig, _ = await self._thread(sim)
            inside = await rig.say("in the channel")
            others = [await rig.say("and another") for _ in range(3)]
            rig.inbox.kept = ids([inside, *others])
            rig.inbox.followed = (Followed(key(rig, inside.id), others[-1].id),)
            if unread:
                await sim.deny(rig.channel, "read_message_history")
            else:
                await sim.start_thread(rig.channel, inside, "t", rig.ada)
            running = rig.start()
            await rig.changed(lambda: sim.calls_by_route()[FETCH] >= (1 if unread else 5))
            await rig.say(f"{sim.mention} still there?")
            await rig.changed(lambda: rig.inbox.messages)
            await rig.stop(running)
        assert rig.inbox.removals == []

    async def test_what_was_not_for_us_then_is_not_now(self) -> None:
        """Older messages are read to be compared, and not handed in."""
        async with DiscordSimulator() as sim:
            rig, said = await self._thread(sim)
            rig.inbox.kept = [str(said[0].id), str(said[4].id)]
            rig.inbox.notes.texts[HEARD] = str(time.time() + 2 * OVERLAP_SECONDS)
            running = rig.start()
            await rig.changed(lambda: sim.calls_by_route()[HISTORY] >= 2)
            await rig.stop(running)
        assert (rig.inbox.messages, rig.inbox.removals) == ([], [])

    @pytest.mark.parametrize("gone", [False, True])
    async def test_the_starter_of_a_thread_lies_elsewhere(self, gone: bool) -> None:
        async with DiscordSimulator() as sim:
            rig = await rig_of(sim)
            asked = await rig.say(f"{sim.mention} hello")
            thread = await sim.start_thread(rig.channel, asked, "t", rig.ada)
            said = await sim.say(thread, rig.ada, "more")
            rig.inbox.followed = (Followed(key(rig, thread.id), said.id),)
            rig.inbox.kept = [str(asked.id), str(said.id)]
            rig.inbox.notes.texts[HEARD] = str(time.time())
            if gone:
                await sim.delete(asked)
            running = rig.start()
            await rig.changed(lambda: sim.calls_by_route()[HISTORY] >= 2)
            await rig.changed(lambda: len(rig.inbox.removals) == gone)
            await rig.stop(running)
        starter = Removal("discord", str(rig.guild.id), str(rig.channel.id))
        expected = replace(starter, messages=ids([asked]), events=ids([asked]))
        assert rig.inbox.removals == ([expected] if gone else [])


@pytest.mark.parametrize("kept", [["x", "", "12y"], []])
async def test_ids_that_are_none_are_passed_over(kept: list[str]) -> None:
    async with DiscordSimulator() as sim:
        rig = await rig_of(sim)
        thread = await sim.start_thread(rig.channel, None, "t", rig.ada)
        rig.inbox.followed = (Followed(key(rig, thread.id), thread.id),)
        rig.inbox.kept = kept
        rig.inbox.notes.texts[HEARD] = str(time.time())
        missed = await sim.say(thread, rig.ada, "missed", event=False)
        running = rig.start()
        await rig.changed(lambda: rig.inbox.messages)
        await rig.stop(running)
    assert [event.position for event in rig.inbox.messages] == [missed.id]
    assert MOST_COMPARED < 100
