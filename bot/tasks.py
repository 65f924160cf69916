"""Chores that go on whatever happens, and ending tasks for certain."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from bot.errors import BobbinError

logger = logging.getLogger(__name__)

AGAIN_SECONDS = 0.5


def _unheard(what: str) -> None:
    """Nobody listens for it."""


async def repeat(
    work: Callable[[], Awaitable[None]],
    seconds: float,
    what: str,
    beat: Callable[[str], None] = _unheard,
) -> None:
    """Do something for ever, so many seconds after the last time.

    A round that fails, for want of the store or because of data that cannot be read, is logged,
    and others follow; `beat` is told of the end of each.
    """
    while True:
        try:
            await work()
        except BobbinError as error:
            logger.warning("%s: %s (%s)", what, error, error.hint)
        except (ValueError, TypeError, LookupError):
            logger.exception("%s: data that cannot be read", what)
        beat(what)
        await asyncio.sleep(seconds)


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
