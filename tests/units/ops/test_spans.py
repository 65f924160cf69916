"""Spans: off unless they are asked for, and then with ids only."""

from __future__ import annotations

import asyncio
import logging
import shlex
import subprocess
import sys
from collections.abc import Iterator

import pytest
from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from bot.ops import spans
from bot.ops.otel import OtelSpans
from bot.ops.spans import NoSpans, check_spans, open_spans

WORDS = "what-somebody-wrote"

BLOCKED = """
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "opentelemetry":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Absent())
"""


@pytest.fixture
def exporter() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def traced(exporter: InMemorySpanExporter) -> Iterator[OtelSpans]:
    found = OtelSpans(SimpleSpanProcessor(exporter), "1.2.3")
    yield found
    asyncio.run(found.close())


def test_spans_lie_within_the_turn(traced: OtelSpans, exporter: InMemorySpanExporter) -> None:
    async def turn() -> None:
        with traced.tracer.span("turn", {"turn": "t1"}, parent=True) as note:
            await asyncio.gather(asyncio.create_task(part("model")), part("commit"))
            note("outcome", "answered")

    async def part(name: str) -> None:
        with traced.tracer.span(name):
            await asyncio.sleep(0)

    asyncio.run(turn())
    found = {span.name: span for span in exporter.get_finished_spans()}
    assert set(found) == {"turn", "model", "commit"}
    whole = found["turn"]
    assert dict(whole.attributes or {}) == {"bobbin.turn": "t1", "bobbin.outcome": "answered"}
    assert whole.parent is None
    for name in ("model", "commit"):
        parent = found[name].parent
        assert parent is not None and whole.context is not None
        assert parent.span_id == whole.context.span_id


def test_an_error_is_told_by_its_class(traced: OtelSpans, exporter: InMemorySpanExporter) -> None:
    for parent in (False, True):
        with pytest.raises(ValueError), traced.tracer.span("turn", parent=parent):
            raise ValueError(WORDS)
    for span in exporter.get_finished_spans():
        assert WORDS not in span.to_json()
        assert (span.attributes or {})["error.type"] == "ValueError"
        assert not span.status.is_ok and not span.events


async def test_a_receiver_gets_them_over_http() -> None:
    got: list[tuple[str, str, ExportTraceServiceRequest]] = []

    async def receive(request: web.Request) -> web.Response:
        body = ExportTraceServiceRequest.FromString(await request.read())
        got.append((request.path, request.headers.get("X-Key", ""), body))
        return web.Response()

    application = web.Application()
    application.router.add_post("/{path:.*}", receive)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    found = open_spans(f"http://{host}:{port}/", "X-Key=abc", "1.2.3")
    try:
        with found.tracer.span("turn", {"turn": "t1"}, parent=True):
            pass
    finally:
        await found.close()
        await runner.cleanup()
    [(path, key, body)] = got
    assert (path, key) == ("/v1/traces", "abc")
    [resource] = body.resource_spans
    assert [span.name for span in resource.scope_spans[0].spans] == ["turn"]
    told = {each.key: each.value.string_value for each in resource.resource.attributes}
    assert (told["service.name"], told["service.version"]) == ("bobbin", "1.2.3")


async def test_without_an_endpoint_there_are_none() -> None:
    found = open_spans(None, None, "1")
    assert isinstance(found, NoSpans)
    with found.tracer.span("turn", parent=True) as note:
        note("outcome", "answered")
    await found.close()


async def test_a_missing_extra_is_told(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(spans, "_EXPORTER", "bot.ops.absent:export_to")
    with caplog.at_level(logging.WARNING):
        assert isinstance(open_spans("http://127.0.0.1:4318", None, "1"), NoSpans)
    command = f"{shlex.quote(sys.executable)} -m pip install 'bobbin[otel]'"
    assert command in caplog.text
    found = check_spans()
    assert not found.ok and found.fix == f"Run: {command}"


def test_the_bot_starts_without_the_extra() -> None:
    """Nothing of ours imports OpenTelemetry, installed or not, before it is asked for."""
    ask = "from bot.ops.spans import open_spans; print(open_spans('http://h', None, '').__class__)"
    code = f"{BLOCKED}\nimport bot.app, bot.cli, logging\nlogging.basicConfig()\n{ask}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "NoSpans" in done.stdout
    assert f"{shlex.quote(sys.executable)} -m pip install 'bobbin[otel]'" in done.stderr
