"""Keeping a turn's lease while it runs, and hearing what others want of it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from types import TracebackType

from bot.engine.running import Control, Ending
from bot.errors import LeaseLost, StoreError, StoreUnavailable
from bot.storage.threads import Threads
from bot.storage.types import Draft, Lease, Signal
from bot.tasks import end

logger = logging.getLogger(__name__)

SURE_SHARE = 2 / 3
"""The share of its lease for which a process that hears nothing of the store goes on writing.

The rest is for a call to the platform that is under way when it is over.
"""


class Watch:
    """Renews a lease until it is left, and ends the turn when the answer says so.

    One renewal a second is one small round trip, and makes a stop asked for in any process arrive
    within that second.

    Args:
        threads: The store.
        lease: Of the turn.
        control: Of the turn.
        every: Seconds between renewals.
        lasts: Seconds that the lease lasts from each renewal on.
        patience: Seconds that a write is held while nobody can say whose turn it is.
    """

    def __init__(
        self,
        threads: Threads,
        lease: Lease,
        control: Control,
        *,
        every: float,
        lasts: float,
        patience: float,
    ) -> None:
        self._threads = threads
        self._lease = lease
        self._control = control
        self._every = every
        self._sure = lasts * SURE_SHARE
        self._patience = patience
        self._unsaved: Draft | None = None
        self._answered = asyncio.Event()
        self._renewing = asyncio.Lock()
        self._heard = 0.0
        self._over = False
        self._taken = False
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Watch:
        self._heard = asyncio.get_running_loop().time()
        self._task = asyncio.create_task(self._keep(), name=f"lease {self._lease.turn}")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._task is not None:
            await end(self._task)

    async def save(self, draft: Draft) -> None:
        """Keep where the reply is being written, so that a successor goes on in that place.

        While the store is away the draft waits for the next renewal: the message has been posted
        already, and holding the reply back would not make it any safer.
        """
        self._unsaved = draft
        await self._renew()

    async def announce(self, draft: Draft) -> None:
        """Keep what is about to be written, before it is.

        While the store is away this waits: a message that was posted meanwhile would be known to
        nobody, should this process die before the store is back.

        Raises:
            StoreUnavailable: It stayed away.
        """
        await self.save(draft)
        await self._until(lambda: self._over or self._unsaved is not draft)

    async def confirm(self) -> None:
        """Make sure that the turn is still ours before something is written for it.

        Costs nothing while the renewals come as they should. After a pause of the whole process,
        which cannot know that somebody else went on meanwhile, it asks the store first. Once the
        lease may have run out it waits for the answer: the store may be away for us alone.

        Raises:
            LeaseLost: Another process writes this reply now.
            StoreUnavailable: Nobody could say; the turn is left to whoever takes it over.
        """
        if not self._over and self._silence > 2 * self._every:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._every):
                    await self._renew()
        await self._until(lambda: self._over or self._silence < self._sure)
        if self._taken:
            raise LeaseLost("another process goes on with this reply")

    @property
    def _silence(self) -> float:
        """Seconds since the newest renewal that was answered had been sent."""
        return asyncio.get_running_loop().time() - self._heard

    async def _until(self, known: Callable[[], bool]) -> None:
        """Wait for renewals to be answered until it is known."""
        try:
            async with asyncio.timeout(self._patience):
                while not known():
                    self._answered.clear()
                    await self._answered.wait()
        except TimeoutError:
            why = "nobody can say whether this turn is still ours"
            raise StoreUnavailable(why) from None

    async def _keep(self) -> None:
        while not self._over:
            await asyncio.sleep(self._every)
            await self._renew()

    async def _renew(self) -> None:
        # One at a time: a draft that has to be sent again must not come after a newer one.
        async with self._renewing:
            if self._over:
                return
            draft, began = self._unsaved, asyncio.get_running_loop().time()
            try:
                signal = await self._threads.renew(self._lease, draft)
                if signal is Signal.LOST:
                    self._taken = await self._threads.takes_part(self._lease.thread)
            except StoreError as error:
                logger.warning("turn %s: lease not renewed: %s", self._lease.turn, error)
                return
            self._heard = began
            if draft is self._unsaved:
                self._unsaved = None
            if signal is Signal.STOP:
                self._control.end(Ending.STOPPED)
            elif signal is Signal.WITHDRAWN:
                self._control.end(Ending.WITHDRAWN)
            elif signal is Signal.LOST:
                self._over = True
                self._control.end(Ending.LOST if self._taken else Ending.FORGOTTEN)
            self._answered.set()
