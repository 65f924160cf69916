"""All connections of this process: one that listens, or as many as its share of the shards."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from typing import Protocol

from adapters.discord.calls import Calls, Timing
from adapters.discord.client import Client, Listener
from adapters.discord.connection import Connection, Login, Prepare, starts
from adapters.discord.logins import Logins
from adapters.discord.shards import Plan, Shard
from adapters.discord.sharing import Sharing
from bot.inbox import Inbox
from bot.services import CALLS, Meter
from bot.tasks import end

LEAVE_SECONDS = 30.0
"""How long the answers to commands may take whose shard was given up."""


class Hearing(Listener, Protocol):
    """Who gets the events of one shard, and ends some time after them."""

    def stop(self) -> None:
        """No events follow."""
        ...

    async def close(self) -> None:
        """Return once nothing is done any more."""
        ...


Hear = Callable[[Shard, Callable[[bool], None]], Hearing]
"""Makes the listener of a shard, which calls back when there is a connection, or none any more."""


class Gateways:
    """Connects as planned; calls can be made in any case.

    Args:
        token: Bot token.
        timing: Waits and time-outs.
        calls: Makes the calls that are needed before a log-in; closed by its owner.
        logins: Keeps the log-ins at the gateway few.
        plan: What to hear.
        lease: How long a silent process keeps a shard, in seconds.
        clock: Seconds, never going back.
        shuffle: Puts shards into the order in which this process tries them.
    """

    def __init__(
        self,
        token: str,
        timing: Timing,
        calls: Calls,
        logins: Logins,
        plan: Plan,
        lease: float,
        clock: Callable[[], float],
        shuffle: Callable[[list[Shard]], None] = random.shuffle,
    ) -> None:
        self._token = token
        self._timing = timing
        self._calls = calls
        self._logins = logins
        self._plan = plan
        self._lease = lease
        self._clock = clock
        self._shuffle = shuffle
        self._login: Login
        if isinstance(plan, Shard):
            self._login = Connection(token, timing, calls, logins, plan, clock)
        else:
            self._login = Login(token, timing)
        self._hearing: Hearing | None = None
        self._held: dict[Shard, Connection] = {}
        self._ending: dict[Connection, asyncio.Task[None]] = {}

    async def client(self) -> Client:
        """The client to make calls with, whatever server they are about.

        Raises:
            PlatformBusy: It is not logged in, and did not become so in time.
        """
        return await self._login.client()

    async def knowing(self, space: str) -> Client:
        """The client that hears a server and so knows its channels; else the one for calls."""
        for shard, connection in self._held.items():
            if shard.covers(space) and connection.listening is not None:
                return connection.listening
        return await self.client()

    async def run(self, inbox: Inbox, hear: Hear, prepare: Prepare) -> None:
        """Stay connected until cancelled.

        Args:
            inbox: Where events go.
            hear: Makes the listener of a shard.
            prepare: Called after each log-in of the client for calls.

        Raises:
            NeedsOperator: Discord will not have us; `BadToken` among others.
            PlatformError: The connection is lost for good.
        """
        self._logins.share(inbox.claims)
        if isinstance(self._login, Connection):
            await self._end_hearing()
            hearing = self._hearing = hear(self._login.shard, _nothing)
            try:
                await self._login.run(hearing, inbox.meter, prepare)
            finally:
                hearing.stop()
            return
        await self._login.enter(inbox.meter, prepare)
        # Ready also without a shard: it can take over what others have begun.
        inbox.meter.connected(True, CALLS)
        order = await self._shards(await self._login.client())
        self._shuffle(order)

        async def hold(shard: Shard, heard: Callable[[bool], None]) -> None:
            await self._hold(shard, hear(shard, heard), inbox.meter)

        await Sharing(inbox.claims, self._lease, self._timing, hold, tuple(order)).run()

    async def _shards(self, client: Client) -> list[Shard]:
        plan = self._plan
        count = plan.count
        if count is None:
            count = (await starts(client, self._calls)).shards
        return [Shard(number, count) for number in range(count)]

    async def _hold(self, shard: Shard, hearing: Hearing, meter: Meter) -> None:
        connection = Connection(
            self._token, self._timing, self._calls, self._logins, shard, self._clock
        )
        self._held[shard] = connection
        try:
            await connection.run(hearing, meter, _unprepared)
        finally:
            hearing.stop()
            meter.connected(None, shard.part)
            if self._held.get(shard) is connection:
                del self._held[shard]
            closing = asyncio.create_task(self._leave(hearing, connection))
            self._ending[connection] = closing
            closing.add_done_callback(lambda _: self._ending.pop(connection, None))

    async def _leave(self, hearing: Hearing, connection: Connection) -> None:
        """Let the answers to commands of a shard finish, which need its client."""
        await hearing.close()
        await connection.drain(LEAVE_SECONDS)
        await connection.close()

    async def _end_hearing(self) -> None:
        """End what an earlier `run` still reads; the end of `run` is no place to wait."""
        if self._hearing is not None:
            await self._hearing.close()

    async def close(self) -> None:
        """Release connections."""
        await self._end_hearing()
        leaving = dict(self._ending)
        await asyncio.gather(*(each.close() for each in (*leaving, *self._held.values())))
        await end(*leaving.values())
        await self._login.close()


def _nothing(up: bool) -> None:
    """Nobody wants to know whether there is a connection."""


async def _unprepared(client: Client) -> None:
    """Commands are told to Discord by the client for calls."""
