"""Native streams through the adapter: what people see of an answer that grows."""

from __future__ import annotations

import pytest

from adapters.slack import StreamMode
from adapters.slack.streams import LONGEST_SECONDS
from bot.chat import Spot
from bot.controls import Presentation
from bot.errors import MessageGone, PlatformBusy
from tests.contracts.slack_scene import (
    ADD,
    DONE,
    EDIT,
    POST,
    START,
    STOP,
    WRITING,
    scene,
)


async def test_an_answer_grows_by_additions_and_ends_with_the_rest() -> None:
    async with scene() as here:
        spot = await here.asked()
        ref = await here.adapter.post(spot, "One", key="k1", look=WRITING)
        assert here.session(spot) == "processing"
        await here.adapter.edit(ref, "One two", look=WRITING)
        await here.adapter.edit(ref, "One two three.", look=DONE)

        assert here.message(ref).texts == ["One", "One two", "One two three."]
        assert here.message(ref).metadata == {
            "event_type": "bobbin_turn",
            "event_payload": {"key": "k1"},
        }
        [start] = here.sim.calls(START)
        assert start.params["recipient_user_id"] == here.ada.id
        assert start.params["recipient_team_id"] == here.sim.workspace.id
        assert here.calls(START, ADD, STOP, POST, EDIT) == [1, 1, 1, 0, 0]
        assert (here.state(ref), here.session(spot)) == ("stopped", "active")


async def test_a_finished_stream_is_a_message_like_any_other() -> None:
    async with scene() as here:
        spot = await here.asked()
        ref = await here.adapter.post(spot, "One", key="k1", look=WRITING)
        await here.adapter.edit(ref, "One.", look=DONE)
        again = await here.adapter.post(spot, "Another.", key="k1", again=True)
        assert again == ref
        assert here.message(ref).text == "Another."
        await here.adapter.delete(ref)
        with pytest.raises(MessageGone):
            await here.adapter.edit(ref, "More.")


async def test_what_may_have_gone_by_the_next_time_is_not_sent() -> None:
    """A fence that is closed for now, and half a token that would be broken up."""
    async with scene() as here:
        spot = await here.asked()
        shown = [
            "See:\n\n```python\nprint(1)\n```",
            "See:\n\n```python\nprint(1)\nprint(2)\n```",
            "See:\n\n```python\nprint(1)\nprint(2)\n```\n\nAsk <!chan",
            "See:\n\n```python\nprint(1)\nprint(2)\n```\n\nAsk <!channel> or <@",
            "See:\n\n```python\nprint(1)\nprint(2)\n```\n\nAsk <!channel> or <@U0000001> now.",
        ]
        ref = await here.adapter.post(spot, shown[0], key="k1", look=WRITING)
        for text in shown[1:]:
            await here.adapter.edit(ref, text, look=WRITING)
        await here.adapter.edit(ref, shown[-1], look=DONE)

        message = here.message(ref)
        assert message.texts[0] == "See:\n\n```python\nprint(1)"
        assert message.text.replace("\u200b", "") == shown[-1]
        assert message.pings == ()
        assert here.calls(EDIT) == [0]


async def test_a_text_that_goes_another_way_is_edited_as_a_whole() -> None:
    async with scene() as here:
        spot = await here.asked()
        ref = await here.adapter.post(spot, "*Waiting for the model …*", key="k1", look=WRITING)
        await here.adapter.edit(ref, "The answer", look=WRITING)
        assert here.message(ref).text == "The answer"
        assert here.session(spot) == "processing"
        await here.adapter.edit(ref, "The answer is this.", look=DONE)

        assert here.message(ref).text == "The answer is this."
        assert here.calls(START, ADD, STOP, EDIT) == [1, 0, 1, 2]
        await here.sim.until(lambda: here.session(spot) == "active")


@pytest.mark.parametrize("look", [WRITING, DONE], ids=["meanwhile", "at the end"])
async def test_a_link_is_never_streamed(look: Presentation) -> None:
    """Nobody can tell Slack to make no preview of it, for which the address is asked."""
    async with scene() as here:
        text = "See [this](https://example.org/?q=secret) and more"
        spot = await here.asked()
        ref = await here.adapter.post(spot, "See", key="k1", look=WRITING)
        await here.adapter.edit(ref, text, look=look)
        await here.adapter.edit(ref, f"{text}.", look=DONE)
        message = here.message(ref)
        assert (message.text, message.unfurled) == (f"{text}.", False)
        assert here.calls(STOP, EDIT) == [1, 2]

        other = await here.adapter.post(spot, text, key="k2", look=WRITING)
        assert (here.state(other), here.message(other).unfurled) == ("", False)


