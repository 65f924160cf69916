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
from functools import partial
from types import TracebackType
from typing import Any, Protocol

from bot.capabilities import Call, Limit
from bot.limits import Booking, Ledger
from bot.reply.slots import UNLIMITED, Bucket, Urgency
from bot.reply.waiting import settle, stop

logger = logging.getLogger(__name__)

LATENCY_SECONDS = 1.0
"""A call is taken to reach the platform at most this long after it began."""

_PLACES = ("channel", "space", "adapter")
"""What may share one count, from the narrowest to the widest."""

_SHORTEST_SLEEP = 0.001
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


class Permit:
    """Leave to make one call now. Use it as a context manager around the call."""

    def __init__(
        self, buckets: Sequence[Bucket], clock: Clock, given_back: Callable[[], None]
    ) -> None:
        self.buckets = buckets
        self._clock = clock
        self._given_back = given_back
        self._at = clock.now()
        self._settle: Callable[[float | None], None] | None = None
        for bucket in buckets:
            bisect.insort(bucket.taken, self._at + bucket.limit.seconds)

    def booked(self, settle: Callable[[float | None], None]) -> None:
        """Other processes know of it; `settle` hears when the call was over, or that there is none.

        For the pacer only.
        """
        self._settle = settle

    def done(self) -> None:
        """The call has returned: it may have reached the platform later than it was begun."""
        now = self._clock.now()
        self._tell(now)
        at = min(now, self._at + LATENCY_SECONDS)
        if at <= self._at:
            return
        for bucket in self.buckets:
            if self._remove(bucket):
                bisect.insort(bucket.taken, at + bucket.limit.seconds)
        self._at = at

    def give_back(self) -> None:
        """The call was not made: somebody else may have the slot."""
        for bucket in self.buckets:
            self._remove(bucket)
        self._tell(None)
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

    def _tell(self, now: float | None) -> None:
        if self._settle is not None:
            self._settle(now)
            self._settle = None

    def _remove(self, bucket: Bucket) -> bool:
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
    buckets: Sequence[Bucket]
    deadline: float
    granted: asyncio.Future[Permit | None] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )

    @property
    def rank(self) -> tuple[int, int]:
        return self.urgency, self.number

    def ready_at(self, now: float, known: dict[tuple[Bucket, Urgency], float]) -> float:
        """When it may go; what `known` says of the buckets is taken as it is, and added to."""
        ready_at = -math.inf
        for bucket in self.buckets:
            place = (bucket, self.urgency)
            room_at = known.get(place)
            if room_at is None:
                bucket.free(now)
                room_at = known[place] = bucket.room_at(self.urgency)
            ready_at = max(ready_at, room_at)
        return ready_at


