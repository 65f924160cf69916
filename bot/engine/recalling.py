"""What is remembered from elsewhere, put before the model with a question."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from bot.audience import Audience, person_of
from bot.capabilities import Capabilities
from bot.chat import ThreadKey
from bot.errors import BobbinError
from bot.memories import Person
from bot.memory.granting import Granting
from bot.memory.port import Memories
from bot.presence import audience_of_mail
from bot.records import Entry
from bot.storage.types import Turn

logger = logging.getLogger(__name__)

LEAST_SHARE = 8
"""A prompt holds at least so many times as much as may be recalled for it."""

LONGEST_QUERY = 2_000
"""Characters of a question that are looked for; what is pasted below it is not the question."""


@dataclass(frozen=True, slots=True)
class Recalling:
    """Looks for what fits a question. It never raises, and never makes a question wait long.

    Attributes:
        memories: Where it is looked for.
        tokens: Most that may be recalled for a question; 0 for nothing, ever.
        seconds: How long it may take; what is found later is not used.
        granting: Tells what may be read.
        observe: Told of each question what came of it: "found", "nothing", "slow" or "error".
    """

    memories: Memories
    tokens: int
    seconds: float
    granting: Granting = field(default_factory=Granting)
    observe: Callable[[str], None] = lambda outcome: None

    def room(self, configured: int) -> int:
        """Tokens to keep free for it in prompts of at most so many; always the same."""
        return min(self.tokens, configured // LEAST_SHARE)

    async def recall(
        self,
        audience: Audience,
        person: Person,
        query: str,
        *,
        most: int,
        besides: Sequence[tuple[ThreadKey, int]] = (),
    ) -> str:
        """What everybody there may read and fits the question; empty for nothing.

        Args:
            audience: Who reads the answer.
            person: Who asks.
            query: The question.
            most: Tokens.
            besides: As in `Memories.context`.
        """
        query = query[:LONGEST_QUERY]
        if not most or not query.strip():
            return ""
        try:
            async with asyncio.timeout(self.seconds):
                given = await self.granting.of(audience, person)
                found = await self.memories.context(given, query, max_tokens=most, besides=besides)
        except TimeoutError:
            logger.warning("a question goes without what is remembered: it took too long")
            self.observe("slow")
            return ""
        except BobbinError as error:
            logger.warning("a question goes without what is remembered: %s", error)
            self.observe("error")
            return ""
        self.observe("found" if found.text else "nothing")
        return found.text

    async def for_turn(
        self, turn: Turn, asked: Sequence[Entry], capabilities: Capabilities, most: int
    ) -> str:
        """`recall` for the mail of a turn, which is `asked` as entries."""
        thread, newest = turn.lease.thread, turn.mail[-1]
        person = person_of(
            thread.platform,
            thread.space,
            newest.author.id,
            per_space=capabilities.people_per_space,
        )
        return await self.recall(
            audience_of_mail(turn.mail, capabilities),
            person,
            "\n".join(entry.text for entry in asked if entry.role == "user"),
            most=most,
            besides=((thread, turn.summary.upto + 1),),
        )
