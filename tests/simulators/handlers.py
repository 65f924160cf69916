"""The tasks in which a server handles requests, so that none of them outlives it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Handlers:
    """Holds tasks. aiohttp cancels those that are left at its end, but does not wait for them."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    def hold(self, *tasks: asyncio.Task[Any] | None) -> None:
        """Keep tasks until they have ended."""
        for task in tasks:
            if task is not None:
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    def middleware(self) -> Any:
        """What an application needs, for the tasks of its connections to be held."""

        @web.middleware
        async def held(request: web.Request, handler: Handler) -> web.StreamResponse:
            self.hold(request.task, asyncio.current_task())
            return await handler(request)

        return held

    async def end(self) -> None:
        """Cancel all of them, and wait until they have ended."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
