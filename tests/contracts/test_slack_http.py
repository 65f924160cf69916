"""HTTP mode: what is let in, what is answered, what is finished at the end."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import socket
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import aiohttp
import pytest

from adapters.slack.check import check
from adapters.slack.http import LARGEST_BODY
from adapters.slack.manifest import main, manifest
from bot.chat import CommandReply, ThreadChoice
from bot.connections import Bounds
from bot.errors import NeedsOperator, PlatformBusy, StoreUnavailable
from tests.contracts.slack_rig import (
    ADDRESS,
    PATIENT,
    QUICK,
    Rig,
    adapter_of,
    connected,
    rig_of,
    simulator,
)
from tests.simulators.slack_sim import SlackSimulator
from tests.simulators.slack_sim.posts import FORM, signed


def over_http(**settings: Any) -> SlackSimulator:
    """A simulator that posts to the app."""
    return simulator(manifest=manifest(ADDRESS), **settings)


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    async with connected(over_http()) as made:
        yield made
        assert made.sim.violations == []


async def post(rig: Rig, body: bytes, headers: dict[str, str], path: str = "/slack/events") -> int:
    """The status with which a request is answered."""
    url = f"http://127.0.0.1:{rig.port}{path}"
    async with (
        aiohttp.ClientSession() as session,
        session.post(url, data=io.BytesIO(body), headers=headers) as response,
    ):
        await response.read()
        return response.status


def mention(rig: Rig) -> bytes:
    """A mention as Slack writes it."""
    said = rig.mention("let me in", deliver=False)
    rig.sim.hold()
    envelopes = rig.sim.redeliver(said)
    body = json.dumps(envelopes[0].payload).encode()
    return body


async def test_events_come_by_http_without_an_app_token(rig: Rig) -> None:
    said = rig.mention("what is *this*?")
    first, second = await rig.events(2)

    assert first == second
    assert first.text == "what is **this**?"
    assert first.thread == rig.key(said)
    assert rig.sim.calls_by_method()["apps.connections.open"] == 0
    assert len(rig.inbox.meter.acks) == 2
    spot = await rig.adapter.open(first, "")
    await rig.adapter.post(spot, "an answer", key="k")
    assert [reply.text for reply in rig.sim.replies(said)] == ["an answer"]


async def test_commands_and_choices_come_by_http(rig: Rig) -> None:
    root = rig.sim.say(rig.room, rig.ada, "about tea", deliver=False)
    choices = (ThreadChoice(rig.key(root), "about tea", 1.0),)
    rig.inbox.replies = [CommandReply("Which one?", choices=choices), CommandReply("Forgotten.")]
    call = rig.sim.slash(rig.room, rig.ada, "/forget")
    assert not (await call.acked()).payload
    await call.responded()
    (note,) = call.ephemerals
    element = note.blocks[-1]["elements"][0]
    click = rig.sim.click(note, element["action_id"], rig.ada, value=str(rig.key(root)))
    await click.acked()
    (shown,) = await click.responded()

    assert shown.text == "Forgotten."
    assert [each.thread for each in rig.inbox.calls] == [None, rig.key(root)]


async def test_a_command_may_speak_of_a_payload(rig: Rig) -> None:
    """Bolt's own reader of forms would lose it."""
    call = rig.sim.slash(rig.room, rig.ada, "/summary", "focus=payload=x&y <payload>")
    await call.acked()
    await call.responded()
    assert "“<payload>”" in call.responses[0].text.replace("&lt;", "<").replace("&gt;", ">")


@pytest.mark.parametrize("age", [-290, 0, 290])
async def test_signed_requests_are_taken(rig: Rig, age: int) -> None:
    body = mention(rig)
    headers = signed(rig.sim.workspace.app.secret, body, "application/json", at=time.time() - age)
    assert await post(rig, body, headers) == 200
    assert [event.text for event in rig.inbox.messages] == ["let me in"]


