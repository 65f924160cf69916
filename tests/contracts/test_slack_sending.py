"""The Slack adapter speaks: posts, edits, status, history, and what Slack refuses."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from adapters.slack.markup import MAX_CHARS
from adapters.slack.values import SCARCE
from bot.chat import Incoming, MessageRef, Spot
from bot.controls import Action, Presentation
from bot.errors import BadToken, MessageGone, NotAllowed, PlatformBusy, PlatformError
from tests.contracts.slack_rig import QUICK, Rig, connected, rig_of, simulator
from tests.simulators.slack_sim.model import Request

LOUD = (
    "<!channel> <!here> <!everyone> <!subteam^S123|@all> <@U00000002> @here @channel\n"
    "```\n<!channel> <@U00000002>\n```\n`<!here>`"
)


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    async with connected() as made:
        yield made
        assert made.sim.violations == []


async def spot_of(rig: Rig) -> Spot:
    return await rig.adapter.open(await rig.mentioned(), "a title")


async def test_an_answer_goes_into_the_thread_and_is_edited(rig: Rig) -> None:
    said = rig.mention("hello")
    event, _ = await rig.events(2)
    spot = await rig.adapter.open(event, "a title")
    ref = await rig.adapter.post(spot, "Let me **see**", key="turn1")
    await rig.adapter.edit(ref, "Let me **see**: it works")

    assert spot == Spot(rig.room.id, said.ts)
    (reply,) = rig.sim.replies(said)
    assert ref == MessageRef(rig.room.id, reply.ts)
    assert reply.texts == ["Let me **see**", "Let me **see**: it works"]
    first, second = reply.versions
    assert first.markdown
    assert list(second.blocks) == [{"type": "markdown", "text": "Let me **see**: it works"}]
    assert reply.versions[-1].parse == "none"
    assert reply.metadata == {"event_type": "bobbin_turn", "event_payload": {"key": "turn1"}}


async def test_an_answer_to_a_reply_goes_to_the_root(rig: Rig) -> None:
    root = rig.sim.say(rig.room, rig.ada, "old")
    rig.mention("deep", thread=root)
    event, _ = await rig.events(2)
    await rig.adapter.post(await rig.adapter.open(event, ""), "here", key="k")

    assert [reply.text for reply in rig.sim.replies(root)] == ["here"]


async def test_nobody_is_notified_and_nothing_is_unfurled(rig: Rig) -> None:
    spot = await spot_of(rig)
    ref = await rig.adapter.post(spot, f"{LOUD} https://example.org/?q=secret", key="k")
    await rig.adapter.edit(ref, f"{LOUD}\n\nand again {LOUD} https://example.org/?q=more")
    message = rig.sim.message(ref.message)

    assert message is not None
    assert message.pings == ()
    assert not message.unfurled
    assert message.text.replace("\u200b", "").startswith(LOUD)


async def test_the_longest_text_fits(rig: Rig) -> None:
    text = "<@U1> " * (MAX_CHARS // 7)
    assert MAX_CHARS - 7 < rig.adapter.measure(text) <= MAX_CHARS
    ref = await rig.adapter.post(await spot_of(rig), text, key="k")
    await rig.adapter.edit(ref, text)
    with pytest.raises(ValueError, match="units"):
        await rig.adapter.edit(ref, text + "<@U1> " * 2)


@pytest.mark.parametrize(
    ("refused", "left"),
    [("feedback_buttons", ["markdown", "actions"]), ("actions", [])],
)
async def test_what_slack_does_not_take_below_an_answer_is_left_out(
    rig: Rig, refused: str, left: list[str]
) -> None:
    spot = await spot_of(rig)
    look = Presentation("turn", (Action.REGENERATE, Action.GOOD, Action.BAD))

    def holds_it(request: Request) -> bool:
        return f'"{refused}"' in json.dumps(request.params.get("blocks", ()))

    rig.sim.faults.add(holds_it, error="invalid_blocks", times=9)
    posted = await rig.adapter.post(spot, "all of it", key="k", look=look)
    written = await rig.adapter.post(spot, "half", key="k2")
    await rig.adapter.edit(written, "whole", look=look)
    for ref, text in ((posted, "all of it"), (written, "whole")):
        message = rig.sim.message(ref.message)
        assert message is not None
        assert message.text == text
        assert [block["type"] for block in message.blocks] == left
    calls = rig.sim.calls_by_method()
    # Thumbs that one message was better without are not tried again.
    assert calls["chat.update"] == (1 if left else 3)


async def test_a_repeated_post_is_found_by_its_key(rig: Rig) -> None:
    spot = await spot_of(rig)
    await rig.adapter.post(spot, "another", key="other")
    rig.sim.faults.add("chat.postMessage", after_effect=True)
    with pytest.raises(PlatformBusy) as caught:
        await rig.adapter.post(spot, "once", key="mine")
    assert caught.value.retry_after is None
    ref = await rig.adapter.post(spot, "once only", key="mine", again=True)
    fresh = await rig.adapter.post(spot, "new", key="fresh", again=True)

    texts = [m.texts for m in rig.sim.messages(rig.room) if m.by_app]
    assert texts == [["another"], ["once", "once only"], ["new"]]
    assert rig.sim.message(ref.message) is not None and ref != fresh


async def test_a_post_is_never_repeated_by_itself(rig: Rig) -> None:
    spot = await spot_of(rig)
    for fault in ({"drop": True}, {"status": 503, "body": "x"}, {"after_effect": True}):
        rig.sim.faults.add("chat.postMessage", **fault)
        before = rig.sim.calls_by_method()["chat.postMessage"]
        with pytest.raises(PlatformBusy):
            await rig.adapter.post(spot, "once", key="k")
        assert rig.sim.calls_by_method()["chat.postMessage"] == before + 1


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"error": "message_not_found"}, MessageGone),
        ({"error": "thread_not_found"}, MessageGone),
        ({"error": "not_in_channel"}, NotAllowed),
        ({"error": "is_archived"}, NotAllowed),
        ({"error": "restricted_action_read_only_channel"}, NotAllowed),
        ({"error": "missing_scope"}, NotAllowed),
        ({"error": "token_revoked"}, BadToken),
        ({"error": "internal_error"}, PlatformBusy),
        ({"error": "a_new_word"}, PlatformError),
        ({"status": 502, "body": "<html>"}, PlatformBusy),
        ({"status": 200, "body": "plain text"}, PlatformBusy),
        ({"status": 200, "body": ["a", "list"]}, PlatformBusy),
        ({"status": 429, "body": {"ok": False, "error": "ratelimited"}}, PlatformBusy),
        ({"drop": True}, PlatformBusy),
        ({"delay": 600}, PlatformBusy),
    ],
)
async def test_what_slack_refuses_is_said_in_our_words(
    rig: Rig, fault: dict[str, Any], error: type[PlatformError]
) -> None:
    spot = await spot_of(rig)
    ref = await rig.adapter.post(spot, "text", key="k")
    for method, call in (
        ("chat.update", lambda: rig.adapter.edit(ref, "new")),
        ("chat.postMessage", lambda: rig.adapter.post(spot, "new", key="l")),
    ):
        rig.sim.faults.add(method, **fault)
        with pytest.raises(PlatformError) as caught:
            await call()
        assert isinstance(caught.value, error)
        if error is PlatformError:
            named = (BadToken, MessageGone, NotAllowed, PlatformBusy)
            assert not isinstance(caught.value, named)
        assert "xoxb" not in str(caught.value)


async def test_a_missing_invitation_is_explained(rig: Rig) -> None:
    spot = await spot_of(rig)
    rig.sim.remove_bot(rig.room)
    with pytest.raises(NotAllowed) as caught:
        await rig.adapter.post(spot, "hi", key="k")
    assert "/invite" in caught.value.user_text


async def test_a_rate_limit_is_told_at_once() -> None:
    async with connected(simulator(limits=True, scale=1)) as rig:
        spot = await spot_of(rig)
        ref = await rig.adapter.post(spot, "0", key="k")
        with pytest.raises(PlatformBusy) as caught:
            for number in range(60):
                await rig.adapter.edit(ref, str(number))
        assert caught.value.retry_after is not None and caught.value.retry_after >= 1
        assert rig.sim.rate_limited["chat.update"] == 1


async def test_the_declared_limits_are_not_over_slacks() -> None:
    async with connected(simulator(limits=True, scale=1)) as rig:
        spot = await spot_of(rig)
        limits = {call: limit for limit in rig.adapter.capabilities.limits for call in limit.calls}
        refs = [
            await rig.adapter.post(spot, "0", key=f"k{number}")
            for number in range(limits["post"].count)
        ]
        for number in range(limits["edit"].count):
            await rig.adapter.edit(refs[0], str(number))
        for ref in refs:
            await rig.adapter.delete(ref)
        assert not rig.sim.rate_limited


async def test_deleting_twice_is_fine(rig: Rig) -> None:
    ref = await rig.adapter.post(await spot_of(rig), "away", key="k")
    await rig.adapter.delete(ref)
    await rig.adapter.delete(ref)
    with pytest.raises(MessageGone):
        await rig.adapter.edit(ref, "back")


async def test_the_status_line_is_shown_and_cleared(rig: Rig) -> None:
    said = rig.mention()
    event, _ = await rig.events(2)
    spot = await rig.adapter.open(event, "")
    await rig.adapter.show_status(spot, "is thinking…")
    assert rig.sim.status(said) == "is thinking…"
    await rig.adapter.show_status(spot, None)
    assert rig.sim.status(said) == ""
    calls = rig.sim.calls_by_method()["assistant.threads.setStatus"]

    await rig.adapter.show_status(spot, "is thinking…")
    await rig.adapter.post(spot, "done", key="k")
    await rig.adapter.show_status(spot, None)
    assert rig.sim.status(said) == ""
    assert rig.sim.calls_by_method()["assistant.threads.setStatus"] == calls + 1


@pytest.mark.parametrize("word", ["unknown_method", "missing_scope", "channel_type_not_supported"])
async def test_a_status_line_that_slack_refuses_is_given_up(rig: Rig, word: str) -> None:
    spot = await spot_of(rig)
    rig.sim.faults.add("assistant.threads.setStatus", error=word)
    for _ in range(3):
        await rig.adapter.show_status(spot, "is thinking…")
        await rig.adapter.show_status(spot, None)
    assert rig.sim.calls_by_method()["assistant.threads.setStatus"] == 1


async def test_a_busy_status_line_is_tried_again(rig: Rig) -> None:
    spot = await spot_of(rig)
    rig.sim.faults.add("assistant.threads.setStatus", status=503, body="x")
    with pytest.raises(PlatformBusy):
        await rig.adapter.show_status(spot, "is thinking…")
    await rig.adapter.show_status(spot, "is thinking…")
    assert [status.status for status in rig.sim.statuses] == ["is thinking…"]


async def test_a_status_line_that_stays_is_cleared_as_soon_as_slack_lets_us(rig: Rig) -> None:
    said = rig.mention()
    event, _ = await rig.events(2)
    spot = await rig.adapter.open(event, "")
    method = "assistant.threads.setStatus"
    # Slack shows it, and only its answer is lost.
    rig.sim.faults.add(method, after_effect=True)
    with pytest.raises(PlatformBusy):
        await rig.adapter.show_status(spot, "is thinking…")
    busy = {"Retry-After": "0.01"}
    rig.sim.faults.add(method, error="ratelimited", status=429, headers=busy, times=3)
    with pytest.raises(PlatformBusy):
        await rig.adapter.show_status(spot, None)
    assert rig.sim.status(said)
    await rig.until(lambda: not rig.sim.status(said))
    # What is shown next is not taken away by what is still being tried.
    await rig.adapter.show_status(spot, "is thinking…")
    fault = rig.sim.faults.add(method, status=503, body="x")
    await rig.adapter.settled(event.thread)
    await rig.until(lambda: not fault.times)
    await rig.adapter.show_status(spot, "is writing…")
    assert rig.sim.status(said)
    assert rig.sim.calls_by_method()[method] == 8
    await rig.adapter.show_status(spot, None)


async def test_a_status_line_that_nobody_waits_for_any_more_is_cleared(rig: Rig) -> None:
    said = rig.mention()
    event, _ = await rig.events(2)
    spot = await rig.adapter.open(event, "")
    held = asyncio.Event()
    rig.sim.faults.add("assistant.threads.setStatus", after_effect=True, gate=held)
    showing = asyncio.create_task(rig.adapter.show_status(spot, "is thinking…"))
    await rig.until(lambda: rig.sim.calls("assistant.threads.setStatus"))
    showing.cancel()
    await asyncio.wait({showing})
    held.set()
    await rig.until(lambda: len(rig.sim.calls("assistant.threads.setStatus")) == 2)
    await rig.until(lambda: not rig.sim.status(said))


async def test_a_status_line_that_comes_after_the_answer_is_cleared(rig: Rig) -> None:
    said = rig.mention()
    event, _ = await rig.events(2)
    spot = await rig.adapter.open(event, "")
    held = asyncio.Event()
    rig.sim.faults.add("assistant.threads.setStatus", gate=held)
    showing = asyncio.create_task(rig.adapter.show_status(spot, "is thinking…"))
    await rig.until(lambda: rig.sim.calls("assistant.threads.setStatus"))
    await rig.adapter.post(spot, "Waiting …", key="k")
    held.set()
    await showing
    assert rig.sim.status(said)
    await rig.adapter.show_status(spot, None)
    assert rig.sim.status(said) == ""


async def test_a_status_line_that_overtakes_the_word_of_the_answer_is_cleared(rig: Rig) -> None:
    """It stands by the time we are told of the message, and came after the message all the same."""
    said = rig.mention()
    event, _ = await rig.events(2)
    spot = await rig.adapter.open(event, "")
    late, told = asyncio.Event(), asyncio.Event()
    rig.sim.faults.add("assistant.threads.setStatus", gate=late)
    slow = {"status": 200, "body": {"ok": True, "ts": "1.2"}}
    rig.sim.faults.add("chat.postMessage", after_effect=True, gate=told, **slow)
    showing = asyncio.create_task(rig.adapter.show_status(spot, "is thinking…"))
    await rig.until(lambda: rig.sim.calls("assistant.threads.setStatus"))
    posting = asyncio.create_task(rig.adapter.post(spot, "Here it is.", key="k"))
    await rig.until(lambda: rig.sim.replies(said))
    late.set()
    await showing
    told.set()
    await posting
    assert rig.sim.status(said)
    await rig.adapter.show_status(spot, None)
    assert rig.sim.status(said) == ""


async def test_signs_that_slack_is_too_busy_to_take_away_wait_for_one_another(rig: Rig) -> None:
    said = [rig.mention(), rig.mention()]
    first, second = dict.fromkeys(event.ref for event in await rig.events(4))
    for ref in (first, second):
        await rig.adapter.mark_waiting(ref, True)
    method = "reactions.remove"
    busy = {"Retry-After": "0.4"}
    rig.sim.faults.add(method, error="ratelimited", status=429, headers=busy)
    with pytest.raises(PlatformBusy):
        await rig.adapter.mark_waiting(first, False)
    await asyncio.sleep(0)
    await rig.adapter.mark_waiting(second, False)
    assert len(rig.sim.calls(method)) == 1 and all(each.reactions for each in said)
    await rig.until(lambda: not any(each.reactions for each in said))
    assert len(rig.sim.calls(method)) == 3


@pytest.mark.parametrize("waiting", [True, False])
async def test_a_sign_that_stays_on_a_message_is_taken_away_as_soon_as_slack_lets_us(
    rig: Rig, waiting: bool
) -> None:
    said = rig.mention()
    event, _ = await rig.events(2)
    method = "reactions.add" if waiting else "reactions.remove"
    await rig.adapter.mark_waiting(event.ref, not waiting)
    # Of one that is put there only the answer is lost.
    rig.sim.faults.add(method, after_effect=waiting, status=503, body="x")
    with pytest.raises(PlatformBusy):
        await rig.adapter.mark_waiting(event.ref, waiting)
    assert said.reactions
    await rig.until(lambda: not said.reactions)


async def test_history_is_what_stood_in_the_thread_before(rig: Rig) -> None:
    bob, robot = rig.sim.add_user("Bob"), rig.sim.add_user("alarm", bot=True)
    root = rig.sim.say(rig.room, bob, "it is *down*", deliver=False)
    rig.sim.say(rig.room, robot, "CPU at 100%", thread=root, deliver=False)
    spot = Spot(rig.room.id, root.ts)
    await rig.adapter.post(spot, "**mine**", key="k")
    rig.sim.say(rig.room, bob, f"ask {rig.ada.mention}", thread=root, deliver=False)
    rig.mention("why?", thread=root)
    event, _ = await rig.events(2)
    rig.sim.say(rig.room, bob, "too late", thread=root, deliver=False)
    history = await rig.adapter.history(event, 50)

    lines = [(line.author.name, line.text, line.from_bot) for line in history.messages]
    assert lines == [
        ("Bob", "it is **down**", False),
        ("alarm", "CPU at 100%", False),
        ("Bobbin", "**mine**", True),
        ("Bob", "ask @Ada Lovelace", False),
    ]
    assert not history.partial
    assert [line.ref.channel for line in history.messages] == [rig.room.id] * 4


@pytest.mark.parametrize("repeat_root", [False, True])
async def test_history_keeps_the_newest_of_many_pages(repeat_root: bool) -> None:
    async with connected(simulator(repeat_root=repeat_root)) as rig:
        root = rig.sim.say(rig.room, rig.ada, "0", deliver=False)
        for number in range(1, 450):
            rig.sim.say(rig.room, rig.ada, str(number), thread=root, deliver=False)
        rig.mention("and?", thread=root)
        event, _ = await rig.events(2)
        history = await rig.adapter.history(event, 30)
        whole = await rig.adapter.history(event, 1000)

        assert [line.text for line in history.messages] == [str(n) for n in range(420, 450)]
        assert history.partial
        assert [line.text for line in whole.messages] == [str(n) for n in range(450)]
        assert not whole.partial


async def called_into_twenty(rig: Rig) -> Incoming:
    """The bot is mentioned in a thread of twenty messages."""
    root = rig.sim.say(rig.room, rig.ada, "0", deliver=False)
    for number in range(1, 20):
        rig.sim.say(rig.room, rig.ada, str(number), thread=root, deliver=False)
    rig.mention("and?", thread=root)
    event, _ = await rig.events(2)
    return event


async def first_fifteen(rig: Rig, event: Incoming) -> None:
    """What Slack gives of it in one call is known, and that there is more."""
    history = await rig.adapter.history(event, 100)
    assert [line.text for line in history.messages] == [str(n) for n in range(15)]
    assert history.partial


async def test_history_that_breaks_off_is_partial() -> None:
    async with connected(simulator(limits=True, scale=1, history_restricted=True)) as rig:
        event = await called_into_twenty(rig)
        await first_fifteen(rig, event)
        with pytest.raises(PlatformBusy):
            await rig.adapter.history(event, 100)


async def test_where_slack_gives_little_of_the_past_one_call_is_made() -> None:
    sim = simulator(limits=True, scale=1, history_restricted=True)
    async with connected(sim, replace(QUICK, reading=SCARCE)) as rig:
        event = await called_into_twenty(rig)
        await first_fifteen(rig, event)
        assert rig.sim.calls_by_method()["conversations.replies"] == 1
        assert rig.inbox.meter.refusals == []


async def test_calls_before_the_log_in_wait_for_it() -> None:
    async with simulator() as sim:
        rig = rig_of(sim)
        root = sim.say(rig.room, rig.ada, "x", deliver=False)
        waiting = asyncio.create_task(
            rig.adapter.post(Spot(rig.room.id, root.ts), "hello", key="k", again=True)
        )
        running = rig.start()
        await waiting
        await sim.connected(2)
        await rig.stop(running)
        assert [reply.text for reply in sim.replies(root)] == ["hello"]
