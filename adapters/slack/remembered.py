"""Looking things up at Slack by id, and remembering them."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Iterable
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
        self._entries: OrderedDict[str, tuple[float, V | None]] = OrderedDict()
        self._asking: dict[str, asyncio.Task[None]] = {}
        self._faults: set[str] = set()

    def expect(self, ids: Iterable[str]) -> None:
        """Begin to look things up, for whoever asks for them soon."""
        for id_ in ids:
            if not self._is_known(id_):
                self._ask(id_)

    async def get(
        self, ids: Iterable[str], seconds: float, most: int | None = None
    ) -> dict[str, V]:
        """What is known of `ids` after at most some seconds.

        An answer that comes later is kept for the next time.

        Args:
            ids: Any.
            seconds: How long is waited.
            most: Only the first ones, so many, are asked for; None for all.
        """
        wanted = dict.fromkeys(ids)
        asking = [self._ask(id_) for id_ in islice(wanted, most) if not self._is_known(id_)]
        if asking:
            await asyncio.wait(asking, timeout=seconds)
        found = {id_: self._entries[id_][1] for id_ in wanted if id_ in self._entries}
        return {id_: value for id_, value in found.items() if value is not None}

    def known(self, id_: str) -> V | None:
        """What is remembered of an id, None for nothing."""
        return self._entries.get(id_, (0.0, None))[1]

    def forget(self, id_: str) -> None:
        """What an id stands for has changed; until that is known nothing is better than the old."""
        self._entries.pop(id_, None)
        if (task := self._asking.pop(id_, None)) is not None:
            task.cancel()

    def is_awaited(self, id_: str) -> bool:
        """Whether it is not known what an id stands for, and may be soon: a fault that passes."""
        unknown = self._entries.get(id_, (0.0, None))[1] is None
        return unknown and (id_ in self._asking or id_ in self._faults)

    def _is_known(self, id_: str) -> bool:
        return id_ in self._entries and self._entries[id_][0] > self._clock()

    def _ask(self, id_: str) -> asyncio.Task[None]:
        task = self._asking.get(id_)
        if task is None:
            task = self._asking[id_] = asyncio.create_task(self._remember(id_))
            task.add_done_callback(lambda done: self._over(id_, done))
        return task

    def _over(self, id_: str, task: asyncio.Task[None]) -> None:
        if self._asking.get(id_) is task:
            del self._asking[id_]

    async def _remember(self, id_: str) -> None:
        # What was known once is better than nothing.
        value = self._entries.get(id_, (0.0, None))[1]
        seconds = self._seconds
        self._faults.discard(id_)
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
        self._entries[id_] = (self._clock() + seconds, value)
        self._entries.move_to_end(id_)
        while len(self._entries) > MOST:
            oldest, _ = self._entries.popitem(last=False)
            self._faults.discard(oldest)

    async def close(self) -> None:
        """Ask no more."""
        await ended(*self._asking.values())
