"""The slots of one rate limit in one scope, as this process knows them."""

from __future__ import annotations

import bisect
import math
from enum import IntEnum

from bot.capabilities import Limit
from bot.limits import Scope, Standing

ANSWER_SECONDS = 10.0
"""About how long one answer takes; so many of the running ones end within a limit's period."""

UNLIMITED = 1_000_000_000


class Urgency(IntEnum):
    """Who goes first."""

    FINAL = 0
    """Completes an answer."""
    PART = 1
    """Posts a message of a growing answer, or gives one its last text."""
    OPEN = 2
    """Makes a place for an answer; those that have one go on first."""
    INTERIM = 3
    """Shows progress; leaves a reserve for the answers that are about to end."""
    SIGN = 4
    """Shows only that something is being done, while there are slots in plenty."""


class Bucket:
    """One limit in one scope: when each of its taken slots is free again, in order.

    Args:
        limit: What is allowed.
        place: The channel or space, or nothing, that shares the count.
    """

    def __init__(self, limit: Limit, place: str) -> None:
        self.limit = limit
        self.name = f"{'+'.join(sorted(limit.calls))}/{limit.seconds:g}/{place}"
        self.taken: list[float] = []
        self.paused_until = -math.inf
        self.interim_at = -math.inf
        self.running = 0
        self.waiting = 0
        self._elsewhere = 0
        self._elsewhere_until = -math.inf
        self._held: dict[Urgency, float] = {}

    def free(self, now: float) -> None:
        """Drop the slots that are free again, and news that are too old."""
        del self.taken[: bisect.bisect_right(self.taken, now)]
        if self._elsewhere_until <= now:
            self._elsewhere = 0

    def room_at(self, urgency: Urgency, ahead: int = 0) -> float:
        """When a call may be made, -inf for at once; after `ahead` others."""
        share = self._share(urgency)
        over = len(self.taken) - share + ahead
        if over < 0:
            at = -math.inf
        elif over < len(self.taken):
            at = self.taken[over]
        else:
            last = self.taken[-1] if self.taken else 0.0
            at = last + self.limit.seconds * (1 + (over - len(self.taken)) // share)
        if urgency is Urgency.INTERIM:
            at = max(at, self.interim_at + self._spread(share))
        return max(at, self.paused_until, self.held_until(urgency))

    def held_until(self, urgency: Urgency) -> float:
        """Until when other processes have the slots, as far as it was told; -inf for not at all."""
        held = (until for least, until in self._held.items() if least <= urgency)
        return max(held, default=-math.inf)

    def hear(self, standing: Standing, urgency: Urgency, now: float) -> None:
        """Take what the ledger said to a call of this urgency."""
        self._elsewhere = standing.elsewhere
        self._elsewhere_until = now + ANSWER_SECONDS
        self._held[urgency] = now + standing.wait if standing.wait > 0 else -math.inf

    def scope(self, urgency: Urgency) -> Scope:
        """What a call of this urgency asks of the ledger."""
        share = self._share(urgency)
        counted = self.limit.count < UNLIMITED
        spread = self._spread(share) if urgency is Urgency.INTERIM else 0.0
        slots = share if counted else 0
        return Scope(self.name, slots, self.limit.seconds, spread, self.running)

    def idle(self, now: float) -> bool:
        """Nothing would be lost by forgetting it."""
        self.free(now)
        in_use = self.running or self.waiting or self.taken
        until = max((self.paused_until, *self._held.values()))
        return not in_use and until <= now

    def _spread(self, share: int) -> float:
        return min(self.limit.seconds, ANSWER_SECONDS) / share

    def _share(self, urgency: Urgency) -> int:
        if urgency is Urgency.SIGN:
            return max(1, self.limit.count // 2)
        if urgency is not Urgency.INTERIM:
            return self.limit.count
        return self.limit.count - min(self.limit.count - 1, self._reserve())

    def _reserve(self) -> int:
        """Slots kept for the answers that will end within one period, in any process.

        That is all that are running if the period is long, and those that will follow them, as
        far as half of the slots go.
        """
        running = self.running + self._elsewhere
        ending = running * self.limit.seconds / ANSWER_SECONDS
        return math.ceil(min(ending, max(running, self.limit.count / 2)))
