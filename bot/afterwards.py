"""What people change afterwards, on its way into the store."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Awaitable, Callable
from typing import TypeVar

from bot.chat import Incoming, Removal
from bot.engine.changes import Changes
from bot.errors import StoreError, StoreUnavailable
from bot.storage.types import Amended

logger = logging.getLogger(__name__)

T = TypeVar("T")

MOST_KEPT = 1_000
"""Changes kept in this process while the store is away."""


class Afterwards:
    """Hands changes in, and keeps them while the store is away.

    In whatever order and however often they come: of two edits the later one counts, and what was
    deleted stays deleted.
    """

    def __init__(self, changes: Changes, most_kept: int = MOST_KEPT) -> None:
        self._changes = changes
        self._kept: deque[Incoming | Removal] = deque(maxlen=most_kept)

    @property
    def kept(self) -> int:
        """Changes that wait for the store."""
        return len(self._kept)

    async def edited(self, event: Incoming) -> Amended:
        """Hand an edit in. Raises StoreError."""
        return await self._or_keep(event, lambda: self._changes.edited(event))

    async def deleted(self, removal: Removal) -> None:
        """Hand a deletion in. Raises StoreError."""
        await self._or_keep(removal, lambda: self._changes.deleted(removal))

    async def resume(self) -> None:
        """Hand in again what is kept. Raises StoreUnavailable when the store is still away."""
        while self._kept:
            change = self._kept[0]
            try:
                if isinstance(change, Removal):
                    await self._changes.deleted(change)
                else:
                    await self._changes.edited(change)
            except StoreUnavailable:
                raise
            except StoreError as error:
                logger.error("a change cannot be carried out: %s", error)
            if self._kept and self._kept[0] is change:
                self._kept.popleft()

    async def _or_keep(
        self, change: Incoming | Removal, carry_out: Callable[[], Awaitable[T]]
    ) -> T:
        try:
            return await carry_out()
        except StoreUnavailable as error:
            logger.warning("a change waits for the store: %s (%s)", error, error.hint)
            if change not in self._kept:
                self._kept.append(change)
            raise


def concerns(removal: Removal, event: Incoming) -> bool:
    """Whether a message that waits is among what was deleted."""
    thread = event.thread
    if (thread.platform, thread.space) != (removal.platform, removal.space):
        return False
    if removal.person:
        return event.author.id == removal.person
    if removal.messages:
        # Ids of messages are their channel's own.
        return event.ref.message in removal.messages and removal.channel in (
            event.ref.channel,
            thread.channel,
        )
    if removal.thread is not None:
        return thread == removal.thread
    return thread.channel == removal.channel
