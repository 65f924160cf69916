"""What all parts of the store share: the link, the clock, and how a script is called."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

from bot.audience import is_import
from bot.chat import ThreadKey
from bot.storage.codec import to_text
from bot.storage.connect import Argument, Link, Observe, unobserved
from bot.storage.keys import BUCKETS, BucketKeys, ThreadKeys
from bot.storage.scripts import SCRIPTS
from bot.storage.topology import WAITS, Client, Waits

logger = logging.getLogger(__name__)

DAY_SECONDS = 86_400

FOR_GOOD_DAYS = 36_500
"""Longer than anything lasts, and still a time that a server can count down."""


class Base:
    """See `Threads` for the arguments."""

    def __init__(
        self,
        client: Client,
        *,
        worker: str,
        clock: Callable[[], float],
        new_id: Callable[[], str],
        lease_seconds: float = 15.0,
        retention_days: int = 90,
        import_retention_days: int = 0,
        silence_hours: float = 0.0,
        max_attempts: int = 3,
        bot_messages: int = 6,
        most_waiting: int = 100,
        erased: Callable[[], None] = lambda: None,
        waits: Waits = WAITS,
        observe: Observe = unobserved,
    ) -> None:
        self._link = Link(client, waits, observe)
        # Whoever looks wants to know how it is now: only a broken connection is tried again.
        self._look = Link(client, replace(waits, alone=0.0, failover=0.0), observe)
        self._worker = worker
        self._clock = clock
        self._new_id = new_id
        self._lease_ms = max(1, round(lease_seconds * 1000))
        self._retention_seconds = retention_days * DAY_SECONDS
        self._import_seconds = (import_retention_days or FOR_GOOD_DAYS) * DAY_SECONDS
        self._silence_ms = round(silence_hours * 3_600_000)
        self._max_attempts = max_attempts
        self._bot_messages = bot_messages
        self._most_waiting = most_waiting
        self._erased = erased

    async def ping(self) -> None:
        """Return if every server would take a write now.

        Raises:
            StoreUnavailable: One would not; the hint says why.
        """
        await self._look.try_to_write([BucketKeys(bucket).never for bucket in range(BUCKETS)])

    def _now_ms(self) -> int:
        return round(self._clock() * 1000)

    async def _run(
        self,
        name: str,
        thread: ThreadKey,
        arguments: Sequence[Argument] = (),
        *,
        nonce: str = "",
        keys: Sequence[str] = (),
    ) -> Any:
        """Run a script with the keys and arguments that prelude.lua expects, then its own."""
        kept = self._import_seconds if is_import(thread) else self._retention_seconds
        shared = (str(thread), self._now_ms(), kept, self._lease_ms, nonce)
        own = ThreadKeys(thread)
        return await self._link.run(
            SCRIPTS[name],
            (*own.all(), *keys, own.bucket.proposed, own.vectors, own.said, own.rules),
            (*shared, *arguments),
        )

    async def _keys_in(self, index: str, names: Iterable[bytes]) -> list[ThreadKey]:
        """The threads that an index names; what names none is taken out of it."""
        threads: list[ThreadKey] = []
        wrong: list[bytes] = []
        for name in names:
            try:
                threads.append(ThreadKey.parse(to_text(name)))
            except ValueError:
                wrong.append(name)
        if wrong:
            logger.error("%s: %d name(s) that cannot be read, removed", index, len(wrong))
            await self._link.call("ZREM", index, *wrong)
        return threads
