"""Making sure that the whole answer arrives."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence

from bot.chat import MessageRef, Spot
from bot.controls import PLAIN, Action, Presentation
from bot.errors import BadToken, MessageGone, PlatformBusy, PlatformError
from bot.reply.deleting import delete
from bot.reply.looks import Looks
from bot.reply.pacing import Clock, Pacer
from bot.reply.slots import Urgency
from bot.reply.written import Patience, Written

logger = logging.getLogger(__name__)

SHORTEST = "…"
"""Text of a message that is posted only to be deleted."""


class Landing:
    """Writes the last text of one reply, ahead of everybody's interim edits."""

    def __init__(
        self,
        written: Written,
        pacer: Pacer,
        space: str,
        clock: Clock,
        patience: Patience,
        looks: Looks,
    ) -> None:
        self._looks = looks
        self._written = written
        self._pacer = pacer
        self._space = space
        self._clock = clock
        self._patience = patience

    async def write(
        self, spot: Spot, parts: Sequence[str], actions: Sequence[Action] = (), *, edits: bool
    ) -> None:
        """Make the messages show `parts`, the last of them with `actions` under it.

        Where a message cannot be edited now, it and those after it are posted anew, and the old
        ones are left over: a whole answer further down is better than half of one. A message that
        shows its text already and only cannot be given its look stays as it is.

        Raises:
            PlatformError: Somebody deleted a message, or posting did not succeed in time.
        """
        written = self._written
        for index, text in enumerate(parts):
            look = self._looks.final(actions, last=index == len(parts) - 1)
            if index < len(written.refs) and written.shown[index] != text:
                if not edits or not await self._edit(index, text, look):
                    written.drop_from(index)
                    written.reposted += 1
            elif index < len(written.refs) and edits:
                streamed = written.counted("edit", index) == "append"
                if self._looks.differs(written.looks[index], look, streamed=streamed):
                    # The text stands: those that do not yet go first.
                    await self._edit(index, text, look, Urgency.PART)
            if index == len(written.refs):
                await self._post(spot, text, look)
        if written.unsure:
            await self._find_last(spot)
        written.drop_from(len(parts))

    async def tidy(self, on_deleted: Callable[[MessageRef], Awaitable[None]]) -> None:
        """Delete the messages that are left over, and tell of each that is gone."""
        written = self._written
        until = self._clock.now() + self._patience.tidy
        for ref in tuple(written.leftovers):
            left = until - self._clock.now()
            try:
                await delete(written.adapter, self._pacer, self._clock, self._space, ref, left)
            except PlatformError as error:
                logger.warning("a message was left over: %s", type(error).__name__)
            else:
                await on_deleted(ref)
        written.leftovers.clear()

    async def _find_last(self, spot: Spot) -> None:
        """Get hold of a message that an earlier process may have posted as its last deed.

        Posting under the same key gives it back; where there is none a short one is made. Either
        is left over.
        """
        try:
            await self._post(spot, SHORTEST)
        except PlatformError as error:
            logger.warning("a message may be left over: %s", type(error).__name__)

    async def _edit(
        self, index: int, text: str, look: Presentation, urgency: Urgency = Urgency.FINAL
    ) -> bool:
        """Whether the message shows `text`; if not, another one has to."""
        await self._written.confirm()
        patience = self._patience
        until = self._clock.now() + patience.edit
        channel = self._written.refs[index].channel
        while True:
            call = self._written.counted("edit", index)
            permit = await self._pacer.acquire_within(
                call, channel, self._space, urgency, patience.edit_slot
            )
            if permit is None:
                return False
            try:
                with permit:
                    await self._written.edit(index, text, look)
            except PlatformBusy as busy:
                pause = self._written.told_to_wait(busy, call, channel)
                if pause > patience.edit_slot or self._clock.now() + pause > until:
                    return False
                await self._clock.sleep(pause)
            except (MessageGone, BadToken):
                raise
            except PlatformError as error:
                logger.info("the final edit was refused: %s", type(error).__name__)
                return False
            else:
                return True

    async def _post(self, spot: Spot, text: str, look: Presentation = PLAIN) -> None:
        await self._written.confirm()
        until = self._clock.now() + self._patience.post
        while True:
            left = until - self._clock.now()
            permit = await self._pacer.acquire_within(
                "post", spot.channel, self._space, Urgency.FINAL, left
            )
            if permit is None:
                raise PlatformBusy("no room for the answer within the time allowed")
            try:
                with permit:
                    await self._written.post(spot, text, look)
            except PlatformBusy as busy:
                pause = self._written.told_to_wait(busy, "post", spot.channel)
                if self._clock.now() + pause > until:
                    raise
                await self._clock.sleep(pause)
            else:
                await self._written.tell(spot)
                return
