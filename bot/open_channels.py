"""Channels that are answered throughout, as somebody has set there."""

from __future__ import annotations

import asyncio
import logging

from bot.errors import StoreError
from bot.storage.threads import Threads

logger = logging.getLogger(__name__)

OPEN_SECONDS = 3.0
"""How old what is known of channels that are answered throughout may be."""


class OpenChannels:
    """Which channels of a platform are answered throughout, as of some seconds ago."""

    def __init__(self, threads: Threads, platform: str) -> None:
        self._threads = threads
        self._platform = platform
        self._known: frozenset[tuple[str, str, str]] = frozenset()
        self._until = 0.0
        self._asking = asyncio.Lock()

    async def has(self, place: tuple[str, str, str]) -> bool:
        """Whether this is one; by what was known before while the store is away."""
        # Somebody else's look is waited for only as long as nothing is known at all.
        if self._is_old() and not (self._until and self._asking.locked()):
            async with self._asking:
                if self._is_old():
                    await self._look()
        return place in self._known

    def _is_old(self) -> bool:
        return asyncio.get_running_loop().time() >= self._until

    async def _look(self) -> None:
        try:
            self._known = await self._threads.open_channels(self._platform)
        except StoreError as error:
            logger.debug("which channels are answered throughout is not known: %s", error)
        self._until = asyncio.get_running_loop().time() + OPEN_SECONDS
