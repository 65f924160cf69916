"""Rate limits: a bucket per route and channel, the global limit, and the ban for bad calls."""

from __future__ import annotations

import hashlib
import math
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass

# Calls and simulated seconds per bucket. Discord publishes none of these figures and tells clients
# to read the headers; 5 per 5 s for posts and edits is what is observed, the rest is plausible.
ALLOWANCES: dict[str, tuple[int, float]] = {
    "POST /channels/{channel_id}/messages": (5, 5.0),
    "PATCH /channels/{channel_id}/messages/{message_id}": (5, 5.0),
    "DELETE /channels/{channel_id}/messages/{message_id}": (5, 1.0),
    "GET /channels/{channel_id}/messages": (5, 1.0),
    "POST /channels/{channel_id}/typing": (5, 5.0),
    "POST /channels/{channel_id}/threads": (10, 60.0),
    "POST /channels/{channel_id}/messages/{message_id}/threads": (10, 60.0),
    "PUT /channels/{channel_id}/messages/{message_id}/reactions/{emoji}/@me": (1, 0.25),
    "PATCH /channels/{channel_id}": (5, 15.0),
    "POST /webhooks/{application_id}/{token}": (5, 2.0),
    "PATCH /webhooks/{application_id}/{token}/messages/{message_id}": (5, 2.0),
    "PUT /applications/{application_id}/commands": (5, 20.0),
    "POST /applications/{application_id}/commands": (5, 20.0),
}
GLOBAL_CALLS, GLOBAL_SECONDS = 50, 1.0
RENAMES, RENAME_SECONDS = 2, 600.0
# Seen by people who edit old messages; Discord gives no figures.
OLD_EDITS, OLD_EDIT_SECONDS = 3, 20.0
BAN_CALLS, BAN_SECONDS = 10_000, 600.0


@dataclass(frozen=True, slots=True)
class Standing:
    """How a bucket stands after a call; times are real seconds."""

    bucket: str
    limit: int
    remaining: int
    reset_after: float

    def headers(self, now: float) -> dict[str, str]:
        """Return the X-RateLimit headers; ``now`` is the epoch time of the answer."""
        return {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(self.remaining),
            "X-RateLimit-Reset": f"{now + self.reset_after:.3f}",
            "X-RateLimit-Reset-After": f"{self.reset_after:.3f}",
            "X-RateLimit-Bucket": self.bucket,
        }


class Refused(Exception):
    """A call over a limit.

    Attributes:
        retry_after: real seconds.
        scope: user, shared or global.
        code: Discord's own code for it, 0 for none.
    """

    code = 0

    def __init__(self, retry_after: float, scope: str, standing: Standing | None = None) -> None:
        super().__init__(f"retry after {retry_after:.3f} s ({scope})")
        self.retry_after = retry_after
        self.scope = scope
        self.standing = standing

    def headers(self) -> dict[str, str]:
        """Return the headers only a 429 has."""
        headers = {
            "Retry-After": str(max(1, math.ceil(self.retry_after))),
            "X-RateLimit-Scope": self.scope,
            "Via": "1.1 google",
        }
        if self.scope == "global":
            headers["X-RateLimit-Global"] = "true"
        return headers


class TooOld(Refused):
    """An edit too many of messages that are over an hour old."""

    code = 30046


