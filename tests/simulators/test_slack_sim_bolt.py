"""The simulator driven by the real slack-bolt over Socket Mode."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack
from typing import Any

import aiohttp
import pytest
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from tests.simulators.slack_sim import SlackSimulator, Timing
from tests.simulators.slack_sim.sdk import PATIENT, Bot, bot


@pytest.fixture
async def sim() -> AsyncIterator[SlackSimulator]:
    async with SlackSimulator(scale=20, seed=3, timing=PATIENT) as started:
        yield started


async def test_mention_arrives_as_two_events_for_one_message(sim: SlackSimulator) -> None:
    ada, room = sim.add_user("Ada"), sim.add_channel("general")
    async with bot(sim) as app:
        app.listen("message", "app_mention")
        message = sim.say(room, ada, f"{sim.mention} hello")
        await sim.until(lambda: len(sim.acks) == 2)

        kinds = {body["event"]["type"] for body in app.events}
        assert kinds == {"message", "app_mention"}
        assert {body["event"]["ts"] for body in app.events} == {message.ts}
        assert len({body["event_id"] for body in app.events}) == 2
        assert not any(ack.late for ack in sim.acks)
        assert sim.violations == []


@pytest.mark.parametrize(
    ("order", "first"), [("mention_first", "app_mention"), ("message_first", "message")]
)
async def test_order_of_mention_and_message_can_be_chosen(order: str, first: str) -> None:
    async with SlackSimulator(mention_order=order) as sim:
        ada, room = sim.add_user("Ada"), sim.add_channel("general")
        sim.say(room, ada, f"{sim.mention} hello")
        types = [envelope.payload["event"]["type"] for envelope in sim.envelopes]
        assert types[0] == first
        assert len(types) == 2


async def test_bot_answers_in_the_thread_and_edits_its_answer(sim: SlackSimulator) -> None:
    ada, room = sim.add_user("Ada"), sim.add_channel("general")

    def register(app: AsyncApp) -> None:
        @app.event("app_mention")
        async def answer(event: dict[str, Any], client: AsyncWebClient) -> None:
            posted = await client.chat_postMessage(
                channel=event["channel"], thread_ts=event["ts"], text="thinking"
            )
            await client.chat_update(
                channel=event["channel"], ts=posted["ts"], text="done", parse="none"
            )

        @app.event("message")
        async def ignore() -> None:
            return None

    async with bot(sim, register):
        question = sim.say(room, ada, f"{sim.mention} hello")
        (reply,) = await sim.until(lambda: [m for m in sim.replies(question) if m.text == "done"])
        await sim.settled()

        assert reply.texts == ["thinking", "done"]
        assert [m.ts for m in sim.thread(room, question)] == [question.ts, reply.ts]
        assert "    Bobbin: done (edited)" in sim.transcript(room, question)
        assert reply.pings == ()
        assert sim.violations == []


async def test_unhandled_event_is_redelivered_with_the_same_event_id() -> None:
    async with SlackSimulator(scale=600, timing=Timing(ack=60.0, ticket=30_000.0)) as sim:
        ada, room = sim.add_user("Ada"), sim.add_channel("general")
        async with bot(sim):
            sim.say(room, ada, "nobody listens")
            (lost,) = await sim.until(lambda: sim.sockets.lost)
            assert lost.attempts == 4
            assert len(set(lost.ids)) == 4
            assert lost.ack is None


async def test_event_refused_by_middleware_comes_again_as_a_retry() -> None:
    seen: list[tuple[Any, Any]] = []

    def register(app: AsyncApp) -> None:
        @app.middleware
        async def refuse_the_first(
            request: Any,
            next: Callable[[], Coroutine[Any, Any, Any]],
        ) -> None:
            headers = request.headers
            seen.append((headers.get("x-slack-retry-num"), headers.get("x-slack-retry-reason")))
            if len(seen) == 1:
                raise RuntimeError("storage is down")
            await next()

        @app.event("message")
        async def accept() -> None:
            return None

    async with SlackSimulator(scale=20, timing=Timing(ack=6.0)) as sim:
        ada = sim.add_user("Ada")
        async with bot(sim, register):
            sim.say(sim.open_dm(ada), ada, "hello")
            await sim.until(lambda: sim.acks)
            assert seen[0][0] == ["0"]
            # A busy machine may miss the short window once more; it is a retry in any case.
            assert int(seen[-1][0][0]) >= 1
            assert seen[-1][1] == ["timeout"]
            assert sim.acks[0].attempt >= 1


async def test_event_sent_without_a_socket_arrives_later_as_a_retry(sim: SlackSimulator) -> None:
    ada = sim.add_user("Ada")
    sim.say(sim.open_dm(ada), ada, "is anybody there?")
    await sim.until(lambda: sim.envelopes[0].attempts == 2)
    async with bot(sim) as app:
        app.listen("message")
        sim.retry_now()
        await sim.until(lambda: sim.acks)
        assert sim.acks[0].attempt == 2
        assert app.events[0]["event"]["text"] == "is anybody there?"


async def test_refresh_makes_the_client_open_a_new_socket(sim: SlackSimulator) -> None:
    ada = sim.add_user("Ada")
    async with bot(sim) as app:
        app.listen("message")
        old = sim.disconnect("refresh_requested")
        await sim.until(lambda: [c for c in sim.connections if c is not old])
        await sim.until(lambda: old not in sim.sockets.connections)
        sim.say(sim.open_dm(ada), ada, "hello again")
        await sim.until(lambda: sim.acks)
        assert sim.acks[0].connection == 2
        assert sim.calls_by_method()["apps.connections.open"] == 1 + 1
        assert sim.violations == []


async def test_each_envelope_goes_to_one_of_the_sockets(sim: SlackSimulator) -> None:
    ada = sim.add_user("Ada")
    dm = sim.open_dm(ada)
    sim.limits.enabled = False
    async with bot(sim, sockets=3) as app:
        app.listen("message")
        for number in range(20):
            sim.say(dm, ada, f"message {number}")
        await sim.until(lambda: len(sim.acks) == 20)
        assert len(app.events) == 20
        assert {ack.connection for ack in sim.acks} == {1, 2, 3}


async def test_cut_socket_is_replaced_and_the_event_comes_again() -> None:
    async with SlackSimulator(scale=20, timing=Timing(ack=10.0)) as sim:
        ada = sim.add_user("Ada")
        async with AsyncExitStack() as stack:
            session = await stack.enter_async_context(aiohttp.ClientSession())
            app = Bot(sim, session)
            app.listen("message")
            handler = await app.connect(ping_interval=0.05)
            stack.push_async_callback(handler.close_async)
            (first,) = await sim.connected()
            sim.cut(first)
            await sim.until(lambda: first not in sim.sockets.connections)
            sim.say(sim.open_dm(ada), ada, "hello")
            await sim.until(lambda: [c for c in sim.connections if c.number == 2])
            sim.retry_now()
            await sim.until(lambda: app.events)
            await sim.until(lambda: sim.acks)


async def test_two_workspaces_share_the_sockets_but_not_the_tokens(sim: SlackSimulator) -> None:
    other = sim.add_workspace("Globex")
    ada, bob = sim.add_user("Ada"), sim.add_user("Bob", workspace=other)

    def register(app: AsyncApp) -> None:
        @app.event("message")
        async def echo(event: dict[str, Any], client: AsyncWebClient) -> None:
            await client.chat_postMessage(
                channel=event["channel"], thread_ts=event["ts"], text="echo"
            )

    async with bot(sim, register):
        here = sim.say(sim.open_dm(ada), ada, "hello from here")
        there = sim.say(sim.open_dm(bob), bob, "hello from elsewhere")
        await sim.until(lambda: sim.replies(here) and sim.replies(there))
        tokens = {request.token for request in sim.calls("chat.postMessage")}
        assert tokens == {sim.workspace.token, other.token}
        assert sim.replies(there)[0].user == other.bot.id
        assert sim.violations == []


async def test_a_second_app_has_its_own_sockets(sim: SlackSimulator) -> None:
    other = sim.add_workspace("Globex", own_app=True)
    bob = sim.add_user("Bob", workspace=other)
    async with bot(sim):
        sim.say(sim.open_dm(bob), bob, "hello from elsewhere")
        await sim.until(lambda: sim.envelopes[0].attempts == 2)
        assert sim.envelopes[0].reason == "connection_failed"
        assert sim.environment(other)["SLACK_APP_TOKEN"] != sim.environment()["SLACK_APP_TOKEN"]


async def test_gate_holds_a_call_until_the_test_lets_it_go(sim: SlackSimulator) -> None:
    room = sim.add_channel("general")
    gate = asyncio.Event()
    fault = sim.faults.add("chat.postMessage", gate=gate)
    async with bot(sim) as app:
        task = asyncio.create_task(app.client.chat_postMessage(channel=room.id, text="later"))
        await asyncio.wait_for(fault.arrived.wait(), 5)
        assert sim.messages(room) == []
        gate.set()
        await task
        assert [m.text for m in sim.messages(room)] == ["later"]


async def test_redelivery_repeats_the_event_ids(sim: SlackSimulator) -> None:
    ada, room = sim.add_user("Ada"), sim.add_channel("general")
    async with bot(sim) as app:
        app.listen("message", "app_mention")
        message = sim.say(room, ada, f"{sim.mention} hello")
        await sim.until(lambda: len(sim.acks) == 2)
        assert len(sim.redeliver(message, 2)) == 2
        await sim.until(lambda: len(sim.acks) == 4)
        assert len(app.events) == 4
        assert len({body["event_id"] for body in app.events}) == 2
        assert [ack.attempt for ack in sim.acks] == [0, 0, 2, 2]


async def test_undelivered_message_can_come_as_a_retry(sim: SlackSimulator) -> None:
    ada = sim.add_user("Ada")
    async with bot(sim) as app:
        app.listen("message")
        message = sim.say(sim.open_dm(ada), ada, "hello", deliver=False)
        assert sim.envelopes == []
        sim.redeliver(message, 1)
        await sim.until(lambda: sim.acks)
        assert sim.acks[0].attempt == 1
        assert app.events[0]["event"]["ts"] == message.ts


async def test_held_envelopes_are_sent_on_release(sim: SlackSimulator) -> None:
    ada = sim.add_user("Ada")
    async with bot(sim) as app:
        app.listen("message")
        sim.hold()
        sim.say(sim.open_dm(ada), ada, "one")
        await app.client.auth_test()
        assert sim.envelopes[0].attempts == 0
        sim.release()
        await sim.settled()
        assert [ack.attempt for ack in sim.acks] == [0]


async def test_other_bots_and_system_messages_look_like_theirs(sim: SlackSimulator) -> None:
    robot, ada = sim.add_user("Robot", bot=True), sim.add_user("Ada")
    room = sim.add_channel("general")
    async with bot(sim) as app:
        app.listen("message", "member_joined_channel")
        sim.say(room, robot, "beep")
        sim.join(room, ada)
        await sim.until(lambda: len(sim.acks) == 3)
        events = {(b["event"]["type"], b["event"].get("subtype")): b["event"] for b in app.events}
        assert events["message", None]["bot_id"] == robot.bot_id
        assert events["message", "channel_join"]["user"] == ada.id
        assert events["member_joined_channel", None]["channel"] == room.id


async def test_own_messages_come_back_and_bolt_ignores_them(sim: SlackSimulator) -> None:
    room = sim.add_channel("general")
    async with bot(sim) as app:
        app.listen("message")
        posted = await app.client.chat_postMessage(channel=room.id, text="x")
        await app.client.chat_update(channel=room.id, ts=posted["ts"], text="y", parse="none")
        await sim.settled()
        assert len(sim.acks) == 2
        assert app.events == []


async def test_agent_surface_events(sim: SlackSimulator) -> None:
    ada, room = sim.add_user("Ada"), sim.add_channel("general")
    async with bot(sim) as app:
        app.listen("app_home_opened", "app_context_changed", "agent_session_stopped")
        question = sim.say(sim.open_dm(ada), ada, "hello", deliver=False)
        sim.open_home(ada, "messages")
        sim.look_at(ada, room)
        await app.client.agents_sessions_setStatus(
            channel_id=question.channel, thread_ts=question.ts, status="processing"
        )
        sim.stop_session(question, ada)
        await sim.settled()
        events = {body["event"]["type"]: body["event"] for body in app.events}
        assert events["app_home_opened"]["tab"] == "messages"
        entity = events["app_context_changed"]["context"]["entities"][0]
        assert entity["value"] == room.id
        assert events["agent_session_stopped"]["thread_ts"] == question.ts


async def test_raw_events_and_envelopes(sim: SlackSimulator) -> None:
    async with bot(sim) as app:
        app.listen("emoji_changed")
        sim.raw_event({"type": "emoji_changed", "subtype": "add"}, event_id="Ev1")
        await sim.settled()
        assert app.events[0]["event_id"] == "Ev1"
        strange = sim.raw_envelope({"type": "surprise"}, type_="interactive")
        await sim.until(lambda: strange.state == "sent")
        assert strange.ack is None
