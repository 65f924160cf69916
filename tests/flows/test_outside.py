"""What an operator sees from outside: alive, ready, figures, spans."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from redis.asyncio import Redis

from bot.ops import outside
from tests.flows.acme import Acme, place
from tests.flows.look import settled
from tests.flows.program import run_bot
from tests.flows.seen import SERVED, Seen, look_at
from tests.flows.stage import QUICK, Stage, open_stage
from tests.flows.test_discord_window import GOOD, asks_for_summary
from tests.flows.weavers import PATCH, Weavers, weavers
from tests.servers import Valkey, free_port, valkey_server
from tests.simulators.openai_sim import Answer

CHATS = "/v1/responses"


@asynccontextmanager
async def both(server: Valkey) -> AsyncIterator[tuple[Weavers, Acme, Seen]]:
    """One process on both platforms."""
    async with open_stage(server, "discord", "slack", extra=SERVED, start=False) as stage:
        sim = stage.discord
        assert sim is not None
        guild = await sim.add_guild("Weavers")
        general = await sim.add_text_channel(guild, "general")
        ada, ben = sim.add_user("ada", "Ada"), sim.add_user("ben", "Ben")
        here = Weavers(stage, sim, stage.openai, guild, general, ada, ben)
        there = place(stage)
        await stage.start()
        async with look_at(stage.app.address) as seen:
            await seen.until_waiting_for()
            yield here, there, seen


async def test_turns_on_both_platforms_are_seen(server: Valkey) -> None:
    async with both(server) as (here, there, seen):
        await here.conversation("hi there")
        here.openai.script.append(Answer("Hello from Slack"))
        root = there.ask(there.ada, "hi")
        await there.until_said(root, "Hello from Slack")
        await settled(server)
        await seen.until_counted()
        for platform in ("discord", "slack"):
            on = {"platform": platform}
            assert await seen.figure("bobbin_turns_total", **on) == 1
            assert await seen.figure("bobbin_turns_total", outcome="answered", **on) == 1
            for name in ("first_token", "first_text", "whole_text", "queue_lag"):
                assert await seen.figure(f"bobbin_{name}_seconds_count", **on) == 1, name
            assert await seen.figure("bobbin_posts_total", **on) == 1
            assert await seen.figure("bobbin_tokens_total", kind="prompt", **on) > 0
            calls = {"call": "post", "outcome": "ok", **on}
            assert await seen.figure("bobbin_platform_call_seconds_count", **calls) == 1
        assert await seen.figure("bobbin_model_requests_total", outcome="stop") == 2
        assert await seen.figure("bobbin_model_first_text_seconds_count", purpose="reply") == 2
        for script in ("begin", "renew", "commit"):
            assert await seen.figure("bobbin_store_seconds_count", script=script) >= 2
        assert await seen.figure("bobbin_connections", platform="slack", state="up") == 2
        assert await seen.figure("bobbin_ready") == 5
        assert await seen.figure("bobbin_running_turns") == 0
        assert await seen.figure("bobbin_event_loop_lag_seconds_count") >= 0
        assert await seen.figure("process_resident_memory_bytes") > 0
        assert here.stage.settled == 1


async def test_ready_follows_gateway_and_sockets(server: Valkey) -> None:
    async with both(server) as (here, there, seen):
        # It comes back once that was seen.
        here.sim.gateway.refuse(99)
        here.sim.gateway.drop()
        assert await seen.until_waiting_for("discord") == {"discord": "not connected"}
        here.sim.gateway.refuse(0)
        await seen.until_waiting_for()
        # They come back once that was seen.
        gate = asyncio.Event()
        there.sim.faults.add("apps.connections.open", times=2, gate=gate)
        there.sim.cut()
        [why] = (await seen.until_waiting_for("slack")).values()
        assert why.startswith("not connected: socket ")
        gate.set()
        await seen.until_waiting_for()
        there.sim.disconnect("refresh_requested")
        await there.sim.connected(2)
        assert await seen.waiting_for() == {}


async def test_ready_follows_the_model(server: Valkey, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key that is refused is for the operator to mend; one 429 passes by itself."""
    monkeypatch.setattr(outside, "PROBE_AGAIN_SECONDS", 0.05)
    async with weavers(server, extra=SERVED) as here, look_at(here.stage.app.address) as seen:
        await seen.until_waiting_for()
        busy = {"error": {"message": "slow down", "code": "rate_limit_exceeded"}}
        here.openai.faults.add(CHATS, status=429, body=busy, headers={"Retry-After": "0.05"})
        await here.conversation("first")
        assert await seen.waiting_for() == {}
        assert await seen.figure("bobbin_model_retries_total", cause="rate_limited") == 1
        wrong = {"error": {"message": "Incorrect API key", "code": "invalid_api_key"}}
        here.openai.faults.add(CHATS, status=401, body=wrong)
        gate = asyncio.Event()
        held = here.openai.faults
        held.add(CHATS, match=lambda request: "ready" in request.last_user_text, gate=gate)
        asked = await here.ask(here.ada, "second")
        told = await seen.until_waiting_for("model")
        assert told == {"model": "The server refuses the key: check OPENAI_API_KEY."}
        gate.set()
        await here.thread_of(asked)
        await seen.until_waiting_for()
        await seen.until_counted()
        assert await seen.figure("bobbin_turns_total", outcome="failed") == 1
        assert await seen.figure("bobbin_turn_errors_total", error="ModelMisconfigured") == 1


