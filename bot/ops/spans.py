"""Choosing where spans go: nowhere, unless an OpenTelemetry endpoint is set."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Protocol, cast

from bot.extras import install_command
from bot.plugins import resolve
from bot.spec import Finding
from bot.tracing import Tracer, Untraced

logger = logging.getLogger(__name__)

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"

INSTALL = install_command("bobbin[otel]")

_EXPORTER = "bot.ops.otel:export_to"


class Spans(Protocol):
    """A tracer that has something to send at the end."""

    @property
    def tracer(self) -> Tracer:
        """Takes the spans."""
        ...

    async def close(self) -> None:
        """Send what is left, within some seconds."""
        ...


class NoSpans:
    """`Spans` of which there are none."""

    def __init__(self) -> None:
        self.tracer = Untraced()

    async def close(self) -> None:
        """See `Spans`."""


def open_spans(endpoint: str | None, headers: str | None, version: str) -> Spans:
    """Where this process's spans go. OpenTelemetry is imported only when it is used.

    Args:
        endpoint: Base address of an OTLP/HTTP receiver; None for no spans.
        headers: Sent along, as in "name=value,name=value".
        version: This program's.
    """
    if endpoint is None:
        return NoSpans()
    try:
        create = cast("Callable[[str, str, str], Spans]", resolve(_EXPORTER))
    except ImportError as error:
        logger.warning(
            "%s is set, but OpenTelemetry is not installed, so there are no spans: "
            "%s (missing: %s)",
            ENDPOINT,
            INSTALL,
            error.name,
        )
        return NoSpans()
    return create(endpoint, headers or "", version)


def check_spans() -> Finding:
    """What `bobbin doctor` says where an endpoint is set; imports OpenTelemetry."""
    try:
        resolve(_EXPORTER)
    except ImportError as error:
        wrong = f"{ENDPOINT} is set, but OpenTelemetry is not installed (missing: {error.name})"
        return Finding("spans", False, wrong, f"Run: {INSTALL}")
    return Finding("spans", True, f"they go where {ENDPOINT} says")
