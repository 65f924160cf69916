"""Getting what was erased out of the server's append-only file, too."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

logger = logging.getLogger(__name__)

Ask = Callable[[bytes], Awaitable[bytes]]
"""Sends one command and returns what was answered, empty for nothing."""

PAUSE = 0.02
FINISH_SECONDS = 10.0
RUNNING = (b"aof_rewrite_in_progress:1", b"aof_rewrite_scheduled:1")


class Compaction:
    """Has the file rewritten from what is in memory, soon after something was erased.

    The file holds every write, those that were erased later as well, until the server rewrites
    it. What is erased within one pause is taken out by one rewrite.

    Args:
        ask: How to reach the server.
        pause: Seconds between the first erasure and the rewrite.
    """

    def __init__(self, ask: Ask, pause: float) -> None:
        self._ask = ask
        self._pause = pause
        self._wanted = asyncio.Event()

    def soon(self) -> None:
        """Something was erased."""
        self._wanted.set()

    async def run(self) -> None:
        """Rewrite whenever it is wanted, for ever."""
        while True:
            await self._wanted.wait()
            await asyncio.sleep(self._pause)
            await self._begin()

    async def finish(self) -> None:
        """Wait until nothing that was erased is left in the file; for ten seconds at most.

        To be called before the server is stopped, which makes it give up its rewrite.
        """
        answered = True
        try:
            async with asyncio.timeout(FINISH_SECONDS):
                while (answered and self._wanted.is_set()) or await self._rewriting():
                    if self._wanted.is_set():
                        answered = await self._begin()
                    await asyncio.sleep(PAUSE)
        except TimeoutError:
            answered = False
        if not answered:
            logger.warning("what was erased may stay in the server's file until its next rewrite")

    async def _begin(self) -> bool:
        """Ask for a rewrite, which remains wanted if none begins; whether the server answered."""
        self._wanted.clear()
        answer = b""
        try:
            answer = await self._ask(b"BGREWRITEAOF")
        finally:
            # Refused when one runs, which may have begun before the erasure.
            if not answer.startswith(b"+"):
                self._wanted.set()
        return bool(answer)

    async def _rewriting(self) -> bool:
        told = await self._ask(b"INFO persistence")
        return any(sign in told for sign in RUNNING)