async def test_a_model_that_is_not_there_at_the_start(
    server: Valkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outside, "PROBE_AGAIN_SECONDS", 0.05)
    async with weavers(server, extra=SERVED, start=False) as here:
        gate = asyncio.Event()
        here.openai.faults.add("/v1/models", times=7, status=503)
        here.openai.faults.add("/v1/models", status=503, gate=gate)
        await here.stage.start()
        async with look_at(here.stage.app.address) as seen:
            assert (await seen.waiting_for())["model"] == "not reached yet"
            gate.set()
            await seen.until_waiting_for()
        assert here.openai.chats == []


async def test_ready_follows_the_store() -> None:
    with tempfile.TemporaryDirectory(prefix="bobbin-rdy-") as folder:
        with valkey_server(Path(folder)) as server:
            async with weavers(server, extra=SERVED) as here:
                async with look_at(here.stage.app.address) as seen:
                    await seen.until_waiting_for()
                    async with Redis.from_url(server.url, protocol=2) as admin:
                        await admin.config_set("maxmemory", 1)
                        [why] = (await seen.until_waiting_for("store")).values()
                        assert "is out of memory" in why
                        await admin.config_set("maxmemory", 0)
                    await seen.until_waiting_for()
                    server.kill()
                    [why] = (await seen.until_waiting_for("store")).values()
                    assert "Redis" in why or "no answer" in why
                    assert (await seen.ask("/healthz"))[0] == 200
                    with valkey_server(Path(folder)):
                        await seen.until_waiting_for()
                        assert await here.conversation()


async def test_draining_is_seen_while_the_answer_is_finished(server: Valkey) -> None:
    async with weavers(server, extra=SERVED) as here:
        async with look_at(here.stage.app.address) as seen:
            await seen.until_waiting_for()
            answer = Answer(["All of", " it."]).hold()
            here.openai.script.append(answer)
            thread = await here.thread_of(await here.ask(here.ada, "go on"))
            await here.until_asked(1)
            here.stage.app.stop()
            assert "process" in await seen.waiting_for()
            assert (await seen.ask("/healthz"))[0] == 200
            answer.release(9)
            assert await here.stage.ended() == 0
            assert here.said(thread) == ["All of it."]
            with pytest.raises(aiohttp.ClientConnectorError):
                await seen.ask("/healthz")


async def test_what_was_overtaken_and_refused_is_counted(server: Valkey) -> None:
    async with weavers(server, extra=SERVED) as here, look_at(here.stage.app.address) as seen:
        here.sim.faults.add(PATCH, code=30046, times=50)
        answer = Answer([f"word{n} " for n in range(200)]).hold(after=20)
        here.openai.script.append(answer)
        thread = await here.thread_of(await here.ask(here.ada, "many words"))
        # What follows would be in the first post otherwise, where that takes long.
        await here.sim.until(lambda: here.said(thread))
        answer.release_all()
        await here.sim.until(lambda: any("word199" in said for said in here.said(thread)), 50)
        await settled(server)
        await seen.until_counted()
        assert await seen.figure("bobbin_edits_skipped_total") > 50
        assert await seen.figure("bobbin_fallbacks_total", kind="reposted") == 1
        calls = {"call": "edit", "platform": "discord"}
        assert await seen.figure("bobbin_platform_call_seconds_count", **calls) >= 1
        assert await seen.figure("bobbin_platform_call_seconds_count", outcome="ok", **calls) == 0


