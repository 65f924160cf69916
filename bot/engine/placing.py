"""Where a turn's answer goes, and what a successor has to know of that."""

from __future__ import annotations

import logging

from bot.adapter import Adapter
from bot.chat import Incoming, MessageRef, Spot
from bot.engine.watch import Watch
from bot.errors import StoreUnavailable
from bot.reply.pacing import Pacer
from bot.reply.slots import Urgency
from bot.storage.threads import Threads
from bot.storage.types import Draft, Leftover, Turn
from bot.title import title_of

logger = logging.getLogger(__name__)


class Place:
    """The place of one turn's answer, as its `ProgressiveReply` asks for it and tells of it.

    Args:
        adapter: Where the conversation is.
        pacer: The one that all replies through `adapter` share.
        threads: Where leftovers are noted.
        watch: The turn's; it keeps drafts.
        turn: Whose answer it is.
    """

    def __init__(
        self, adapter: Adapter, pacer: Pacer, threads: Threads, watch: Watch, turn: Turn
    ) -> None:
        self._adapter = adapter
        self._pacer = pacer
        self._threads = threads
        self._watch = watch
        self._turn = turn
        self._thread = turn.lease.thread

    @property
    def near(self) -> Spot | None:
        """Where the asker looks while a thread has to be made first."""
        event = self._opener()
        return Spot(event.ref.channel) if self._begins_thread(event) else None

    async def open(self) -> Spot:
        """Find the place, or make it. Raises PlatformError."""
        event = self._opener()
        title = title_of(event.topic, event.author.name)
        if not self._begins_thread(event):
            return await self._adapter.open(event, title)
        # This may make a thread, which counts like other calls.
        channel, space = event.ref.channel, self._thread.space
        with await self._pacer.acquire("open", channel, space, Urgency.OPEN):
            return await self._adapter.open(event, title)

    def key(self, part: int) -> str:
        """Names a message of the answer for good."""
        return f"{self._turn.lease.turn[:20]}p{part}"

    async def posted(self, spot: Spot, refs: tuple[MessageRef, ...]) -> None:
        """These messages hold the answer now."""
        # A place that did not have to be made is found again in the same way.
        if refs or self._begins_thread(self._opener()):
            await self._watch.save(Draft(spot, refs))

    async def posting(self, spot: Spot, refs: tuple[MessageRef, ...]) -> None:
        """One message more is about to."""
        await self._watch.announce(Draft(spot, refs, posting=True))

    async def deleted(self, ref: MessageRef) -> None:
        """A message that was left over is gone."""
        try:
            await self._threads.leftover_deleted(Leftover(self._thread, ref))
        except StoreUnavailable as error:
            logger.info("a message that is gone will be looked for again: %s", error)

    def _begins_thread(self, event: Incoming) -> bool:
        return event.ref.message == self._thread.thread

    def _opener(self) -> Incoming:
        """The message to answer to: the one that the thread is made from, else the newest."""
        mail = self._turn.mail
        return next((event for event in mail if self._begins_thread(event)), mail[-1])
