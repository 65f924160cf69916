"""The agent surface through the adapter: sessions, suggestions, Slack's Stop, context."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack.agent import prompts
from adapters.slack.manifest import manifest
from bot.chat import ThreadKey
from bot.errors import PlatformBusy
from tests.contracts.slack_rig import connected, simulator
from tests.contracts.slack_scene import DONE, START, STOP, WRITING, FewClaims, scene
from tests.simulators.slack_sim.agent import context_of

SESSION = "agents.sessions.setStatus"
LINE = "assistant.threads.setStatus"

CROWDED = {
    "status": 429,
    "error": "ratelimited",
    "headers": {"Retry-After": "0.01"},
    "times": 4,
}


async def test_work_in_a_direct_message_shows_as_a_session_with_its_title_once() -> None:
    async with scene() as here:
        spot = await here.asked()
        await here.adapter.show_status(spot, "thinking …")
        session = here.sim.state.sessions[spot.channel, str(spot.reply_to)]
        assert (session.status, session.title, session.initiator) == (
            "processing",
            "A title",
            here.ada.id,
        )
        root = here.sim.message(str(spot.reply_to))
        assert root is not None
        assert here.sim.shows_stop(root)
        await here.adapter.show_status(spot, "waiting …")
        await here.adapter.show_status(spot, None)
        assert session.status == "active"
        titles = [call.params.get("title") for call in here.sim.calls(SESSION)]
        assert titles == ["A title", None, None]
        assert here.calls(LINE) == [0]


async def test_a_reply_in_a_thread_does_not_rename_its_session() -> None:
    async with scene() as here:
        spot = await here.asked()
        before = len(here.inbox.messages)
        here.sim.say(here.dm, here.ada, "and then?", thread=str(spot.reply_to))
        await here.sim.until(lambda: len(here.inbox.messages) > before)
        await here.adapter.open(here.inbox.messages[-1], "Another title")
        await here.adapter.show_status(spot, "thinking …")
        [call] = here.sim.calls(SESSION)
        assert call.params["title"] == "A title"


async def test_a_session_stays_as_it_is_while_a_message_is_written() -> None:
    """The sign is taken back with the first text; Stop has to stay until the last."""
    async with scene("edit") as here:
        spot = await here.asked()
        await here.adapter.show_status(spot, "thinking …")
        ref = await here.adapter.post(spot, "One", key="k", look=WRITING)
        await here.adapter.show_status(spot, None)
        assert here.session(spot) == "processing"
        await here.adapter.edit(ref, "One two", look=DONE)
        await here.sim.until(lambda: here.session(spot) == "active")


@pytest.mark.parametrize("mode", ["auto", "edit", "off"])
async def test_an_answer_that_comes_at_once_ends_the_session(mode: str) -> None:
    async with scene(mode) as here:  # type: ignore[arg-type]
        spot = await here.asked()
        await here.adapter.show_status(spot, "thinking …")
        await here.adapter.post(spot, "All of it.", key="k", look=DONE)
        await here.sim.until(lambda: here.session(spot) == "active")
        assert here.calls(START) == [0]


async def test_a_thread_at_rest_is_not_processing() -> None:
    """Whatever became of the answer, such as a failure before its end."""
    async with scene() as here:
        spot = await here.asked()
        await here.adapter.show_status(spot, "thinking …")
        await here.adapter.post(spot, "One", key="k", look=WRITING)
        await here.adapter.settled(here.inbox.messages[0].thread)
        await here.sim.until(lambda: here.session(spot) == "active")


async def test_a_stream_costs_no_call_for_its_session() -> None:
    async with scene() as here:
        spot = await here.asked()
        ref = await here.adapter.post(spot, "One", key="k", look=WRITING)
        await here.adapter.edit(ref, "One two", look=DONE)
        await here.adapter.settled(here.inbox.messages[0].thread)
        assert here.session(spot) == "active"
        assert here.calls(SESSION) == [0]


@pytest.mark.parametrize(
    "error",
    ["feature_not_enabled", "unknown_method", "missing_scope", "channel_type_not_supported"],
)
async def test_without_sessions_there_is_a_status_line(error: str) -> None:
    async with scene() as here:
        here.sim.faults.add(SESSION, error=error)
        for _ in range(2):
            spot = await here.asked()
            await here.adapter.show_status(spot, "thinking …")
            assert here.sim.statuses[-1].status == "is thinking…"
            await here.adapter.post(spot, "One", key="k", look=DONE)
        assert here.calls(SESSION, LINE) == [1, 2]


@pytest.mark.parametrize("method", [SESSION, LINE])
async def test_what_slack_was_too_busy_to_show_costs_no_call_to_end_it(method: str) -> None:
    """In a minute in which Slack is asked too often already."""
    async with scene() as here:
        if method == LINE:
            here.sim.faults.add(SESSION, error="feature_not_enabled")
        here.sim.faults.add(method, **(CROWDED | {"times": 1}))
        spot = await here.asked()
        with pytest.raises(PlatformBusy):
            await here.adapter.show_status(spot, "thinking …")
        await here.adapter.settled(here.inbox.messages[0].thread)
    assert here.calls(method) == [1]


@pytest.mark.parametrize("refused", [True, False])
async def test_where_there_are_no_sessions_the_end_of_a_stream_names_none(refused: bool) -> None:
    async with scene() as here:
        if refused:
            here.sim.faults.add(SESSION, error="feature_not_enabled")
        spot = await here.asked()
        await here.adapter.show_status(spot, "thinking …")
        ref = await here.adapter.post(spot, "One", key="k", look=WRITING)
        await here.adapter.edit(ref, "One two", look=DONE)
        assert here.message(ref).text == "One two"
        [stop] = here.sim.calls(STOP)
        assert stop.params.get("session_status") == (None if refused else "active")


async def test_a_workspace_without_the_surface_is_answered_all_the_same() -> None:
    async with scene(agents=False, native_streams=False) as here:
        here.sim.open_home(here.ada, "messages")
        for number in range(2):
            spot = await here.asked()
            await here.adapter.show_status(spot, "thinking …")
            ref = await here.adapter.post(spot, "One", key=f"k{number}", look=WRITING)
            await here.adapter.show_status(spot, None)
            await here.adapter.edit(ref, "One two", look=DONE)
            assert here.message(ref).text == "One two"
        await here.sim.until(
            lambda: (
                here.calls("assistant.threads.setSuggestedPrompts", SESSION, LINE, START)
                == [1, 1, 1, 1]
            )
        )


async def test_a_missing_subscription_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    without = {**manifest()}
    events = list(without["settings"]["event_subscriptions"]["bot_events"])
    events.remove("agent_session_stopped")
    without["settings"] = {
        **without["settings"],
        "event_subscriptions": {"bot_events": events},
    }
    async with scene(manifest=without) as here:
        for _ in range(2):
            spot = await here.asked()
            await here.adapter.show_status(spot, "thinking …")
        told = [record.message for record in caplog.records if "Stop button" in record.message]
        assert len(told) == 1
        assert "manifest.json" in told[0]


async def test_a_busy_session_does_not_fail_the_answer() -> None:
    async with scene("edit") as here:
        spot = await here.asked()
        await here.adapter.show_status(spot, "thinking …")
        ref = await here.adapter.post(spot, "One", key="k", look=WRITING)
        fault = here.sim.faults.add(SESSION, status=503, body="x")
        await here.adapter.edit(ref, "One two", look=DONE)
        await here.sim.until(lambda: fault.times == 0)
        await here.adapter.settled(here.inbox.messages[0].thread)
        await here.sim.until(lambda: here.session(spot) == "active")


@pytest.mark.parametrize("fault", [{"status": 503, "body": "x"}, {"drop": True}, CROWDED])
async def test_a_session_leaves_processing_also_when_slack_is_busy(fault: dict[str, Any]) -> None:
    """It is told once at the end of an answer; until then people see the bot at work."""
    async with scene("edit") as here:
        spot = await here.asked()
        await here.adapter.show_status(spot, "thinking …")
        ref = await here.adapter.post(spot, "One", key="k", look=WRITING)
        here.sim.faults.add(SESSION, **fault)
        await here.adapter.edit(ref, "One two", look=DONE)
        await here.sim.until(lambda: here.session(spot) == "active")
        assert here.calls(SESSION) == [2 + fault.get("times", 1)]


@pytest.mark.parametrize("given_up", [True, False])
async def test_a_session_that_only_slack_knows_of_leaves_processing(given_up: bool) -> None:
    async with scene("edit") as here:
        spot, held = await here.asked(), asyncio.Event()
        here.sim.faults.add(SESSION, after_effect=True, gate=held)
        showing = asyncio.create_task(here.adapter.show_status(spot, "thinking …"))
        await here.sim.until(lambda: here.calls(SESSION) == [1])
        if given_up:
            showing.cancel()
        held.set()
        await asyncio.wait({showing})
        if not given_up:
            assert isinstance(showing.exception(), PlatformBusy)
            assert here.session(spot) == "processing"
            await here.adapter.show_status(spot, None)
        await here.sim.until(lambda: here.calls(SESSION) == [2] and here.session(spot) == "active")


async def test_work_that_goes_on_is_not_ended_by_an_end_that_could_not_be_told() -> None:
    async with scene("edit") as here:
        spot = await here.asked()
        await here.adapter.show_status(spot, "thinking …")
        ref = await here.adapter.post(spot, "One", key="k", look=WRITING)
        busy = here.sim.faults.add(SESSION, status=503, body="x", times=3)
        await here.adapter.edit(ref, "One two", look=DONE)
        await here.sim.until(lambda: not busy.times)
        await here.adapter.show_status(spot, "thinking …")
        assert here.session(spot) == "processing"
        assert here.calls(SESSION) == [5]
        await here.adapter.show_status(spot, None)


async def test_the_messages_tab_suggests_what_the_manifest_does() -> None:
    async with scene() as here:
        here.sim.open_home(here.ada, "home")
        here.sim.open_home(here.ada, "messages")
        await here.sim.until(lambda: here.sim.prompts(here.dm))
        await here.sim.settled()
        assert here.sim.prompts(here.dm) == [prompt["title"] for prompt in prompts()]
        assert 1 <= len(prompts()) <= 4
        [call] = here.sim.calls("assistant.threads.setSuggestedPrompts")
        assert "thread_ts" not in call.params


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 429, "headers": {"Retry-After": "3600"}, "body": {"ok": False}},
        {"status": 503, "body": "upstream"},
        {"drop": True},
        {"error": "messages_tab_disabled"},
    ],
    ids=["429", "503", "lost", "switched off"],
)
async def test_suggestions_that_fail_are_no_harm(fault: dict[str, Any]) -> None:
    async with scene() as here:
        method = "assistant.threads.setSuggestedPrompts"
        here.sim.faults.add(method, times=9, **fault)
        here.sim.open_home(here.ada, "messages")
        await here.sim.until(lambda: here.sim.calls(method))
        await here.sim.settled()
        here.sim.faults.clear()
        here.sim.open_home(here.ada, "messages")
        await here.sim.until(lambda: here.sim.prompts(here.dm))
        assert here.inbox.malformed_events == []


async def test_slacks_stop_is_the_engines() -> None:
    async with scene() as here:
        spot = await here.asked()
        await here.adapter.show_status(spot, "thinking …")
        ref = await here.adapter.post(spot, "One", key="k", look=WRITING)
        envelope = here.sim.stop_session(here.message(ref), here.ada)
        assert envelope is not None
        [call] = await here.sim.until(lambda: here.inbox.calls)
        thread = ThreadKey("slack", here.sim.workspace.id, here.dm.id, str(spot.reply_to))
        assert (call.name, call.author.id, call.thread) == ("stop", here.ada.id, thread)
        assert (call.channel, call.direct) == (here.dm.id, True)
        await here.sim.until(lambda: here.session(spot) == "active")
        # The stream is over for the bot as well: what is said last is an edit.
        await here.adapter.edit(ref, "One\n\n*(stopped)*", look=DONE)
        assert here.message(ref).text == "One\n\n*(stopped)*"
        assert len(here.inbox.calls) == 1


@pytest.mark.parametrize("busy", [False, True], ids=["", "while Slack says to wait"])
async def test_a_stop_that_nothing_answers_to_leaves_processing(busy: bool) -> None:
    """After a process has died, nobody but the one that hears of the button can say so."""
    async with scene() as here:
        spot = await here.asked()
        root = here.sim.message(str(spot.reply_to))
        assert root is not None
        async with aiohttp.ClientSession() as session:
            other = AsyncWebClient(
                token=here.sim.workspace.token, base_url=here.sim.api_url, session=session
            )
            await other.agents_sessions_setStatus(
                channel_id=here.dm.id, thread_ts=root.ts, status="processing"
            )
        held = asyncio.Event()
        showing: asyncio.Task[None] | None = None
        if busy:
            # Another process takes the answer up, and this one is refused while Stop is pressed.
            headers = {"Retry-After": "0"}
            here.sim.faults.add(SESSION, status=429, error="x", headers=headers, gate=held)
            showing = asyncio.create_task(here.adapter.show_status(spot, "thinking …"))
            await here.sim.until(lambda: here.calls(SESSION) == [2])
        here.sim.stop_session(root, here.ada)
        await here.sim.until(lambda: len(here.inbox.calls) == 1)
        await here.sim.settled()
        held.set()
        await here.sim.until(lambda: here.session(spot) == "active")
        if showing is not None:
            with pytest.raises(PlatformBusy):
                await showing


async def test_a_malformed_stop_is_left_out() -> None:
    async with scene() as here:
        here.sim.raw_event({"type": "agent_session_stopped", "channel": here.dm.id, "user": "U1"})
        here.sim.raw_event(
            {"type": "agent_session_stopped", "channel": here.dm.id, "thread_ts": "x", "user": "U1"}
        )
        await here.sim.settled()
        assert here.inbox.malformed_events == ["agent_session_stopped"]
        assert here.inbox.calls == []


async def test_what_is_open_beside_is_a_labelled_hint() -> None:
    async with connected(simulator()) as rig:
        sim, dm = rig.sim, rig.sim.open_dm(rig.ada)
        hidden = sim.add_channel("secret", private=True, bot_member=False)
        foreign = {"type": "slack#/types/channel_id", "value": rig.room.id, "team_id": "T0OTHER"}
        message = {
            "type": "slack#/types/message_context",
            "value": {"channel_id": rig.room.id, "message_ts": "1790000001.000001"},
        }
        cases = [
            ("what is new?", context_of(rig.room), True),
            ("what is new?", {"app_context": {"entities": [message]}}, True),
            ("!help", context_of(rig.room), False),
            ("what is new?", context_of(hidden), False),
            ("what is new?", {"app_context": {"entities": [foreign]}}, False),
            ("what is new?", {"app_context": {}}, False),
            ("what is new?", {"app_context": {"entities": ["nonsense", {"value": 7}]}}, False),
        ]
        for number, (text, extra, hinted) in enumerate(cases):
            sim.say(dm, rig.ada, text, extra=extra)
            event = (await rig.events(number + 1))[-1]
            first, *rest = event.text.split("\n\n")
            assert first == text
            assert len(rest) == hinted
            assert all("#general is open" in line and "Slack says" in line for line in rest)
            assert "secret" not in event.text
        # In a channel nothing of the kind is looked at.
        sim.say(rig.room, rig.ada, f"{sim.mention} hi", extra=context_of(rig.room))
        assert (await rig.events(len(cases) + 2))[-1].text == "hi"
        sim.look_at(rig.ada, rig.room)
        await sim.settled()
        assert all(envelope.state == "acked" for envelope in sim.envelopes)


async def test_a_crowd_finds_the_status_line_where_sessions_are_used_up() -> None:
    """Each session that begins has an end that needs a call, too."""
    async with scene("edit", FewClaims({SESSION: 1})) as here:
        spots = [await here.asked(), await here.asked()]
        for spot in spots:
            await here.adapter.show_status(spot, "thinking …")
        assert here.session(spots[0]) == "processing"
        assert here.session(spots[1]) == ""
        assert here.sim.statuses[-1].thread_ts == spots[1].reply_to
        for spot in spots:
            await here.adapter.show_status(spot, None)
        assert here.session(spots[0]) == "active"
        assert here.sim.statuses[-1].ended_by == "app"
        assert here.calls(SESSION, LINE) == [2, 2]
