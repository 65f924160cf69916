"""Scripted failures: which call, what goes wrong, how often."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.simulators.slack_sim.model import Request

Match = str | Callable[[Request], bool]


@dataclass(slots=True, eq=False)
class Fault:
    """One scripted failure; ``times`` counts down to 0, and ``arrived`` is set at its first use."""

    match: Match
    times: int
    status: int | None
    body: Any
    headers: Mapping[str, str]
    delay: float
    gate: asyncio.Event | None
    drop: bool
    after_effect: bool
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def answers(self) -> bool:
        """Whether the fault replaces the answer (a mere delay does not)."""
        return self.drop or self.status is not None or self.body is not None

    def fits(self, request: Request) -> bool:
        """Whether this fault is meant for the call."""
        if callable(self.match):
            return self.match(request)
        return self.match in (request.api, request.route)


class Faults:
    """The failures still to come, in the order they were added."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def add(
        self,
        match: Match,
        *,
        times: int = 1,
        status: int | None = None,
        error: str | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        delay: float = 0.0,
        gate: asyncio.Event | None = None,
        drop: bool = False,
        after_effect: bool = False,
    ) -> Fault:
        """Script a failure.

        Args:
            match: a method name (``chat.postMessage``), a route, or a predicate on the request.
            times: how many calls are hit.
            status: HTTP status to answer instead (default 200 when ``body`` or ``error`` is given).
            error: short for ``body={"ok": False, "error": error}``.
            body: JSON value or text to answer.
            headers: extra headers of the answer.
            delay: simulated seconds to wait first.
            gate: an event to wait for first; the call hangs until it is set.
            drop: close the connection without an answer.
            after_effect: let the call take effect first, then wait, and replace the answer, or
                drop it when none is given.
        """
        if error is not None:
            body = {"ok": False, "error": error}
        drop = drop or (after_effect and status is None and body is None)
        fault = Fault(
            match, times, status, body, dict(headers or {}), delay, gate, drop, after_effect
        )
        self._faults.append(fault)
        return fault

    @property
    def left(self) -> list[Fault]:
        """Faults that have not been used up."""
        return [fault for fault in self._faults if fault.times > 0]

    def clear(self) -> None:
        """Let everything go well from now on."""
        self._faults.clear()

    def take(self, request: Request) -> Fault | None:
        """Use up and return the first fault that fits, if any."""
        for fault in self._faults:
            if fault.times > 0 and fault.fits(request):
                fault.times -= 1
                fault.arrived.set()
                return fault
        return None
