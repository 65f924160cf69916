"""Waiting for state instead of for time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class Signal:
    """Wakes everybody who waits for some state whenever any state changed."""

    def __init__(self) -> None:
        self._waiting: set[asyncio.Event] = set()

    def changed(self) -> None:
        """Say that some state is different now."""
        for event in self._waiting:
            event.set()

    async def until(
        self,
        predicate: Callable[[], T],
        timeout: float,
        describe: Callable[[], str],
    ) -> T:
        """Return the first truthy value of ``predicate``, looked at again after every change.

        Args:
            predicate: asked at once and after each change.
            timeout: real seconds.
            describe: the text of the error when time runs out.

        Raises:
            TimeoutError: the predicate stayed falsy.
        """
        event = asyncio.Event()
        self._waiting.add(event)
        try:
            async with asyncio.timeout(timeout):
                while not (value := predicate()):
                    await event.wait()
                    event.clear()
                return value
        except TimeoutError:
            raise TimeoutError(f"not reached within {timeout} s\n{describe()}") from None
        finally:
            self._waiting.discard(event)
