"""Waiting for an observed state."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

AGAIN_SECONDS = 0.1
"""After how long a predicate is asked without any change here: it may look at more than this."""


class Changes:
    """Wakes those who wait for a condition whenever something may have changed."""

    def __init__(self) -> None:
        self._waiters: list[asyncio.Future[None]] = []

    def notify(self) -> None:
        """Let every waiter look at its condition again."""
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)

    async def until(
        self, predicate: Callable[[], T], seconds: float, describe: Callable[[], str]
    ) -> T:
        """The first truthy value of the predicate.

        Raises:
            TimeoutError: It stayed falsy; the message is what `describe` returns then.
        """
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(seconds):
                while not (value := predicate()):
                    waiter: asyncio.Future[None] = loop.create_future()
                    self._waiters.append(waiter)
                    await asyncio.wait({waiter}, timeout=AGAIN_SECONDS)
                return value
        except TimeoutError as error:
            raise TimeoutError(f"not within {seconds:g} s\n{describe()}") from error
