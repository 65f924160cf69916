"""Keeping a turn's lease while it runs, and hearing what others want of it."""

from __future__ import annotations

import asyncio
import logging
from types import TracebackType

from bot.engine.running import Control, Ending
from bot.errors import StoreUnavailable
from bot.storage.threads import Threads
from bot.storage.types import Draft, Lease, Signal

logger = logging.getLogger(__name__)


class Watch:
    """Renews a lease until it is left, and ends the turn when the answer says so.

    One renewal a second is one small round trip, and makes a stop asked for in any process arrive
    within that second.
    """

    def __init__(self, threads: Threads, lease: Lease, control: Control, every: float) -> None:
        self._threads = threads
        self._lease = lease
        self._control = control
        self._every = every
        self._unsaved: Draft | None = None
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Watch:
        self._task = asyncio.create_task(self._keep(), name=f"lease {self._lease.turn}")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def save(self, draft: Draft) -> None:
        """Keep where the reply is being written, so that a successor goes on in that place.

        While the store is away the draft waits for the next renewal: the message has been posted
        already, and holding the reply back would not make it any safer.
        """
        self._unsaved = draft
        await self._renew()

    async def _keep(self) -> None:
        while self._control.ending is None:
            await asyncio.sleep(self._every)
            await self._renew()

    async def _renew(self) -> None:
        draft = self._unsaved
        try:
            signal = await self._threads.renew(self._lease, draft)
            if draft is self._unsaved:
                self._unsaved = None
            if signal is Signal.STOP:
                self._control.end(Ending.STOPPED)
            elif signal is Signal.LOST:
                known = await self._threads.takes_part(self._lease.thread)
                self._control.end(Ending.LOST if known else Ending.FORGOTTEN)
        except StoreUnavailable as error:
            logger.warning("turn %s: lease not renewed: %s", self._lease.turn, error)
