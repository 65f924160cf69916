"""Work that goes on after Slack was told that something is taken."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from adapters.slack.endings import ended
from adapters.slack.values import PLATFORM
from bot.errors import BobbinError
from bot.inbox import Inbox

log = logging.getLogger(__name__)


class Errands:
    """Runs each in a task of its own.

    Args:
        inbox: Where what cannot be read is counted.
    """

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox
        self._running: set[asyncio.Task[None]] = set()

    def start(self, work: Callable[[], Awaitable[None]], kind: str) -> None:
        """Begin it; `kind` says in one word what it is, for the log."""
        task = asyncio.create_task(self._guarded(work, kind))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _guarded(self, work: Callable[[], Awaitable[None]], kind: str) -> None:
        try:
            await work()
        except BobbinError as error:
            log.warning("A %s of Slack was not answered: %s (%s)", kind, error, error.hint)
        except Exception as error:
            log.error("A %s of Slack failed: %s", kind, type(error).__name__)
            log.debug("Why it failed", exc_info=error)
            self._inbox.malformed(PLATFORM, kind)

    async def close(self, seconds: float) -> None:
        """Let what runs finish for some seconds."""
        if not self._running:
            return
        _, late = await asyncio.wait(self._running, timeout=seconds)
        await ended(*late)
