"""Waiting for state instead of for time."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

AGAIN_SECONDS = 0.1
"""After how long a predicate is asked without any change here: it may look at more than this."""


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
            predicate: asked at once, after each change, and now and then.
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
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(event.wait(), AGAIN_SECONDS)
                    event.clear()
                return value
        except TimeoutError:
            raise TimeoutError(f"not reached within {timeout} s\n{describe()}") from None
        finally:
            self._waiting.discard(event)
