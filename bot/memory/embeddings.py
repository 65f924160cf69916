"""Asking an embedder, which may be away: searches go on by words alone then."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import cast

from bot.budgets import Payer
from bot.errors import ModelError
from bot.plugins import resolve
from bot.recall.embedding import Embedder, Near

logger = logging.getLogger(__name__)

QUESTION_SECONDS = 2.0
"""So long a search waits for the vector of its question."""

TEXTS_SECONDS = 60.0
REST_SECONDS = 20.0
"""An embedder that did not answer is left alone for so long."""

LONGEST_QUESTION = 4_000
"""Characters of a question that an embedder is given."""


def unheard(what: str) -> None:
    """Nobody counts."""


async def always(payer: Payer) -> bool:
    """Nothing costs anything."""
    return True


class Meaning:
    """Vectors, where there are any. Never raises; nothing is sent anywhere without an embedder.

    Args:
        embedder: None for searches by words alone.
        count: Told "done" for each call that gave vectors, "failed" for each that gave none,
            "rested" for each question that was not asked because of that, and "spared" for each
            whose payer has nothing left.
        has_left: Whether somebody may still use what costs something.
    """

    def __init__(
        self,
        embedder: Embedder | None,
        count: Callable[[str], None] = unheard,
        has_left: Callable[[Payer], Awaitable[bool]] = always,
    ) -> None:
        self._embedder = embedder
        self._count = count
        self._has_left = has_left
        self._rests_until = 0.0
        self._away = False

    @property
    def name(self) -> str:
        """What vectors are kept under; empty when there are none."""
        return "" if self._embedder is None else self._embedder.name

    def new_near(self) -> Near | None:
        """Where the vectors of an index go; None when there are none."""
        if self._embedder is None:
            return None
        return cast(Near, resolve("bot.recall.vectors:Vectors")())

    async def of_question(self, question: str, payer: Payer | None = None) -> bytes:
        """The vector of what is looked for; empty when there is none in time, or nobody to pay."""
        if self._embedder is None or not question.strip():
            return b""
        if asyncio.get_running_loop().time() < self._rests_until:
            self._count("rested")
            return b""
        if payer is not None and not await self._has_left(payer):
            self._count("spared")
            return b""
        asked = (question[:LONGEST_QUESTION],)
        found = await self._ask(asked, QUESTION_SECONDS, query=True, payer=payer)
        return found[0] if found else b""

    async def of_texts(self, texts: Sequence[str]) -> Sequence[bytes]:
        """A vector for each text; nothing at all when they are not to be had now."""
        if not texts or asyncio.get_running_loop().time() < self._rests_until:
            return ()
        return await self._ask(texts, TEXTS_SECONDS, query=False)

    async def _ask(
        self, texts: Sequence[str], seconds: float, *, query: bool, payer: Payer | None = None
    ) -> Sequence[bytes]:
        if self._embedder is None:
            return ()
        try:
            async with asyncio.timeout(seconds):
                found = await self._embedder.embed(texts, query=query, payer=payer)
        except ModelError as error:
            return self._rest(f"{error} ({error.hint})")
        except TimeoutError:
            return self._rest("no answer in time")
        if len(found) != len(texts):
            return self._rest(f"{len(found)} vectors for {len(texts)} texts")
        self._count("done")
        if self._away:
            self._away = False
            logger.info("the embedder %s is back", self.name)
        return found

    def _rest(self, why: str) -> Sequence[bytes]:
        self._count("failed")
        self._rests_until = asyncio.get_running_loop().time() + REST_SECONDS
        if not self._away:
            self._away = True
            logger.warning("searching by words alone, the embedder is away: %s", why)
        return ()
