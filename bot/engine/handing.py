"""Handing an answer over as a file, once it stands."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from hashlib import sha256

from bot.adapter import Adapter
from bot.chat import MessageRef, Spot
from bot.engine import texts
from bot.engine.answer import Answer
from bot.engine.watch import Watch
from bot.errors import NotAllowed, PlatformError
from bot.records import Entry
from bot.reply.enclosures import Enclosure, Enclosures
from bot.reply.pacing import Pacer
from bot.reply.progressive import ProgressiveReply
from bot.reply.slots import Urgency
from bot.storage.types import Draft

logger = logging.getLogger(__name__)

SLOT_SECONDS = 5.0
"""How long a file waits for its turn; an answer is whole without it."""

MARK_LETTERS = 4
"""What a key has for the answer; with the turn's part it is as long as platforms take."""


@dataclass(frozen=True, slots=True)
class Handing:
    """Puts a file below an answer that is hard to read in a chat.

    Attributes:
        adapter: Where to.
        pacer: The one that all replies through `adapter` share.
        enclosures: Which answers get one.
        space: `ThreadKey.space`.
        watch: The turn's.
    """

    adapter: Adapter
    pacer: Pacer
    enclosures: Enclosures
    space: str
    watch: Watch

    async def over(
        self, reply: ProgressiveReply, answer: Answer, key: str, *, again: bool
    ) -> tuple[MessageRef, ...]:
        """The message with the file; none when there is none, or the platform did not take it.

        Where no files are allowed it is a message that says so.

        Args:
            reply: It stands.
            answer: What it says.
            key: Of the turn. Another answer of the same turn has another file.
            again: An earlier process may have handed it over.

        Raises:
            LeaseLost: Somebody else has taken the turn over.
        """
        can, spot = self.adapter.capabilities, reply.spot
        parts, text = len(reply.refs), answer.whole.strip()
        found = self.enclosures.of(text, parts, can.max_chars, can.file_bytes)
        if found is None or spot is None:
            return ()
        # Whoever takes the turn over from here on has the same answer, and so the same file.
        draft = Draft(spot, reply.posted, answer.to_keep(), posting=reply.unsure)
        await self.watch.save(draft)
        mark = sha256(found.file.content).hexdigest()[:MARK_LETTERS]
        return await self._attach(spot, found, f"{key}{mark}", again)

    async def _attach(
        self, spot: Spot, enclosure: Enclosure, key: str, again: bool
    ) -> tuple[MessageRef, ...]:
        file, above = enclosure.file, enclosure.text
        try:
            return await self._post(
                spot, lambda: self.adapter.attach(spot, file, key, above, again=again)
            )
        except NotAllowed as refusal:
            logger.warning("no files are allowed here: %s (%s)", refusal, refusal.hint)
        except PlatformError as error:
            logger.warning("a file was left out: %s (%s)", error, error.hint)
            return ()
        try:
            return await self._post(
                spot, lambda: self.adapter.post(spot, texts.NO_FILE, key=key, again=again)
            )
        except PlatformError as error:
            logger.info("nobody is told that there is no file: %s", error)
            return ()

    async def _post(
        self, spot: Spot, post: Callable[[], Awaitable[MessageRef]]
    ) -> tuple[MessageRef, ...]:
        permit = await self.pacer.acquire_within(
            "post", spot.channel, self.space, Urgency.PART, SLOT_SECONDS
        )
        if permit is None:
            logger.info("a file was left out: too much is being posted")
            return ()
        with permit:
            await self.watch.confirm()
            return (await post(),)


def enclosed_by(answer: Entry, spot: Spot | None) -> tuple[MessageRef, ...]:
    """The messages with an answer's files, which stand where the answer does."""
    if spot is None:
        return ()
    return tuple(MessageRef(spot.channel, message, spot.space) for message in answer.enclosed)
