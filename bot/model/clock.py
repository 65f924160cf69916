"""Time as the gate sees it, so that tests can turn the hands themselves."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol


class Timer(Protocol):
    """A call that was asked for."""

    def cancel(self) -> None:
        """Forget it; harmless when it was made already."""
        ...


class Clock(Protocol):
    """Monotonic seconds, and calls at a given time."""

    def now(self) -> float:
        """Seconds since some fixed moment."""
        ...

    def call_at(self, when: float, callback: Callable[[], None]) -> Timer:
        """Call `callback` once `now()` has reached `when`."""
        ...


class LoopClock:
    """The running event loop's own time."""

    def now(self) -> float:
        """See `Clock`."""
        return asyncio.get_running_loop().time()

    def call_at(self, when: float, callback: Callable[[], None]) -> Timer:
        """See `Clock`."""
        return asyncio.get_running_loop().call_at(when, callback)