class Limits:
    """Counts calls in fixed windows and refuses those beyond the allowance.

    Args:
        clock: simulated seconds.
        scale: simulated seconds per real second.
        enabled: False lets everything through and sends no rate-limit headers.

    Attributes:
        allowances: calls and simulated seconds by route; a test may change them.
        refused: number of 429 answers by route.
        invalid: calls that count towards the ban (401, 403, and 429 unless shared).
        old_edits: how many messages over an hour old may be edited in 20 seconds in a channel.
        ban_after: how many invalid calls in ten minutes lead to a ban.
    """

    def __init__(self, clock: Callable[[], float], scale: float, *, enabled: bool = True) -> None:
        self._clock = clock
        self._scale = scale
        self.enabled = enabled
        self.allowances = dict(ALLOWANCES)
        self.refused: Counter[str] = Counter()
        self.invalid = 0
        self.ban_after = BAN_CALLS
        self.old_edits = OLD_EDITS
        self._windows: dict[tuple[str, str], tuple[float, int]] = {}
        self._global: dict[str, deque[float]] = {}
        self._blocked: dict[tuple[str, str], tuple[float, str]] = {}
        self._invalid_calls: deque[float] = deque()
        self._banned_until = 0.0

    def block(self, route: str, channel_id: int, seconds: float, scope: str = "shared") -> None:
        """Refuse a route of one channel for some simulated seconds."""
        self._blocked[(route, str(channel_id))] = (self._clock() + seconds, scope)

    def take(self, route: str, major: str, token: str | None) -> Standing | None:
        """Count a call.

        Args:
            route: method and path template.
            major: the channel, or webhook and token, whose bucket it is.
            token: the bot token when the call counts towards the global limit.

        Raises:
            Refused: it is over a limit.
        """
        now = self._clock()
        until, scope = self._blocked.get((route, major), (0.0, ""))
        if until > now:
            raise self._refusal(route, until - now, scope, None)
        if not self.enabled:
            return None
        standing = self._take_from_bucket(route, major, now)
        if token is not None:
            self._take_from_global(route, token, now)
        return standing

    def _take_from_global(self, route: str, token: str, now: float) -> None:
        calls = self._global.setdefault(token, deque())
        while calls and calls[0] <= now - GLOBAL_SECONDS:
            calls.popleft()
        if len(calls) >= GLOBAL_CALLS:
            raise self._refusal(route, calls[0] + GLOBAL_SECONDS - now, "global", None)
        calls.append(now)

    def _take_from_bucket(self, route: str, major: str, now: float) -> Standing | None:
        if route not in self.allowances:
            return None
        limit, seconds = self.allowances[route]
        ends, used = self._windows.get((route, major), (0.0, 0))
        if now >= ends:
            ends, used = now + seconds, 0
        name = hashlib.sha256(route.encode()).hexdigest()[:32]
        left = (ends - now) / self._scale
        if used >= limit:
            standing = Standing(name, limit, 0, left)
            raise self._refusal(route, ends - now, "user", standing)
        self._windows[(route, major)] = (ends, used + 1)
        return Standing(name, limit, limit - used - 1, left)

    def take_rename(self, channel_id: int) -> None:
        """Count a change of a channel's name, which has a small allowance of its own.

        Raises:
            Refused: two in ten minutes were made already.
        """
        if not self.enabled:
            return
        now, route = self._clock(), "PATCH /channels/{channel_id}"
        ends, used = self._windows.get(("rename", str(channel_id)), (0.0, 0))
        if now >= ends:
            ends, used = now + RENAME_SECONDS, 0
        if used >= RENAMES:
            raise self._refusal(route, ends - now, "user", None)
        self._windows[("rename", str(channel_id))] = (ends, used + 1)

    def take_old_edit(self, channel_id: int) -> None:
        """Count an edit of a message that is over an hour old.

        Raises:
            TooOld: there were too many in this channel.
        """
        if not self.enabled:
            return
        now, route = self._clock(), "PATCH /channels/{channel_id}/messages/{message_id}"
        ends, used = self._windows.get(("old edit", str(channel_id)), (0.0, 0))
        if now >= ends:
            ends, used = now + OLD_EDIT_SECONDS, 0
        if used >= self.old_edits:
            self.refused[route] += 1
            raise TooOld((ends - now) / self._scale, "user", None)
        self._windows[("old edit", str(channel_id))] = (ends, used + 1)

    def _refusal(
        self, route: str, seconds: float, scope: str, standing: Standing | None
    ) -> Refused:
        self.refused[route] += 1
        return Refused(seconds / self._scale, scope, standing)

    def note(self, status: int, scope: str | None) -> None:
        """Count an answer towards the ban for invalid calls."""
        if status not in (401, 403, 429) or scope == "shared":
            return
        now = self._clock()
        self.invalid += 1
        self._invalid_calls.append(now)
        while self._invalid_calls[0] <= now - BAN_SECONDS:
            self._invalid_calls.popleft()
        if len(self._invalid_calls) >= self.ban_after:
            self._banned_until = now + BAN_SECONDS

    @property
    def banned(self) -> bool:
        """Whether every call is refused because of too many invalid ones."""
        return self._clock() < self._banned_until
