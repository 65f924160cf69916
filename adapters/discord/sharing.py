"""Which shards this process holds, when all shards are shared out among processes.

A shard is held by a lease in the store. A process begins with one and takes more while some are
free; nobody hands them out. One that finds none free says so, with how many it has, and somebody
who has at least two more gives one up. So the shares differ by one at most, and no shard moves
without need, since each move costs a log-in.

A process that is alive and cannot reach Discord leaves its shards to one that can: to whoever
waits for a further one, and nobody waits for more who has a silent one himself. How long it lets
others go first doubles from time to time, for each move costs a log-in.

A lease keeps processes from doing the same work, no more: two sessions on one shard are harmless,
because the store knows every message by its id. While the store is away a process therefore goes
on with what it has.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from adapters.discord.calls import Timing
from adapters.discord.shards import Shard
from bot.backoff import Backoff
from bot.errors import NeedsOperator, StoreError
from bot.services import Claims
from bot.tasks import end

log = logging.getLogger(__name__)

SLOW_SECONDS = 30.0
"""A shard that is not connected by then does not keep us from taking the next one."""

SURE = 2
"""Looks in a row that must find somebody waiting; looking can be mistaken for waiting."""

LOOK_SECONDS = 0.05

MOST_PATIENCE = 16
"""So many times as long as a shard may be silent others go first, at most."""

Hold = Callable[[Shard, Callable[[bool], None]], Coroutine[Any, Any, None]]
"""Stays connected to a shard until cancelled, and calls back with whether it is connected."""


@dataclass(slots=True, eq=False)
class _Held:
    """A shard of ours: what keeps it connected, and since when (loop time).

    `silent` is since when there has been no connection, None while there is one.
    """

    task: asyncio.Task[None]
    since: float
    silent: float | None
    connected: asyncio.Event = field(default_factory=asyncio.Event)


class Sharing:
    """Takes, keeps and gives up shards.

    Args:
        claims: Where they are held.
        lease: How long a silent process keeps a shard, in seconds.
        timing: `poll` is how long a free shard may go unnoticed, `silent` how long one may be
            without a connection.
        hold: Connects to a shard.
        order: The shards in the order in which this process tries them.
    """

    def __init__(
        self,
        claims: Claims,
        lease: float,
        timing: Timing,
        hold: Hold,
        order: tuple[Shard, ...],
    ) -> None:
        self._claims = claims
        self._lease = lease
        self._poll = min(timing.poll, lease / 4)
        self._drain = timing.drain
        self._handover = timing.handover
        self._rest = timing.reconnect[1]
        self._silent = timing.silent
        self._patience = Backoff((timing.silent, MOST_PATIENCE * timing.silent))
        self._hold = hold
        self._order = order
        self._held: dict[Shard, _Held] = {}
        self._leaving: dict[asyncio.Task[None], asyncio.Task[None]] = {}
        self._wish: int | None = None
        self._seen_waiting = 0
        self._rest_until = 0.0
        self._others_until = 0.0
        self._changed = asyncio.Event()

    async def run(self) -> None:
        """Hold a fair share until cancelled.

        Raises:
            NeedsOperator: Discord will not have us on a shard.
        """
        try:
            while True:
                self._changed.clear()
                try:
                    await self._round()
                except StoreError as error:
                    log.warning("Shards cannot be shared out for now: %s", error)
                try:
                    async with asyncio.timeout(self._poll):
                        await self._changed.wait()
                except TimeoutError:
                    pass
        finally:
            await self._give_up_all()

    async def _round(self) -> None:
        await self._reap()
        await self._keep()
        await self._leave_silent()
        mine = len(self._held)
        waiting = await self._somebody_waits(mine)
        self._seen_waiting = self._seen_waiting + 1 if waiting else 0
        if waiting and mine > 1 and await self._somebody_waits(mine - 1):
            if self._seen_waiting >= SURE:
                await self._give_up(next(reversed(self._held)))
                self._seen_waiting = 0
            return
        if not waiting and self._settled():
            await self._take_one()

    async def _reap(self) -> None:
        """Let go of shards whose connection has ended."""
        for shard, held in tuple(self._held.items()):
            if not held.task.done():
                continue
            error = None if held.task.cancelled() else held.task.exception()
            if isinstance(error, NeedsOperator):
                raise error
            log.error("Shard %s has ended: %s", shard, error)
            self._rest_until = asyncio.get_running_loop().time() + self._rest
            await self._give_up(shard)

    async def _keep(self) -> None:
        """Renew what we hold. One that somebody else has taken meanwhile is his."""
        for shard in tuple(self._held):
            if await self._claims.claim(_name(shard), self._lease):
                log.warning("Shard %s was taken over by another process", shard)
                await self._give_up(shard, ours=False)

    async def _leave_silent(self) -> None:
        """Give up what we cannot connect to, if there is somebody who would have it."""
        silent = [
            shard for shard, held in self._held.items() if self._is_silent(held, self._silent)
        ]
        if not silent or not await self._somebody_waits(len(self._order)):
            return
        now = asyncio.get_running_loop().time()
        self._others_until = now + self._patience.next()
        log.warning("Discord cannot be reached: %d shard(s) left to other processes", len(silent))
        for shard in silent:
            await self._give_up(shard)

    def _is_silent(self, held: _Held, seconds: float) -> bool:
        now = asyncio.get_running_loop().time()
        return held.silent is not None and now - held.silent > seconds

    def _is_content(self) -> bool:
        """Whether no more shards are wanted.

        Long before anybody leaves his own to us, should nobody reach Discord.
        """
        if len(self._held) == len(self._order):
            return True
        return any(self._is_silent(held, self._silent / 2) for held in self._held.values())

    def _settled(self) -> bool:
        """Whether the shard that was taken last needs us no more, and none has just failed."""
        now = asyncio.get_running_loop().time()
        if now < self._rest_until:
            return False
        if not self._held:
            return True
        last = self._held[next(reversed(self._held))]
        return last.connected.is_set() or now - last.since > SLOW_SECONDS

    async def _take_one(self) -> None:
        """Take a free shard, or say that we would."""
        after_others = asyncio.get_running_loop().time() < self._others_until
        if after_others and await self._somebody_waits(len(self._order)):
            return
        for shard in self._order:
            if shard in self._held or await self._claims.claim(_name(shard), self._lease):
                continue
            await self._wait_for(None)
            self._held[shard] = self._connect(shard)
            log.info("Took shard %s", shard)
            return
        wanting = not after_others and not self._is_content()
        await self._wait_for(len(self._held) if wanting else None)

    def _connect(self, shard: Shard) -> _Held:
        def heard(up: bool) -> None:
            if up:
                held.silent = None
                held.connected.set()
                self._patience.reset()
                self._changed.set()
            elif held.silent is None:
                held.silent = loop.time()

        loop = asyncio.get_running_loop()
        task = asyncio.create_task(self._hold(shard, heard), name=f"shard {shard}")
        task.add_done_callback(lambda _: self._changed.set())
        held = _Held(task, loop.time(), loop.time())
        return held

    async def _wait_for(self, level: int | None) -> None:
        """Say that we have `level` shards and would take one more; None: that we would not."""
        before, self._wish = self._wish, level
        if before is not None and before != level:
            await self._claims.release(self._wish_name(before))
        if level is not None:
            await self._claims.claim(self._wish_name(level), self._lease)

    async def _somebody_waits(self, below: int) -> bool:
        """Whether a process with fewer shards than `below` waits for one."""
        for level in range(below):
            name = self._wish_name(level)
            if level == self._wish:
                continue
            left = await self._claims.claim(name, LOOK_SECONDS)
            if left > LOOK_SECONDS:
                return True
            # Less is left of the look of another process.
            await self._claims.release(name)
        return False

    def _wish_name(self, level: int) -> str:
        return f"wish:{self._order[0].count}:{level}"

    async def _give_up(self, shard: Shard, *, ours: bool = True) -> None:
        held = self._held.pop(shard)
        if ours:
            log.info("Gave up shard %s", shard)
            await self._release(shard)
        leaving = asyncio.create_task(self._leave(held.task), name=f"leaving shard {shard}")
        self._leaving[leaving] = held.task
        leaving.add_done_callback(lambda done: self._leaving.pop(done, None))

    async def _leave(self, task: asyncio.Task[None]) -> None:
        """End a connection once another process has had the time to connect.

        Both hear everything until then, and what comes twice is taken once.
        """
        try:
            await asyncio.wait((task,), timeout=self._handover)
        finally:
            await end(task)

    async def _give_up_all(self) -> None:
        """Release everything first, so that others connect while our sessions end."""
        if self._wish is not None:
            await self._try(self._wait_for(None))
        for shard in self._held:
            await self._release(shard)
        connections = [held.task for held in self._held.values()]
        await end(*connections, *self._leaving, *self._leaving.values())
        self._held.clear()

    async def _release(self, shard: Shard) -> None:
        await self._try(self._claims.release(_name(shard)))

    async def _try(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            async with asyncio.timeout(self._drain):
                await work
        except (StoreError, TimeoutError) as error:
            log.debug("A lease ends by itself: %s", error)


def _name(shard: Shard) -> str:
    return f"shard:{shard.count}:{shard.id}"