@pytest.mark.parametrize(
    "change",
    [
        {"X-Slack-Signature": None},
        {"X-Slack-Signature": "v0=" + "0" * 64},
        {"X-Slack-Signature": "ü"},
        {"X-Slack-Signature": ""},
        {"X-Slack-Request-Timestamp": None},
        {"X-Slack-Request-Timestamp": "soon"},
        {"X-Slack-Request-Timestamp": ""},
        {"X-Slack-Request-Timestamp": "-1"},
        {"body": b" "},
        {"body": b"\xff"},
        {"secret": "0123456789abcdef0123456789abcdef"},
        {"age": 310},
        {"age": -310},
    ],
    ids=str,
)
async def test_what_slack_did_not_sign_just_now_is_refused(
    rig: Rig, change: dict[str, Any]
) -> None:
    body = mention(rig)
    secret = change.pop("secret", rig.sim.workspace.app.secret)
    at = time.time() - change.pop("age", 0)
    headers = signed(secret, body, "application/json", at=at)
    body += change.pop("body", b"")
    headers = {name: value for name, value in (headers | change).items() if value is not None}
    assert await post(rig, body, headers) == 401
    assert rig.inbox.messages == [] and rig.inbox.malformed_events == []


async def test_nothing_is_read_of_what_is_not_signed(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    for body in (b"{", b"[" * 10_000, b"payload={", b'{"type":"url_verification"}'):
        assert await post(rig, body, {"Content-Type": "application/json"}) == 401
    assert "left out" not in caplog.text and rig.inbox.malformed_events == []


@pytest.mark.parametrize(
    ("body", "content_type"),
    [(b"{", "application/json"), (b"[]", "application/json"), (b"payload=%7B", FORM)],
)
async def test_what_is_signed_and_cannot_be_read_is_not_asked_for_again(
    rig: Rig, body: bytes, content_type: str
) -> None:
    headers = signed(rig.sim.workspace.app.secret, body, content_type)
    assert await post(rig, body, headers) == 200
    assert rig.inbox.malformed_events == ["request"]
    await rig.mentioned("still there?")


async def test_certificates_may_be_checked_without_a_signature(rig: Rig) -> None:
    for body, status in ((b"ssl_check=1&token=t", 200), (b"text=ssl_check=1x", 401)):
        assert await post(rig, body, {"Content-Type": FORM}) == status
    assert rig.inbox.calls == []


async def test_what_is_too_large_or_too_slow_is_given_up(rig: Rig) -> None:
    body = b" " * (LARGEST_BODY + 1)
    headers = signed(rig.sim.workspace.app.secret, body, "application/json")
    assert await post(rig, body, headers) == 413
    reader, writer = await asyncio.open_connection("127.0.0.1", rig.port)
    writer.write(b"POST /slack/events HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nx")
    assert b" 408 " in await reader.readline()
    writer.close()
    await writer.wait_closed()
    await rig.mentioned("still there?")


async def test_a_head_that_does_not_come_is_given_up_and_keeps_nobody_out() -> None:
    bounds = Bounds(most=3, head=0.5, idle=60.0)
    async with connected(over_http(), timing=replace(QUICK, port=bounds)) as rig:
        silent = [await asyncio.open_connection("127.0.0.1", rig.port) for _ in range(9)]
        for _, writer in silent:
            writer.write(b"POST /slack/events HTTP/1.1\r\nHost: x\r\n")
        await rig.mentioned("let me in")
        for reader, writer in silent:
            with contextlib.suppress(ConnectionResetError):
                assert await reader.read() == b""
            writer.close()
            with contextlib.suppress(ConnectionResetError):
                await writer.wait_closed()


async def test_whoever_is_refused_has_to_connect_anew(rig: Rig) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", rig.port)
    request = b"POST /slack/events HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}"
    writer.write(request * 2)
    answer = await reader.read()
    assert answer.startswith(b"HTTP/1.1 401") and answer.count(b"HTTP/1.1") == 1
    assert b"Connection: close" in answer
    writer.close()
    await writer.wait_closed()


async def test_there_is_one_path_and_one_method(rig: Rig) -> None:
    assert await post(rig, b"{}", {}, "/") == 404
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{rig.port}/slack/events") as response,
    ):
        assert response.status == 405


async def test_an_event_that_is_not_kept_is_asked_for_again() -> None:
    timing = replace(PATIENT, redelivery=(0.0, 60.0, 300.0))
    async with connected(over_http(timing=timing)) as rig:
        rig.inbox.failures = [StoreUnavailable("away")] * 4
        rig.mention("keep me")
        await rig.until(lambda: all(e.attempts == 2 for e in rig.sim.envelopes))
        await rig.until(lambda: all(e.state == "waiting" for e in rig.sim.envelopes))
        assert rig.inbox.meter.acks == []
        rig.sim.retry_now()
        first, second = await rig.events(2)

        assert first == second
        assert [e.attempts for e in rig.sim.envelopes] == [3, 3]
        assert [e.reason for e in rig.sim.envelopes] == ["", ""]
        assert rig.sim.violations == []


