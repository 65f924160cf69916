"""Asking the store only briefly: what it knows is welcome, but nobody can wait for it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Any

from bot.errors import StoreUnavailable
from bot.storage.connect import Argument, Link
from bot.storage.scripts import Script

logger = logging.getLogger(__name__)

ANSWER_SECONDS = 0.5
REST_SECONDS = 2.0
LATE_SECONDS = 0.05


class BriefLink:
    """Runs scripts whose answer is worth a short wait and no more.

    Once the store does not answer it is left alone for a moment, so that a store that is away
    costs a call now and then half a second, and the others nothing.

    Args:
        link: Sends scripts.
        what: What is done without the store meanwhile, for the log.
        seconds: Longest wait for an answer.
    """

    def __init__(self, link: Link, what: str, seconds: float = ANSWER_SECONDS) -> None:
        self._link = link
        self._seconds = seconds
        self._what = what
        self._rests_until = 0.0
        self._away = False

    async def run(
        self, script: Script, keys: Sequence[str], arguments: Sequence[Argument]
    ) -> Any | None:
        """A script's reply; None when there is none in time. The script must bear repetition."""
        loop = asyncio.get_running_loop()
        if loop.time() < self._rests_until:
            return None
        for last in (False, True):
            began = loop.time()
            try:
                async with asyncio.timeout(self._seconds):
                    answer = await self._link.run(script, keys, arguments)
            except TimeoutError:
                if not last and loop.time() - began > self._seconds + LATE_SECONDS:
                    # It was this process that had no time.
                    continue
                return self._rest("no answer in time")
            except StoreUnavailable as error:
                return self._rest(str(error))
            if self._away:
                self._away = False
                logger.info("%s: the store is back", self._what)
            return answer

    def _rest(self, why: str) -> None:
        self._rests_until = asyncio.get_running_loop().time() + REST_SECONDS
        if not self._away:
            self._away = True
            logger.warning("%s: by this process alone for now: %s", self._what, why)
