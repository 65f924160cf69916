"""Calls of which Slack takes few in a minute, counted by all processes together."""

from __future__ import annotations

import asyncio
import logging

from bot.errors import StoreError
from bot.services import Claims

log = logging.getLogger(__name__)

START, STOP = "chat.startStream", "chat.stopStream"

BURST, EVERY_SECONDS = 6, 4.5
"""Six at once and one more every 4.5 seconds: at most 19 in any minute, of Slack's 20."""

STORE_SECONDS = 0.5


class Slots:
    """Says whether a call may be made now. Slack's own refusal is heard beside it.

    Attributes:
        claims: Where the processes count together; None until that is known.
        team: The workspace, to which the limits belong.
    """

    def __init__(self) -> None:
        self.claims: Claims | None = None
        self.team = ""

    async def take(self, method: str) -> float:
        """Take a slot.

        Returns:
            0.0 when there was one, else the seconds after which there may be.
        """
        if self.claims is None:
            return 0.0
        try:
            async with asyncio.timeout(STORE_SECONDS):
                return await self.claims.spend(f"{method} {self.team}", BURST, EVERY_SECONDS)
        except (StoreError, TimeoutError):
            log.debug("It cannot be told how often %s was called", method)
            return 0.0
