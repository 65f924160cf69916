"""Socket Mode: several WebSockets at a time, each replaced before it goes.

Slack sends each envelope over one of the open connections, whichever it likes, and asks for a new
connection every few hours. The SDK's client for this closes the old connection before it opens
the new one, tries a refused token and a used-up address for ever, and ends without waiting for
what it has begun; so the connections are kept here, with aiohttp, as the SDK's client does it.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, cast

import aiohttp

from adapters.slack.calls import Calls
from adapters.slack.faults import NETWORK, Denied
from adapters.slack.values import Timing, fields
from bot.chat import Meter
from bot.errors import BadToken, PlatformBusy, PlatformError

log = logging.getLogger(__name__)

Take = Callable[[Mapping[str, Any]], Awaitable[bool]]
"""Takes an envelope; True when it is to be acknowledged."""

CONNECTIONS = 2
STEADY_SECONDS = 60.0
"""A connection that held this long starts the waits between connections anew."""

REFUSED = (
    "Create an app-level token with the scope connections:write (Basic Information of the Slack "
    "app), put it into SLACK_APP_TOKEN, and see that Socket Mode is switched on."
)

_GRACEFUL = frozenset({"refresh_requested", "warning"})
_CROWDED = "too_many_websockets"


async def address(calls: Calls, app_token: str) -> str:
    """Where to open the next WebSocket; good for one use.

    Raises:
        BadToken: The app-level token is refused.
        PlatformError: There is none to be had now.
    """
    try:
        answer = await calls.answer(
            lambda client: client.apps_connections_open(app_token=app_token)
        )
    except (BadToken, Denied) as error:
        raise BadToken(f"Slack does not accept SLACK_APP_TOKEN: {error}", hint=REFUSED) from error
    url: object = answer.get("url")
    if not isinstance(url, str):
        raise PlatformError("Slack's answer names no address")
    return url


class Link:
    """One WebSocket.

    Attributes:
        ending: Set when it has ended or is about to.
        reason: Why, in Slack's word; empty when it broke.
    """

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, take: Take, timing: Timing) -> None:
        self._socket = socket
        self._take = take
        self._timing = timing
        self._closing = False
        self._handling: set[asyncio.Task[None]] = set()
        self.ending = asyncio.Event()
        self.reason = ""
        self._reader = asyncio.create_task(self._read())

    async def _read(self) -> None:
        try:
            async for message in self._socket:
                if message.type is aiohttp.WSMsgType.TEXT:
                    self._receive(cast("str", message.data))
        except NETWORK as error:
            log.debug("A WebSocket broke: %s", type(error).__name__)
        finally:
            self.ending.set()

    def _receive(self, text: str) -> None:
        try:
            frame: object = json.loads(text)
        except (ValueError, RecursionError):
            log.warning("Slack sent a frame that is not JSON")
            return
        envelope = fields(frame)
        if envelope.get("type") == "disconnect":
            self.reason = str(envelope.get("reason") or "")
            log.info("Slack asks for a new connection: %s", self.reason)
            self.ending.set()
        elif isinstance(envelope.get("envelope_id"), str) and not self._closing:
            task = asyncio.create_task(self._handle(envelope))
            self._handling.add(task)
            task.add_done_callback(self._handling.discard)

    async def _handle(self, envelope: Mapping[str, Any]) -> None:
        if not await self._take(envelope):
            return
        try:
            await self._socket.send_json({"envelope_id": envelope["envelope_id"]})
        except NETWORK as error:
            # Slack delivers it again, and the engine knows it by its id.
            log.info("An acknowledgement was not sent: %s", type(error).__name__)

    async def close(self) -> None:
        """Take nothing more, finish what is being taken, and say goodbye."""
        self._closing = True
        try:
            if self._handling:
                _, late = await asyncio.wait(self._handling, timeout=self._timing.drain)
                for task in late:
                    task.cancel()
                await asyncio.gather(*late, return_exceptions=True)
        finally:
            self._reader.cancel()
            await asyncio.gather(self._reader, return_exceptions=True)
            await self._socket.close()


class Sockets:
    """Keeps the connections.

    Args:
        calls: Makes the call that tells where to connect.
        app_token: App-level token.
        take: Gets every envelope.
        timing: Waits and time-outs.
        meter: Told which connections stand.
    """

    def __init__(
        self, calls: Calls, app_token: str, take: Take, timing: Timing, meter: Meter
    ) -> None:
        self._meter = meter
        self._calls = calls
        self._app_token = app_token
        self._take = take
        self._timing = timing
        self._closing: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Stay connected until cancelled.

        Raises:
            BadToken: The app-level token is refused.
        """
        lanes = [asyncio.create_task(self._lane(f"socket {n + 1}")) for n in range(CONNECTIONS)]
        try:
            done, _ = await asyncio.wait(lanes, return_when=asyncio.FIRST_EXCEPTION)
            for lane in done:
                lane.result()
        finally:
            for lane in lanes:
                lane.cancel()
            await asyncio.gather(*lanes, return_exceptions=True)
            await asyncio.gather(*self._closing, return_exceptions=True)

    async def _lane(self, name: str) -> None:
        """Keep one connection: the next is opened before the last is closed."""
        loop = asyncio.get_running_loop()
        wait = Backoff(self._timing.reconnect)
        link: Link | None = None
        self._meter.connected(False, name)
        try:
            while True:
                fresh = await self._open(wait)
                if link is not None:
                    self._retire(link)
                link, since = fresh, loop.time()
                self._meter.connected(True, name)
                await link.ending.wait()
                if link.reason == _CROWDED:
                    await link.close()
                if loop.time() - since > STEADY_SECONDS:
                    wait.reset()
                if link.reason not in _GRACEFUL:
                    self._meter.connected(False, name)
                    seconds = wait.next()
                    log.warning("Lost a connection to Slack; a new one in %.1f s", seconds)
                    await asyncio.sleep(seconds)
        finally:
            if link is not None:
                await link.close()

    async def _open(self, wait: Backoff) -> Link:
        while True:
            try:
                socket = await self._connect()
            except BadToken:
                raise
            except PlatformError as fault:
                seconds = wait.next()
                log.warning("No connection to Slack (%s); again in %.1f s", fault, seconds)
                await asyncio.sleep(seconds)
            else:
                return Link(socket, self._take, self._timing)

    async def _connect(self) -> aiohttp.ClientWebSocketResponse:
        url = await address(self._calls, self._app_token)
        try:
            async with asyncio.timeout(self._timing.socket):
                return await self._calls.session.ws_connect(
                    url,
                    heartbeat=self._timing.heartbeat,
                    timeout=cast("Any", aiohttp.ClientWSTimeout)(ws_close=self._timing.drain),
                    proxy=self._calls.client.proxy,
                )
        except NETWORK as error:
            # Not its text: that holds the address, which is a secret while it is unused.
            raise PlatformBusy(f"no WebSocket: {type(error).__name__}") from None

    def _retire(self, link: Link) -> None:
        task = asyncio.create_task(link.close())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)


class Backoff:
    """Waits that double from the first to the longest."""

    def __init__(self, bounds: tuple[float, float]) -> None:
        self._first, self._longest = bounds
        self._seconds = self._first

    def next(self) -> float:
        """Seconds to wait this time."""
        seconds = self._seconds
        self._seconds = min(seconds * 2, self._longest)
        return seconds

    def reset(self) -> None:
        """Begin with the first again."""
        self._seconds = self._first
