"""Waiting for state instead of for time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

AGAIN_SECONDS = 0.1
"""After how long a predicate is asked without any change here: it may look at more than this."""


class Signal:
    """Wakes everybody who waits for some state whenever any state changed."""

    def __init__(self) -> None:
        self._waiters: set[asyncio.Future[None]] = set()

    def changed(self) -> None:
        """Say that something changed."""
        waiters, self._waiters = self._waiters, set()
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)

    async def until(self, predicate: Callable[[], T], timeout: float, dump: Callable[[], str]) -> T:
        """Return the first truthy value of ``predicate``.

        Args:
            predicate: evaluated now, after every change, and now and then.
            timeout: real seconds.
            dump: what to tell in the error when time runs out.

        Raises:
            TimeoutError: the predicate stayed falsy.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout
        while True:
            value = predicate()
            if value:
                return value
            left = deadline - loop.time()
            if left <= 0:
                raise TimeoutError(f"not reached within {timeout} s\n{dump()}")
            waiter: asyncio.Future[None] = loop.create_future()
            self._waiters.add(waiter)
            try:
                await asyncio.wait({waiter}, timeout=min(left, AGAIN_SECONDS))
            finally:
                self._waiters.discard(waiter)
