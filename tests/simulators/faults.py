"""Scripted failures of a platform's calls: which call, what goes wrong, how often."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

R = TypeVar("R")


@dataclass(slots=True, eq=False)
class Fault(Generic[R]):
    """One scripted failure; ``times`` counts down and ``arrived`` is set at its first use.

    Attributes:
        match: one of the names of a call, or a test of the request.
        times: how many calls it hits.
        status: HTTP status to answer.
        body: JSON value or plain text to answer.
        headers: extra headers of the answer.
        delay: simulated seconds to wait first.
        gate: an event to wait for first; the call hangs until it is set.
        drop: close the connection without an answer.
        after_effect: let the call take effect first, then wait, drop or replace the answer.
        retry_after: answer 429 with so many simulated seconds.
        scope: of that 429.
    """

    match: str | Callable[[R], bool]
    times: int = 1
    status: int | None = None
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    delay: float = 0.0
    gate: asyncio.Event | None = None
    drop: bool = False
    after_effect: bool = False
    retry_after: float | None = None
    scope: str = "user"
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def answers(self) -> bool:
        """Whether it replaces the answer; a mere delay does not."""
        given = (self.status, self.body, self.retry_after)
        return self.drop or any(each is not None for each in given)


class Script(Generic[R]):
    """The failures still to come, in the order they were added.

    Args:
        names: What a call may be named by.
    """

    def __init__(self, names: Callable[[R], Collection[str]]) -> None:
        self._names = names
        self._faults: list[Fault[R]] = []

    def put(self, fault: Fault[R]) -> Fault[R]:
        """Add one."""
        self._faults.append(fault)
        return fault

    @property
    def left(self) -> list[Fault[R]]:
        """Failures that have not been used up."""
        return [fault for fault in self._faults if fault.times > 0]

    def clear(self) -> None:
        """Let everything go well from now on."""
        self._faults.clear()

    def take(self, request: R) -> Fault[R] | None:
        """Use up and return the first failure that fits, if any."""
        for fault in self.left:
            fits = fault.match
            if fits(request) if callable(fits) else fits in self._names(request):
                fault.times -= 1
                fault.arrived.set()
                return fault
        return None
