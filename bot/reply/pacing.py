"""Sharing out a platform's rate limits between all the replies that are being written.

A call takes one slot of every limit that counts it, and a slot is free again one period after
the call: in no stretch of that length are there more calls than allowed. Waiting calls are
served by urgency, then in order of arrival, so that replies which each wait for one call at a
time take turns.
"""

from __future__ import annotations

import asyncio
import bisect
import logging
import math
from collections.abc import Callable, Coroutine, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import IntEnum
from types import TracebackType
from typing import Any, Protocol

from bot.chat import Call, Limit
from bot.reply.waiting import settle, stop

logger = logging.getLogger(__name__)

ANSWER_SECONDS = 10.0
"""About how long one answer takes; so many of the running ones end within a limit's period."""

LATENCY_SECONDS = 1.0
"""A call is taken to reach the platform at most this long after it began."""

_SHORTEST_SLEEP = 0.001
_UNLIMITED = 1_000_000_000
_FIRST_SWEEP = 64


class Clock(Protocol):
    """Monotonic seconds, and waiting."""

    def now(self) -> float:
        """Seconds since some fixed moment."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return after that time."""
        ...


class LoopClock:
    """The running event loop's own time."""

    def now(self) -> float:
        """See `Clock`."""
        return asyncio.get_running_loop().time()

    async def sleep(self, seconds: float) -> None:
        """See `Clock`."""
        await asyncio.sleep(seconds)


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


class _Bucket:
    """One limit in one scope: when each of its taken slots is free again, in order."""

    def __init__(self, limit: Limit) -> None:
        self.limit = limit
        self.taken: list[float] = []
        self.paused_until = -math.inf
        self.interim_at = -math.inf
        self.running = 0
        self.waiting = 0

    def free(self, now: float) -> None:
        """Drop the slots that are free again."""
        del self.taken[: bisect.bisect_right(self.taken, now)]

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
            spread = min(self.limit.seconds, ANSWER_SECONDS) / share
            at = max(at, self.interim_at + spread)
        return max(at, self.paused_until)

    def idle(self, now: float) -> bool:
        """Nothing would be lost by forgetting it."""
        self.free(now)
        in_use = self.running or self.waiting or self.taken
        return not in_use and self.paused_until <= now

    def _share(self, urgency: Urgency) -> int:
        if urgency is Urgency.SIGN:
            return max(1, self.limit.count // 2)
        if urgency is not Urgency.INTERIM:
            return self.limit.count
        return self.limit.count - min(self.limit.count - 1, self._reserve())

    def _reserve(self) -> int:
        """Slots kept for the answers that will end within one period.

        That is all that are running if the period is long, and those that will follow them, as
        far as half of the slots go.
        """
        ending = self.running * self.limit.seconds / ANSWER_SECONDS
        return math.ceil(min(ending, max(self.running, self.limit.count / 2)))


class Permit:
    """Leave to make one call now. Use it as a context manager around the call."""

    def __init__(
        self, buckets: Sequence[_Bucket], clock: Clock, given_back: Callable[[], None]
    ) -> None:
        self._buckets = buckets
        self._clock = clock
        self._given_back = given_back
        self._at = clock.now()
        for bucket in buckets:
            bisect.insort(bucket.taken, self._at + bucket.limit.seconds)

    def done(self) -> None:
        """The call has returned: it may have reached the platform later than it was begun."""
        at = min(self._clock.now(), self._at + LATENCY_SECONDS)
        if at <= self._at:
            return
        for bucket in self._buckets:
            if self._remove(bucket):
                bisect.insort(bucket.taken, at + bucket.limit.seconds)
        self._at = at

    def give_back(self) -> None:
        """The call was not made: somebody else may have the slot."""
        for bucket in self._buckets:
            self._remove(bucket)
        self._given_back()

    def __enter__(self) -> Permit:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.done()

    def _remove(self, bucket: _Bucket) -> bool:
        until = self._at + bucket.limit.seconds
        found = bisect.bisect_left(bucket.taken, until)
        if found < len(bucket.taken) and bucket.taken[found] == until:
            del bucket.taken[found]
            return True
        return False


@dataclass(slots=True, eq=False)
class _Ticket:
    urgency: Urgency
    number: int
    buckets: Sequence[_Bucket]
    deadline: float
    granted: asyncio.Future[Permit | None] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )

    @property
    def rank(self) -> tuple[int, int]:
        return self.urgency, self.number

    def ready_at(self) -> float:
        return max((bucket.room_at(self.urgency) for bucket in self.buckets), default=-math.inf)


