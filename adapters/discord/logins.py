"""When a connection may log in at the gateway.

Discord takes 1000 log-ins (IDENTIFY) a day and then resets the bot's token, which ends the bot
until somebody makes a new one. A process that dies again and again, or a session that Discord
keeps ending, must never get that far. Besides, Discord takes one log-in in five seconds of each of
`max_concurrency` keys, and a shard has the key of its number modulo that. All processes that
share the token keep both rules together, through the store. A log-in waits some seconds for a store
that is away, since without it nobody could be answered; after that each process keeps the rules for
itself, so that people can at least be told.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from adapters.discord.calls import Timing
from adapters.discord.shards import Shard
from bot.errors import PlatformError, StoreError
from bot.services import Claims

log = logging.getLogger(__name__)

RATE = "logins"
"""Name of the rate that all log-ins share."""

RESERVE = 10
"""Log-ins of Discord's day that are left alone, for the operator."""

LOOK_AGAIN_SECONDS = 300.0

PROMPT_SECONDS = 0.25
"""A key that took longer to get is asked for once more: its time began before we heard of it."""

MOST_TRIES = 5


@dataclass(frozen=True, slots=True)
class Starts:
    """What Discord says about log-ins.

    Attributes:
        shards: How many shards it recommends.
        total: Log-ins a day.
        left: How many are left of them.
        reset: Seconds until they are counted anew.
        concurrency: How many shards may log in at once.
    """

    shards: int = 1
    total: int = 1000
    left: int = 1000
    reset: float = 0.0
    concurrency: int = 1


