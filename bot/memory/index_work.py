"""Work on indexes: one at a time, long work in a thread, and never broken off halfway."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from bot.errors import BobbinError
from bot.tasks import Lines, end

logger = logging.getLogger(__name__)

T = TypeVar("T")


class IndexWork:
    """Does work on what searches share in a process.

    Whoever waits for something may give up; the work itself is finished, since the next one will
    want it. `close` ends what is still going on.
    """

    def __init__(self) -> None:
        self._one = asyncio.Lock()
        self._lines = Lines()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._filling: set[object] = set()

    async def run(self, job: Callable[[], T], *, long: bool) -> T:
        """Do something with indexes while nobody else does; `long` work in a thread."""
        if not long:
            async with self._one:
                return job()
        return await self.finish(self._in_thread(job))

    async def in_line(self, name: str, job: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Do something that nobody else with the same `name` does at once."""

        async def in_turn() -> T:
            async with self._lines.turn(name):
                return await job()

        return await self.finish(in_turn())

    async def finish(self, job: Coroutine[Any, Any, T]) -> T:
        """Wait for something that goes on when the wait is given up."""
        task = self.spawn(job)
        return await asyncio.shield(task)

    def spawn(self, job: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Let something be done beside everything else."""
        task = asyncio.create_task(job)
        self._tasks.add(task)
        task.add_done_callback(self._over)
        return task

    def fill(self, key: object, some: Callable[[], Coroutine[Any, Any, int]]) -> None:
        """Do `some` beside everything else until it says 0; once at a time for a key."""
        if key not in self._filling:
            self._filling.add(key)
            self.spawn(self._fill_up(key, some))

    async def close(self) -> None:
        """End what is going on."""
        await end(*self._tasks)

    async def _fill_up(self, key: object, some: Callable[[], Coroutine[Any, Any, int]]) -> None:
        try:
            while await some():
                pass
        finally:
            self._filling.discard(key)

    async def _in_thread(self, job: Callable[[], T]) -> T:
        async with self._one:
            return await asyncio.to_thread(job)

    def _over(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if task.cancelled():
            return
        error = task.exception()
        if isinstance(error, BobbinError):
            # Whoever waits for it hears it as well.
            logger.debug("an index was not brought up to date: %s", error)
        elif error is not None:
            logger.error("an index was not brought up to date", exc_info=error)
