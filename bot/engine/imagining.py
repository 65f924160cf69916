"""An image that somebody asks for: within budgets, behind the gate, and stored nowhere."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from bot.budgets import MICROS, Payer
from bot.chat import Author, ThreadKey
from bot.engine import texts
from bot.engine.allowance import Allowance
from bot.errors import BudgetExceeded, StoreError
from bot.model.images import Painter, Picture
from bot.records import NO_TALLY, Tally
from bot.services import Claims

logger = logging.getLogger(__name__)

DAY_SECONDS = 86_400.0

EXPECTED_TOKENS = 1500
"""Of an image, as the provider counts them."""


@dataclass(frozen=True, slots=True)
class ImageRules:
    """How images are made here.

    Attributes:
        size: As the endpoint takes it.
        price: US dollars for one; None where it is not known.
        a_day: Most for one person, spread over a day; None for no limit.
    """

    size: str
    price: float | None = None
    a_day: int | None = None


class Imagining:
    """Has images made.

    Args:
        painter: Makes them.
        rules: See `ImageRules`.
        allowance: What may be used.
        claims: Where it is counted how many somebody has had, for all processes.
        pseudonym: Stands in for ids at the provider.
        new_id: Makes ids of requests.
        spent: Told of the platform and what each image took.
    """

    def __init__(
        self,
        painter: Painter,
        rules: ImageRules,
        allowance: Allowance,
        claims: Claims,
        pseudonym: Callable[[str], str],
        new_id: Callable[[], str],
        spent: Callable[[str, Tally], None] = lambda platform, cost: None,
    ) -> None:
        self._painter = painter
        self._rules = rules
        self._allowance = allowance
        self._claims = claims
        self._pseudonym = pseudonym
        self._new_id = new_id
        self._spent = spent

    async def image(self, prompt: str, asker: Author, place: ThreadKey) -> Picture:
        """An image for somebody in a channel.

        Raises:
            BudgetExceeded: A budget does not allow it.
            ModelError: There is none.
            StoreUnavailable: The store is away, without which nothing is made.
        """
        payer, request = Payer.of(place, asker), self._new_id()
        wanted = self._tally(len(prompt) // 4, EXPECTED_TOKENS)
        await self._allowance.reserve_for(payer, request, wanted)
        took = NO_TALLY
        try:
            await self._count(place, asker)
            who = self._pseudonym(f"{place.platform}:{asker.id}")
            made = await self._painter.paint(prompt, self._rules.size, who)
            took = self._tally(made.prompt_tokens, made.image_tokens)
        finally:
            self._spent(place.platform, took)
            await self._allowance.settle(payer, request, took)
            await self._allowance.note(place, asker.id, took, request)
        return made

    async def _count(self, place: ThreadKey, asker: Author) -> None:
        if self._rules.a_day is None:
            return
        name = self._pseudonym(f"image:{place.platform}:{place.space}:{asker.id}")
        every = DAY_SECONDS / self._rules.a_day
        try:
            wait = await self._claims.spend(name, self._rules.a_day, every)
        except StoreError as error:
            logger.warning("how many images somebody had is not known: %s", error)
            raise
        if wait:
            told = texts.images_used_up(self._rules.a_day, wait)
            raise BudgetExceeded("images a day", user_text=told)

    def _tally(self, prompt: int, image: int) -> Tally:
        price = self._rules.price
        return Tally(
            prompt=prompt,
            completion=image,
            cost_micros=round((price or 0.0) * MICROS),
            unpriced=int(price is None),
        )