def read_starts(fields: Mapping[str, Any]) -> Starts:
    """The answer of `/gateway/bot`.

    Raises:
        PlatformError: It is not what Discord promises.
    """
    try:
        limit = cast("Mapping[str, Any]", fields["session_start_limit"])
        return Starts(
            shards=max(1, int(fields["shards"])),
            total=max(1, int(limit["total"])),
            left=int(limit["remaining"]),
            reset=int(limit["reset_after"]) / 1000,
            concurrency=max(1, int(limit["max_concurrency"])),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise PlatformError("Discord's word about log-ins cannot be read") from error


def allowance(total: int, count: int) -> tuple[int, float]:
    """Log-ins that may follow on each other, and the seconds in which one more becomes free.

    Together at most half of what Discord takes a day. Up to six shards may log in 20 times at
    once; of more, each may three times, as long as that leaves a quarter of the day's.

    Args:
        total: Discord's log-ins a day.
        count: How many shards there are.
    """
    burst = max(1, min(max(20, 3 * count), total // 4))
    return burst, 86_400 / max(1.0, total / 2 - burst)


class LocalRate:
    """The same rate for this process alone: the time up to which log-ins are used up.

    Args:
        clock: Seconds, never going back.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._used_until = 0.0

    def spend(self, burst: int, seconds: float) -> float:
        """Use one; else the seconds until there is one."""
        now = self._clock()
        used = max(now, self._used_until)
        wait = used - now - (burst - 1) * seconds
        if wait > 0:
            return wait
        self._used_until = used + seconds
        return 0.0


@dataclass(slots=True)
class _Turn:
    """A shard on its way in: `number` tells its holds of the key apart."""

    key: int
    number: int


class Logins:
    """Lets one connection after the other log in.

    A log-in that was paid for and not used, because no connection came about, is kept for the
    next try.

    Args:
        clock: Seconds, never going back.
        timing: How far apart they are.
        pause: Waits for some seconds.
        allowed: How many are allowed, as `allowance` says it; None for as many as wanted, where a
            gateway proxy keeps the sessions.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        timing: Timing | None = None,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
        allowed: Callable[[int, int], tuple[int, float]] | None = allowance,
    ) -> None:
        self._clock = clock
        self._timing = timing or Timing()
        self._pause = pause
        self._allowed = allowed
        self._local = LocalRate(clock)
        self._claims: Claims | None = None
        self._held: dict[int, tuple[_Turn, float]] = {}
        self._paid: set[Shard] = set()
        self._turns: dict[Shard, _Turn] = {}
        self._on_the_way: dict[Shard, _Turn] = {}
        self._numbers = 0
        self._known = Starts()

    def share(self, claims: Claims) -> None:
        """Keep the rules together with other processes from now on."""
        self._claims = claims

    async def admit(self, shard: Shard, ask: Callable[[], Awaitable[Starts]]) -> None:
        """Return when a shard may connect in order to log in.

        Args:
            shard: Which one.
            ask: Asks Discord how things stand.
        """
        starts = self._known = await self._starts(ask)
        if shard not in self._paid:
            await self._spend(shard, starts)
            self._paid.add(shard)
        turn = self._turns[shard] = self._turn_of(shard)
        # Not for as long as connecting may take: whoever dies meanwhile gives nothing back, and
        # whoever is slower than that waits for the key once more.
        await self._hold(shard, turn, self._timing.identify)

    async def identifying(self, shard: Shard) -> None:
        """The log-in follows now; the next one of its key only `Timing.identify` after it arrived.

        A machine that is busy may send it late, so the key is held for twice as long, until
        `arrived` says better. Returns in any case before the SDK's patience (60 s) ends.

        Raises:
            TimeoutError: Too many log-ins today, or others are before us for as long as a
                connection may wait. It has to be made anew then.
        """
        turn = self._turns.get(shard)
        if turn is None:
            # Discord has refused a log-in, and the SDK repeats it without asking us first.
            await self.arrived(shard)
            async with asyncio.timeout(self._timing.hold):
                await self._spend(shard, self._known)
            self._paid.add(shard)
            turn = self._turns[shard] = self._turn_of(shard)
        try:
            async with asyncio.timeout(self._timing.hold):
                for _ in range(MOST_TRIES):
                    began = self._clock()
                    await self._hold(shard, turn, 2 * self._timing.identify)
                    if self._clock() - began <= PROMPT_SECONDS:
                        break
        except TimeoutError:
            log.warning("Shard %s connects anew: others log in before it", shard)
            raise
        self._paid.discard(shard)
        del self._turns[shard]
        self._on_the_way[shard] = turn

    async def arrived(self, shard: Shard) -> None:
        """Discord has answered the log-in, if one was on its way: others wait from now on."""
        turn = self._on_the_way.pop(shard, None)
        if turn is None or self._held.get(turn.key, (None, 0.0))[0] is not turn:
            return
        self._held[turn.key] = (turn, self._clock() + self._timing.identify)
        if self._claims is None:
            return
        try:
            await self._claims.claim(_name(turn.key), self._timing.identify, _holder(shard, turn))
        except StoreError as error:
            log.debug("That a log-in has arrived could not be told: %s", error)

    def _turn_of(self, shard: Shard) -> _Turn:
        self._numbers += 1
        return _Turn(shard.id % self._known.concurrency, self._numbers)

    async def leave(self, shard: Shard) -> None:
        """Let others log in: nothing came of it, or it is over."""
        await self.arrived(shard)
        turn = self._turns.pop(shard, None)
        if turn is None:
            return
        if turn.key in self._held and self._held[turn.key][0] is turn:
            del self._held[turn.key]
        if self._claims is None:
            return
        try:
            await self._claims.release(_name(turn.key), _holder(shard, turn))
        except StoreError as error:
            log.debug("A turn to log in could not be given back: %s", error)

    async def _starts(self, ask: Callable[[], Awaitable[Starts]]) -> Starts:
        while True:
            try:
                starts = await ask()
            except PlatformError as error:
                log.warning("Discord did not say how many log-ins are left: %s", error)
                # Others go on by what it said before; by another number keys would be others.
                return self._known
            if starts.left > RESERVE:
                return starts
            seconds = min(max(starts.reset, 1.0), LOOK_AGAIN_SECONDS)
            log.error(
                "Only %d log-ins at Discord are left for the next %.0f s, so this one waits: "
                "something logs in over and over",
                starts.left,
                starts.reset,
            )
            await self._pause(seconds)

    async def _spend(self, shard: Shard, starts: Starts) -> None:
        if self._allowed is None:
            return
        burst, seconds = self._allowed(starts.total, shard.count)
        while True:
            wait = await self._spent(burst, seconds)
            if not wait:
                return
            log.warning("Logged in at Discord too often; again in %.0f s", wait)
            await self._pause(wait)

    async def _spent(self, burst: int, seconds: float) -> float:
        if self._claims is None:
            return self._local.spend(burst, seconds)
        try:
            wait = await self._claims.spend(RATE, burst, seconds)
        except StoreError as error:
            log.warning("Log-ins of other processes are not known: %s", error)
            return self._local.spend(burst, seconds)
        if not wait:
            # For when the store is away.
            self._local.spend(burst, seconds)
        return wait

    async def _hold(self, shard: Shard, turn: _Turn, seconds: float) -> None:
        """Hold a key for some seconds from now on, as soon as no other turn holds it.

        Once the store has said nothing for `Timing.unknown` it is ours even if nobody can say
        whether others have it.
        """
        if self._timing.identify <= 0:
            return
        alone = self._clock() + self._timing.unknown
        while True:
            wait = self._taken_here(turn)
            if wait <= 0 and self._claims is not None:
                patience = max(alone - self._clock(), PROMPT_SECONDS)
                try:
                    async with asyncio.timeout(patience):
                        wait = await self._claims.claim(
                            _name(turn.key), seconds, _holder(shard, turn)
                        )
                    alone = self._clock() + self._timing.unknown
                except (StoreError, TimeoutError) as error:
                    log.debug("Whether others log in now is not known: %s", error)
                    wait = min(alone - self._clock(), self._timing.poll)
            if wait <= 0:
                break
            # Whoever holds it may give it back before its time.
            await self._pause(min(wait, self._timing.poll))
        self._held[turn.key] = (turn, self._clock() + seconds)

    def _taken_here(self, turn: _Turn) -> float:
        """For how long another turn of this process holds the key of a turn."""
        holder, until = self._held.get(turn.key, (turn, 0.0))
        return 0.0 if holder is turn else until - self._clock()


def _name(key: int) -> str:
    return f"identify:{key}"


def _holder(shard: Shard, turn: _Turn) -> str:
    return f"{shard}:{turn.number}"
