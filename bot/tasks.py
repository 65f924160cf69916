"""Chores that go on whatever happens, tasks in their order, and ending tasks for certain."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from bot.errors import BobbinError

T = TypeVar("T")
logger = logging.getLogger(__name__)

AGAIN_SECONDS = 0.5


def _unheard(what: str) -> None:
    """Nobody listens for it."""


async def repeat(
    work: Callable[[], Awaitable[None]],
    seconds: float | Callable[[], float],
    what: str,
    beat: Callable[[str], None] = _unheard,
) -> None:
    """Do something for ever, so many seconds after the last time, or as many as are told then.

    A round that fails, for want of the store or because of data that cannot be read, is logged,
    and others follow; `beat` is told of the start, and of the end of each.
    """
    beat(what)
    while True:
        try:
            await work()
        except BobbinError as error:
            logger.warning("%s: %s (%s)", what, error, error.hint)
        except (ValueError, TypeError, LookupError):
            logger.exception("%s: data that cannot be read", what)
        beat(what)
        await asyncio.sleep(seconds if isinstance(seconds, float | int) else seconds())


class Lines:
    """Lines of tasks, by name: who stands in one first goes first. Empty ones are forgotten.

    For events that arrive in an order that matters, and whose handling waits for this and that.
    """

    def __init__(self) -> None:
        self._locks: dict[str, asyncio.Lock] = {}
        self._standing: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._locks)

    @asynccontextmanager
    async def turn(self, name: str) -> AsyncGenerator[None]:
        """Stand in a line; the block runs once everybody before has left theirs."""
        lock = self._locks.setdefault(name, asyncio.Lock())
        self._standing[name] = self._standing.get(name, 0) + 1
        try:
            async with lock:
                yield
        finally:
            self._standing[name] -= 1
            if not self._standing[name]:
                del self._standing[name], self._locks[name]


async def unless(event: asyncio.Event, work: Coroutine[Any, Any, T]) -> T | None:
    """What the work gives; None if the event comes first.

    The work is cancelled then, once, and may take its time to tidy up.
    """
    doing = asyncio.create_task(work)
    coming = asyncio.create_task(event.wait())
    try:
        await asyncio.wait({doing, coming}, return_when=asyncio.FIRST_COMPLETED)
        if doing.done():
            return doing.result()
        doing.cancel()
        await asyncio.wait({doing})
        return None
    finally:
        await end(coming, doing)


async def end(*tasks: asyncio.Future[Any]) -> None:
    """Cancel tasks and wait until they have ended, however they do.

    A cancellation that arrives together with what the task waits for can get lost
    (`asyncio.wait_for` of Python 3.11 drops it, and SDKs use that), so it is sent again.
    """
    left = {task for task in tasks if not task.done()}
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=AGAIN_SECONDS)
    await asyncio.gather(*tasks, return_exceptions=True)
