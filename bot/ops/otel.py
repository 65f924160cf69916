"""Spans for OpenTelemetry, over OTLP/HTTP. The only file that imports it; see `bot.ops.spans`."""

from __future__ import annotations

import asyncio
from collections.abc import Generator, Mapping
from contextlib import contextmanager

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Status, StatusCode, use_span

from bot.tracing import NOTHING, Attribute, Note

EXPORT_SECONDS = 5.0
"""How long one batch may take, and the rest at the end."""


class OtelTracer:
    """Implements `bot.tracing.Tracer`.

    Args:
        provider: Made for this purpose; the global one is left alone.
    """

    def __init__(self, provider: TracerProvider) -> None:
        self._tracer = provider.get_tracer("bobbin")

    @contextmanager
    def span(
        self, name: str, attributes: Mapping[str, Attribute] = NOTHING, *, parent: bool = False
    ) -> Generator[Note]:
        """See `bot.tracing.Tracer`. An error is told by its class only: its words may quote."""
        named = {f"bobbin.{key}": value for key, value in attributes.items()}
        span = self._tracer.start_span(name, attributes=named)

        def note(key: str, value: Attribute) -> None:
            span.set_attribute(f"bobbin.{key}", value)

        try:
            if parent:
                with use_span(span, record_exception=False, set_status_on_exception=False):
                    yield note
            else:
                yield note
        except Exception as error:
            span.set_status(Status(StatusCode.ERROR))
            span.set_attribute("error.type", type(error).__name__)
            raise
        finally:
            span.end()


class OtelSpans:
    """Implements `bot.ops.spans.Spans` over a processor of the SDK."""

    def __init__(self, processor: SpanProcessor, version: str) -> None:
        resource = Resource.create({"service.name": "bobbin", "service.version": version})
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._provider.add_span_processor(processor)
        self.tracer = OtelTracer(self._provider)

    async def close(self) -> None:
        """See `bot.ops.spans.Spans`."""
        await asyncio.to_thread(self._provider.shutdown)


def export_to(endpoint: str, headers: str, version: str) -> OtelSpans:
    """Send spans in batches, from a thread of the SDK's own.

    Args:
        endpoint: Base address of the receiver.
        headers: As in "name=value,name=value".
        version: This program's.
    """
    pairs = (pair.partition("=") for pair in headers.split(",") if "=" in pair)
    exporter = OTLPSpanExporter(
        endpoint=f"{endpoint.rstrip('/')}/v1/traces",
        headers={name.strip(): value.strip() for name, _, value in pairs},
        timeout=EXPORT_SECONDS,
    )
    return OtelSpans(BatchSpanProcessor(exporter), version)
