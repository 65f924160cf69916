"""The loops around turns: start them, go on with waiting mail, take over what others left."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping

from bot.adapter import Adapter
from bot.chat import Incoming
from bot.engine.desk import Desk
from bot.engine.queued import Queued
from bot.engine.running import Ending, Running
from bot.engine.turn import TurnRun
from bot.errors import PlatformBusy, PlatformError, StoreError, StoreUnavailable
from bot.reply.deleting import delete
from bot.reply.pacing import Pacer
from bot.storage.types import Begun, Done, Leftover, Turn
from bot.tasks import end, repeat

logger = logging.getLogger(__name__)

JUST_AFTER_SECONDS = 0.05
"""So soon after the end of a lease that is not renewed it is looked for."""

TIDY_SECONDS = 120.0
"""How long it is tried at a stretch to delete what another process left over."""


class Engine:
    """Runs turns as supervised tasks, at most one per thread in this process.

    Args:
        desk: What turns work with.
        adapters: The platforms of this process; turns of others are left to other processes.
        pacers: One per adapter, shared by all its replies.
        running: Where commands find running turns.
        sweep_seconds: How often threads are looked for whose owner has gone away; besides, when
            a lease ends that is not renewed.
        took_over: Told the platform of each turn that is taken over, and how many processes
            have left it without a word.
        mark_after: Messages that wait longer than so many seconds are marked.

    Attributes:
        stranded: Threads with work left and no owner, as of the last look, over all processes.
    """

    def __init__(
        self,
        desk: Desk,
        adapters: Mapping[str, Adapter],
        pacers: Mapping[str, Pacer],
        running: Running,
        sweep_seconds: float,
        took_over: Callable[[str, int], None] = lambda platform, losses: None,
        mark_after: float = 0.3,
    ) -> None:
        self._desk = desk
        self._adapters = adapters
        self._pacers = pacers
        self._running = running
        self._sweep_seconds = self._look_in = sweep_seconds
        self._took_over = took_over
        self._queued = Queued(desk.threads, adapters, mark_after)
        self._tasks: set[asyncio.Task[None]] = set()
        self._closing = False
        self.stranded = 0

    @property
    def running(self) -> int:
        """Threads that are being answered in this process."""
        return len(self._tasks)

    async def take(self, event: Incoming, nonce: str) -> Begun | None:
        """Store a message and start its turn if none runs.

        Args:
            event: The message.
            nonce: The same when this very call is made again after StoreUnavailable.

        Returns:
            None when a turn was started, else why not.

        Raises:
            StoreUnavailable: It is not known whether the message was stored.
        """
        begun = await self._desk.threads.begin(event, nonce=nonce)
        if isinstance(begun, Begun):
            if begun is Begun.QUEUED and not event.author.is_bot:
                self._queued.waits(event)
            return begun
        self.start(begun)
        return None

    async def sweep(self, beat: Callable[[str], None] = lambda what: None) -> None:
        """Take over abandoned turns, for ever; `beat` is told of every look."""
        await repeat(self.take_over, lambda: self._look_in, "looking for abandoned turns", beat)

    async def take_over(self) -> None:
        """Take over every turn whose lease has run out, once.

        Raises:
            StoreUnavailable: The store is away. A single thread that cannot be read is passed over.
        """
        self._look_in = self._sweep_seconds
        left = await self._desk.threads.stranded()
        self.stranded = len(left)
        for thread in left:
            if thread.platform not in self._adapters or self._closing:
                continue
            # A store that was away longer than a lease: our turn renews it by itself.
            if self._running.runs(thread):
                continue
            try:
                turn = await self._desk.threads.reclaim(thread)
            except StoreUnavailable:
                raise
            except (StoreError, ValueError, TypeError, LookupError) as error:
                logger.error("a turn in %s cannot be taken over: %s", thread, error)
                continue
            if turn is not None:
                self._took_over(thread.platform, turn.losses)
                self.start(turn, taken_over=True)
        # Leases of the living are renewed long before they end.
        ends = await self._desk.threads.next_end()
        self._look_in = min(self._sweep_seconds, ends + JUST_AFTER_SECONDS)

    async def tidy_up(self) -> None:
        """Delete what processes that have died left over of their replies, once.

        Raises:
            StoreUnavailable: The store is away.
        """
        for leftover in await self._desk.threads.due_leftovers():
            pacer = self._pacers.get(leftover.thread.platform)
            if pacer is not None and not self._closing:
                pacer.look_after(self._delete(leftover), "tidying up after another process")

    async def _delete(self, leftover: Leftover) -> None:
        thread, threads = leftover.thread, self._desk.threads
        adapter, pacer = self._adapters[thread.platform], self._pacers[thread.platform]
        timer, space = self._desk.timer, thread.space
        try:
            await delete(adapter, pacer, timer, space, leftover.ref, TIDY_SECONDS)
        except PlatformBusy as busy:
            logger.info("a leftover message is deleted later: %s", busy)
            return
        except PlatformError as error:
            logger.warning("a message was left over: %s", error)
        try:
            await threads.leftover_deleted(leftover)
        except StoreUnavailable as error:
            logger.info("a message that is gone will be looked for again: %s", error)

    async def drain(self, grace_seconds: float) -> None:
        """Let running turns finish for a while, then hand the rest to whoever comes next."""
        self._closing = True
        if self._tasks:
            logger.info("waiting for %d running answer(s)", len(self._tasks))
            await asyncio.wait(self._tasks, timeout=grace_seconds)
        self._running.end_all(Ending.SHUTDOWN)
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=5.0)
            await end(*late)
        await self._queued.close()

    def start(self, turn: Turn, *, taken_over: bool = False) -> None:
        """Run a turn whose lease this process has been given, and those that follow on it."""
        task = asyncio.create_task(self._work(turn, taken_over), name=f"turn {turn.lease.turn}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _work(self, first: Turn, taken_over: bool) -> None:
        thread = first.lease.thread
        adapter, pacer = self._adapters[thread.platform], self._pacers[thread.platform]
        turn: Turn | Done = first
        try:
            while isinstance(turn, Turn):
                if self._closing and turn is not first:
                    await self._desk.threads.park(turn.lease)
                    return
                if turn.is_void:
                    # It was deleted while nobody was running the turn.
                    withdrawal = self._desk.withdrawal(adapter, pacer)
                    turn = await withdrawal.end_void(turn)
                    continue
                self._queued.begins(thread)
                if taken_over:
                    self._queued.inherited(turn.mail)
                with self._running.control(thread, turn.lease.turn, turn.askers) as control:
                    turn = await TurnRun(self._desk, adapter, pacer, turn, control).run()
            if turn is Done.IDLE:
                await adapter.settled(thread)
        except StoreError as error:
            logger.error("a turn was left to be taken over: %s (%s)", error, error.hint)
        except PlatformError as error:
            logger.warning("after a turn: %s", error)
        except Exception:
            logger.exception("a turn was left to be taken over")
