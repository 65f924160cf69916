"""Writing to a store that may be away for a moment."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from bot.errors import StoreUnavailable

Answer = TypeVar("Answer")

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 2.0


async def patiently(write: Callable[[], Awaitable[Answer]], seconds: float) -> Answer:
    """Repeat a write, which carries a nonce, while the store is away, for so many seconds.

    Raises:
        StoreUnavailable: It stayed away.
    """
    loop = asyncio.get_running_loop()
    ends = loop.time() + seconds
    pause = FIRST_PAUSE
    while True:
        try:
            return await write()
        except StoreUnavailable:
            if loop.time() + pause > ends:
                raise
            await asyncio.sleep(pause)
            pause = min(LONGEST_PAUSE, pause * 2)