async def test_an_event_is_answered_only_when_it_is_kept(rig: Rig) -> None:
    rig.inbox.gate = asyncio.Event()
    rig.sim.say(rig.sim.open_dm(rig.ada), rig.ada, "hold on")
    await rig.until(lambda: rig.inbox.waiting)
    assert rig.sim.acks == []
    rig.inbox.gate.set()
    await rig.events(1)
    assert len(rig.sim.acks) == 1


async def test_what_is_being_taken_is_finished_at_the_end() -> None:
    async with over_http() as sim:
        rig = rig_of(sim)
        rig.inbox.gate = asyncio.Event()
        running = rig.start()
        url = await sim.listened(rig.port)
        sim.say(sim.open_dm(rig.ada), rig.ada, "one last thing")
        await rig.until(lambda: rig.inbox.waiting)
        running.cancel()
        # Nobody new is let in while that is finished.
        with pytest.raises((OSError, aiohttp.ClientError)):
            while True:
                async with aiohttp.ClientSession() as session, session.get(url):
                    pass
        running.cancel()
        rig.inbox.gate.set()
        await sim.settled()
        await rig.stop(running)

        assert len(rig.inbox.messages) == len(sim.acks) == 1


async def test_a_port_in_use_is_tried_again_and_a_foreign_address_is_not() -> None:
    async with over_http() as sim:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            rig = rig_of(sim)
            adapter = adapter_of(sim, taken.getsockname()[1])
            with pytest.raises(PlatformBusy, match="SLACK_HTTP_PORT"):
                await adapter.run(rig.inbox)
            await adapter.close()
        adapter = adapter_of(sim, 3000, host="192.0.2.1")
        with pytest.raises(NeedsOperator, match="listened on"):
            await adapter.run(rig.inbox)
        await adapter.close()


async def test_the_doctor_asks_the_address_as_slack_does(rig: Rig) -> None:
    values = rig.sim.environment() | {"SLACK_HTTP_PORT": str(rig.port)}
    *_, found = await check(values)
    assert found.ok and "a bot answers" in found.detail

    *_, found = await check(values | {"SLACK_SIGNING_SECRET": "another secret of another app"})
    assert not found.ok and "does not know the secret" in found.detail and found.fix

    *_, found = await check(values | {"SLACK_SIGNING_SECRET": ""})
    assert not found.ok and found.fix
    assert rig.inbox.meter.acks == []


async def test_the_doctor_says_what_slack_has_to_reach() -> None:
    async with over_http() as sim:
        values = sim.environment() | {"SLACK_HTTP_PORT": "1"}
        findings = await check(values)
        assert all(finding.ok for finding in findings)
        assert "/slack/events" in findings[-1].detail


def test_the_manifest_for_http_names_the_address_everywhere(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["https://bobbin.example.com/"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed == manifest(ADDRESS)
    assert not printed["settings"]["socket_mode_enabled"]
    assert printed["settings"]["interactivity"]["request_url"] == ADDRESS
    assert {command["url"] for command in printed["features"]["slash_commands"]} == {ADDRESS}
    assert main([]) == 0
    assert json.loads(capsys.readouterr().out) == manifest()
    assert main(["bobbin.example.com"]) == main(["http://x"]) == main(["a", "b"]) == 2


async def test_it_takes_over_from_the_address_of_another(rig: Rig) -> None:
    """Two processes behind one address: what the one does not answer, the other gets."""
    other = rig_of(rig.sim, timing=QUICK)
    running = other.start()
    url = await rig.sim.listened(other.port)
    for _ in range(4):
        rig.mention()
    await rig.until(lambda: rig.inbox.messages and other.inbox.messages)
    await rig.sim.settled()
    running.cancel()
    await asyncio.wait([running])
    await other.adapter.close()
    before = len(rig.inbox.messages)
    for _ in range(4):
        rig.mention("and now?")
    await rig.until(lambda: len(rig.inbox.messages) == before + 8 or rig.sim.retry_now())
    await rig.sim.settled()
    assert rig.sim.sockets.lost == []
    rig.sim.unplug(url)
