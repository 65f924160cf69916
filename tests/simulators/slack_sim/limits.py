"""Slack's rate limits: tiers per method and workspace, postMessage per channel."""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Callable

from tests.simulators.slack_sim.errors import RateLimited

WINDOW = 60.0
TIERS = {1: 1, 2: 20, 3: 50, 4: 100}
# A tier is a floor, and bursts are tolerated: an app that opens all its ten sockets at start-up is
# not refused, although apps.connections.open is tier 1.
BURSTS = {"apps.connections.open": 10}
# chat.postMessage is documented as "generally one per second per channel, short bursts allowed";
# the size of a burst is not published.
POST_BURST = 4
POST_RATE = 1.0


class Limits:
    """Counts accepted calls and refuses those beyond the allowance.

    Args:
        clock: simulated seconds.
        scale: how many simulated seconds pass in a real one; Retry-After is real seconds.
        enabled: False lets everything through.
        history_restricted: one conversations.history/replies call per minute, as for commercially
            distributed apps outside the Marketplace.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        scale: float,
        *,
        enabled: bool = True,
        history_restricted: bool = False,
    ) -> None:
        self._clock = clock
        self._scale = scale
        self.enabled = enabled
        self.history_restricted = history_restricted
        self.refused: Counter[str] = Counter()
        self._calls: dict[tuple[str, str], deque[float]] = {}
        self._buckets: dict[tuple[str, str], tuple[float, float]] = {}

    def allowance(self, method: str, tier: int | None) -> int | None:
        """Return how many calls per minute and workspace the method has; ``None``: no limit."""
        if self.history_restricted and method in (
            "conversations.history",
            "conversations.replies",
        ):
            return 1
        return None if tier is None else BURSTS.get(method, TIERS[tier])

    def take(self, team: str, method: str, tier: int | None, channel: str | None) -> None:
        """Count one call.

        Raises:
            RateLimited: the allowance is used up; the call does not count.
        """
        if not self.enabled:
            return
        if method in ("chat.postMessage", "chat.postEphemeral") and channel:
            self._take_from_bucket(method, f"{team}:{method}:{channel}")
        allowance = self.allowance(method, tier)
        if allowance is None:
            return
        now = self._clock()
        calls = self._calls.setdefault((team, method), deque())
        while calls and calls[0] <= now - WINDOW:
            calls.popleft()
        if len(calls) >= allowance:
            self._refuse(method, calls[0] + WINDOW - now)
        calls.append(now)

    def _take_from_bucket(self, method: str, name: str) -> None:
        now = self._clock()
        level, at = self._buckets.get((method, name), (float(POST_BURST), now))
        level = min(float(POST_BURST), level + (now - at) * POST_RATE)
        if level < 1.0:
            self._refuse(method, (1.0 - level) / POST_RATE)
        self._buckets[(method, name)] = (level - 1.0, now)

    def _refuse(self, method: str, wait: float) -> None:
        self.refused[method] += 1
        # The header is a whole number on Slack, and slack_sdk reads it with int().
        raise RateLimited(max(1, math.ceil(wait / self._scale)))
