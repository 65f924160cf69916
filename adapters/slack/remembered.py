"""Looking things up at Slack by id, and remembering them."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Any, Generic, TypeVar

from adapters.slack.endings import ended
from bot.errors import BadToken, NotAllowed, PlatformBusy, PlatformError

log = logging.getLogger(__name__)

V = TypeVar("V")

KNOWN_SECONDS = 24 * 3600.0
UNKNOWN_SECONDS = 3600.0
REFUSED_SECONDS = 60.0
"""Of a refusal that says nothing about the id; somebody may be at mending its cause."""
BUSY_SECONDS = 5.0
MOST = 20_000


@dataclass(frozen=True, slots=True)
class _Entry(Generic[V]):
    """What is known, None for nothing; since when and until when, by the clock."""

    value: V | None
    since: float
    until: float


class Remembered(Generic[V]):
    """Looks things up by id, remembers them, and asks once for many who ask.

    Args:
        look_up: Asks Slack.
        clock: Seconds, never going back.
        seconds: For how long.
    """

    def __init__(
        self,
        look_up: Callable[[str], Coroutine[Any, Any, V]],
        clock: Callable[[], float],
        seconds: float = KNOWN_SECONDS,
    ) -> None:
        self._seconds = seconds
        self._look_up = look_up
        self._clock = clock
        self._entries: OrderedDict[str, _Entry[V]] = OrderedDict()
        self._asking: dict[str, asyncio.Task[None]] = {}
        self._faults: set[str] = set()
        self._outdated: set[str] = set()

    def expect(self, ids: Iterable[str], age: float | None = None) -> None:
        """Begin to look things up, for whoever asks for them soon; `age` as in `get`."""
        for id_ in ids:
            if not self._is_known(id_, age):
                self._ask(id_)

    async def get(
        self,
        ids: Iterable[str],
        seconds: float,
        most: int | None = None,
        age: float | None = None,
    ) -> dict[str, V]:
        """What is known of `ids` after at most some seconds.

        An answer that comes later is kept for the next time.

        Args:
            ids: Any.
            seconds: How long is waited.
            most: Only the first ones, so many, are asked for; None for all.
            age: Seconds after which an answer is asked for anew; None for as long as it is kept.
        """
        wanted = dict.fromkeys(ids)
        asking = [self._ask(id_) for id_ in islice(wanted, most) if not self._is_known(id_, age)]
        if asking:
            await asyncio.wait(asking, timeout=seconds)
        found = {id_: self.known(id_) for id_ in wanted}
        return {id_: value for id_, value in found.items() if value is not None}

    def known(self, id_: str) -> V | None:
        """What is remembered of an id, None for nothing."""
        entry = self._entries.get(id_)
        return None if entry is None else entry.value

    def forget(self, id_: str) -> None:
        """What an id stands for has changed; until that is known nothing is better than the old.

        Whoever waits for a look-up under way, whose answer may be the old one, waits for another.
        """
        self._entries.pop(id_, None)
        self._faults.discard(id_)
        if id_ in self._asking:
            self._outdated.add(id_)

    def is_awaited(self, id_: str) -> bool:
        """Whether it is not known what an id stands for, and may be soon: a fault that passes."""
        return self.known(id_) is None and (id_ in self._asking or id_ in self._faults)

    def _is_known(self, id_: str, age: float | None) -> bool:
        entry = self._entries.get(id_)
        if entry is None:
            return False
        until = entry.until if age is None else min(entry.until, entry.since + age)
        return until > self._clock()

    def _ask(self, id_: str) -> asyncio.Task[None]:
        task = self._asking.get(id_)
        if task is None:
            task = self._asking[id_] = asyncio.create_task(self._remember(id_))
            task.add_done_callback(lambda done: self._over(id_, done))
        return task

    def _over(self, id_: str, task: asyncio.Task[None]) -> None:
        if self._asking.get(id_) is task:
            del self._asking[id_]
        self._outdated.discard(id_)

    async def _remember(self, id_: str) -> None:
        while True:
            self._outdated.discard(id_)
            self._faults.discard(id_)
            entry = await self._looked_up(id_)
            if id_ not in self._outdated:
                break
        self._entries[id_] = entry
        self._entries.move_to_end(id_)
        while len(self._entries) > MOST:
            oldest, _ = self._entries.popitem(last=False)
            self._faults.discard(oldest)

    async def _looked_up(self, id_: str) -> _Entry[V]:
        # What was known once is better than nothing.
        value = self.known(id_)
        seconds = self._seconds
        try:
            value = await self._look_up(id_)
        except PlatformError as error:
            log.info("Slack does not tell what an id stands for: %s", error)
            seconds = UNKNOWN_SECONDS
            if isinstance(error, PlatformBusy):
                seconds = max(BUSY_SECONDS, error.retry_after or 0.0)
                self._faults.add(id_)
            elif isinstance(error, (BadToken, NotAllowed)):
                seconds = REFUSED_SECONDS
        except (AttributeError, KeyError, TypeError, ValueError):
            log.warning("Slack's answer about an id could not be read")
            seconds = UNKNOWN_SECONDS
        now = self._clock()
        return _Entry(value, now, now + seconds)

    async def close(self) -> None:
        """Ask no more."""
        await ended(*self._asking.values())
