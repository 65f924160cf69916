"""Waiting for state instead of for time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


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
            predicate: evaluated now and after every change.
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
            waiter: asyncio.Future[None] = loop.create_future()
            self._waiters.add(waiter)
            try:
                await asyncio.wait_for(waiter, max(0.0, deadline - loop.time()))
            except TimeoutError:
                raise TimeoutError(f"not reached within {timeout} s\n{dump()}") from None
            finally:
                self._waiters.discard(waiter)
