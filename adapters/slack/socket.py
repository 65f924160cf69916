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
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import aiohttp

from adapters.slack.calls import Calls
from adapters.slack.endings import ended, to_the_end
from adapters.slack.faults import NETWORK, Denied
from adapters.slack.seats import YIELDED, Seat, Seats
from adapters.slack.values import Timing, fields
from bot.backoff import Backoff
from bot.errors import BadToken, PlatformBusy, PlatformError, PlatformUnreachable
from bot.services import CALLS, Meter
from bot.unreached import unreached

log = logging.getLogger(__name__)

Take = Callable[[str, object, int], Awaitable[bool | Mapping[str, Any]]]
"""Takes what Slack sends, its kind and its payload; True when it is to be acknowledged.

What is not empty is acknowledged with it, which only a form that was sent off may ask for.
"""

CONNECTIONS = 2
"""So many a process wants; it lives with one where many share what Slack takes."""

STEADY_SECONDS = 60.0
"""A connection that held this long starts the waits between connections anew."""

REFUSED = (
    "Create an app-level token with the scope connections:write (Basic Information of the Slack "
    "app), put it into SLACK_APP_TOKEN, and see that Socket Mode is switched on."
)

_GRACEFUL = frozenset({"refresh_requested", "warning"})
_CROWDED = "too_many_websockets"
_SAID = _GRACEFUL | {_CROWDED, "link_disabled"}
"""What Slack says of the end of a connection; any other counts as broken."""
_CUT = "cut"


def retries(told: object) -> int:
    """How often Slack has sent something before, as it says; 0 for never."""
    number = str(told)
    return int(number) if number.isdecimal() and len(number) < 4 else 0


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

    def __init__(
        self,
        socket: aiohttp.ClientWebSocketResponse,
        take: Take,
        timing: Timing,
        meter: Meter,
    ) -> None:
        self._socket = socket
        self._take = take
        self._timing = timing
        self._meter = meter
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
        loop = asyncio.get_running_loop()
        arrived = loop.time()
        kind, payload = str(envelope.get("type")), envelope.get("payload")
        taken = await self._take(kind, payload, retries(envelope.get("retry_attempt")))
        if not taken:
            return
        answer = {"payload": taken} if isinstance(taken, Mapping) else {}
        try:
            await self._socket.send_json({"envelope_id": envelope["envelope_id"], **answer})
            self._meter.acknowledged(loop.time() - arrived)
        except NETWORK as error:
            # Slack delivers it again, and the engine knows it by its id.
            log.info("An acknowledgement was not sent: %s", type(error).__name__)

    async def close(self) -> None:
        """Take nothing more, finish what is being taken, and say goodbye."""
        self._closing = True
        try:
            if self._handling:
                _, late = await asyncio.wait(self._handling, timeout=self._timing.drain)
                await ended(*late)
        finally:
            await ended(self._reader)
            await self._socket.close()


@dataclass(frozen=True, slots=True, eq=False)
class Connection:
    """A WebSocket and the seat that it fills."""

    link: Link
    seat: Seat

    async def over(self) -> str:
        """Wait until it ends or its seat has to be given back; in one of few words, why."""
        ends = [asyncio.create_task(each.wait()) for each in (self.link.ending, self.seat.gone)]
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for end in ends:
                end.cancel()
        if self.seat.gone.is_set():
            return self.seat.reason
        return self.link.reason if self.link.reason in _SAID else _CUT


