"""Scripted failures of Web API calls."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from tests.simulators import faults
from tests.simulators.slack_sim.model import Request

Fault = faults.Fault[Request]
Match = str | Callable[[Request], bool]


class Faults(faults.Script[Request]):
    """The failures still to come; a call is named by its method (``chat.update``) or its route."""

    def __init__(self) -> None:
        super().__init__(lambda request: (request.api, request.route))

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
        """Script a failure; arguments as of `faults.Fault`.

        ``error`` is short for ``body={"ok": False, "error": error}``, the status is 200 when only
        one of them is given. With ``after_effect`` and no answer the connection is dropped.
        """
        if error is not None:
            body = {"ok": False, "error": error}
        drop = drop or (after_effect and status is None and body is None)
        given = dict(headers or {})
        return self.put(Fault(match, times, status, body, given, delay, gate, drop, after_effect))
