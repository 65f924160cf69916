"""What listens while an `async with` lasts."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from types import TracebackType
from typing import Any, Self

from aiohttp import web
from aiohttp.typedefs import Handler

PATIENCE = 5.0


class Listening(ABC):
    """Started on the way in, stopped on the way out."""

    @abstractmethod
    async def start(self) -> None:
        """Listen on 127.0.0.1."""

    @abstractmethod
    async def stop(self) -> None:
        """End whatever is under way and stop listening."""

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()


class Handlers:
    """The tasks that answer requests. A runner's `cleanup` cancels them, and does not wait."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    @web.middleware
    async def keep(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """The middleware that knows them."""
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return await handler(request)

    async def ended(self) -> None:
        """Wait until none is left."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=PATIENCE)
