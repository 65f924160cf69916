"""Who pays for what a question takes from a service of embeddings, and whether they still may."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from bot.audience import Grant, is_import, is_imports
from bot.budgets import Budgets, Payer
from bot.errors import StoreError
from bot.memories import EVERY_SPACE, Via
from bot.records import NO_TALLY, Tally
from bot.storage.spending import Spending
from bot.tasks import end

logger = logging.getLogger(__name__)

CLOSE_SECONDS = 2.0
"""What is still being charged when the process ends may take so long."""


class Till:
    """Charges budgets beside everything else. Without any budget nothing is asked of the store.

    Args:
        budgets: The limits.
        spending: Where is counted.
        new_id: Makes nonces.
    """

    def __init__(self, budgets: Budgets, spending: Spending, new_id: Callable[[], str]) -> None:
        self._budgets = budgets
        self._spending = spending
        self._new_id = new_id
        self._tasks: set[asyncio.Task[None]] = set()

    async def has_left(self, payer: Payer) -> bool:
        """Whether none of the payer's budgets is used up. True while nobody can say."""
        if not self._budgets.on or self._budgets.exempts(payer):
            return True
        try:
            return not self._budgets.used_up(await self._spending.used(payer))
        except StoreError as error:
            logger.debug("a question is embedded without a look at budgets: %s", error)
            return True

    def charge(self, payer: Payer, cost: Tally) -> None:
        """Count what was used. Returns at once."""
        if not self._budgets.on or cost == NO_TALLY:
            return
        task = asyncio.create_task(self._charge(payer, cost, self._new_id()))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Finish, or give up what takes too long."""
        tasks: tuple[asyncio.Task[Any], ...] = tuple(self._tasks)
        if tasks:
            await asyncio.wait(tasks, timeout=CLOSE_SECONDS)
        await end(*tasks)

    async def _charge(self, payer: Payer, cost: Tally, nonce: str) -> None:
        try:
            await self._spending.charge(payer, cost, nonce=nonce)
        except StoreError as error:
            logger.warning("what a question's embedding took was not noted: %s", error)


def payer_of(grant: Grant) -> Payer | None:
    """Who pays for a search: whoever asks, and the place that they ask in.

    What the bot looks for by itself is the server's or workspace's alone. Nobody's budget is for
    the operator's shell. A guest is not told from a member here.
    """
    if grant.via in (Via.SHELL, Via.IMPORT):
        return None
    platform, user = grant.person.platform, grant.person.user
    space, channel = _place_of(grant)
    if grant.via is Via.AUTO:
        return Payer(platform, space)
    return Payer(platform, space, channel, user, is_admin=grant.admin)


def _place_of(grant: Grant) -> tuple[str, str]:
    """Space and channel; no channel where a grant, such as a token's, opens only what is theirs."""
    platform = grant.person.platform
    for thread in grant.threads:
        if thread.platform == platform and not is_import(thread):
            return thread.space, thread.channel
    for place in grant.channels:
        if place[0] == platform and not is_imports(place):
            return place[1:]
    spaces = (scope.space for scope in grant.readable if scope.platform == platform)
    return next((space for space in spaces if space != EVERY_SPACE), grant.person.space), ""
