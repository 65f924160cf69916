"""Commands, shortcuts, modals and clicks, answered by the real slack-bolt."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from tests.simulators.slack_sim import SlackSimulator
from tests.simulators.slack_sim.sdk import PATIENT, bot


@pytest.fixture
async def sim() -> AsyncIterator[SlackSimulator]:
    async with SlackSimulator(scale=20, seed=3, timing=PATIENT) as started:
        yield started


async def test_slash_command_with_ack_and_response_url(sim: SlackSimulator) -> None:
    ada, room = sim.add_user("Ada"), sim.add_channel("general")

    def register(app: AsyncApp) -> None:
        @app.command("/bobbin")
        async def run(ack: Any, respond: Any, command: dict[str, Any]) -> None:
            await ack("on it")
            await respond(text=f"you said {command['text']}", response_type="in_channel")

    async with bot(sim, register):
        call = sim.slash(room, ada, "/bobbin", "hello")
        ack = await call.acked()
        shown = await call.responded(2)

        assert ack.payload == {"text": "on it"}
        assert "thread_ts" not in call.payload
        # bolt sends the acknowledgement and the listener's own calls independently of each other.
        assert sorted((s.source, s.text) for s in shown) == [
            ("ack", "on it"),
            ("response_url", "you said hello"),
        ]
        assert [e.text for e in call.ephemerals] == ["on it"]
        assert [m.text for m in sim.messages(room)] == ["you said hello"]
        assert sim.violations == []


async def test_response_url_works_five_times(sim: SlackSimulator) -> None:
    ada, room = sim.add_user("Ada"), sim.add_channel("general")
    results: list[tuple[int, str]] = []

    def register(app: AsyncApp) -> None:
        @app.command("/forget")
        async def run(ack: Any, respond: Any) -> None:
            await ack()
            for number in range(6):
                answer = await respond(text=f"answer {number}")
                results.append((answer.status_code, answer.body))

    async with bot(sim, register):
        call = sim.slash(room, ada, "/forget")
        await call.acked()
        await sim.until(lambda: sim.violations)
        await sim.until(lambda: len(results) == 6)
        assert results == [(200, "ok")] * 5 + [(404, "used_url")]
        assert len(sim.ephemerals(room, ada)) == 5
        assert sim.violations == ["response_url: used more than 5 times"]


async def test_command_without_a_socket_fails_for_the_user(sim: SlackSimulator) -> None:
    ada, room = sim.add_user("Ada"), sim.add_channel("general")
    call = sim.slash(room, ada, "/bobbin")
    with pytest.raises(TimeoutError, match="dispatch_failed"):
        await call.acked()


async def test_shortcut_opens_a_modal_and_its_submission_closes_it(sim: SlackSimulator) -> None:
    ada, room = sim.add_user("Ada"), sim.add_channel("general")
    values: list[Any] = []

    def register(app: AsyncApp) -> None:
        @app.shortcut("bobbin_summary")
        async def open_(ack: Any, shortcut: dict[str, Any], client: AsyncWebClient) -> None:
            await ack()
            label = {"type": "plain_text", "text": "Topic"}
            field = {"type": "plain_text_input", "action_id": "topic"}
            await client.views_open(
                trigger_id=shortcut["trigger_id"],
                view={
                    "type": "modal",
                    "callback_id": "ask",
                    "title": {"type": "plain_text", "text": "Summary"},
                    "submit": {"type": "plain_text", "text": "Go"},
                    "blocks": [
                        {"type": "input", "block_id": "b", "label": label, "element": field}
                    ],
                },
            )

        @app.view("ask")
        async def take(ack: Any, view: dict[str, Any]) -> None:
            values.append(view["state"]["values"]["b"]["topic"]["value"])
            await ack()

    async with bot(sim, register):
        message = sim.say(room, ada, "a long story", deliver=False)
        await sim.shortcut("bobbin_summary", message, ada).acked()
        (view,) = await sim.until(lambda: sim.views)
        await sim.submit(view, ada, {"b": {"topic": {"value": "tea"}}}).acked()
        assert values == ["tea"]
        assert view.closed
        assert sim.violations == []


async def test_click_on_a_button_and_on_feedback(sim: SlackSimulator) -> None:
    ada, room = sim.add_user("Ada"), sim.add_channel("general")
    clicks: list[tuple[str, str]] = []
    text = {"type": "plain_text", "text": "Stop"}
    thumbs = {
        "type": "feedback_buttons",
        "action_id": "feedback",
        "positive_button": {"text": text, "value": "good"},
        "negative_button": {"text": text, "value": "bad"},
    }
    button = {"type": "button", "action_id": "stop", "text": text, "value": "turn-1"}
    blocks = [
        {"type": "markdown", "text": "**hello**"},
        {"type": "actions", "elements": [button]},
        {"type": "context_actions", "elements": [thumbs]},
    ]

    def register(app: AsyncApp) -> None:
        async def clicked(ack: Any, action: dict[str, Any], respond: Any) -> None:
            await ack()
            clicks.append((action["action_id"], action["value"]))
            await respond(text="thanks", replace_original=False)

        app.action("stop")(clicked)
        app.action("feedback")(clicked)

    async with bot(sim, register) as app:
        await app.client.chat_postMessage(channel=room.id, text="hello", blocks=blocks)
        (message,) = sim.messages(room)
        await sim.click(message, "stop", ada).responded()
        await sim.click(message, "feedback", ada, value="bad").responded()
        assert clicks == [("stop", "turn-1"), ("feedback", "bad")]
        with pytest.raises(ValueError, match="no element"):
            sim.click(message, "missing", ada)
