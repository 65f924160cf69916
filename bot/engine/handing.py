"""Handing an answer over as a file, once it stands."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bot.chat import Adapter, MessageRef, Spot
from bot.errors import PlatformError
from bot.reply.enclosures import Enclosure
from bot.reply.pacing import Pacer
from bot.reply.slots import Urgency

logger = logging.getLogger(__name__)

SLOT_SECONDS = 5.0
"""How long a file waits for its turn; an answer is whole without it."""


@dataclass(frozen=True, slots=True)
class Handing:
    """Puts a file below an answer.

    Attributes:
        adapter: Where to.
        pacer: The one that all replies through `adapter` share.
        space: `ThreadKey.space`.
        confirm: Raises when somebody else has taken the turn over.
    """

    adapter: Adapter
    pacer: Pacer
    space: str
    confirm: Callable[[], Awaitable[None]]

    async def over(
        self, spot: Spot, enclosure: Enclosure, key: str, *, again: bool
    ) -> tuple[MessageRef, ...]:
        """The message with the file; none when the platform did not take it.

        Args:
            spot: Where the answer stands.
            enclosure: The file.
            key: Names it for good; see `Adapter.attach`.
            again: An earlier process may have handed it over.

        Raises:
            LeaseLost: Somebody else has taken the turn over.
        """
        permit = await self.pacer.acquire_within(
            "post", spot.channel, self.space, Urgency.PART, SLOT_SECONDS
        )
        if permit is None:
            logger.info("a file was left out: too much is being posted")
            return ()
        with permit:
            await self.confirm()
            try:
                ref = await self.adapter.attach(
                    spot, enclosure.file, key, enclosure.text, again=again
                )
            except PlatformError as error:
                logger.warning("a file was left out: %s (%s)", error, error.hint)
                return ()
        return (ref,)
