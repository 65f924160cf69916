"""Native streams through the adapter: what is sent, what is refused, and nothing lost over it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from adapters.slack import StreamMode
from adapters.slack.adapter import SlackAdapter, SocketMode
from adapters.slack.render import rendered
from adapters.slack.streams import LONGEST_SECONDS
from bot.chat import MessageRef, Spot
from bot.controls import Action, Presentation
from bot.errors import MessageGone, PlatformBusy, PlatformError
from bot.stand_ins import MemoryClaims
from tests.contracts.slack_rig import QUICK, RecordingInbox, simulator
from tests.simulators.slack_sim import Channel, Message, SlackSimulator, User

WRITING = Presentation("turn", streaming=True)
DONE = Presentation("turn")

START, ADD, STOP = "chat.startStream", "chat.appendStream", "chat.stopStream"
POST, EDIT = "chat.postMessage", "chat.update"


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        return self.at


class FewClaims(MemoryClaims):
    """Claims of which so many can be spent under each name."""

    def __init__(self, left: dict[str, int]) -> None:
        super().__init__()
        self.left = left

    async def spend(self, name: str, burst: int, seconds: float) -> float:
        await super().spend(name, burst, seconds)
        method = name.partition(" ")[0]
        self.left[method] = self.left.get(method, burst) - 1
        return 0.0 if self.left[method] >= 0 else 0.02


@dataclass
class Scene:
    """Ada's direct messages with the bot, and an adapter that runs."""

    sim: SlackSimulator
    adapter: SlackAdapter
    inbox: RecordingInbox
    ada: User
    dm: Channel
    clock: Clock

    async def asked(self, text: str = "a question", channel: Channel | None = None) -> Spot:
        """Somebody asks, and the adapter is about to answer."""
        before = len(self.inbox.messages)
        self.sim.say(channel or self.dm, self.ada, text)
        await self.sim.until(lambda: len(self.inbox.messages) > before)
        await self.sim.settled()
        return await self.adapter.open(self.inbox.messages[before], "A title")

    def message(self, ref: MessageRef) -> Message:
        """The message as Slack has it."""
        found = self.sim.message(ref.message)
        assert found is not None
        return found

    def state(self, ref: MessageRef) -> str:
        """How its stream is; empty for a message that is none."""
        stream = self.message(ref).stream
        return "" if stream is None else stream.state

    def session(self, spot: Spot) -> str:
        """The state of a thread's session."""
        found = self.sim.state.sessions.get((spot.channel, str(spot.reply_to)))
        return "" if found is None else found.status

    def calls(self, *methods: str) -> list[int]:
        """How often each of some methods was called."""
        counted = self.sim.calls_by_method()
        return [counted[method] for method in methods]


@asynccontextmanager
async def scene(
    streaming: StreamMode = "auto", claims: MemoryClaims | None = None, **settings: Any
) -> AsyncIterator[Scene]:
    async with simulator(**({"native_streams": True} | settings)) as sim:
        inbox = RecordingInbox(sim.state.signal.changed)
        if claims is not None:
            inbox.claims = claims
        clock, ada = Clock(), sim.add_user("Ada")
        async with process(sim, inbox, streaming, clock) as adapter:
            await sim.connected(2)
            yield Scene(sim, adapter, inbox, ada, sim.open_dm(ada), clock)
        assert sim.violations == []


@asynccontextmanager
async def process(
    sim: SlackSimulator, inbox: RecordingInbox, streaming: StreamMode, clock: Clock
) -> AsyncIterator[SlackAdapter]:
    """An adapter that runs, as in a process of its own."""
    tokens = sim.environment()
    adapter = SlackAdapter(
        tokens["SLACK_BOT_TOKEN"],
        SocketMode(tokens["SLACK_APP_TOKEN"]),
        tokens["SLACK_API_URL"],
        QUICK,
        clock,
        streaming=streaming,
    )
    running = asyncio.create_task(adapter.run(inbox))
    try:
        yield adapter
    finally:
        running.cancel()
        await asyncio.wait([running])
        await adapter.close()


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


@pytest.mark.parametrize(
    "fault",
    [{"after_effect": True}, {"drop": True}, {"after_effect": True, "status": 500, "body": "x"}],
    ids=["carried out", "lost", "500 although carried out"],
)
@pytest.mark.parametrize("method", [ADD, STOP])
async def test_an_addition_whose_answer_was_lost_is_not_made_twice(
    method: str, fault: dict[str, Any]
) -> None:
    async with scene() as here:
        spot = await here.asked()
        look = WRITING if method == ADD else DONE
        ref = await here.adapter.post(spot, "One", key="k", look=WRITING)
        here.sim.faults.add(method, **fault)
        with pytest.raises(PlatformBusy):
            await here.adapter.edit(ref, "One two", look=look)
        for _ in range(2):
            # As the reply does: once more, after a moment.
            try:
                await here.adapter.edit(ref, "One two", look=look)
                break
            except PlatformBusy:
                continue
        assert here.message(ref).text == "One two"
        await here.adapter.edit(ref, "One two three", look=DONE)
        assert here.message(ref).text == "One two three"
        assert here.state(ref) == "stopped"