class Pacer:
    """Says when a call may be made. One for each adapter, shared by all its replies.

    What is not limited is never held up, except after `penalise`. Scopes in which nothing is
    going on are forgotten.

    Args:
        limits: What the platform allows.
        clock: Time.
        ledger: Where the processes of a deployment count together; None when this is the only
            one. A call that has its turn here asks there as well.
    """

    def __init__(self, limits: Sequence[Limit], clock: Clock, ledger: Ledger | None = None) -> None:
        self._limits = tuple(limits)
        self._widest = max((_PLACES.index(limit.per) for limit in limits), default=0)
        self._clock = clock
        self._ledger = ledger
        self._buckets: dict[tuple[int | Call, str], Bucket] = {}
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
    def reply(self, channel: str, space: str, *edits: Call) -> Generator[None]:
        """While this lasts, a reply is being written there that will need a final edit.

        `edits` are what that may be counted as, where it is not just an edit.
        """
        counted: list[Call] = ["edit", *edits]
        buckets = dict.fromkeys(
            bucket for call in counted for bucket in self._scoped(call, channel, space)
        )
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
        buckets = self._scoped(call, channel, space) or [self._unlimited(call, channel, space)]
        bucket = min(buckets, key=lambda each: _PLACES.index(each.limit.per))
        bucket.paused_until = max(bucket.paused_until, self._clock.now() + retry_after)
        if self._ledger is not None:
            together = self._together(channel, space)
            telling = self._ledger.pause(together, bucket.name, retry_after)
            self.look_after(telling, "telling of a refusal")

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
        self._numbers += 1
        number = self._numbers
        while True:
            buckets = self._scoped(call, channel, space)
            if self._ledger is not None and not buckets:
                buckets = [self._unlimited(call, channel, space)]
            permit = await self._queue(_Ticket(urgency, number, buckets, deadline))
            if permit is None or self._ledger is None:
                return permit
            if await self._book(self._ledger, permit, self._together(channel, space), urgency):
                return permit
            if any(bucket.held_until(urgency) > deadline for bucket in buckets):
                return None

    async def _queue(self, ticket: _Ticket) -> Permit | None:
        self._serve()
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

    async def _book(self, ledger: Ledger, permit: Permit, together: str, urgency: Urgency) -> bool:
        """Whether the other processes leave room for the call; if not, it is given back."""
        try:
            free = await self._ask(ledger, permit, together, urgency)
        except asyncio.CancelledError:
            permit.give_back()
            raise
        if not free:
            for bucket in permit.buckets:
                # It did not happen; when the next may is for the ledger to say.
                bucket.interim_at = -math.inf
            permit.give_back()
        return free

    async def _ask(self, ledger: Ledger, permit: Permit, together: str, urgency: Urgency) -> bool:
        sent = self._clock.now()
        scopes = [bucket.scope(urgency) for bucket in permit.buckets]
        booking = await ledger.reserve(together, scopes, urgency, LATENCY_SECONDS)
        if booking is None:
            # The others cannot be asked: better by our own count than not at all.
            return True
        now = self._clock.now()
        for bucket, standing in zip(permit.buckets, booking.standings, strict=True):
            bucket.hear(standing, urgency, now)
        if booking.granted:
            permit.booked(partial(_settle, ledger, booking, sent))
        return booking.granted

    def _serve(self) -> None:
        """Let everybody go whose turn it is, and set the timer for the next."""
        now = self._clock.now()
        next_at = math.inf
        # Hundreds may wait for the same few counts.
        known: dict[tuple[Bucket, Urgency], float] = {}
        for ticket in tuple(self._waiting):
            ready_at = ticket.ready_at(now, known)
            if ticket.granted.cancelled():
                self._leave(ticket)
            elif ready_at <= now:
                self._leave(ticket)
                ticket.granted.set_result(self._grant(ticket.buckets, ticket.urgency))
                known.clear()
            elif ticket.deadline <= now:
                self._leave(ticket)
                ticket.granted.set_result(None)
            else:
                next_at = min(next_at, ready_at, ticket.deadline)
        self._set_timer(next_at)

    def _grant(self, buckets: Sequence[Bucket], urgency: Urgency) -> Permit:
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

    def _together(self, channel: str, space: str) -> str:
        """The word for everything that can share a count with calls in this channel."""
        return (f"{space}/{channel}", space, "")[self._widest]

    def _unlimited(self, call: Call, channel: str, space: str) -> Bucket:
        """Where a call that no limit counts can be paused."""
        place = f"{space}/{channel}"
        limit = Limit(frozenset({call}), "channel", UNLIMITED, 1.0)
        return self._buckets.setdefault((call, place), Bucket(limit, place))

    def _scoped(self, call: Call, channel: str, space: str) -> list[Bucket]:
        """The counts that `call` falls under, up to date."""
        now = self._clock.now()
        self._sweep(now)
        found: list[Bucket] = []
        names = {"channel": f"{space}/{channel}", "space": space, "adapter": ""}
        for number, limit in enumerate(self._limits):
            if call in limit.calls:
                place = names[limit.per]
                found.append(self._buckets.setdefault((number, place), Bucket(limit, place)))
        paused = self._buckets.get((call, names["channel"]))
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


def _settle(ledger: Ledger, booking: Booking, sent: float, now: float | None) -> None:
    ledger.settle(booking, None if now is None else min(now - sent, LATENCY_SECONDS))


def _rank(ticket: _Ticket) -> tuple[int, int]:
    return ticket.rank
