"""The "is working" sign: best effort, and never in the way of the reply."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from bot.adapter import Adapter
from bot.chat import Spot
from bot.errors import PlatformBusy, PlatformError, StoreError
from bot.reply.pacing import Clock, Pacer, Permit
from bot.reply.slots import Urgency
from bot.reply.waiting import settle, stop, unless

logger = logging.getLogger(__name__)

CLEAR_WAIT = 10.0
"""Seconds to wait for leave to clear the sign."""

AGAIN_SECONDS = 5.0
"""Between tries to show a sign for which the platform has no time."""


class StatusSign:
    """Shows the sign from `start` to `end`, renewed as often as the platform needs.

    One task makes all its calls one after the other, so that nothing shows the sign again after
    it has been cleared. Failures are logged and otherwise ignored.
    """

    def __init__(
        self,
        adapter: Adapter,
        pacer: Pacer,
        space: str,
        clock: Clock,
        default: str,
        confirm: Callable[[], Awaitable[None]],
    ) -> None:
        """`default` is shown as long as `show` has not said what is being done.

        `confirm` is awaited before the sign is shown. Should it raise a StoreError, the sign is
        somebody else's to show and to clear.
        """
        self._adapter = adapter
        self._pacer = pacer
        self._space = space
        self._clock = clock
        self._default = default
        self._confirm = confirm
        self._text = default
        self._spot: Spot | None = None
        self._lapses = adapter.capabilities.status_lapses
        self._changed = asyncio.Event()
        self._ended = False
        self._task: asyncio.Task[None] | None = None

    def start(self, spot: Spot, after: float = 0.0) -> None:
        """Show the sign after so many seconds, where the platform has one; move it if it is shown.

        A sign that moves has to lapse by itself where it was.
        """
        every = self._adapter.capabilities.status_seconds
        if every is None or self._ended or (after and not self._lapses):
            return
        self._spot = spot
        if self._task is not None:
            self._changed.set()
        else:
            self._task = asyncio.create_task(self._keep(spot, every, after), name="status sign")

    def show(self, text: str | None) -> None:
        """Say what is being done; None for the default."""
        text = text or self._default
        if text != self._text:
            self._text = text
            self._changed.set()

    def end(self) -> None:
        """Clear the sign, without waiting for it."""
        self._ended = True
        self._changed.set()

    async def close(self, seconds: float) -> None:
        """Clear the sign, and wait up to `seconds` for it."""
        self.end()
        if self._task is not None:
            if not await settle(self._task, self._clock.sleep(seconds)):
                logger.info("the status sign was not cleared in time")
            await stop(self._task)

    async def _keep(self, spot: Spot, every: float, after: float) -> None:
        shown = False
        try:
            if after:
                await unless(self._changed, self._clock.sleep(after))
            while not self._ended:
                self._changed.clear()
                spot = self._spot or spot
                permit = await unless(self._changed, self._leave_to_show(spot))
                if permit is None:
                    continue
                shown = True
                with permit:
                    stands = await self._call(spot, self._text)
                # It may be about to lapse, so that the next time would be too late.
                pause = every if stands else min(every, AGAIN_SECONDS)
                await unless(self._changed, self._clock.sleep(pause))
            if shown and not self._lapses:
                await self._clear(spot)
        except (PlatformError, StoreError) as error:
            logger.info("the status sign is given up: %s", type(error).__name__)

    async def _leave_to_show(self, spot: Spot) -> Permit:
        await self._confirm()
        return await self._pacer.acquire("status", spot.channel, self._space, Urgency.SIGN)

    async def _clear(self, spot: Spot) -> None:
        permit = await self._pacer.acquire_within(
            "status", spot.channel, self._space, Urgency.FINAL, CLEAR_WAIT
        )
        if permit is not None:
            with permit:
                await self._call(spot, None)

    async def _call(self, spot: Spot, text: str | None) -> bool:
        """Show or clear it; False when the platform was too busy for that."""
        try:
            await self._adapter.show_status(spot, text)
        except PlatformBusy as busy:
            if busy.retry_after is not None:
                self._pacer.penalise("status", spot.channel, self._space, busy.retry_after)
            return False
        return True