async def test_a_start_whose_answer_was_lost_is_found_again() -> None:
    async with scene() as here:
        spot = await here.asked()
        here.sim.faults.add(START, after_effect=True)
        with pytest.raises(PlatformBusy) as caught:
            await here.adapter.post(spot, "One", key="k", look=WRITING)
        assert caught.value.retry_after is None
        ref = await here.adapter.post(spot, "One two", key="k", again=True, look=WRITING)
        await here.adapter.edit(ref, "One two three", look=DONE)
        own = [message.text for message in here.sim.messages(here.dm) if message.by_app]
        assert own == ["One two three"]
        same = await here.adapter.post(spot, "All.", key="k", again=True)
        assert same == ref


async def test_controls_stand_under_a_stream_once_it_has_ended() -> None:
    """While it grows Slack's own Stop is there."""
    async with scene() as here:
        spot = await here.asked()
        writing = Presentation("turn", (Action.STOP,), streaming=True)
        ref = await here.adapter.post(spot, "One", key="k", look=writing)
        assert here.message(ref).blocks == ()
        done = Presentation("turn", (Action.REGENERATE, Action.GOOD, Action.BAD))
        await here.adapter.edit(ref, "One", look=done)
        kinds = [block["type"] for block in here.message(ref).blocks]
        assert kinds[-2:] == ["actions", "context_actions"]
        assert here.message(ref).text == "One"
        assert here.calls(START, STOP, EDIT) == [1, 1, 0]


async def test_another_process_goes_on_with_what_is_still_a_stream() -> None:
    async with scene() as here:
        spot = await here.asked()
        ref = await here.adapter.post(spot, "One", key="k", look=WRITING)
        async with process(here.sim, here.inbox, "auto", here.clock) as other:
            await other.edit(ref, "Uno dos", look=WRITING)
            assert (here.message(ref).text, here.state(ref)) == ("Uno dos", "stopped")
            # Whoever had it before notices, and writes nothing over it.
            with pytest.raises(PlatformBusy):
                await here.adapter.edit(ref, "One two", look=WRITING)
            await other.edit(ref, "Uno dos tres.", look=DONE)
            assert here.message(ref).text == "Uno dos tres."


@pytest.mark.parametrize("error", ["unknown_method", "method_deprecated", "feature_not_enabled"])
async def test_where_there_are_no_streams_it_is_not_tried_again(error: str) -> None:
    async with scene() as here:
        here.sim.faults.add(START, error=error)
        for number in range(3):
            spot = await here.asked()
            ref = await here.adapter.post(spot, "One", key=f"k{number}", look=WRITING)
            await here.adapter.edit(ref, "One two", look=DONE)
            assert here.message(ref).text == "One two"
        assert here.calls(START, POST) == [1, 3]
        assert here.inbox.meter.falls == ["no streams"]
        assert here.adapter.capabilities.edits_count_as(here.dm.id, "") == "edit"


async def test_a_channel_that_takes_no_streams_is_remembered() -> None:
    async with scene() as here:
        here.sim.faults.add(START, error="channel_type_not_supported")
        other = here.sim.open_dm(here.sim.add_user("Ben"))
        for number in range(2):
            spot = await here.asked()
            await here.adapter.post(spot, "One", key=f"k{number}", look=WRITING)
        assert here.calls(START) == [1]
        assert here.adapter.capabilities.edits_count_as(other.id, "") == "append"


async def test_an_answer_that_finds_no_start_is_posted() -> None:
    async with scene(claims=FewClaims({START: 1})) as here:
        states: list[str] = []
        for number in range(2):
            spot = await here.asked()
            ref = await here.adapter.post(spot, "One", key=f"k{number}", look=WRITING)
            states.append(here.state(ref))
            await here.adapter.edit(ref, "One two", look=DONE)
            assert here.message(ref).text == "One two"
        assert states == ["open", ""]


async def test_an_answer_that_finds_no_stop_is_complete_all_the_same() -> None:
    claims = FewClaims({STOP: 0})
    async with scene(claims=claims) as here:
        spot = await here.asked()
        ref = await here.adapter.post(spot, "One", key="k", look=WRITING)
        await here.adapter.edit(ref, "One two", look=DONE)
        assert (here.message(ref).text, here.state(ref)) == ("One two", "open")
        await here.sim.until(lambda: here.session(spot) == "active")
        claims.left[STOP] = 1
        await here.sim.until(lambda: here.state(ref) == "stopped")
        assert here.message(ref).text == "One two"
        assert here.calls(ADD, EDIT) == [1, 0]


async def test_a_stop_that_waits_does_not_hold_up_a_later_edit() -> None:
    claims = FewClaims({STOP: -1000})
    async with scene(claims=claims) as here:
        spot = await here.asked()
        ref = await here.adapter.post(spot, "One", key="k", look=WRITING)
        await here.adapter.edit(ref, "One two", look=DONE)
        await here.adapter.edit(ref, "Another answer", look=DONE)
        assert (here.message(ref).text, here.state(ref)) == ("Another answer", "stopped")


