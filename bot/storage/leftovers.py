"""Messages that belong to no answer any more, until they are deleted for certain.

An answer that could not be edited is posted anew, and what stood there before is deleted once the
answer is committed. That can take a while, and the process may die meanwhile: the messages are
kept with the commit, and whoever looks for them later deletes them.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from bot.errors import StoreMismatch
from bot.storage.base import Base
from bot.storage.codec import dump_leftover, load_leftover
from bot.storage.keys import BUCKETS, BucketKeys, ThreadKeys
from bot.storage.types import Leftover

logger = logging.getLogger(__name__)

OWN_MS = 30_000
"""Who committed the answer is left alone with its leftovers for so long."""

AGAIN_SECONDS = 150
"""Who has found some is left alone with them for so long."""

MOST = 20
"""Of one bucket at a time."""


class Leftovers(Base):
    """The part of `Threads` that keeps them."""

    async def due_leftovers(self) -> Sequence[Leftover]:
        """What somebody should have deleted by now; nobody else is told of it for a while.

        Two processes that ask at the same time may both be told: deleting twice does no harm.
        Raises StoreUnavailable.
        """
        seconds, micros = await self._link.call("TIME")
        now = int(seconds) * 1000 + int(micros) // 1000
        indexes = [BucketKeys(bucket).leftovers for bucket in range(BUCKETS)]
        found = await self._link.each(indexes, "ZRANGEBYSCORE", 0, now, "LIMIT", 0, MOST)
        due: list[Leftover] = []
        for index, names in zip(indexes, found, strict=True):
            for name in names:
                await self._link.call("ZADD", index, "XX", now + AGAIN_SECONDS * 1000, name)
                try:
                    due.append(load_leftover(name))
                except StoreMismatch:
                    logger.error("%s: a name that cannot be read, removed", index)
                    await self._link.call("ZREM", index, name)
        return due

    async def leave_over(self, leftovers: Sequence[Leftover]) -> None:
        """Have messages deleted, should the caller not get it done. Raises StoreUnavailable."""
        if not leftovers:
            return
        index = ThreadKeys(leftovers[0].thread).bucket.leftovers
        due = await self._link.server_ms() + OWN_MS
        pairs = [part for each in leftovers for part in (due, dump_leftover(each))]
        await self._link.batch(
            [("ZADD", index, *pairs), ("EXPIRE", index, self._retention_seconds)]
        )

    async def leftover_deleted(self, leftover: Leftover) -> None:
        """It is gone, or never will be. Raises StoreUnavailable."""
        index = ThreadKeys(leftover.thread).bucket.leftovers
        await self._link.call("ZREM", index, dump_leftover(leftover))
