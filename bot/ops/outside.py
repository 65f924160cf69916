"""All of it together: what a process shows, and what the other rooms are given to be seen."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

from bot.adapter import Adapter
from bot.errors import ModelError
from bot.ops.adapter import MeteredAdapter
from bot.ops.health import Health, ModelState
from bot.ops.meters import ModelMeter, PlatformMeter
from bot.ops.metrics import Metrics
from bot.ops.probes import listening
from bot.ops.spans import ENDPOINT, open_spans
from bot.report import TurnReport, log_report
from bot.settings import Settings
from bot.tracing import Tracer, Untraced

logger = logging.getLogger(__name__)

PULSE_SECONDS = 0.5
PROBE_AGAIN_SECONDS = 30.0

Probe = Callable[[bool], Awaitable[None]]
"""Asks the model's endpoint whether it is good, with True by a real request; raises ModelError or
TimeoutError if it is not."""


@dataclass(slots=True)
class Outside:
    """What is seen of one process.

    Attributes:
        health: What /healthz and /readyz tell.
        metrics: What /metrics tells.
        now: Monotonic seconds.
        tracer: Where spans go.
        address: Where all of it is served; None if it is not.
    """

    health: Health
    metrics: Metrics
    now: Callable[[], float]
    tracer: Tracer = field(default_factory=Untraced)
    address: tuple[str, int] | None = None

    @property
    def model(self) -> ModelMeter:
        """Told of requests to the model."""
        return ModelMeter(self.metrics, self.health, self.tracer, self.now)

    def adapter(self, adapter: Adapter) -> Adapter:
        """The same adapter, its calls counted and traced."""
        return MeteredAdapter(adapter, self.metrics, self.tracer, self.now)

    def meter(self, platform: str) -> PlatformMeter:
        """Where a platform's inbox counts."""
        self.metrics.platform(platform)
        return PlatformMeter(platform, self.metrics, self.health)

    def report(self, report: TurnReport) -> None:
        """Log and count a turn."""
        log_report(report)
        self.metrics.turn(report)

    async def pulse(self) -> None:
        """Look for ever how late the event loop is."""
        while True:
            due = self.now() + PULSE_SECONDS
            await asyncio.sleep(PULSE_SECONDS)
            self.metrics.loop_late(max(0.0, self.now() - due))

    async def probe(self, ask: Probe) -> None:
        """Ask the model for ever, as long as it is not known to be good."""
        while True:
            if self.health.model is not ModelState.GOOD:
                try:
                    await ask(self.health.model is ModelState.BAD)
                    self.health.model_answered()
                except ModelError as error:
                    logger.warning("the model is not ready: %s (%s)", error, error.hint)
                    self.health.model_failed(error)
                except TimeoutError:
                    logger.warning("the model is not ready: it did not answer in time")
            await asyncio.sleep(PROBE_AGAIN_SECONDS)


@asynccontextmanager
async def seen_from_outside(
    settings: Settings, health: Health, version: str, now: Callable[[], float]
) -> AsyncGenerator[Outside]:
    """Serve what the settings ask for while the block lasts.

    Raises:
        SettingsError: The HTTP port cannot be listened on.
    """
    headers = settings.text("OTEL_EXPORTER_OTLP_HEADERS")
    spans = open_spans(settings.text(ENDPOINT), headers, version)
    outside = Outside(health, Metrics(version), now, spans.tracer)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(spans.close)
        port = settings.integer("BOBBIN_HTTP_PORT")
        if port is not None:
            host = settings.values["BOBBIN_HTTP_HOST"]
            serving = listening(host, port, health, outside.metrics)
            outside.address = await stack.enter_async_context(serving)
        yield outside
