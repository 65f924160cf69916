"""Calls of which Slack takes few in a minute, counted by all processes together."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping

from bot.errors import StoreError
from bot.services import Claims

log = logging.getLogger(__name__)

START, STOP = "chat.startStream", "chat.stopStream"
SESSION = "agents.sessions.setStatus"

RATES: Mapping[str, tuple[int, float]] = {START: (6, 4.5), STOP: (6, 4.5), SESSION: (10, 4.8)}
"""So many at once, and one more each so many seconds.

That is 19 streams begun, and ended, in any minute of which Slack takes 20. Of 50 calls for sessions
22 begin to show that the bot works, since each of them is followed by one that ends it.
"""

STORE_SECONDS = 0.5


class Slots:
    """Says whether a call may be made now. Slack's own refusal is heard beside it.

    Args:
        claims: Where the processes count together.
        team: The workspace, to which the limits belong.
    """

    def __init__(self, claims: Claims, team: str) -> None:
        self._claims = claims
        self.team = team
        self._none_until: dict[str, float] = {}

    async def take(self, method: str) -> float:
        """Take a slot.

        Returns:
            0.0 when there was one, else the seconds after which there may be.
        """
        loop = asyncio.get_running_loop()
        wait = self._none_until.get(method, 0.0) - loop.time()
        if wait > 0:
            return wait
        try:
            async with asyncio.timeout(STORE_SECONDS):
                wait = await self._claims.spend(f"{method} {self.team}", *RATES[method])
        except (StoreError, TimeoutError):
            log.debug("It cannot be told how often %s was called", method)
            return 0.0
        if wait:
            self._none_until[method] = loop.time() + wait
        return wait
