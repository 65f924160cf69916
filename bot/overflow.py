"""Messages that gave way to newer ones while the store was away: counted, logged, and told."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from bot.chat import Incoming, ThreadKey
from bot.report import IntakeMeter

logger = logging.getLogger(__name__)

MOST_TOLD = 200
"""Threads in which people are told after one outage."""


class Overflow:
    """What was dropped in the outage that lasts.

    Args:
        platform: Where it was said.
        meter: Counts.
        most_told: Threads that are remembered.
    """

    def __init__(self, platform: str, meter: IntakeMeter, most_told: int = MOST_TOLD) -> None:
        self._platform = platform
        self._meter = meter
        self._most_told = most_told
        self._count = 0
        self._to_tell: dict[ThreadKey, Incoming] = {}

    def dropped(self, event: Incoming) -> None:
        """A message gave way."""
        self._meter.dropped()
        if not self._count:
            logger.warning("more wait for the store than are held: the oldest are dropped")
        self._count += 1
        known = event.thread in self._to_tell
        if event.addressed and (known or len(self._to_tell) < self._most_told):
            self._to_tell[event.thread] = event

    def here_again(self, event: Incoming) -> None:
        """A message is not lost after all: it is delivered again, or has just been stored."""
        lost = self._to_tell.get(event.thread)
        if lost is not None and lost.event_id == event.event_id:
            del self._to_tell[event.thread]

    def over(self) -> Sequence[Incoming]:
        """The outage is over: the last message of each thread in which people have to be told."""
        if self._count:
            logger.warning(
                "%d message(s) of %s were dropped while the store was away",
                self._count,
                self._platform,
            )
        told, self._to_tell, self._count = tuple(self._to_tell.values()), {}, 0
        return told