@pytest.mark.parametrize("method", [START, ADD, STOP])
async def test_a_push_back_loses_nothing(method: str) -> None:
    async with scene() as here:
        spot = await here.asked()
        refusal = {"status": 429, "headers": {"Retry-After": "1"}, "body": {"ok": False}}
        here.sim.faults.add(method, **refusal)
        ref = await here.adapter.post(spot, "One", key="k", look=WRITING)
        if method == ADD:
            with pytest.raises(PlatformBusy) as caught:
                await here.adapter.edit(ref, "One two", look=WRITING)
            assert caught.value.retry_after == 1
        await here.adapter.edit(ref, "One two", look=WRITING)
        await here.adapter.edit(ref, "One two three", look=DONE)
        assert here.message(ref).text == "One two three"
        await here.sim.until(lambda: here.state(ref) in ("", "stopped"))


async def test_a_deleted_stream_is_gone() -> None:
    async with scene() as here:
        spot = await here.asked()
        ref = await here.adapter.post(spot, "One", key="k", look=WRITING)
        here.sim.delete(here.message(ref))
        with pytest.raises(MessageGone):
            await here.adapter.edit(ref, "One two", look=WRITING)


async def test_the_declared_limit_of_additions_is_not_over_slacks() -> None:
    async with scene(limits=True, scale=1) as here:
        spot = await here.asked()
        ref = await here.adapter.post(spot, "x", key="k", look=WRITING)
        limits = {call: limit for limit in here.adapter.capabilities.limits for call in limit.calls}
        for number in range(limits["append"].count):
            await here.adapter.edit(ref, "x" * (number + 2), look=WRITING)
        assert not here.sim.rate_limited


async def test_stop_on_a_stream_is_asked_for_when_slack_refuses_an_addition() -> None:
    """The event of the button may come later than the next addition, or not at all."""
    async with scene() as here:
        spot = await here.asked()
        ref = await here.adapter.post(spot, "One", key="k", look=WRITING)
        stream = here.message(ref).stream
        assert stream is not None
        stream.state = "stopped_by_user"
        with pytest.raises(PlatformBusy):
            await here.adapter.edit(ref, "One two", look=WRITING)
        [call] = await here.sim.until(lambda: here.inbox.calls)
        assert (call.name, call.author.id, call.direct) == ("stop", here.ada.id, True)
        assert call.thread == here.inbox.messages[0].thread
        await here.adapter.edit(ref, "One\n\n*(stopped)*", look=DONE)
        assert here.message(ref).text == "One\n\n*(stopped)*"
        await here.sim.until(lambda: here.session(spot) == "active")


async def test_whatever_is_written_and_whatever_fails_the_text_is_whole() -> None:
    """Random edits and faults: with as many tries as a reply makes, each answer ends as it should.

    What stands there at any time begins as the answer did, or is a text that it was given.
    """
    dice = random.Random(20261127)
    words = (
        "warp ",
        "weft, ",
        "\n\n",
        "```py\n",
        "x = 1\n",
        "```\n",
        "<!here> ",
        "<",
        "@U1 ",
        "ü🧵 ",
    )
    faults: tuple[dict[str, Any], ...] = (
        {"drop": True},
        {"after_effect": True},
        {"status": 429, "headers": {"Retry-After": "1"}, "body": {"ok": False}},
        {"error": "message_not_in_streaming_state"},
        {"status": 503, "body": "upstream"},
    )
    async with scene() as here:
        spot = await here.asked()
        for number in range(40):
            text = "".join(dice.choices(words, k=dice.randrange(3, 30))).strip() or "warp"
            key, ref = f"k{number}", None
            cuts = sorted(dice.sample(range(1, len(text) + 1), k=min(4, len(text))))
            shown = [text[:cut] for cut in cuts if text[:cut].strip()] or [text]
            if dice.random() < 0.2:
                shown.insert(dice.randrange(len(shown)), "*Waiting …*")
            for _ in range(dice.choice((0, 0, 1, 2))):
                fault = dice.choice(faults)
                known = (ADD, STOP) if "error" in fault else (START, ADD, STOP, EDIT)
                here.sim.faults.add(dice.choice(known), **fault)
            for look, said in [*((WRITING, each) for each in shown), (DONE, text)]:
                for attempt in range(5):
                    try:
                        if ref is None:
                            ref = await here.adapter.post(
                                spot, said, key=key, again=attempt > 0, look=look
                            )
                        else:
                            await here.adapter.edit(ref, said, look=look)
                        break
                    except PlatformError:
                        continue
                else:
                    raise AssertionError("not written in five tries")
            assert ref is not None
            here.sim.faults.clear()
            assert here.message(ref).text == rendered(text), here.message(ref).texts
            await here.sim.until(lambda ref=ref: here.state(ref) != "open")
        assert here.calls(START)[0] > 30
