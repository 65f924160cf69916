"""The Slack adapter hears: events, acknowledgements, connections, tokens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from adapters.slack.adapter import create
from bot.chat import MessageRef
from bot.errors import BadToken, NeedsOperator, PlatformError, StoreUnavailable
from tests.contracts.slack_rig import HASTY, Rig, connected, rig_of, simulator


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    async with connected() as made:
        yield made
        assert made.sim.violations == []


@pytest.mark.parametrize("order", ["mention_first", "message_first"])
async def test_a_mention_comes_in_twice_as_one_event(order: str) -> None:
    async with connected(simulator(mention_order=order)) as rig:
        said = rig.mention("what is *this*?")
        first, second = await rig.events(2)

        assert first == second
        assert first.text == "what is **this**?"
        assert first.thread == rig.key(said)
        assert first.ref == MessageRef(rig.room.id, said.ts)
        assert first.author.name == "Ada Lovelace"
        assert first.addressed and not first.direct and not first.joins and not first.loose
        assert first.at == float(said.ts)
        assert first.position == int(said.ts.replace(".", ""))
        assert [ack.late for ack in rig.sim.acks] == [False, False]
        assert rig.sim.violations == []


async def test_a_mention_in_a_thread_joins_it(rig: Rig) -> None:
    root = rig.sim.say(rig.room, rig.ada, "an old thread")
    said = rig.mention("help us", thread=root)
    event, _ = await rig.events(2)

    assert event.thread == rig.key(root)
    assert event.ref.message == said.ts
    assert event.joins and event.addressed


async def test_talk_in_threads_is_passed_on_and_talk_in_channels_is_not(rig: Rig) -> None:
    root = rig.sim.say(rig.room, rig.ada, "nothing for you")
    rig.sim.say(rig.room, rig.ada, "still among us", thread=root)
    (event,) = await rig.events(1)

    assert event.text == "still among us"
    assert event.joins and not event.addressed and not event.mentioned


async def test_a_name_that_is_slow_to_find_out_changes_no_order(rig: Rig) -> None:
    rig.inbox.outsiders = True
    ben = rig.sim.add_user("Ben")
    gate = asyncio.Event()
    slow = rig.sim.faults.add(
        lambda call: call.api == "users.info" and call.params.get("user") == rig.ada.id, gate=gate
    )
    root = rig.mention("first")
    async with asyncio.timeout(50):
        await slow.arrived.wait()
    rig.sim.say(rig.room, ben, f"{rig.sim.mention} second", thread=root)
    await rig.sim.until(lambda: len(rig.sim.calls("users.info")) == 2)
    gate.set()
    events = await rig.events(4)

    assert [event.text for event in events] == ["first", "first", "second", "second"]


async def test_direct_messages_are_addressed(rig: Rig) -> None:
    room = rig.sim.open_dm(rig.ada)
    root = rig.sim.say(room, rig.ada, "hello you")
    (first,) = await rig.events(1)
    rig.sim.say(room, rig.ada, "and more", thread=root)
    _, second = await rig.events(2)

    assert (first.addressed, first.direct, first.joins) == (True, True, False)
    assert (second.addressed, second.direct, second.joins) == (True, True, False)
    assert first.thread == second.thread == rig.key(root)


async def test_group_direct_messages_are_like_channels(rig: Rig) -> None:
    group = rig.sim.open_group_dm(rig.ada, rig.sim.add_user("Bob"))
    rig.sim.say(group, rig.ada, "among ourselves")
    rig.sim.say(group, rig.ada, f"{rig.sim.mention} and you?")
    first, second = await rig.events(2)

    assert first == second
    assert first.text == "and you?"
    assert first.addressed and not first.direct


async def test_names_are_shown_for_ids(rig: Rig) -> None:
    bob = rig.sim.add_user("Bob", admin=True)
    secret = rig.sim.add_channel("plans", members=[bob], private=True)
    rig.sim.say(
        rig.room, bob, f"{rig.sim.mention} ask {rig.ada.mention} in <#{rig.room.id}|> &amp; <!here>"
    )
    event, _ = await rig.events(2)

    assert event.text == "ask @Ada Lovelace in #general & @here"
    assert event.author.is_admin

    # Who is not in a private channel does not see its name in Slack either.
    for room in (rig.room, secret):
        rig.sim.say(room, bob, f"{rig.sim.mention} from <#{secret.id}|> to <#{rig.room.id}|>")
    told = {event.ref.channel: event.text for event in (await rig.events(6))[2:]}
    assert told == {
        rig.room.id: "from #private-channel to #general",
        secret.id: "from #plans to #general",
    }


async def test_names_are_asked_once(rig: Rig) -> None:
    for _ in range(5):
        rig.mention()
    await rig.events(10)

    assert rig.sim.calls_by_method()["users.info"] == 1


async def test_names_that_slack_does_not_tell_keep_nothing_up(rig: Rig) -> None:
    rig.inbox.outsiders = True
    rig.sim.faults.add("users.info", status=500, body="no", times=10)
    event = await rig.mentioned()

    assert event.author.id == event.author.name == rig.ada.id


async def test_admins_of_another_company_are_none_here(rig: Rig) -> None:
    eve = rig.sim.add_user("Eve", external_team="T0THERS", admin=True)
    rig.sim.say(rig.room, eve, f"{rig.sim.mention} hi")
    event, _ = await rig.events(2)

    assert event.author.name == "Eve"
    assert not event.author.is_admin
    assert event.thread.space == rig.sim.workspace.id


async def test_files_are_handed_over(rig: Rig) -> None:
    file = rig.sim.add_file(rig.ada, "report.pdf", b"pdf")
    rig.mention("read this", files=[file])
    event, _ = await rig.events(2)

    assert event.text == "read this"
    [attached] = event.attachments
    assert (attached.name, attached.size) == ("report.pdf", 3)
    assert await rig.adapter.download(attached, 3) == b"pdf"


async def test_what_is_no_talk_of_people_is_acknowledged_and_left_out(rig: Rig) -> None:
    sim, room = rig.sim, rig.room
    root = sim.say(room, rig.ada, "a thread", deliver=False)
    sim.join(room, sim.add_user("New"))
    sim.system_message(room, rig.ada, "channel_topic")
    sim.edit(root, f"{sim.mention} edited")
    sim.unfurl(root, "https://example.org")
    sim.delete(root)
    sim.raw_event({"type": "reaction_added", "user": rig.ada.id, "item": {}, "event_ts": "1.0"})
    sim.raw_event(
        {
            "type": "message",
            "channel": room.id,
            "user": "USLACK",
            "text": "a hint",
            "ts": "1790000500.000100",
            "thread_ts": "1790000400.000100",
        }
    )
    await sim.settled()

    assert len(sim.acks) == len(sim.envelopes) >= 6
    assert rig.inbox.messages == []
    assert rig.inbox.malformed_events == []


async def test_the_bots_own_messages_are_left_out(rig: Rig) -> None:
    event = await rig.mentioned()
    spot = await rig.adapter.open(event, "title")
    ref = await rig.adapter.post(spot, f"I am {rig.sim.mention}", key="k1")
    await rig.adapter.edit(ref, "and now?")
    await rig.sim.settled()

    assert len(rig.inbox.messages) == 2


async def test_events_of_another_workspace_are_left_out(rig: Rig) -> None:
    other = rig.sim.add_workspace("Other")
    carl = rig.sim.add_user("Carl", workspace=other)
    room = rig.sim.add_channel("theirs", workspace=other)
    rig.sim.say(room, carl, f"{other.mention} hi")
    rig.sim.slash(room, carl, "/forget")
    await rig.sim.settled()

    assert rig.inbox.messages == [] and rig.inbox.calls == []


async def test_an_event_that_is_not_kept_is_not_acknowledged() -> None:
    sim = simulator(timing=HASTY, mention_order="random")
    async with connected(sim) as rig:
        rig.inbox.failures = [StoreUnavailable("away"), StoreUnavailable("away")]
        rig.mention("keep me")
        first, second = await rig.events(2)

        assert first == second
        assert sorted(envelope.attempts for envelope in sim.envelopes) in ([1, 3], [2, 2])
        assert rig.inbox.malformed_events == []
        assert sim.violations == []


async def test_an_event_is_acknowledged_only_when_it_is_kept(rig: Rig) -> None:
    rig.inbox.gate = asyncio.Event()
    rig.sim.say(rig.sim.open_dm(rig.ada), rig.ada, "hold on")
    await rig.until(lambda: rig.inbox.waiting)
    assert rig.sim.acks == []
    rig.inbox.gate.set()
    await rig.events(1)
    assert len(rig.sim.acks) == 1


async def test_a_retry_is_as_good_as_a_first_delivery(rig: Rig) -> None:
    said = rig.mention("sent while nobody listened", deliver=False)
    rig.sim.redeliver(said, 2)
    event, _ = await rig.events(2)

    assert event.text == "sent while nobody listened"


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"type": "message", "channel": "C1", "ts": "soon", "user": "U1", "text": "x"},
        {"type": "app_mention", "ts": "1790000000.000100", "user": "U1", "text": "x"},
        {"type": "app_mention", "channel": "C1", "ts": "1790000000.000100", "text": "x"},
        {"type": "app_mention", "channel": 7, "ts": "1790000000.000100", "user": "U1"},
        {
            "type": "message",
            "channel": "C1",
            "channel_type": "im",
            "ts": "1790000000.000100",
            "user": "U1",
            "text": ["x"],
        },
    ],
)
async def test_malformed_events_do_no_harm(rig: Rig, event: dict[str, Any]) -> None:
    rig.sim.raw_event(event)
    await rig.sim.settled()
    assert all(envelope.state == "acked" for envelope in rig.sim.envelopes)
    await rig.mentioned("still there?")
    assert len(rig.inbox.malformed_events) == (1 if event else 0)


@pytest.mark.parametrize(
    ("kind", "payload"),
    [
        ("events_api", {}),
        ("events_api", {"type": "event_callback", "event": "what"}),
        ("events_api", {"type": "event_callback", "event": None}),
        ("slash_commands", {"command": "/forget"}),
        ("slash_commands", {"command": "/unknown", "user_id": "U1"}),
        ("interactive", {"type": "block_actions", "actions": []}),
        ("interactive", {"type": "block_actions", "actions": [{"action_id": "choose:x:"}]}),
        ("interactive", {"type": "block_actions", "actions": [{"action_id": "other"}]}),
        ("interactive", {"type": "shortcut", "callback_id": "x"}),
        ("hello_world", {"type": "hello_world"}),
    ],
)
async def test_malformed_envelopes_do_no_harm(rig: Rig, kind: str, payload: dict[str, Any]) -> None:
    envelope = rig.sim.raw_envelope(payload, type_=kind)
    await rig.sim.settled()
    assert envelope.state == "acked"
    await rig.mentioned("still there?")
    assert rig.inbox.calls == []


@pytest.mark.parametrize("frame", ["", "{", "[]", "null", "[" * 100_000, '{"envelope_id": 7}'])
async def test_frames_that_are_none_do_no_harm(rig: Rig, frame: str) -> None:
    sockets = rig.sim.sockets.accepted
    for connection in rig.sim.connections:
        await connection.socket.send_str(frame)
    await rig.mentioned("still there?")
    assert rig.sim.sockets.accepted == sockets


async def test_refresh_opens_the_next_connection_before_the_old_one_goes(rig: Rig) -> None:
    old = rig.sim.disconnect("refresh_requested", close=False)
    await rig.until(lambda: old not in rig.sim.connections)
    assert len(rig.sim.connections) >= 2
    await rig.mentioned("seamless?")
    assert rig.sim.sockets.accepted == 3


async def test_a_cut_connection_is_replaced_while_the_other_works(rig: Rig) -> None:
    rig.sim.cut()
    await rig.until(lambda: rig.sim.sockets.accepted == 3)
    await rig.sim.connected(2)
    await rig.mentioned("there again?")


async def test_too_many_connections_are_closed_before_new_ones_are_opened(rig: Rig) -> None:
    old = rig.sim.disconnect("too_many_websockets", close=False)
    await rig.until(lambda: rig.sim.sockets.accepted == 3)
    assert old not in rig.sim.connections
    assert len(await rig.sim.connected(2)) == 2


async def test_a_used_up_address_is_not_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    async with simulator() as sim:
        rig = rig_of(sim)
        address = sim.base_url.replace("http", "ws") + "/nowhere?ticket=secret"
        sim.faults.add("apps.connections.open", body={"ok": True, "url": address}, times=2)
        running = rig.start()
        await sim.connected(2)
        await rig.stop(running)
        assert sim.calls_by_method()["apps.connections.open"] == 4
        assert "no WebSocket" in caplog.text and "secret" not in caplog.text


async def test_nothing_said_gets_into_the_log(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    event = await rig.mentioned("a confidence")
    rig.sim.faults.add("chat.postMessage", error="msg_too_long")
    with pytest.raises(PlatformError):
        await rig.adapter.post(await rig.adapter.open(event, ""), "a confidence", key="k")
    rig.sim.raw_event({"type": "app_mention", "text": "a confidence", "user": rig.ada.id})
    await rig.sim.settled()
    environment = rig.sim.environment()
    for secret in ("confidence", environment["SLACK_BOT_TOKEN"], environment["SLACK_APP_TOKEN"]):
        assert secret not in caplog.text
    assert "left out" in caplog.text


async def test_what_is_being_taken_is_finished_and_acknowledged_at_the_end() -> None:
    async with simulator() as sim:
        rig = rig_of(sim)
        rig.inbox.gate = asyncio.Event()
        running = rig.start()
        await sim.connected(2)
        sim.say(sim.open_dm(rig.ada), rig.ada, "one last thing")
        await rig.until(lambda: rig.inbox.waiting)
        # The application repeats the cancellation of what does not end at once.
        for _ in range(3):
            running.cancel()
            await asyncio.sleep(0)
        rig.inbox.gate.set()
        await sim.settled()
        await rig.stop(running)

        assert len(rig.inbox.messages) == len(sim.acks) == 1
        await rig.until(lambda: not sim.connections)


@pytest.mark.parametrize("token", ["SLACK_BOT_TOKEN", "SLACK_APP_TOKEN"])
async def test_a_refused_token_is_said_at_once(token: str) -> None:
    async with simulator() as sim:
        rig = rig_of(sim, **{token: "xoxb-wrong"})
        with pytest.raises(BadToken, match=token):
            await asyncio.wait_for(rig.adapter.run(rig.inbox), 5)
        await rig.adapter.close()
        assert len(sim.requests) <= 3


async def test_a_token_that_is_refused_later_ends_the_connection() -> None:
    async with simulator() as sim:
        rig = rig_of(sim)
        running = rig.start()
        await sim.connected(2)
        sim.faults.add("apps.connections.open", error="invalid_auth", times=9)
        sim.cut()
        with pytest.raises(BadToken):
            await asyncio.wait_for(running, 5)
        await rig.adapter.close()


async def test_slack_being_away_at_the_start_is_waited_out() -> None:
    async with simulator() as sim:
        rig = rig_of(sim)
        sim.faults.add("auth.test", drop=True, times=2)
        sim.faults.add("apps.connections.open", status=503, body="down", times=3)
        running = rig.start()
        await sim.connected(2)
        await rig.mentioned("back?")
        await rig.stop(running)


def test_a_signing_secret_does_not_replace_the_app_token() -> None:
    with pytest.raises(BadToken, match="Socket Mode needs SLACK_APP_TOKEN"):
        create({"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_SIGNING_SECRET": "secret"})
    with pytest.raises(NeedsOperator, match="HTTP mode needs SLACK_SIGNING_SECRET"):
        create({"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_HTTP_PORT": "3000"})