class Pacer:
    """Says when a call may be made. One for each adapter, shared by all its replies.

    What is not limited is never held up, except after `penalise`. Scopes in which nothing is
    going on are forgotten.
    """

    def __init__(self, limits: Sequence[Limit], clock: Clock) -> None:
        self._limits = tuple(limits)
        self._clock = clock
        self._buckets: dict[tuple[int | Call, str], _Bucket] = {}
        self._waiting: list[_Ticket] = []
        self._numbers = 0
        self._timer: asyncio.Task[None] | None = None
        self._timer_at = math.inf
        self._sweep_above = _FIRST_SWEEP
        self._chores: set[asyncio.Task[None]] = set()

    @property
    def scopes(self) -> int:
        """How many counts are being kept."""
        return len(self._buckets)

    @property
    def waiting(self) -> int:
        """How many calls wait for their turn."""
        return len(self._waiting)

    @contextmanager
    def reply(self, channel: str, space: str) -> Generator[None]:
        """While this lasts, a reply is being written there that will need a final edit."""
        buckets = self._scoped("edit", channel, space)
        for bucket in buckets:
            bucket.running += 1
        try:
            yield
        finally:
            for bucket in buckets:
                bucket.running -= 1
            self._serve()

    async def acquire(
        self, call: Call, channel: str, space: str, urgency: Urgency = Urgency.PART
    ) -> Permit:
        """Wait until `call` may be made."""
        permit = await self._wait(call, channel, space, urgency, math.inf)
        if permit is None:
            raise AssertionError("a wait without a deadline has passed it")
        return permit

    async def acquire_within(
        self, call: Call, channel: str, space: str, urgency: Urgency, seconds: float
    ) -> Permit | None:
        """Wait at most `seconds`; None at once when it is plain that they will not do."""
        self._serve()
        buckets = self._scoped(call, channel, space)
        deadline = self._clock.now() + seconds
        for bucket in buckets:
            ahead = sum(
                1 for each in self._waiting if bucket in each.buckets and each.urgency <= urgency
            )
            if bucket.room_at(urgency, ahead) > deadline:
                return None
        return await self._wait(call, channel, space, urgency, deadline)

    def try_acquire(
        self, call: Call, channel: str, space: str, urgency: Urgency = Urgency.INTERIM
    ) -> Permit | None:
        """Leave to make `call` now, or None."""
        self._serve()
        buckets = self._scoped(call, channel, space)
        now = self._clock.now()
        if any(bucket.room_at(urgency) > now for bucket in buckets):
            return None
        return self._grant(buckets, urgency)

    def penalise(self, call: Call, channel: str, space: str, retry_after: float) -> None:
        """The platform refused `call` for `retry_after` seconds: nothing like it until then.

        It does not say which of its limits was passed; the narrowest is the likeliest.
        """
        places = {"channel": 0, "space": 1, "adapter": 2}
        buckets = self._scoped(call, channel, space)
        if buckets:
            bucket = min(buckets, key=lambda each: places[each.limit.per])
        else:
            bucket = _Bucket(Limit(frozenset({call}), "channel", _UNLIMITED, 1.0))
            self._buckets[call, channel] = bucket
        bucket.paused_until = max(bucket.paused_until, self._clock.now() + retry_after)

    def look_after(self, chore: Coroutine[Any, Any, None], name: str) -> None:
        """Run what may wait long for its slots and nobody else waits for."""
        task = asyncio.create_task(chore, name=name)
        self._chores.add(task)
        task.add_done_callback(self._chore_done)

    async def close(self, seconds: float = 5.0) -> None:
        """Give the chores so much time, then end them. Replies have ended before."""
        chores = tuple(self._chores)
        if chores:
            together = asyncio.gather(*chores, return_exceptions=True)
            if not await settle(together, self._clock.sleep(seconds)):
                logger.warning("%d chore(s) not done in time", len(self._chores))
            await stop(together)

    def _chore_done(self, task: asyncio.Task[None]) -> None:
        self._chores.discard(task)
        if not task.cancelled() and (fault := task.exception()) is not None:
            logger.error("%s failed", task.get_name(), exc_info=fault)

    async def _wait(
        self, call: Call, channel: str, space: str, urgency: Urgency, deadline: float
    ) -> Permit | None:
        self._serve()
        self._numbers += 1
        ticket = _Ticket(urgency, self._numbers, self._scoped(call, channel, space), deadline)
        for bucket in ticket.buckets:
            bucket.waiting += 1
        bisect.insort(self._waiting, ticket, key=_rank)
        self._serve()
        try:
            return await ticket.granted
        except asyncio.CancelledError:
            if ticket.granted.cancelled():
                self._leave(ticket)
                self._serve()
            elif (permit := ticket.granted.result()) is not None:
                permit.give_back()
            raise

    def _serve(self) -> None:
        """Let everybody go whose turn it is, and set the timer for the next."""
        now = self._clock.now()
        next_at = math.inf
        for ticket in tuple(self._waiting):
            for bucket in ticket.buckets:
                bucket.free(now)
            ready_at = ticket.ready_at()
            if ticket.granted.cancelled():
                self._leave(ticket)
            elif ready_at <= now:
                self._leave(ticket)
                ticket.granted.set_result(self._grant(ticket.buckets, ticket.urgency))
            elif ticket.deadline <= now:
                self._leave(ticket)
                ticket.granted.set_result(None)
            else:
                next_at = min(next_at, ready_at, ticket.deadline)
        self._set_timer(next_at)

    def _grant(self, buckets: Sequence[_Bucket], urgency: Urgency) -> Permit:
        if urgency is Urgency.INTERIM:
            for bucket in buckets:
                bucket.interim_at = self._clock.now()
        return Permit(buckets, self._clock, self._serve)

    def _leave(self, ticket: _Ticket) -> None:
        if ticket in self._waiting:
            self._waiting.remove(ticket)
            for bucket in ticket.buckets:
                bucket.waiting -= 1

    def _set_timer(self, at: float) -> None:
        if self._timer is not None and (at < self._timer_at or at == math.inf):
            self._timer.cancel()
            self._timer = None
        if self._timer is None and at < math.inf:
            self._timer_at = at
            self._timer = asyncio.create_task(self._serve_at(at), name="pacer")

    async def _serve_at(self, at: float) -> None:
        await self._clock.sleep(max(at - self._clock.now(), _SHORTEST_SLEEP))
        self._timer = None
        self._serve()

    def _scoped(self, call: Call, channel: str, space: str) -> list[_Bucket]:
        """The counts that `call` falls under, up to date."""
        now = self._clock.now()
        self._sweep(now)
        found: list[_Bucket] = []
        names = {"channel": f"{space}/{channel}", "space": space, "adapter": ""}
        for number, limit in enumerate(self._limits):
            if call in limit.calls:
                key = (number, names[limit.per])
                found.append(self._buckets.setdefault(key, _Bucket(limit)))
        paused = self._buckets.get((call, channel))
        if paused is not None:
            found.append(paused)
        for bucket in found:
            bucket.free(now)
        return found

    def _sweep(self, now: float) -> None:
        if len(self._buckets) < self._sweep_above:
            return
        for key in [key for key, bucket in self._buckets.items() if bucket.idle(now)]:
            del self._buckets[key]
        self._sweep_above = max(_FIRST_SWEEP, 2 * len(self._buckets))


def _rank(ticket: _Ticket) -> tuple[int, int]:
    return ticket.rank
