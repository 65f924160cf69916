"""What is tried until Slack takes it, although nobody waits for it any more."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

from adapters.slack.endings import ended
from bot.errors import PlatformBusy, PlatformError

log = logging.getLogger(__name__)

K = TypeVar("K", bound=Hashable)


class Later(Generic[K]):
    """Runs each in a task of its own, one at a time for one thing.

    They try one after the other, and none while Slack has said to wait: a crowd that tried again at
    the same moment would only be refused again.

    Args:
        fault: What to say when it comes to nothing.
        seconds: Between two tries, where Slack does not say how long.
        tries: How many there are.
    """

    def __init__(self, fault: str, seconds: float, tries: int) -> None:
        self._fault = fault
        self._seconds = seconds
        self._tries = tries
        self._tasks: dict[K, asyncio.Task[None]] = {}
        self._ending: set[asyncio.Task[None]] = set()
        self._turn = asyncio.Lock()
        self._busy = False

    @property
    def busy(self) -> bool:
        """Slack has said to wait; what is started now waits, too."""
        return self._busy

    def works_on(self, thing: K) -> bool:
        """It is under way, or waits for its turn."""
        task = self._tasks.get(thing)
        return task is not None and not task.done()

    def start(
        self, thing: K, work: Callable[[], Awaitable[None]], after: float | None = None
    ) -> None:
        """Begin it, unless it is under way already; `after` so many seconds, if Slack said so."""
        if self.works_on(thing):
            return
        task = self._tasks[thing] = asyncio.create_task(self._run(work, after))
        task.add_done_callback(lambda _: self._over(thing, task))

    def stop(self, thing: K) -> None:
        """Try no more. It may be begun anew at once."""
        self._stop(thing)

    async def stopped(self, thing: K) -> None:
        """The same, until that is certain."""
        if (task := self._stop(thing)) is not None:
            await ended(task)

    async def close(self, seconds: float) -> None:
        """Let what runs come to an end for some seconds."""
        left = {*self._tasks.values(), *self._ending}
        if left:
            _, late = await asyncio.wait(left, timeout=seconds)
            await ended(*late)

    def _stop(self, thing: K) -> asyncio.Task[None] | None:
        task = self._tasks.pop(thing, None)
        if task is not None:
            self._ending.add(task)
            task.cancel()
        return task

    def _over(self, thing: K, task: asyncio.Task[None]) -> None:
        self._ending.discard(task)
        if self._tasks.get(thing) is task:
            del self._tasks[thing]

    async def _run(self, work: Callable[[], Awaitable[None]], after: float | None) -> None:
        if after:
            async with self._turn:
                await self._wait(after)
        for _ in range(self._tries):
            async with self._turn:
                try:
                    return await work()
                except PlatformBusy as busy:
                    await self._wait(busy.retry_after or self._seconds)
                except PlatformError as error:
                    log.info("%s: %s", self._fault, error)
                    return
        log.warning("%s: Slack has been busy all the while", self._fault)

    async def _wait(self, seconds: float) -> None:
        self._busy = True
        try:
            await asyncio.sleep(seconds)
        finally:
            self._busy = False