async def test_a_port_that_is_taken_stops_the_start(tmp_path: Path) -> None:
    taken = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", free_port())
    port = taken.sockets[0].getsockname()[1]
    async with taken:
        ended = await run_bot(tmp_path, "run", env={"BOBBIN_HTTP_PORT": str(port)})
        assert ended.code == 2
        assert f"BOBBIN_HTTP_PORT: 127.0.0.1:{port} cannot be listened on (" in ended.log
        assert "Traceback" not in ended.log
        assert not (tmp_path / "data").exists()


async def test_it_is_off_unless_it_is_asked_for(server: Valkey) -> None:
    async with weavers(server) as here:
        assert here.stage.app.address is None


async def test_summaries_are_counted_with_their_cost(server: Valkey) -> None:
    """The first is made by the model, the second cannot be and is extracted."""
    extra = {"BOBBIN_CONTEXT_TOKENS": "1000", **SERVED}
    async with weavers(server, extra=extra, paced=False) as here:
        async with look_at(here.stage.app.address) as seen:
            here.openai.on(asks_for_summary, Answer(GOOD.format(number=7)))
            refused = {"error": {"message": "no", "code": "content_filter"}}
            thread = await here.conversation()
            summary = {"purpose": "summary"}
            while not await seen.figure("bobbin_fallbacks_total", kind="summary_extract"):
                before = len(here.said(thread))
                await here.sim.say(thread, here.ada, "weft over warp " * 20)
                await here.sim.until(lambda before=before: len(here.said(thread)) > before)
                await here.settled()
                if await seen.figure("bobbin_tokens_total", kind="completion", **summary):
                    here.openai.faults.add(
                        CHATS, match=asks_for_summary, status=400, body=refused, times=2
                    )
            assert await seen.figure("bobbin_model_requests_total", outcome="stop", **summary)
            assert await seen.figure("bobbin_model_requests_total", outcome="refused", **summary)
            assert await seen.figure("bobbin_cost_dollars_total", **summary) > 0


async def test_a_turn_is_parked_and_taken_over(server: Valkey) -> None:
    # What is parked waits for no lease, and nobody else's runs out.
    extra = SERVED | {"BOBBIN_LEASE_SECONDS": "60"}
    async with weavers(server, extra=extra, start=False) as here:
        await here.stage.start(replace(QUICK, grace=0.05))
        other = Stage(server, here.openai, discord=here.sim, extra=here.stage.extra)
        await other.start()
        async with look_at(here.stage.app.address) as one, look_at(other.app.address) as two:
            held = Answer(["All of", " it."]).hold(1)
            here.openai.script.append(held)
            here.openai.script.append(Answer("All of it again."))
            await here.ask(here.ada, "go on")
            await here.until_asked(1)
            # Both have heard of it, and either of them may have begun.
            begun = [await each.figure("bobbin_running_turns") for each in (one, two)]
            first, second = (here.stage, two) if begun[0] else (other, one)
            assert await first.stop() == 0
            await here.until_asked(2)
            await here.settled()
            await second.until_counted()
            assert await second.figure("bobbin_takeovers_total", after="parked") == 1
            assert await second.figure("bobbin_turns_total", outcome="answered") == 1
        await other.stop()


async def test_spans_of_a_turn(server: Valkey) -> None:
    """Ids and kinds only, in one tree, and the model's and the platform's parts within."""
    got: list[ExportTraceServiceRequest] = []

    async def receive(request: web.Request) -> web.Response:
        got.append(ExportTraceServiceRequest.FromString(await request.read()))
        return web.Response()

    application = web.Application()
    application.router.add_post("/v1/traces", receive)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    try:
        extra = {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{host}:{port}"}
        async with weavers(server, extra=extra) as here:
            await here.conversation("a very secret question", "a very secret answer")
    finally:
        await runner.cleanup()
    spans = [
        span
        for request in got
        for resource in request.resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]
    [turn] = [span for span in spans if span.name == "turn"]
    within = [span for span in spans if span.parent_span_id == turn.span_id]
    assert {span.name for span in within} == {"prompt", "model", "platform", "commit"}
    assert {span.trace_id for span in within} == {turn.trace_id}
    calls = [
        each.value.string_value
        for span in within
        for each in span.attributes
        if each.key == "bobbin.call"
    ]
    assert {"open", "post"} <= set(calls)
    assert "secret" not in str(got) and "Ada" not in str(got)
