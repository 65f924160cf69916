"""Staying connected to the gateway, in whatever way Discord allows."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

import discord
from discord.http import Route

from adapters.discord import faults
from adapters.discord.calls import Calls, Timing
from adapters.discord.client import Client, Listener, Listening, SessionLost, may_read
from adapters.discord.logins import Logins, Starts, read_starts
from adapters.discord.shards import Shard
from bot.backoff import Backoff
from bot.errors import BadToken, NeedsOperator, PlatformBusy, PlatformError
from bot.services import Meter

log = logging.getLogger(__name__)

Prepare = Callable[[Client], Awaitable[None]]

STEADY_SECONDS = 60.0
"""A connection that held this long starts the waits between connections anew."""

CANCEL_AGAIN_SECONDS = 0.2

MENTION_ONLY = (
    "The Message Content intent is not granted to this application: the bot hears only mentions, "
    "replies to itself and direct messages. Switch the intent on in the Discord developer portal "
    "(page Bot) and start again to let threads go on without mentions."
)

_CLOSED = {
    4010: "Discord refuses the shard number.",
    4011: "The bot is in too many servers for one connection.",
    4012: "Discord no longer speaks this version of its API; update discord.py.",
    4013: "Discord does not know the intents asked for; update discord.py.",
    4014: "Discord refuses the intents; look at the page Bot in the Discord developer portal.",
}


class Login:
    """Holds a client that is logged in, for calls; it listens to nothing.

    Args:
        token: Bot token.
        timing: Waits and time-outs.
    """

    def __init__(self, token: str, timing: Timing) -> None:
        self._token = token
        self._timing = timing
        self._client: Client | None = None
        self._logged_in = asyncio.Event()

    async def client(self) -> Client:
        """The client, once it is logged in.

        Raises:
            PlatformBusy: It is not, and did not become so in time.
        """
        try:
            async with asyncio.timeout(self._timing.call):
                await self._logged_in.wait()
        except TimeoutError:
            raise PlatformBusy("not connected to Discord") from None
        if self._client is None or self._client.is_closed():
            raise PlatformBusy("the connection to Discord is closed")
        return self._client

    async def enter(self, meter: Meter, prepare: Prepare) -> None:
        """Log in, however often it takes.

        Args:
            meter: Counts.
            prepare: Called after the log-in.

        Raises:
            BadToken: The token is refused.
            PlatformError: Discord will not have us for another reason.
        """
        wait = Backoff(self._timing.reconnect)
        while True:
            client = Client(meter)
            try:
                await self._log_in(client)
                await self._publish(client)
                await prepare(client)
                return
            except PlatformBusy as fault:
                seconds = wait.next()
                log.warning("No log-in at Discord (%s); again in %.1f s", fault, seconds)
                await asyncio.sleep(seconds)
            finally:
                if client is not self._client:
                    await client.close()

    async def close(self) -> None:
        """Release the client."""
        if self._client is not None:
            await self._client.close()
            self._client = None

    async def _log_in(self, client: Client) -> None:
        try:
            async with asyncio.timeout(self._timing.call):
                await client.login(self._token)
        except (discord.DiscordException, *faults.NETWORK) as error:
            raise faults.of_exception(error) or error from error

    async def _publish(self, client: Client) -> None:
        before, self._client = self._client, client
        self._logged_in.set()
        if before is not None:
            await before.close()


class Connection(Login):
    """Holds a client that is logged in and listens to one shard.

    Args:
        token: Bot token.
        timing: Waits and time-outs.
        calls: Makes the calls that are needed before a log-in.
        logins: Keeps the log-ins at the gateway few.
        shard: Which servers to listen to.
        clock: Seconds, never going back.
    """

    def __init__(
        self,
        token: str,
        timing: Timing,
        calls: Calls,
        logins: Logins,
        shard: Shard,
        clock: Callable[[], float],
    ) -> None:
        super().__init__(token, timing)
        self.shard = shard
        self._calls = calls
        self._logins = logins
        self._clock = clock

    @property
    def listening(self) -> Client | None:
        """The client that knows this shard's servers, None while there is none."""
        client = self._client
        return None if client is None or client.is_closed() else client

    async def drain(self, seconds: float) -> None:
        """Let the events that are being handled finish, for some seconds."""
        if isinstance(self._client, Listening):
            await self._client.drain(seconds)

    async def run(self, listener: Listener, meter: Meter, prepare: Prepare) -> None:
        """Stay connected until cancelled.

        Args:
            listener: Who gets the events.
            meter: Counts.
            prepare: Called after each log-in, before any event comes.

        Raises:
            BadToken: The token is refused.
            NeedsOperator: Discord will not have us for another reason that does not pass.
            PlatformError: The connection is lost for good.
        """
        content = True
        wait = Backoff(self._timing.reconnect)
        while True:
            client = Listening(
                listener, self._logins, meter, self.shard, self._clock, content=content
            )
            try:
                await self._log_in(client)
                if content and not may_read(client):
                    content = False
                    log.warning(MENTION_ONLY)
                    continue
                await self._publish(client)
                await prepare(client)
                await self._stay(client, listener, meter, wait)
                return
            except discord.PrivilegedIntentsRequired:
                if not content:
                    raise _fatal(4014) from None
                content = False
                log.warning(MENTION_ONLY)
            except PlatformBusy as fault:
                seconds = wait.next()
                log.warning("No log-in at Discord (%s); again in %.1f s", fault, seconds)
                await client.close()
                await asyncio.sleep(seconds)
            finally:
                await self._logins.leave(self.shard)
                if client is self._client:
                    await client.hang_up(self._timing.drain)
                    await client.drain(self._timing.drain)
                else:
                    await client.close()

    async def _stay(
        self, client: Listening, listener: Listener, meter: Meter, wait: Backoff
    ) -> None:
        """Keep the gateway's connection; the SDK resumes by itself wherever it can."""
        loop = asyncio.get_running_loop()
        while not client.is_closed():
            await self._logins.admit(self.shard, lambda: starts(client, self._calls))
            since = loop.time()
            try:
                await _connect(client)
            except discord.PrivilegedIntentsRequired:
                raise
            except discord.ConnectionClosed as closed:
                raise _fatal(closed.code) from closed
            except Exception as error:
                # The SDK has no answer to some faults: the very first connection being refused,
                # a frame that it cannot read. All of them are mended by connecting anew.
                listener.online(client, False)
                if loop.time() - since > STEADY_SECONDS:
                    wait.reset()
                seconds = wait.next()
                why = faults.why_lost(error)
                log.warning("Lost Discord's gateway (%s); again in %.1f s", why, seconds)
                log.debug("Why the gateway was lost", exc_info=error)
                if not isinstance(error, (SessionLost, AttributeError, *faults.NETWORK)):
                    listener.malformed("gateway")
                meter.reconnected("session lost" if isinstance(error, SessionLost) else "fault")
                await self._logins.leave(self.shard)
                await client.hang_up(self._timing.drain)
                await asyncio.sleep(seconds)


async def starts(client: Client, calls: Calls) -> Starts:
    """How many log-ins Discord has left for us, and what it recommends.

    Raises:
        PlatformError: It does not say.
    """
    request = Route("GET", "/gateway/bot")
    answer = await calls.answer(lambda: client.http.request(request), patient=True)
    return read_starts(answer.fields())


async def _connect(client: Listening) -> None:
    """The SDK's own loop, made sure to end when cancelled.

    It can lose a cancellation that comes together with the loss of its connection, and would
    then go on connecting for ever.
    """
    task = asyncio.get_running_loop().create_task(client.connect())
    try:
        await asyncio.wait((task,))
    finally:
        while not task.done():
            task.cancel()
            await asyncio.wait((task,), timeout=CANCEL_AGAIN_SECONDS)
    task.result()


def _fatal(code: int) -> PlatformError:
    if code == 4004:
        return BadToken("Discord closed the connection: the token is not accepted (4004)")
    said = f"Discord closed the connection for good ({code})"
    if code in _CLOSED:
        return NeedsOperator(said, hint=_CLOSED[code])
    return PlatformError(said)
