"""Requests to a model beside the answer itself, and what they take."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass

from bot.budgets import Payer
from bot.chat import ThreadKey
from bot.context.tokens import Tokenizer
from bot.engine.allowance import Allowance
from bot.engine.cost import tally_of
from bot.errors import StoreError
from bot.model.port import Finished, Model, Prompt, TextDelta
from bot.records import NO_TALLY, Tally
from bot.storage.threads import Threads

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Beside:
    """Asks models, and counts for whoever the answer is.

    Attributes:
        threads: Where a thread's figures are kept.
        tokenizer: Counts what a service does not.
        allowance: The budgets.
        new_id: Names a charge.
        spent: Told the platform, the purpose and the figures of each request.
    """

    threads: Threads
    tokenizer: Tokenizer
    allowance: Allowance
    new_id: Callable[[], str]
    spent: Callable[[str, str, Tally], None] = lambda platform, purpose, cost: None

    async def ask(self, model: Model, prompt: Prompt, thread: ThreadKey, payer: Payer) -> str:
        """What the model says, and charge it: for what nobody could refuse any more.

        Raises:
            ModelError: It does not answer.
        """
        text, cost = await self._ask(model, prompt, thread)
        await self.allowance.charge(payer, cost, self.new_id())
        return text

    async def ask_within(
        self,
        model: Model,
        prompt: Prompt,
        thread: ThreadKey,
        payer: Payer,
        request: str,
        tokens: int,
    ) -> str:
        """The same if the budgets allow it.

        Args:
            model: Is asked.
            prompt: What.
            thread: Whose figures it belongs to.
            payer: For whom it is.
            request: Its id, the same for whoever repeats it.
            tokens: About what it takes.

        Raises:
            BudgetExceeded: They don't.
            ModelError: The model does not answer.
            StoreUnavailable: It is not known whether they do.
        """
        await self.allowance.reserve(payer, request, tokens, asked=False)
        cost = NO_TALLY
        try:
            text, cost = await self._ask(model, prompt, thread)
        finally:
            await self.allowance.settle(payer, request, cost)
        return text

    async def _ask(self, model: Model, prompt: Prompt, thread: ThreadKey) -> tuple[str, Tally]:
        parts: list[str] = []
        cost = NO_TALLY
        async with aclosing(model.stream(prompt)) as events:
            async for event in events:
                if isinstance(event, TextDelta):
                    parts.append(event.text)
                elif isinstance(event, Finished):
                    cost = tally_of(event, prompt, "".join(parts), self.tokenizer)
        self.spent(thread.platform, str(prompt.purpose), cost)
        try:
            await self.threads.account(thread, cost)
        except StoreError as error:
            logger.warning("what a request took was not noted: %s", error)
        return "".join(parts), cost
