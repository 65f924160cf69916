"""The body of an answer, read by a task of its own and taken as it has come by then."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from types import TracebackType
from typing import Self

from bot.tasks import end

ALONE = 10
"""Pieces at the beginning that are handed out one by one, so that an answer shows early."""

MOST_HELD = 1024 * 1024
"""Bytes that wait to be taken; no more is read meanwhile."""

SOON = 0.001
"""Seconds within which a piece is there that had come before it was asked for."""


class Inflow:
    """Reads a body and hands out what has come.

    Waiting for a piece costs several times what the piece does. Where many answers come in at
    once, what comes is left to gather for a moment, and then read and handed out in one go.

    Args:
        pieces: The body.
        gathering: Tells for how many seconds pieces are to gather now.
    """

    def __init__(self, pieces: AsyncIterator[bytes], gathering: Callable[[], float]) -> None:
        self._pieces = pieces
        self._gathering = gathering
        self._held: deque[bytes] = deque()
        self._size = 0
        self._alone = ALONE
        self._news = asyncio.Event()
        self._room = asyncio.Event()
        self._hurried = False
        self._rest: asyncio.Future[None] | None = None
        self._reader = asyncio.create_task(self._read(), name="inflow")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await end(self._reader)

    async def take(self) -> bytes | None:
        """What has come since the last call, or comes next; None at the end.

        Raises what reading raised, once everything before has been taken.
        """
        await self._news.wait()
        if not self._held:
            self._reader.result()
            return None
        if self._alone:
            self._alone -= 1
            piece = self._held.popleft()
        else:
            piece = b"".join(self._held)
            self._held.clear()
        self._size -= len(piece)
        if not self._held and not self._reader.done():
            self._news.clear()
        self._room.set()
        return piece

    def hurry(self) -> None:
        """Let nothing gather any more."""
        self._hurried = True
        self._wake()

    async def _read(self) -> None:
        now = asyncio.get_running_loop().time
        number = 0
        began = now()
        try:
            async for piece in self._pieces:
                waited = now() - began > SOON
                self._held.append(piece)
                self._size += len(piece)
                self._news.set()
                number += 1
                while self._size > MOST_HELD:
                    self._room.clear()
                    await self._room.wait()
                if waited and number > ALONE and (seconds := self._gathering()) > 0:
                    await self._gather(seconds)
                began = now()
        finally:
            self._news.set()

    async def _gather(self, seconds: float) -> None:
        if self._hurried:
            return
        loop = asyncio.get_running_loop()
        self._rest = loop.create_future()
        timer = loop.call_later(seconds, self._wake)
        try:
            await self._rest
        finally:
            timer.cancel()

    def _wake(self) -> None:
        if self._rest is not None and not self._rest.done():
            self._rest.set_result(None)
