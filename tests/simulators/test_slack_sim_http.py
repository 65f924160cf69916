"""The simulator in HTTP mode: signed requests, repeated as Slack repeats them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import aiohttp
import pytest
from aiohttp import web
from slack_sdk.signature import SignatureVerifier

from tests.simulators.slack_sim import SlackSimulator, Timing
from tests.simulators.slack_sim.manifest import DEFAULT_MANIFEST
from tests.simulators.slack_sim.sdk import PATIENT

MANIFEST = {
    **DEFAULT_MANIFEST,
    "settings": {**DEFAULT_MANIFEST["settings"], "socket_mode_enabled": False},
}
Answer = Callable[[web.Request], web.Response]


def refusal(status: int) -> Answer:
    """Answers with a status and nothing else."""
    return lambda _: web.Response(status=status)


@dataclass
class Endpoint:
    """An app that checks signatures and answers as it is told, then with 200."""

    answers: list[Answer] = field(default_factory=list)
    requests: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    hangs: int = 0
    port: int = 0

    async def receive(self, request: web.Request) -> web.Response:
        body = await request.read()
        if b"url_verification" in body:
            return web.Response(text=json.loads(body)["challenge"])
        self.requests.append((dict(request.headers), body))
        if self.hangs:
            self.hangs -= 1
            await asyncio.Event().wait()
        return self.answers.pop(0)(request) if self.answers else web.Response()


@asynccontextmanager
async def serving(sim: SlackSimulator) -> AsyncIterator[Endpoint]:
    made = Endpoint()
    app = web.Application()
    app.router.add_post("/slack/events", made.receive)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.port = runner.addresses[0][1]
    await sim.listened(made.port)
    try:
        yield made
    finally:
        await runner.cleanup()


def simulator(**timing: Any) -> SlackSimulator:
    return SlackSimulator(
        manifest=MANIFEST, scale=1000, timing=Timing(**({"ack": 60_000.0} | timing))
    )


async def test_requests_are_signed_and_say_what_envelopes_say() -> None:
    async with simulator() as sim, serving(sim) as app:
        assert "SLACK_APP_TOKEN" not in sim.environment()
        secret = sim.environment()["SLACK_SIGNING_SECRET"]
        ada, room = sim.add_user("Ada"), sim.add_channel("general")
        sim.say(room, ada, "hello & <goodbye>")
        call = sim.slash(room, ada, "/bobbin", "payload=1&x")
        await sim.settled()
        for headers, body in app.requests:
            assert SignatureVerifier(secret).is_valid_request(body, headers)
            assert not SignatureVerifier(secret).is_valid_request(body + b" ", headers)
            assert "X-Slack-Retry-Num" not in headers
        event, command = sorted((body for _, body in app.requests), key=lambda b: b[:1] != b"{")
        assert json.loads(event) == sim.envelopes[0].payload
        assert {key: value[0] for key, value in parse_qs(command.decode()).items()} == {
            key: value for key, value in call.payload.items() if value
        }
        assert sim.violations == []


async def test_what_is_not_taken_comes_again_at_once_and_after_a_minute_and_five() -> None:
    async with simulator() as sim, serving(sim) as app:
        app.answers = [refusal(status) for status in (500, 503, 302)]
        sim.say(sim.add_channel("general"), sim.add_user("Ada"), "hello")
        await sim.settled()
        (envelope,) = sim.envelopes
        assert envelope.ack is not None and envelope.ack.attempt == 3
        marks = [
            (headers.get("X-Slack-Retry-Num"), headers.get("X-Slack-Retry-Reason"))
            for headers, _ in app.requests
        ]
        retries = [(str(number), "http_error") for number in (1, 2, 3)]
        assert marks == [(None, None), *retries]
        assert len({body for _, body in app.requests}) == 1
        assert envelope.until is not None and envelope.until - envelope.at >= 360


async def test_the_fourth_refusal_is_the_last() -> None:
    async with simulator() as sim, serving(sim) as app:
        app.answers = [refusal(500)] * 9
        sim.say(sim.add_channel("general"), sim.add_user("Ada"), "hello")
        await sim.settled()
        assert [envelope.attempts for envelope in sim.sockets.lost] == [4]


async def test_silence_and_nobody_there_count_as_not_taken() -> None:
    async with simulator(ack=300.0) as sim:
        ada, room = sim.add_user("Ada"), sim.add_channel("general")
        async with serving(sim) as app:
            app.hangs = 1
            sim.say(room, ada, "hello")
            await sim.settled()
            assert app.requests[1][0]["X-Slack-Retry-Reason"] == "http_timeout"
        sim.say(room, ada, "anybody?")
        await sim.settled()
        assert sim.envelopes[1].reason == "connection_failed"
        assert sim.sockets.lost == [sim.envelopes[1]]


async def test_an_app_may_ask_not_to_be_asked_again() -> None:
    async with simulator() as sim, serving(sim) as app:
        app.answers = [lambda _: web.Response(status=500, headers={"X-Slack-No-Retry": "1"})]
        sim.say(sim.add_channel("general"), sim.add_user("Ada"), "hello")
        await sim.settled()
        assert [envelope.attempts for envelope in sim.sockets.lost] == [1]


async def test_a_command_may_be_answered_at_once_and_an_event_may_not() -> None:
    async with simulator(ack=60_000.0, trigger=600_000.0) as sim, serving(sim) as app:
        ada, room = sim.add_user("Ada"), sim.add_channel("general")
        app.answers = [lambda _: web.json_response({"text": "here"})]
        call = sim.slash(room, ada, "/bobbin")
        await call.acked()
        assert [shown.text for shown in call.responses] == ["here"]
        app.answers = [lambda _: web.Response(text="ok")]
        sim.say(room, ada, "hello")
        await sim.settled()
        assert sim.violations == ["http: an event was answered with a body"]


async def test_an_address_has_to_answer_the_challenge() -> None:
    async with simulator() as sim, serving(sim) as app:
        with pytest.raises(ValueError, match="answered the challenge with 404"):
            await sim.sockets.posts.verify(
                sim.workspace.app, f"http://127.0.0.1:{app.port}/elsewhere", 5
            )


async def test_requests_go_to_any_of_several_processes() -> None:
    async with simulator() as sim, serving(sim) as one, serving(sim) as other:
        ada, room = sim.add_user("Ada"), sim.add_channel("general")
        for _ in range(20):
            sim.say(room, ada, "hello")
        await sim.settled()
        assert len(one.requests) + len(other.requests) == 20
        assert one.requests and other.requests


async def test_more_than_ten_sockets_are_refused() -> None:
    async with SlackSimulator(timing=PATIENT) as sim, aiohttp.ClientSession() as session:
        sockets = []
        for number in range(11):
            ticket = sim.sockets.ticket(sim.workspace.app)
            url = f"{sim.base_url}/link/?ticket={ticket}"
            socket = await session.ws_connect(url)
            first = await socket.receive_json()
            if number == 5:
                # One that is about to be replaced counts until it is closed.
                sim.disconnect(close=False)
            sockets.append((socket, first))
        assert [first["type"] for _, first in sockets] == ["hello"] * 10 + ["disconnect"]
        assert sockets[-1][1]["reason"] == "too_many_websockets"
        assert sim.violations == ["socket: more than 10 connections"]
        for socket, _ in sockets:
            await socket.close()
