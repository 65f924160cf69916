"""Budgets over the model: asked before it is, told afterwards what it took."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace

from bot.budgets import Account, Budgets, Payer, refusal_text, standing_text
from bot.chat import ThreadKey
from bot.engine.cost import estimate
from bot.errors import BudgetExceeded, StoreError
from bot.records import NO_TALLY, Tally
from bot.storage.patience import patiently
from bot.storage.threads import Threads

logger = logging.getLogger(__name__)

EXPECTED_ANSWER = 1000
"""Tokens that an answer is expected to have. Longer ones may take a budget over its limit, by what
they have beyond that."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """What may be used. Without any budget nothing is asked of the store.

    Attributes:
        budgets: The limits.
        threads: Where is counted.
        clock: Seconds since the epoch.
        model: The model's name, for its prices.
        answer_tokens: The most an answer may have; None where that is not limited.
    """

    budgets: Budgets
    threads: Threads
    clock: Callable[[], float]
    model: str
    answer_tokens: int | None = None

    async def reserve(
        self,
        payer: Payer,
        turn: str,
        prompt_tokens: int,
        patience: float = 0.0,
        *,
        asked: bool = True,
    ) -> None:
        """Reserve what a request will probably take; once for each turn.

        Args:
            payer: For whom it is.
            turn: Its id, the same for whoever takes the turn over.
            prompt_tokens: As the provider will probably count them.
            patience: Seconds to wait for a store that is away.
            asked: It is a request of its own; not so what another one needs beside it.

        Raises:
            BudgetExceeded: Something is used up, or it is asked too often. Nothing was reserved.
            StoreUnavailable: It is not known whether it was.
        """
        answer = min(EXPECTED_ANSWER, self.answer_tokens or EXPECTED_ANSWER)
        wanted = estimate(self.model, prompt_tokens, answer)
        await self.reserve_for(payer, turn, wanted, patience, asked=asked)

    async def reserve_for(
        self,
        payer: Payer,
        turn: str,
        wanted: Tally,
        patience: float = 0.0,
        *,
        asked: bool = True,
    ) -> None:
        """The same, for something else than an answer: `wanted` is what it will probably take."""
        if not self.budgets.on:
            return
        spending = self.threads.spending
        budgets = self.budgets if asked else replace(self.budgets, requests_per_minute=None)
        refused = await patiently(lambda: spending.reserve(payer, turn, wanted, budgets), patience)
        if refused is not None:
            text = refusal_text(refused, self.budgets.requests_per_minute, self.clock())
            raise BudgetExceeded(type(refused).__name__, user_text=text)

    async def settle(self, payer: Payer, turn: str, real: Tally = NO_TALLY) -> None:
        """Say what a turn took. When the store is away what was reserved stands."""
        if not self.budgets.on:
            return
        try:
            await self.threads.spending.settle(payer, turn, real)
        except StoreError as error:
            logger.warning("what turn %s took was not noted: %s", turn, error)

    async def note(self, where: ThreadKey, user: str, real: Tally, nonce: str) -> None:
        """Add what was used outside any conversation to the figures of today, budgets or not."""
        if real == NO_TALLY:
            return
        try:
            await self.threads.count_use(where, user, real, nonce=nonce)
        except StoreError as error:
            logger.warning("what a private answer took was not noted: %s", error)

    async def charge(self, payer: Payer, real: Tally, nonce: str) -> None:
        """Count what was used without asking, such as for a summary."""
        if not self.budgets.on or real == NO_TALLY:
            return
        try:
            await self.threads.spending.charge(payer, real, nonce=nonce)
        except StoreError as error:
            logger.warning("what a summary took was not noted: %s", error)

    async def standing(self, payer: Payer) -> str:
        """How much of each budget is used today, in words; without a channel, not the channel's.

        Raises StoreUnavailable.
        """
        if self.budgets.on:
            asked = replace(payer, is_outside=payer.is_outside or payer.is_admin)
            used = await self.threads.spending.used(asked)
        else:
            used = await self.threads.used_today(payer)
        if not payer.channel:
            used = {account: each for account, each in used.items() if account != Account.CHANNEL}
        return standing_text(used, self.budgets, payer.is_admin, self.clock())
