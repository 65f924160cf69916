"""Scripted failures of REST calls."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from tests.simulators import faults
from tests.simulators.discord_sim.errors import ApiError
from tests.simulators.discord_sim.model import Request

Fault = faults.Fault[Request]
Match = str | Callable[[Request], bool]


class Faults(faults.Script[Request]):
    """The failures still to come; a call is named by its route."""

    def __init__(self) -> None:
        super().__init__(lambda request: (request.route,))

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
        """Script a failure; arguments as of `faults.Fault`.

        With Discord's error `code` status and message follow from it unless they are given.
        """
        if code is not None:
            error = ApiError(code, status=status)
            status, body = error.status, error.body() if body is None else body
        given = dict(headers or {})
        return self.put(Fault(match, times, status, body, given, delay, gate, drop, after_effect))

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
        return self.put(Fault(match, times, retry_after=retry_after, scope=scope))
