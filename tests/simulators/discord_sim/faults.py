"""Scripted failures of REST calls."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.simulators.discord_sim.errors import ApiError
from tests.simulators.discord_sim.model import Request

Match = str | Callable[[Request], bool]


@dataclass(slots=True, eq=False)
class Fault:
    """One scripted failure; ``times`` counts down and ``arrived`` is set at its first use."""

    match: Match
    times: int
    status: int | None
    body: Any
    headers: Mapping[str, str]
    delay: float
    gate: asyncio.Event | None
    drop: bool
    after_effect: bool
    retry_after: float | None = None
    scope: str = "user"
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def answers(self) -> bool:
        """Whether it replaces the answer; a mere delay does not."""
        return self.drop or self.status is not None or self.retry_after is not None

    def fits(self, request: Request) -> bool:
        """Whether this failure is meant for the call."""
        return self.match(request) if callable(self.match) else self.match == request.route


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
        code: int | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        delay: float = 0.0,
        gate: asyncio.Event | None = None,
        drop: bool = False,
        after_effect: bool = False,
    ) -> Fault:
        """Script a failure.

        Args:
            match: a route (``POST /channels/{channel_id}/messages``) or a test of the request.
            times: how many calls it hits.
            status: HTTP status to answer.
            code: Discord's error code; status and message follow from it unless given.
            body: JSON value or plain text to answer.
            headers: extra headers of the answer.
            delay: simulated seconds to wait first.
            gate: an event to wait for first; the call hangs until it is set.
            drop: close the connection without an answer.
            after_effect: let the call take effect first, then wait, drop or replace the answer.
        """
        if code is not None:
            error = ApiError(code, status=status)
            status, body = error.status, error.body() if body is None else body
        fault = Fault(
            match, times, status, body, dict(headers or {}), delay, gate, drop, after_effect
        )
        self._faults.append(fault)
        return fault

    def rate_limit(
        self, match: Match, retry_after: float, *, scope: str = "shared", times: int = 1
    ) -> Fault:
        """Script a 429.

        Args:
            match: as in `add`.
            retry_after: simulated seconds.
            scope: user, shared or global.
            times: how many calls it hits.
        """
        fault = Fault(
            match, times, None, None, {}, 0.0, None, False, False, retry_after=retry_after
        )
        fault.scope = scope
        self._faults.append(fault)
        return fault

    @property
    def left(self) -> list[Fault]:
        """Failures that have not been used up."""
        return [fault for fault in self._faults if fault.times > 0]

    def take(self, request: Request) -> Fault | None:
        """Use up and return the first failure that fits, if any."""
        for fault in self._faults:
            if fault.times > 0 and fault.fits(request):
                fault.times -= 1
                fault.arrived.set()
                return fault
        return None
