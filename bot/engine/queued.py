"""Telling people, quietly, that their message waits until the running answer is written."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence

from bot.adapter import Adapter
from bot.chat import Incoming, ThreadKey
from bot.errors import PlatformError, StoreError
from bot.storage.threads import Threads
from bot.tasks import end

logger = logging.getLogger(__name__)

MOST_IN_THREAD = 3
"""Messages of one thread that carry the sign at once; more of them say nothing new."""

MOST = 200
"""The same for all threads of this process."""

CLOSE_SECONDS = 3.0
LONGEST_SECONDS = 600.0
LOOK_AGAIN_SECONDS = 2.0


class Queued:
    """Puts a sign on messages that wait for the next turn, and takes it away when it begins.

    Whoever put it there takes it away, whichever process runs the next turn, or when it ends; of a
    process that has died, whoever takes its turns over. What is answered within `grace` gets none.

    Args:
        threads: Knows what waits.
        adapters: Show the sign.
        grace: Seconds.
    """

    def __init__(self, threads: Threads, adapters: Mapping[str, Adapter], grace: float) -> None:
        self._threads = threads
        self._adapters = adapters
        self._grace = grace
        self._tasks: set[asyncio.Task[None]] = set()
        self._marked: dict[ThreadKey, int] = {}
        self._shown: dict[str, Incoming] = {}
        self._begun: dict[ThreadKey, asyncio.Event] = {}

    def waits(self, event: Incoming) -> None:
        """A message was queued. Returns at once."""
        thread = event.thread
        full = len(self._tasks) >= MOST or self._marked.get(thread, 0) >= MOST_IN_THREAD
        if full or thread.platform not in self._adapters:
            return
        self._marked[thread] = self._marked.get(thread, 0) + 1
        task = asyncio.create_task(self._mark(event), name=f"queued {event.event_id}")
        self._tasks.add(task)
        task.add_done_callback(lambda done: self._over(thread, done))

    def begins(self, thread: ThreadKey) -> None:
        """A turn with what waited begins in this process."""
        if (begun := self._begun.get(thread)) is not None:
            begun.set()

    def inherited(self, mail: Sequence[Incoming]) -> None:
        """A turn of a process that died begins, which may have left signs on what it answers.

        Returns at once.
        """
        for event in mail[-MOST_IN_THREAD:]:
            if event.thread.platform in self._adapters and len(self._tasks) < MOST:
                task = asyncio.create_task(self._take_off(event), name=f"sign {event.event_id}")
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Take away the signs that stand, within seconds: what waits may wait for long now."""
        shown = tuple(self._shown.values())
        await end(*self._tasks)
        taking = [asyncio.create_task(self._take_off(event)) for event in shown]
        if taking:
            await asyncio.wait(taking, timeout=CLOSE_SECONDS)
            await end(*taking)

    def _over(self, thread: ThreadKey, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._marked[thread] -= 1
        if not self._marked[thread]:
            del self._marked[thread]
            self._begun.pop(thread, None)

    async def _mark(self, event: Incoming) -> None:
        adapter = self._adapters[event.thread.platform]
        try:
            await asyncio.sleep(self._grace)
            if not await self._threads.is_waiting(event):
                return
            self._shown[event.event_id] = event
            await adapter.mark_waiting(event.ref, True)
            await self._until_begun(event)
            await adapter.mark_waiting(event.ref, False)
        except (PlatformError, StoreError) as error:
            logger.info("the sign of a waiting message is given up: %s", type(error).__name__)
        finally:
            self._shown.pop(event.event_id, None)

    async def _take_off(self, event: Incoming) -> None:
        try:
            await self._adapters[event.thread.platform].mark_waiting(event.ref, False)
        except PlatformError as error:
            logger.info("the sign of a waiting message may stand there: %s", type(error).__name__)

    async def _until_begun(self, event: Incoming) -> None:
        loop = asyncio.get_running_loop()
        until = loop.time() + LONGEST_SECONDS
        begun = self._begun.setdefault(event.thread, asyncio.Event())
        while loop.time() < until and await self._threads.is_waiting(event):
            begun.clear()
            try:
                async with asyncio.timeout(LOOK_AGAIN_SECONDS):
                    await begun.wait()
            except TimeoutError:
                continue
