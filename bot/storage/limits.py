"""The limits that processes share: a platform's rate limits, and a model's patience."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from bot.limits import Booking, News, PushBack, Scope, Standing
from bot.storage import keys
from bot.storage.brief import ANSWER_SECONDS, BriefLink
from bot.storage.codec import to_bytes
from bot.storage.connect import Argument, Link
from bot.storage.scripts import SCRIPTS

HOLDS_SECONDS = 10.0
"""What a process says about itself holds so long, unless it says something else."""

NOT_MADE = 0.0
"""When the slot of a call that was not made is free again."""

MOST_UNSETTLED = 256


class SharedLedger:
    """Implements `bot.limits.Ledger` for one adapter.

    Args:
        link: Sends scripts.
        name_space: The adapter's name.
        worker: This process.
        new_id: Makes nonces.
        patience: Longest wait for the store, in seconds.
    """

    def __init__(
        self,
        link: Link,
        name_space: str,
        worker: str,
        new_id: Callable[[], str],
        patience: float = ANSWER_SECONDS,
    ) -> None:
        self._link = BriefLink(link, f"pacing of {name_space}", patience)
        self._name_space = name_space
        self._worker = worker
        self._new_id = new_id
        self._settled: dict[str, dict[str, float]] = {}

    async def reserve(
        self, together: str, scopes: Sequence[Scope], urgency: int, late: float
    ) -> Booking | None:
        """See `Ledger`."""
        nonce = self._new_id()
        names: list[str] = []
        settlements: list[Argument] = []
        counts: list[Argument] = []
        for number, scope in enumerate(scopes, start=1):
            names += keys.pace(self._name_space, together, scope.name)
            counts += scope.slots, _ms(scope.seconds), _ms(scope.spread), scope.running
            for settled, at in self._settled.pop(scope.name, {}).items():
                settlements += number, settled, f"{at:.0f}"
        head = (nonce, to_bytes(self._worker), int(urgency), _ms(late), _ms(HOLDS_SECONDS))
        arguments = (*head, len(scopes), *counts, *settlements)
        try:
            answer = await self._link.run(SCRIPTS["reserve"], names, arguments)
        except asyncio.CancelledError:
            # It may have been carried out; the call is not made.
            self._note(scopes, nonce, NOT_MADE)
            raise
        if answer is None:
            return None
        at, *figures = (int(figure) for figure in answer)
        standings = tuple(
            Standing(wait / 1000, elsewhere)
            for wait, elsewhere in zip(figures[::2], figures[1::2], strict=True)
        )
        return Booking(nonce, tuple(scopes), standings, at)

    def settle(self, booking: Booking, seconds: float | None) -> None:
        """See `Ledger`."""
        for scope in booking.scopes:
            free = NOT_MADE if seconds is None else booking.at + _ms(seconds) + _ms(scope.seconds)
            self._note((scope,), booking.nonce, free)

    async def pause(self, together: str, name: str, seconds: float) -> None:
        """See `Ledger`."""
        _, state = keys.pace(self._name_space, together, name)
        await self._link.run(SCRIPTS["pause"], (state,), (_ms(seconds),))

    def _note(self, scopes: Sequence[Scope], nonce: str, free: float) -> None:
        for scope in scopes:
            if scope.slots:
                self._settled.setdefault(scope.name, {})[nonce] = free
        while len(self._settled) > MOST_UNSETTLED:
            # The scope that has been silent for longest: its slots are free soon enough.
            del self._settled[next(iter(self._settled))]


class SharedExchange:
    """Implements `bot.limits.Exchange` for one endpoint.

    Args:
        link: Sends scripts.
        endpoint: What tells it from others; only a digest of it reaches the store.
        worker: This process.
        patience: Longest wait for the store, in seconds.
    """

    def __init__(
        self, link: Link, endpoint: str, worker: str, patience: float = ANSWER_SECONDS
    ) -> None:
        self._link = BriefLink(link, "the model's pace", patience)
        self._key = keys.model(endpoint)
        self._worker = worker
        self._active = 0
        self._reported = 0
        self._unsaid: list[float] = []
        self._heard: tuple[int, int] | None = None
        self._elsewhere = (0, 0)
        self._pushed = 0.0
        self._telling: asyncio.Task[None] | None = None

    async def start(self, active: int, free: int, spacing: float) -> News | None:
        """See `Exchange`."""
        self._active = active
        return await self._call("start", free, _exact_ms(spacing))

    async def cool(self, cooldown: float, exhausted: float) -> News | None:
        """See `Exchange`."""
        return await self._call("cool", _exact_ms(cooldown), _exact_ms(exhausted))

    async def push(self, ago: float, interval: float, known: int) -> None:
        """See `Exchange`."""
        await self._call("push", _exact_ms(ago), _exact_ms(interval), known)

    def taken(self, ago: float) -> None:
        """See `Exchange`."""
        self._unsaid.append(asyncio.get_running_loop().time() - ago)
        if self._telling is None or self._telling.done():
            self._telling = asyncio.create_task(self._tell(), name="telling of answers")

    async def close(self) -> None:
        """See `Exchange`."""
        if self._telling is not None:
            await self._telling

    async def _tell(self) -> None:
        while self._unsaid:
            await self._call("hear")

    async def _call(self, want: str, *more: Argument) -> News | None:
        now = asyncio.get_running_loop().time()
        began, self._unsaid = self._unsaid, []
        before = self._reported
        self._reported += len(began)
        taken = ",".join(_exact_ms(now - each) for each in began)
        about = (to_bytes(self._worker), self._active, _ms(HOLDS_SECONDS), before, taken)
        answer = await self._link.run(SCRIPTS["exchange"], (self._key,), (*about, want, *more))
        return None if answer is None else self._news(answer, want)

    def _news(self, answer: Sequence[Any], want: str) -> News:
        wait, cooldown, exhausted = (float(each) / 1000 for each in answer[:3])
        now = (int(answer[3]), int(answer[4]))
        before = self._heard or now
        # Answers may overtake each other; what has been heard once is not heard again.
        self._heard = (max(now[0], before[0]), max(now[1], before[1]))
        taken = self._elsewhere[0] + self._heard[0] - before[0]
        late = self._elsewhere[1] + self._heard[1] - before[1]
        self._elsewhere = (taken, late) if want == "hear" else (0, 0)
        at, ago, interval = (float(each) / 1000 for each in answer[5:8])
        pushed = None
        if want == "start" and at > self._pushed:
            pushed = PushBack(ago, interval, int(answer[8]))
        if want in ("start", "push"):
            # Of its own push-back, and of another that came before it, the gate knows already.
            self._pushed = max(at, self._pushed)
        return News(wait, cooldown, exhausted, taken, late, pushed)


def _ms(seconds: float) -> int:
    return round(seconds * 1000)


def _exact_ms(seconds: float) -> str:
    return f"{seconds * 1000:.3f}"
