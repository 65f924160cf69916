"""Native streams through the adapter: what is refused or lost, and nothing missing over it."""

from __future__ import annotations

import random
from typing import Any

import pytest

from adapters.slack.render import rendered
from bot.controls import Action, Presentation
from bot.errors import MessageGone, PlatformBusy, PlatformError
from tests.contracts.slack_scene import (
    ADD,
    DONE,
    EDIT,
    POST,
    START,
    STOP,
    WRITING,
    FewClaims,
    process,
    scene,
)


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
        await here.sim.until(lambda: here.session(spot) == "active")
        same = await here.adapter.post(spot, "All.", key="k", again=True)
        assert same == ref


async def test_a_start_whose_answer_was_lost_leaves_no_session_that_works() -> None:
    """The answer is not written after all."""
    async with scene() as here:
        spot = await here.asked()
        here.sim.faults.add(START, after_effect=True)
        with pytest.raises(PlatformBusy):
            await here.adapter.post(spot, "One", key="k", look=WRITING)
        assert here.session(spot) == "processing"
        await here.adapter.settled(here.inbox.messages[-1].thread)
        await here.sim.until(lambda: here.session(spot) == "active")


async def test_a_stream_that_another_process_finds_by_its_key_leaves_no_session_that_works() -> (
    None
):
    async with scene() as here:
        spot = await here.asked()
        first = await here.adapter.post(spot, "One", key="k", look=WRITING)
        async with process(here.sim, here.inbox, "auto", here.clock) as other:
            spot = await other.open(here.inbox.messages[-1], "")
            assert await other.post(spot, "Uno", key="k", again=True, look=WRITING) == first
            await other.edit(first, "Uno dos.", look=DONE)
            await here.sim.until(lambda: here.session(spot) == "active")


async def test_a_stream_that_another_process_completes_leaves_no_session_that_works() -> None:
    async with scene() as here:
        spot = await here.asked()
        ref = await here.adapter.post(spot, "One", key="k", look=WRITING)
        async with process(here.sim, here.inbox, "auto", here.clock) as other:
            await other.edit(ref, "Uno dos.", look=DONE)
            assert (here.message(ref).text, here.state(ref)) == ("Uno dos.", "stopped")
            assert here.session(spot) == "active"


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
