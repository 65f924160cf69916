"""What folds proposed to remember, in conversations in which nobody speaks again."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

from bot.adapter import Adapter
from bot.chat import Author, Incoming, MessageRef, ThreadKey
from bot.engine.desk import Desk
from bot.errors import StoreMismatch
from bot.memory.proposals import load

logger = logging.getLogger(__name__)


class Belated:
    """Takes it up, in the background.

    Whoever folds does that at once, and a turn does what another process has left. Without this
    what was proposed right before a process died would wait for the next question.

    Args:
        desk: What turns work with.
        adapters: The platforms of this process; conversations of others are left to others.
    """

    def __init__(self, desk: Desk, adapters: Mapping[str, Adapter]) -> None:
        self._desk = desk
        self._adapters = adapters

    async def round(self) -> None:
        """Look for it once. Raises StoreUnavailable."""
        for thread in await self._desk.threads.due_proposals(self._adapters):
            try:
                await self._take_up(thread, self._adapters[thread.platform])
            except StoreMismatch as error:
                logger.error("what is proposed in %s cannot be taken up: %s", thread, error)

    async def _take_up(self, thread: ThreadKey, adapter: Adapter) -> None:
        threads = self._desk.threads
        proposed = (await threads.take_window(thread)).proposed
        if not proposed:
            await threads.take_up(thread, "")
            return
        confined = thread in await threads.confined([thread])
        said = Incoming("", thread, _below(proposed), Author("", ""), "", 0.0, 0, confined=confined)
        keeper = self._desk.keeper(adapter, [said])
        if keeper is not None:
            self._desk.folding.take_up(thread, keeper)


def _below(proposed: Sequence[str]) -> MessageRef:
    """The message under which people are told; what cannot be read will be dropped untold."""
    for line in reversed(proposed):
        try:
            return load(line).below
        except ValueError:
            continue
    return MessageRef("", "")
