"""What people may know of, and have erased of, what is kept about them in one space."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from bot.budgets import Payer
from bot.chat import Author, CommandCall, CommandReply, Overview, ThreadKey
from bot.commands import texts
from bot.engine.allowance import Allowance
from bot.storage.threads import Threads

Forget = Callable[[ThreadKey], Awaitable[object]]


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
        """See `bot.chat.Inbox.overview`."""
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

    async def forget_all(self, call: CommandCall, forget: Forget) -> CommandReply:
        """Erase every conversation of the space in which the caller has written."""
        gone = 0
        # All are found first: what is erased meanwhile must not let the search miss others.
        mine = [
            thread
            async for thread in self._threads.all_of(call.platform, call.space, call.author.id)
        ]
        for thread in mine:
            await forget(thread)
            gone += 1
        return CommandReply(texts.all_erased_text(gone), harmless=True)
