"""What the other rooms call, made of figures, health and spans."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager

from bot.errors import ModelBusy
from bot.model.port import Purpose
from bot.model.witness import MISCONFIGURED, QUOTA, Request, kind_of
from bot.ops import figures
from bot.ops.health import Health
from bot.ops.metrics import Metrics
from bot.tracing import Tracer


class PlatformMeter:
    """Implements `bot.report.IntakeMeter` for one adapter."""

    def __init__(self, platform: str, metrics: Metrics, health: Health) -> None:
        self._platform = platform
        self._metrics = metrics
        self._health = health

    def acknowledged(self, seconds: float) -> None:
        """See `bot.services.Meter`."""
        self._metrics.observe(figures.ACK, seconds, self._platform)

    def refused(self, route: str) -> None:
        """See `bot.services.Meter`."""
        self._metrics.add(figures.LIMITED, 1, self._platform, route)

    def invalid(self, status: int) -> None:
        """See `bot.services.Meter`."""
        self._metrics.add(figures.INVALID, 1, self._platform, f"HTTP {status}")

    def latency(self, seconds: float, part: str = "") -> None:
        """See `bot.services.Meter`."""
        self._metrics.set(figures.LATENCY, seconds, self._platform, part or "all")

    def reconnected(self, reason: str) -> None:
        """See `bot.services.Meter`."""
        self._metrics.add(figures.RECONNECTS, 1, self._platform, reason)

    def connected(self, up: bool | None, part: str = "") -> None:
        """See `bot.services.Meter`."""
        self._health.connected(self._platform, up, part)

    def fell_back(self, what: str) -> None:
        """See `bot.services.Meter`."""
        self._metrics.add(figures.FALLBACKS, 1, self._platform, what)

    def malformed(self) -> None:
        """See `bot.report.IntakeMeter`."""
        self._metrics.add(figures.MALFORMED, 1, self._platform)

    def dropped(self) -> None:
        """See `bot.report.IntakeMeter`."""
        self._metrics.add(figures.DROPPED, 1, self._platform)

    def overfull(self) -> None:
        """See `bot.report.IntakeMeter`."""
        self._metrics.add(figures.OVERFULL, 1, self._platform)


class ModelMeter:
    """Implements `bot.model.witness.Witness`."""

    def __init__(
        self, metrics: Metrics, health: Health, tracer: Tracer, now: Callable[[], float]
    ) -> None:
        self._metrics = metrics
        self._health = health
        self._tracer = tracer
        self._now = now
        # Shown from the start, so that the first of them is a rise: one is reason for an alert.
        for purpose in Purpose:
            for outcome in (QUOTA, MISCONFIGURED):
                metrics.add(figures.REQUESTS, 0, str(purpose), outcome)

    @contextmanager
    def request(self, request: Request) -> Generator[Callable[[], None]]:
        """See `bot.model.witness.Witness`."""
        purpose, began = str(request.purpose), self._now()

        def spoke() -> None:
            self._metrics.observe(figures.REQUEST_FIRST, self._now() - began, purpose)

        with self._tracer.span("model", {"model": request.model, "purpose": purpose}) as note:
            try:
                yield spoke
            finally:
                note("outcome", request.outcome)
                self._metrics.add(figures.REQUESTS, 1, purpose, request.outcome)
                self._metrics.observe(figures.REQUEST, self._now() - began, purpose)
                if request.error is not None:
                    self._health.model_failed(request.error)
                elif request.outcome != "ended":
                    self._health.model_answered()

    def retried(self, fault: ModelBusy) -> None:
        """Count a request that is made again."""
        self._metrics.add(figures.RETRIES, 1, kind_of(fault))