async def test_only_direct_messages_are_streamed() -> None:
    async with scene() as here:
        room = here.sim.add_channel("general", members=[here.ada])
        group = here.sim.open_group_dm(here.ada, here.sim.add_user("Ben"))
        for channel in (room, group):
            spot = await here.asked(f"{here.sim.mention} hi", channel)
            ref = await here.adapter.post(spot, "One", key="k", look=WRITING)
            await here.adapter.edit(ref, "One two", look=WRITING)
        assert here.calls(START, POST, EDIT) == [0, 2, 2]


@pytest.mark.parametrize("mode", ["native", "edit", "off"])
async def test_the_setting_says_where(mode: StreamMode) -> None:
    async with scene(mode) as here:
        room = here.sim.add_channel("general", members=[here.ada])
        for channel, text in ((room, f"{here.sim.mention} hi"), (here.dm, "hi")):
            spot = await here.asked(text, channel)
            ref = await here.adapter.post(spot, "One", key="k", look=WRITING)
            assert (here.state(ref) == "open") == (mode == "native")
            await here.adapter.edit(ref, "One two", look=DONE)
            assert here.message(ref).text == "One two"
        can = here.adapter.capabilities
        assert (can.edits, can.streams) == (mode != "off", mode == "native")


async def test_a_stream_in_a_channel_needs_to_know_for_whom() -> None:
    async with scene("native") as here:
        room = here.sim.add_channel("general", members=[here.ada])
        root = here.sim.say(room, here.ada, "hello", deliver=False)
        ref = await here.adapter.post(Spot(room.id, root.ts), "One", key="k", look=WRITING)
        assert here.state(ref) == ""


async def test_a_message_that_another_one_follows_is_completed_first() -> None:
    async with scene() as here:
        spot = await here.asked()
        first = await here.adapter.post(spot, "Part one\n\n```\ncode\n```", key="k0", look=WRITING)
        second = await here.adapter.post(spot, "Part two", key="k1", look=WRITING)
        assert here.message(first).text == "Part one\n\n```\ncode\n```"
        assert [here.state(ref) for ref in (first, second)] == ["stopped", "open"]
        assert here.session(spot) == "processing"
        await here.adapter.edit(second, "Part two.", look=DONE)
        assert here.calls(START, STOP, EDIT) == [2, 2, 0]
        assert here.session(spot) == "active"
        await here.adapter.edit(first, "Part 1", look=DONE)
        assert here.message(first).text == "Part 1"


async def test_a_message_that_is_followed_is_whole_although_its_stream_is_over() -> None:
    async with scene() as here:
        spot = await here.asked()
        text = "Part one\n\n```\ncode\n```"
        first = await here.adapter.post(spot, text, key="k0", look=WRITING)
        stream = here.message(first).stream
        assert stream is not None
        stream.ends = -1.0
        await here.adapter.post(spot, "Part two", key="k1", look=WRITING)
        assert here.message(first).text == text


async def test_before_five_minutes_a_stream_is_ended_and_edited_on() -> None:
    async with scene() as here:
        spot = await here.asked()
        ref = await here.adapter.post(spot, "One", key="k", look=WRITING)
        here.clock.at += LONGEST_SECONDS
        await here.adapter.edit(ref, "One two", look=WRITING)
        assert (here.message(ref).text, here.state(ref)) == ("One two", "stopped")
        assert here.session(spot) == "processing"
        await here.adapter.edit(ref, "One two three", look=WRITING)
        await here.adapter.edit(ref, "One two three four.", look=DONE)
        assert here.message(ref).text == "One two three four."
        assert here.calls(STOP, EDIT) == [1, 2]
        await here.sim.until(lambda: here.session(spot) == "active")


async def test_a_stream_that_slack_has_ended_is_edited_on() -> None:
    async with scene() as here:
        spot = await here.asked()
        ref = await here.adapter.post(spot, "One", key="k", look=WRITING)
        stream = here.message(ref).stream
        assert stream is not None
        stream.ends = -1.0
        counts_as = here.adapter.capabilities.edits_count_as
        assert counts_as(ref.channel, ref.message) == "append"
        with pytest.raises(PlatformBusy):
            await here.adapter.edit(ref, "One two", look=WRITING)
        assert counts_as(ref.channel, ref.message) == "edit"
        await here.adapter.edit(ref, "One two", look=WRITING)
        assert here.message(ref).text == "One two"
