"""Deleting messages that no longer belong to an answer, when the platform has room for it."""

from __future__ import annotations

from bot.adapter import Adapter
from bot.chat import MessageRef
from bot.errors import PlatformBusy
from bot.reply.pacing import Clock, Pacer, Urgency

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0


async def delete(
    adapter: Adapter, pacer: Pacer, clock: Clock, space: str, ref: MessageRef, seconds: float
) -> None:
    """Delete a message of ours, trying for so many seconds.

    Raises:
        PlatformBusy: There was no room, or the platform was too busy, for that long.
        PlatformError: It will not be deleted.
    """
    until = clock.now() + seconds
    pause = FIRST_PAUSE
    while True:
        left = until - clock.now()
        permit = await pacer.acquire_within("delete", ref.channel, space, Urgency.PART, left)
        if permit is None:
            raise PlatformBusy("no room for a deletion within the time allowed")
        try:
            with permit:
                await adapter.delete(ref)
            return
        except PlatformBusy as busy:
            wait = busy.retry_after
            if wait is None:
                wait, pause = pause, min(2 * pause, LONGEST_PAUSE)
            else:
                pacer.penalise("delete", ref.channel, space, wait)
            if clock.now() + wait > until:
                raise
        await clock.sleep(wait)
