"""The gate that all requests to one endpoint pass.

It owns what requests have to agree on: how many run at once, a common cooldown when the server
pushes back, who goes first, and that nobody asks while the account is out of credit. It is a
state machine without tasks: callers hold a `Ticket` in a `with` block, and whatever happens to
them, leaving the block gives back the place in the queue or the slot.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Literal, Self

from bot.errors import ModelBusy, ModelError, QuotaExhausted
from bot.limits import News
from bot.model.clock import Clock, LoopClock, Timer
from bot.model.pace import IDLE_SECONDS, Pace
from bot.model.port import Purpose

_RANK = {Purpose.REPLY: 0, Purpose.TRANSCRIPT: 0, Purpose.SUMMARY: 1, Purpose.CAPTION: 1}


@dataclass(frozen=True, slots=True)
class GateLimits:
    """Bounds of a gate.

    Attributes:
        start: Requests at once to begin with.
        most: Requests at once at the very most.
        queue_seconds: Longest wait for a slot.
        backoff_seconds: First cooldown when the server names none; doubles with each push-back.
        most_cooldown_seconds: Longest cooldown, whatever the server says.
        breaker_seconds: How long nothing is asked once the account is out of credit.
        widen_seconds: While a server has never pushed back, one more request at once is tried
            this often if there is one waiting: a crowd is let in within moments, and a server
            that refuses some has time to say so.
    """

    start: int = 16
    most: int = 256
    queue_seconds: float = 90.0
    backoff_seconds: float = 0.5
    most_cooldown_seconds: float = 60.0
    breaker_seconds: float = 60.0
    widen_seconds: float = 0.0025


class Ticket:
    """A place in the queue and then, once granted, a slot. Made by `Gate.ticket`."""

    __slots__ = ("_gate", "_outcome", "_taken", "_timers", "granted_at", "order", "state")

    def __init__(self, gate: Gate, order: tuple[int, int]) -> None:
        self._gate = gate
        self._outcome: asyncio.Future[ModelError | None] = (
            asyncio.get_running_loop().create_future()
        )
        self._timers: list[Timer] = []
        self._taken = False
        self.order = order
        self.granted_at = 0.0
        self.state: Literal["waiting", "granted", "over"] = "waiting"

    @property
    def granted(self) -> bool:
        """The request may be made now."""
        return self.state == "granted"

    @property
    def expected(self) -> tuple[float, Literal["busy", "queue"]]:
        """Seconds to wait at least, as far as known, and for what."""
        return self._gate.expected(self)

    async def wait(self) -> None:
        """Return when the ticket is granted.

        Raises:
            ModelBusy: It took longer than `GateLimits.queue_seconds`.
            QuotaExhausted: The account ran out of credit meanwhile.
        """
        error = await self._outcome
        if error is not None:
            raise error

    def taken(self) -> bool:
        """The server has begun to answer; may be said more than once. Whether this is news."""
        if self._taken or not self.granted:
            return False
        self._taken = True
        self._gate.on_taken(self)
        return True

    def good(self) -> None:
        """The answer came to its proper end."""
        self._gate.on_good()

    def failed(self, error: ModelError) -> bool:
        """The request failed before any text. Whether it was a push-back that is news."""
        return self._gate.on_failed(self, error)

    def settle(self, error: ModelError | None) -> None:
        """Wake the waiter; for the gate only."""
        self.disarm()
        if not self._outcome.done():
            self._outcome.set_result(error)

    def arm(self, timer: Timer) -> None:
        """Keep a timer that ends with the wait; for the gate only."""
        self._timers.append(timer)

    def disarm(self) -> None:
        """Cancel what `arm` kept; for the gate only."""
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._gate.leave(self)

    def __lt__(self, other: Ticket) -> bool:
        return self.order < other.order


class Gate:
    """Shared by all conversations that use one endpoint, within one event loop.

    Args:
        limits: See `GateLimits`.
        clock: Time.
        jitter: Random numbers in [0, 1).
    """

    def __init__(
        self,
        limits: GateLimits | None = None,
        *,
        clock: Clock | None = None,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._limits = limits or GateLimits()
        self._clock: Clock = clock or LoopClock()
        self._jitter = jitter
        self._pace = Pace(self._limits.start, self._limits.most)
        self._numbers = itertools.count()
        self._queue: list[Ticket] = []
        self._delayed: set[Ticket] = set()
        self._active = 0
        self._idle_since: float | None = None
        self._next_start = 0.0
        self._wider_at: float | None = None
        self._cooldown_until = 0.0
        self._held_until = 0.0
        self._heard_at = 0.0
        self._pushes = 0
        self._timer: Timer | None = None
        self._breaker_until: float | None = None
        self._probe: Ticket | None = None

    @property
    def active(self) -> int:
        """Slots in use."""
        return self._active

    @property
    def queued(self) -> int:
        """Tickets that wait."""
        return len(self._queue) + len(self._delayed)

    @property
    def width(self) -> int:
        """Requests that may run at once, as learned so far."""
        return self._pace.width

    @property
    def held(self) -> bool:
        """No request may start now, although slots may have been granted."""
        return max(self._cooldown_until, self._held_until) > self._clock.now()

    @property
    def spacing(self) -> tuple[int, float]:
        """Requests that may be under way anywhere without spacing; seconds between others."""
        if self._pace.interval > 0:
            return 0, self._pace.interval
        return self._limits.start, self._limits.widen_seconds if self._pace.may_widen else 0.0

    @property
    def measured(self) -> tuple[float, int]:
        """Seconds between the starts of two requests, and how many these were learned from."""
        return self._pace.interval, self._pace.known

    @property
    def cooldown(self) -> float:
        """Seconds that the server has asked for patience for yet."""
        return max(0.0, self._cooldown_until - self._clock.now())

    @property
    def exhausted(self) -> float:
        """Seconds for which the account is taken to be out of credit yet."""
        return max(0.0, (self._breaker_until or 0.0) - self._clock.now())

    def now(self) -> float:
        """The gate's time."""
        return self._clock.now()

    def number(self) -> int:
        """A place in line, kept by a request over all its tries."""
        return next(self._numbers)

    def backoff(self, attempt: int) -> float:
        """Seconds before try number `attempt` + 1, growing, half of it random."""
        longest = self._limits.backoff_seconds * 2.0 ** min(attempt - 1, 6)
        return longest * (0.5 + self._jitter() / 2)

    def ticket(
        self,
        purpose: Purpose,
        *,
        number: int | None = None,
        delay: float = 0.0,
        patience: float | None = None,
    ) -> Ticket:
        """Stand in line; use it as `with gate.ticket(...) as ticket`.

        Args:
            purpose: Replies go before summaries.
            number: A place in line from `number()`; None takes a new one.
            delay: Seconds before which it must not be granted.
            patience: Most seconds to wait; None, and anything over it, means `queue_seconds`.

        Raises:
            ModelBusy: The cooldown is longer than the patience.
            QuotaExhausted: The account is known to be out of credit.
        """
        now = self._clock.now()
        most = self._limits.queue_seconds
        wait = most if patience is None else min(patience, most)
        if not self._may_ask(now):
            raise QuotaExhausted("asked again too soon after the account ran out of credit")
        cooldown = self._cooldown_until - now
        if max(cooldown, delay) > wait:
            raise ModelBusy("the server asked to wait longer than we can", retry_after=cooldown)
        order = (_RANK[purpose], self.number() if number is None else number)
        ticket = Ticket(self, order)
        if self._breaker_until is not None:
            self._probe = ticket
        if delay > 0:
            self._delayed.add(ticket)
            ticket.arm(self._clock.call_at(now + delay, lambda: self._ready(ticket)))
        else:
            heapq.heappush(self._queue, ticket)
        self._pump()
        if not ticket.granted:
            ticket.arm(self._clock.call_at(now + wait, lambda: self._give_up(ticket)))
        return ticket

    def expected(self, ticket: Ticket) -> tuple[float, Literal["busy", "queue"]]:
        """See `Ticket.expected`."""
        now = self._clock.now()
        cooldown = max(0.0, self._cooldown_until - now)
        ahead = sum(1 for other in self._queue if other < ticket)
        next_start = max(self._next_start, self._held_until)
        spaced = max(cooldown, next_start - now) + ahead * self._pace.interval
        busy = cooldown > 0 or ticket in self._delayed
        return (max(0.0, spaced), "busy" if busy else "queue")

    def on_taken(self, ticket: Ticket) -> None:
        """See `Ticket.taken`."""
        self._pushes = 0
        self._close_breaker(ticket)
        self._pace.taken(ticket.granted_at)

    def on_good(self) -> None:
        """See `Ticket.good`."""
        self._pace.good()
        self._pump()

    def on_failed(self, ticket: Ticket, error: ModelError) -> bool:
        """See `Ticket.failed`."""
        now = self._clock.now()
        if isinstance(error, QuotaExhausted):
            self._open_breaker(now + self._limits.breaker_seconds, error)
            return False
        if not isinstance(error, ModelBusy):
            self._close_breaker(ticket)
            return False
        if error.retry_after is None and not error.overloaded:
            return False
        news = self._pace.pushed(now, ticket.granted_at, error.retry_after)
        if news:
            self._pushes += 1
        if error.retry_after:
            wait = error.retry_after * (1 + self._jitter() / 20)
        else:
            wait = self.backoff(self._pushes)
        wait = min(wait, self._limits.most_cooldown_seconds)
        self._cooldown_until = max(self._cooldown_until, now + wait)
        return news

    def hear(self, news: News) -> None:
        """Learn from what the requests of other processes came to."""
        now = self._clock.now()
        if news.pushed is not None:
            self._pace.told(now, news.pushed, news.cooldown)
        elif now - self._heard_at <= IDLE_SECONDS:
            self._pace.recount(news.late)
            for _ in range(news.taken):
                self._pace.taken()
        self._heard_at = now
        cooldown = min(news.cooldown, self._limits.most_cooldown_seconds)
        self._cooldown_until = max(self._cooldown_until, now + cooldown)
        if news.exhausted > self.exhausted:
            told = QuotaExhausted("another process was told that the account is out of credit")
            self._open_breaker(now + news.exhausted, told)
        if news.wait > 0:
            # The common spacing rules; what was granted here has not started.
            self._held_until = now + news.wait
            self._next_start = now

    def recount(self, news: News) -> None:
        """Learn what other processes knew when this one was pushed back just now."""
        self._pace.recount(news.taken + news.late)
        self._heard_at = self._clock.now()

    def leave(self, ticket: Ticket) -> None:
        """Take the ticket's place or slot back; for `Ticket` only."""
        if ticket.state == "granted":
            self._active -= 1
            if self._active == 0:
                self._idle_since = self._clock.now()
        elif ticket.state == "waiting":
            self._remove(ticket)
        ticket.state = "over"
        ticket.settle(None)
        if self._probe is ticket:
            self._probe = None
        self._pump()

    def _remove(self, ticket: Ticket) -> None:
        if ticket in self._delayed:
            self._delayed.discard(ticket)
        elif ticket in self._queue:
            self._queue.remove(ticket)
            heapq.heapify(self._queue)

    def _ready(self, ticket: Ticket) -> None:
        if ticket in self._delayed:
            self._delayed.discard(ticket)
            heapq.heappush(self._queue, ticket)
            self._pump()

    def _give_up(self, ticket: Ticket) -> None:
        if ticket.state == "waiting":
            self._remove(ticket)
            wait = max(0.0, self._cooldown_until - self._clock.now()) or None
            self._end(ticket, ModelBusy("no free slot in time", retry_after=wait, overloaded=True))

    def _end(self, ticket: Ticket, error: ModelError) -> None:
        ticket.state = "over"
        if self._probe is ticket:
            self._probe = None
        ticket.settle(error)

    def _pump(self) -> None:
        """Grant what can be granted, and come back when the next one may start."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        now = self._clock.now()
        while self._queue:
            start = max(self._cooldown_until, self._held_until, self._next_start)
            start = max(start, self._room_at(now))
            if start > now:
                if start < math.inf:
                    self._timer = self._clock.call_at(start, self._pump)
                return
            ticket = heapq.heappop(self._queue)
            idle_since = self._idle_since if self._active == 0 else None
            self._pace.started(now, idle_since)
            self._active += 1
            self._next_start = now + self._pace.interval
            ticket.state = "granted"
            ticket.granted_at = now
            ticket.settle(None)
        self._wider_at = None

    def _room_at(self, now: float) -> float:
        """When one more may run as far as concurrency goes; inf while that is up to the others."""
        if self._active < self._pace.width:
            return now
        if not self._pace.may_widen:
            return math.inf
        if self._wider_at is None:
            self._wider_at = now + self._limits.widen_seconds
        if self._wider_at > now:
            return self._wider_at
        # A loop that is late catches up by one step only: it has not heard refusals yet, either.
        steps = 1 if now - self._wider_at < self._limits.widen_seconds else 2
        self._wider_at = now + self._limits.widen_seconds
        for _ in range(steps):
            self._pace.widen()
        return now

    def _may_ask(self, now: float) -> bool:
        if self._breaker_until is None:
            return True
        return now >= self._breaker_until and self._probe is None

    def _open_breaker(self, until: float, error: QuotaExhausted) -> None:
        self._breaker_until = until
        waiting = [*self._queue, *self._delayed]
        self._queue.clear()
        self._delayed.clear()
        for ticket in waiting:
            self._end(ticket, QuotaExhausted(str(error)))

    def _close_breaker(self, ticket: Ticket) -> None:
        """The probe was answered: there is credit. Requests from before say nothing about that."""
        if self._probe is ticket:
            self._breaker_until = None
            self._probe = None
