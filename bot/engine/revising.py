"""What becomes of a turn whose messages are changed or deleted while it runs."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from bot.adapter import Adapter
from bot.budgets import Payer
from bot.chat import Incoming, MessageRef, Spot
from bot.context.tokens import Tokenizer
from bot.engine import texts
from bot.engine.again import Anew
from bot.engine.allowance import Allowance
from bot.engine.counting import as_it_reads_now
from bot.errors import PlatformError, StoreUnavailable, WriterFailed
from bot.records import NO_TALLY, Entry, Tally
from bot.reply.deleting import delete
from bot.reply.pacing import Clock, Pacer
from bot.reply.progressive import ProgressiveReply
from bot.storage.patience import patiently
from bot.storage.threads import Threads
from bot.storage.types import Done, Lease, Leftover, Signal, Turn

logger = logging.getLogger(__name__)

T = TypeVar("T")

TIDY_SECONDS = 120.0
"""How long it is tried at a stretch to delete an answer that nobody asked for any more."""


class Withdrawn(Exception):
    """A message that the running answer is made from was deleted."""


async def as_they_read_now(
    entries: Sequence[Entry], mail: Sequence[Incoming], tokenizer: Tokenizer
) -> tuple[Entry, ...]:
    """A turn's entries with the words that its mail, or what else it has read, has by now."""
    now = {event.ref.message: event for event in sorted(mail, key=lambda event: event.edited)}
    renewed: list[Entry] = []
    for entry in entries:
        said = entry.message_ids if entry.role != "assistant" else ()
        event = now.get(said[0]) if said else None
        if event is not None and event.edited > entry.edited:
            entry = await as_it_reads_now(entry, event, tokenizer)
        renewed.append(entry)
    return tuple(renewed)


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """Ends turns that have lost a message which their answer is made from."""

    threads: Threads
    allowance: Allowance
    adapter: Adapter
    pacer: Pacer
    timer: Clock
    patience: float
    new_id: Callable[[], str]

    async def begin_anew(
        self,
        lease: Lease,
        reply: ProgressiveReply,
        files: Sequence[MessageRef],
        payer: Payer,
        took: Tally,
    ) -> Turn | Done | None:
        """Stop writing, and give the turn back as long as it has something left to answer.

        It then begins anew, in the place of the answer so far; without a message left, what stands
        of the answer is deleted.

        Args:
            lease: Of the turn.
            reply: The answer so far.
            files: Messages with its files, which are deleted in any case.
            payer: Who pays for it.
            took: What it has taken.

        Returns:
            None when the turn was given back, else the next one or why there is none. Raises
            StoreUnavailable.
        """
        await reply.abandon()
        reply.disown()
        nonce = self.new_id()
        await self._insist(lambda: self.threads.account(lease.thread, took, nonce=nonce))
        if await self._is_lost(lease):
            return Done.LOST
        if not await self._insist(lambda: self.threads.unanswered(lease)):
            return await self.end(lease, (*reply.posted, *files))
        await self.allowance.charge(payer, took, self.new_id())
        left = await self._leave(lease, files)
        await self.threads.park(lease)
        self._look_after(left)
        return None

    async def put_back(
        self,
        lease: Lease,
        anew: Anew,
        reply: ProgressiveReply,
        files: Sequence[MessageRef],
        took: Tally,
    ) -> Turn | Done | None:
        """End a turn whose only wish is gone, and show the answer again that it was to replace.

        Args: As those of `begin_anew`; `anew` is what the turn gives again.

        Returns:
            None when somebody's wish is left, or that answer is gone as well; else as `end` does.
        """
        old, thread = anew.old, lease.thread
        if await self._is_lost(lease):
            reply.disown()
            return Done.LOST
        if await self._insist(lambda: self.threads.unanswered(lease)):
            return None
        if await self._insist(lambda: self.threads.answer_of(thread, old.turn)) is None:
            return None
        nonces = self.new_id(), self.new_id()
        await self._insist(lambda: self.threads.account(thread, took, nonce=nonces[0]))
        left = await self._leave(lease, files)
        try:
            await reply.finish(
                anew.restored(texts.STOPPED_ANEW), anew.actions, turn=old.turn, instead=True
            )
        except (PlatformError, WriterFailed) as error:
            logger.warning("turn %s: the old answer is not shown again: %s", lease.turn, error)
        after = await self._insist(lambda: self.threads.rollback(lease, nonce=nonces[1]))
        self._look_after(left)
        return after

    async def end_void(self, turn: Turn) -> Turn | Done:
        """End a turn of a dead process which has nothing to answer any more.

        An answer that it was to give again is shown as it was; any other goes.

        Returns:
            As `end` does. Raises StoreUnavailable.
        """
        lease, draft = turn.lease, turn.draft
        anew = Anew.of(turn, turn.names)
        if anew is None or draft.spot is None:
            return await self.end(lease, draft.refs if anew is None else ())
        reply = ProgressiveReply(
            self.adapter,
            self.pacer,
            lease.thread.space,
            clock=self.timer,
            open_spot=partial(_known, draft.spot),
            key=partial("{}p{}".format, lease.turn[:20]),
            on_posted=_unnoted,
            spot=draft.spot,
            refs=draft.refs,
            again=True,
            unsure=draft.posting,
            turn=lease.turn,
        )
        async with reply:
            after = await self.put_back(lease, anew, reply, (), NO_TALLY)
        return await self.end(lease, ()) if after is None else after

    async def end(self, lease: Lease, refs: Sequence[MessageRef]) -> Turn | Done:
        """End a turn that has nothing to answer any more, and delete what stands of its answer.

        Returns:
            The next turn or why there is none. Raises StoreUnavailable.
        """
        left = await self._leave(lease, refs)
        nonce = self.new_id()
        after = await self._insist(lambda: self.threads.rollback(lease, nonce=nonce))
        logger.info("turn %s: what it answers was deleted", lease.turn)
        self._look_after(left)
        return after

    async def _is_lost(self, lease: Lease) -> bool:
        """Whether somebody else goes on with the turn: its messages are theirs then."""
        return await self._insist(lambda: self.threads.renew(lease)) is Signal.LOST

    async def _leave(self, lease: Lease, refs: Sequence[MessageRef]) -> Sequence[Leftover]:
        left = [Leftover(lease.thread, ref) for ref in refs]
        await self._insist(lambda: self.threads.leave_over(left))
        return left

    def _look_after(self, left: Sequence[Leftover]) -> None:
        if left:
            self.pacer.look_after(self._delete(left), "deleting an answer without a question")

    async def _insist(self, call: Callable[[], Awaitable[T]]) -> T:
        return await patiently(call, self.patience)

    async def _delete(self, left: Sequence[Leftover]) -> None:
        for each in left:
            space = each.thread.space
            try:
                await delete(self.adapter, self.pacer, self.timer, space, each.ref, TIDY_SECONDS)
                await self.threads.leftover_deleted(each)
            except PlatformError as error:
                logger.warning("an answer without a question was left over: %s", error)
            except StoreUnavailable as error:
                logger.info("a message that is gone will be looked for again: %s", error)


async def _known(spot: Spot) -> Spot:
    return spot


async def _unnoted(_spot: Spot, _refs: tuple[MessageRef, ...]) -> None:
    """Whoever takes over from here finds the messages by their keys."""
