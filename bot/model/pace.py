"""How many requests at once, and how far apart: what the gate learns from a server's answers.

Pure arithmetic over the times it is told. Concurrency grows by one for each good answer, and
while a crowd is waiting, until the server first pushes back; then by one for each round of good
answers. It is halved at every push-back (AIMD). A rate limit also says how many requests the
server takes in a span of time; starts are then spread out at a little less than that rate, which
creeps up again, since requests that are refused count against most limits as well.
"""

from __future__ import annotations

from bot.limits import PushBack

CAUTION = 0.95
"""Part of the measured rate to go on with after a rate limit."""
CREEP = 0.01
"""Growth of the rate with each request that is taken; more the longer nothing is refused."""
RECOVERY_SECONDS = 15.0
"""After so long without a push-back the spacing is half of what it was: what was measured there may
have been our own slow pace, and at one request in some seconds growth by requests takes minutes."""
RECOVERY_FROM = 0.5
"""Seconds between requests from which on that is so; below, growth by requests is quick enough."""
RECOVERY_INTERVALS = 8.0
"""The same in intervals, for servers that take few requests a minute."""
WIDEST_INTERVAL = 10.0
"""Seconds; starts are not spread out further, unless the server asked for more."""
QUIET_SECONDS = 60.0
"""After so long without a push-back, starts are no longer spread out."""
MEASURE_SECONDS = 10.0
"""A measurement of the rate goes on over push-backs until it has taken so long: one that takes in
only a few requests says little, and one that takes in yesterday's nothing of today."""
IDLE_SECONDS = 1.0
"""After so long without any request, the measurement of the rate begins anew."""


class Pace:
    """Concurrency and spacing of one endpoint. Times are monotonic seconds."""

    def __init__(self, start: int, most: int) -> None:
        self._most = most
        self._width = float(min(start, most))
        self._interval = 0.0
        self._probing = True
        self._pushed_at: float | None = None
        self._recovered_at = 0.0
        self._since: float | None = None
        self._counted = 0
        self._taken = 0
        self._known = 0
        self._measures_on = True

    @property
    def width(self) -> int:
        """Requests that may run at once."""
        return int(self._width)

    @property
    def may_widen(self) -> bool:
        """The server has never pushed back, and there is something to try yet."""
        return self._probing and self._width < self._most

    def widen(self) -> None:
        """Try one more at once, without an answer that would speak for it."""
        self._width = min(float(self._most), self._width + 1.0)

    @property
    def interval(self) -> float:
        """Seconds between the starts of two requests."""
        return self._interval

    def started(self, now: float, idle_since: float | None) -> None:
        """A request starts; `idle_since` is when the last one ended, None while others run."""
        if self._since is None or (idle_since is not None and now - idle_since > IDLE_SECONDS):
            self._since, self._counted, self._taken = now, 0, 0
        if self._pushed_at is not None and now - self._pushed_at > QUIET_SECONDS:
            self._interval = 0.0
        if self._interval > RECOVERY_FROM:
            half = max(RECOVERY_SECONDS, RECOVERY_INTERVALS * self._interval)
            quiet = now - max(self._recovered_at, self._pushed_at or 0.0)
            self._interval *= 0.5 ** (max(quiet, 0.0) / half)
        self._recovered_at = now

    def taken(self, started: float | None = None) -> None:
        """The server has begun to answer a request, which began at `started` if that is known.

        Having begun before the last push-back, it had been let in before that: then it belongs to
        what was measured there.
        """
        if started is not None and self._pushed_at is not None and started <= self._pushed_at:
            self.recount(1)
            return
        self._counted += 1
        self._taken += 1
        self._interval /= 1 + CREEP * (1 + self._taken / 10)

    def good(self) -> None:
        """An answer has come to its end."""
        step = 1.0 if self._probing else 1.0 / self._width
        self._width = min(float(self._most), self._width + step)

    def pushed(self, now: float, started: float, retry_after: float | None) -> bool:
        """The server refused a request that began at `started`.

        Returns:
            Whether this is news: False for a request that was under way at the last push-back.
        """
        if self._pushed_at is not None and started <= self._pushed_at:
            return False
        self._pushed_at = now
        self._probing = False
        self._width = max(1.0, self._width / 2)
        if retry_after is not None and retry_after > 0:
            since = self._since if self._since is not None else now
            span = max(now + retry_after - since, retry_after)
            self._known = self._counted
            interval = span / max(self._known, 1) / CAUTION
            self._interval = min(interval, max(WIDEST_INTERVAL, retry_after))
            self._measures_on = span <= MEASURE_SECONDS
            if not self._measures_on:
                self._since, self._counted = now + retry_after, 0
        self._taken = 0
        return True

    @property
    def known(self) -> int:
        """Requests that the server had let in before the last push-back, as far as known."""
        return self._known

    def recount(self, more: int) -> None:
        """So many more requests than were known had been let in before the last push-back."""
        if self._measures_on:
            self._counted += more
        before, self._known = max(self._known, 1), self._known + more
        self._interval *= before / max(self._known, 1)

    def told(self, now: float, push: PushBack, cooldown: float) -> None:
        """Others were pushed back, and start again after `cooldown` seconds from now.

        It is as if it had happened here, since it is one server.
        """
        if push.ago > QUIET_SECONDS:
            return
        self._pushed_at = now - push.ago
        self._probing = False
        self._width = max(1.0, self._width / 2)
        self._taken = 0
        if push.interval > 0:
            self._interval, self._known = push.interval, push.known
            # What was measured there is measured on here.
            span = push.interval * max(push.known, 1) * CAUTION
            self._measures_on = span <= MEASURE_SECONDS
            self._since = now + cooldown - (span if self._measures_on else 0.0)
            self._counted = push.known if self._measures_on else 0
