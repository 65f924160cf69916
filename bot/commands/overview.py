"""What people may know of what is kept about them in one space."""

from __future__ import annotations

import asyncio

from bot.budgets import Payer
from bot.chat import Author, Overview
from bot.commands import texts
from bot.engine.allowance import Allowance
from bot.storage.threads import Threads


class Overviews:
    """Looks at one person's conversations in one server or workspace, never beyond it.

    Args:
        threads: Where they are kept.
        allowance: What may be used.
    """

    def __init__(self, threads: Threads, allowance: Allowance) -> None:
        self._threads = threads
        self._allowance = allowance

    async def of(self, platform: str, space: str, author: Author) -> Overview:
        """See `bot.inbox.Inbox.overview`."""
        payer = Payer(
            platform,
            space,
            user=author.id,
            is_outside=author.is_outside,
            is_admin=author.is_admin,
        )
        threads, used = await asyncio.gather(
            self._threads.latest_of(platform, space, author.id), self._allowance.standing(payer)
        )
        settings = texts.settings_text(self._allowance.model, self._threads.retention_days)
        return Overview(tuple(threads), used, settings)