class Sockets:
    """Keeps the connections.

    Args:
        calls: Makes the call that tells where to connect.
        app_token: App-level token.
        take: Gets every envelope.
        seats: Say how many connections this process may have.
        timing: Waits and time-outs.
        meter: Counts, and is told which connections stand.

    Attributes:
        breaks: How often the last connection has ended.
    """

    def __init__(
        self,
        calls: Calls,
        app_token: str,
        take: Take,
        seats: Seats,
        timing: Timing,
        meter: Meter,
    ) -> None:
        self._calls = calls
        self._app_token = app_token
        self._take = take
        self._seats = seats
        self._timing = timing
        self._meter = meter
        self._closing: set[asyncio.Task[None]] = set()
        self._up: set[str] = set()
        self.breaks = 0

    @property
    def listening(self) -> bool:
        """At least one connection stands."""
        return bool(self._up)

    def _connected(self, up: bool | None, name: str) -> None:
        self._meter.connected(up, name)
        if up:
            self._up.add(name)
        elif name in self._up:
            self._up.discard(name)
            self.breaks += not self._up

    async def run(self) -> None:
        """Stay connected until cancelled.

        Raises:
            BadToken: The app-level token is refused.
        """
        renewing = asyncio.create_task(self._seats.run())
        names = [f"socket {number + 1}" for number in range(CONNECTIONS)]
        lanes = [asyncio.create_task(self._lane(name)) for name in names]
        # Ready also without a seat: this process can take over what others have begun.
        self._meter.connected(True, CALLS)
        try:
            done, _ = await asyncio.wait([*lanes, renewing], return_when=asyncio.FIRST_EXCEPTION)
            for task in done:
                task.result()
        finally:
            await to_the_end(self._end(lanes, renewing))

    async def _end(self, lanes: Sequence[asyncio.Task[None]], renewing: asyncio.Task[None]) -> None:
        await ended(*lanes)
        await asyncio.gather(*self._closing, return_exceptions=True)
        await ended(renewing)

    async def _lane(self, name: str) -> None:
        """Keep one connection; where a seat is free, the next is opened before the last closes."""
        loop = asyncio.get_running_loop()
        wait = Backoff(self._timing.reconnect)
        seat: Seat | None = None
        standing: Connection | None = None
        try:
            while True:
                if seat is None:
                    # While it stands by it is not meant to be connected.
                    self._connected(None, name)
                    seat = await self._seats.take()
                    self._connected(False, name)
                fresh = Connection(await self._open(wait), seat)
                if standing is not None:
                    self._retire(standing)
                standing, since = fresh, loop.time()
                self._connected(True, name)
                why = await standing.over()
                self._meter.reconnected(why)
                if loop.time() - since > STEADY_SECONDS:
                    wait.reset()
                seat = await self._seats.spare() if why in _GRACEFUL else None
                if seat is None:
                    self._connected(False, name)
                    await standing.link.close()
                    seat = await self._kept(standing.seat, why)
                    standing = None
                if why not in (*_GRACEFUL, YIELDED):
                    seconds = wait.next()
                    log.warning("Lost a connection to Slack (%s); again in %.1f s", why, seconds)
                    await asyncio.sleep(seconds)
        finally:
            await to_the_end(self._leave(standing, seat))

    async def _leave(self, standing: Connection | None, seat: Seat | None) -> None:
        """Close what stands, and give back its seat and the one for the next connection."""
        if standing is not None:
            await self._close(standing)
        if seat is not None and (standing is None or seat is not standing.seat):
            await self._seats.leave(seat)

    async def _kept(self, seat: Seat, why: str) -> Seat | None:
        """The seat of a closed connection for the next one; None when it is given back."""
        if not seat.gone.is_set() and why != _CROWDED:
            return seat
        if why == _CROWDED:
            log.warning(
                "Slack says that the app has too many connections: does another deployment use "
                "the same SLACK_APP_TOKEN with another Redis?"
            )
        await self._seats.leave(seat)
        return None

    async def _open(self, wait: Backoff) -> Link:
        while True:
            try:
                socket = await self._connect()
            except BadToken:
                raise
            except PlatformError as fault:
                seconds = wait.next()
                if isinstance(fault, PlatformBusy):
                    seconds = max(seconds, fault.retry_after or 0.0)
                log.warning("No connection to Slack (%s); again in %.1f s", fault, seconds)
                await asyncio.sleep(seconds)
            else:
                return Link(socket, self._take, self._timing, self._meter)

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
            why = unreached(error, "Slack")
            raise PlatformUnreachable(f"no WebSocket: {why.reason}", hint=why.fix) from None

    def _retire(self, standing: Connection) -> None:
        standing.seat.leaving = True
        task = asyncio.create_task(self._close(standing))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def _close(self, standing: Connection) -> None:
        try:
            await standing.link.close()
        finally:
            await self._seats.leave(standing.seat)
