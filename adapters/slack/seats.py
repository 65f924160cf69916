"""Which of the app's connections this process may have.

Slack takes ten connections from an app, over all processes. Each is a seat: a claim in the store
that its process renews and that runs out with it. A process wants two seats and lives with one; a
process without any says that it waits, and one that has two and sees it gives one away.

A store that is away takes nobody's seat: what stands stays, and nothing new is begun.
"""

from __future__ import annotations

import asyncio
import logging

from adapters.slack.values import Timing
from bot.errors import StoreError
from bot.services import Claims

log = logging.getLogger(__name__)

SEATS = 10
"""Connections that Slack takes from one app."""

YIELDED = "yielded"
TAKEN = "taken"

_WAITING = "waiting"
_YIELDING = "yielding"
_LOOK_SECONDS = 0.001
"""Looking whether a name is claimed means claiming it; so long it stands in the way of others."""


class Seat:
    """The right to one connection.

    Attributes:
        number: 0 to 9.
        gone: Set when it has to be given back.
        reason: Why: `YIELDED` to a process without any, or `TAKEN` because it ran out.
        leaving: Its connection ends by itself, so that it does not count any more.
    """

    def __init__(self, number: int) -> None:
        self.number = number
        self.gone = asyncio.Event()
        self.reason = ""
        self.leaving = False

    def give_up(self, reason: str) -> None:
        """Have its connection closed."""
        self.reason = reason
        self.leaving = True
        self.gone.set()


class Seats:
    """Takes seats, renews them while they are held, and shares them out fairly.

    Args:
        claims: What the processes agree on through the store.
        app: Tells this app from others that use the same store.
        timing: How long a seat lasts and how often it is renewed.
    """

    def __init__(self, claims: Claims, app: str, timing: Timing) -> None:
        self._claims = claims
        self._app = app
        self._timing = timing
        self._held: set[Seat] = set()
        self._given_back: set[Seat] = set()
        self._seeking = asyncio.Lock()
        self._choosing = asyncio.Lock()

    async def run(self) -> None:
        """Renew what is held, until cancelled."""
        while True:
            await asyncio.sleep(self._timing.renew)
            try:
                await asyncio.gather(*map(self._renew, self._held - self._given_back))
                await self._share()
            except StoreError as error:
                log.debug("The seats at Slack are renewed when the store is back: %s", error)

    async def take(self) -> Seat:
        """A seat, once there is one for this process."""
        told = ""
        async with self._seeking:
            while True:
                first = not self._settled()
                why = f"all {SEATS} connections that Slack takes are in use" if first else ""
                try:
                    seat = await self._find(first)
                except StoreError as error:
                    seat, why = None, str(error)
                if seat is not None:
                    return seat
                if why and why != told:
                    log.info("Waiting for a connection to Slack: %s", why)
                told = why
                await asyncio.sleep(self._timing.stand_by if first else self._timing.renew)

    async def spare(self) -> Seat | None:
        """A further seat at once, if one is free and no process is without any."""
        try:
            async with asyncio.timeout(self._timing.store):
                return await self._find(first=False)
        except (StoreError, TimeoutError):
            return None

    async def leave(self, seat: Seat) -> None:
        """Give a seat back; its connection is closed."""
        seat.leaving = True
        self._given_back.add(seat)
        try:
            async with asyncio.timeout(self._timing.store):
                await self._claims.release(self._name(seat.number))
        except (StoreError, TimeoutError):
            log.debug("A seat at Slack runs out by itself")
        finally:
            # Not before, or it could be taken anew here and then given back.
            self._held.discard(seat)
            self._given_back.discard(seat)

    async def _find(self, first: bool) -> Seat | None:
        if not first:
            return None if await self._somebody_waits() else await self._free()
        seat = await self._free()
        if seat is None:
            # So that a process with two looks at it; lapses soon if nobody waits any more.
            await self._claims.claim(self._name(_WAITING), 2 * self._timing.renew)
            return None
        await self._claims.release(self._name(_WAITING))
        return seat

    async def _free(self) -> Seat | None:
        async with self._choosing:
            # A claim of one's own is kept by claiming it again, so those are left out.
            mine = {seat.number for seat in self._held}
            for number in range(SEATS):
                name = self._name(number)
                if number not in mine and not await self._claims.claim(name, self._timing.seat):
                    seat = Seat(number)
                    self._held.add(seat)
                    return seat
        return None

    async def _renew(self, seat: Seat) -> None:
        taken = await self._claims.claim(self._name(seat.number), self._timing.seat)
        if taken and seat in self._held:
            log.warning("A seat at Slack ran out and was taken by another process")
            seat.give_up(TAKEN)

    async def _share(self) -> None:
        """Give one seat of several away to a process that has none."""
        settled = self._settled()
        if len(settled) < 2 or not await self._somebody_waits():
            return
        # One process gives at a time, or as many seats would be given as there are processes.
        if await self._claims.claim(self._name(_YIELDING), 2 * self._timing.stand_by):
            return
        log.info("One connection to Slack is left to another process")
        settled[-1].give_up(YIELDED)

    async def _somebody_waits(self) -> bool:
        # Less is left of the look of another process.
        return await self._claims.claim(self._name(_WAITING), _LOOK_SECONDS) > _LOOK_SECONDS

    def _settled(self) -> list[Seat]:
        return [seat for seat in self._held if not seat.leaving]

    def _name(self, name: int | str) -> str:
        return f"socket:{self._app}:{name}"
