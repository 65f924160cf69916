"""How often the bot may log in at the gateway.

Discord takes 1000 log-ins (IDENTIFY) a day and then resets the bot's token, which ends the bot
until somebody makes a new one. A process that dies again and again, or a session that Discord
keeps ending, must never get that far.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from bot.chat import Notes
from bot.errors import PlatformBusy, StoreError

log = logging.getLogger(__name__)

NOTE = "logins"
"""Name of the note that outlives the process."""


class Logins:
    """Some log-ins at once, then one every few minutes: about 500 a day by default.

    What is kept is the time up to which log-ins are used up, one number. Processes that share the
    token share it through the store; without a store each counts for itself.

    Args:
        clock: Seconds since the epoch.
        pause: Waits for some seconds.
        burst: Log-ins that may follow on each other.
        seconds: In which one more becomes free.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
        burst: int = 20,
        seconds: float = 180.0,
    ) -> None:
        self._clock = clock
        self._pause = pause
        self._burst = burst
        self._seconds = seconds
        self._used_until = 0.0
        self._notes: Notes | None = None

    async def remember(self, notes: Notes) -> None:
        """Go on from what earlier processes have used, and keep it there from now on."""
        self._notes = notes
        try:
            written = await notes.read(NOTE)
            before = float(written) if written else 0.0
        except StoreError as error:
            log.warning("Log-ins of earlier processes are not known: %s", error)
            return
        except ValueError:
            log.warning("The note about log-ins cannot be read and is written anew")
            return
        # A clock that was wrong once must not keep the bot away for longer than a full count does.
        most = self._clock() + self._burst * self._seconds
        self._used_until = max(self._used_until, min(before, most))

    def seconds_left(self) -> float:
        """How long to wait before the next log-in; 0.0 when it may be now."""
        ahead = self._used_until - self._clock()
        return max(0.0, ahead - (self._burst - 1) * self._seconds)

    def check(self) -> None:
        """Raise PlatformBusy while no log-in may follow."""
        left = self.seconds_left()
        if left:
            raise PlatformBusy("too many log-ins at Discord", retry_after=left)

    async def wait(self) -> None:
        """Return when a log-in may follow."""
        while left := self.seconds_left():
            log.warning("Logged in at Discord too often; again in %.0f s", left)
            await self._pause(left)

    async def count(self) -> None:
        """A log-in follows now."""
        self._used_until = max(self._used_until, self._clock()) + self._seconds
        if self._notes is None:
            return
        try:
            await self._notes.write(NOTE, f"{self._used_until:.3f}")
        except StoreError as error:
            log.warning("A log-in could not be noted: %s", error)
