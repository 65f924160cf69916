"""Time as this process was given it, for what may take no longer than so many seconds.

A machine that is busy, or that stands still for seconds, says nothing about what waits for what.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

LOOK_SECONDS = 0.02


@asynccontextmanager
async def counting() -> AsyncIterator[Callable[[], float]]:
    """The seconds since the block began, of which each wait for the loop counts as one look.

    What waits on purpose is seen in full; what has to be computed hardly counts.
    """
    loop = asyncio.get_running_loop()
    seconds, seen = 0.0, loop.time()

    async def look() -> None:
        nonlocal seconds, seen
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            now = loop.time()
            seconds += min(now - seen, LOOK_SECONDS)
            seen = now

    looking = asyncio.create_task(look())
    try:
        yield lambda: seconds
    finally:
        looking.cancel()
        await asyncio.wait({looking})
