"""Deliveries: envelopes, acknowledgements, redelivery, and the connections of Socket Mode."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web

from tests.simulators.slack_sim.model import JSON, Ack, App
from tests.simulators.slack_sim.posts import Posts
from tests.simulators.slack_sim.state import State

MAX_CONNECTIONS = 10
EVENTS = "events_api"


@dataclass(slots=True, eq=False)
class Connection:
    """One open socket. ``pings`` counts what the client sent; ``mute`` stops answering them."""

    number: int
    app: App
    socket: web.WebSocketResponse
    request: web.Request
    pings: int = 0
    pongs: int = 0
    mute: bool = False
    draining: bool = False


@dataclass(slots=True, eq=False)
class Envelope:
    """Something on its way to the app.

    ``attempts`` counts tries, also those that found no open socket. ``state`` is ``waiting``,
    ``sent``, ``acked`` or ``lost``. ``ack`` is the accepted acknowledgement. ``at`` and ``until``
    are simulated seconds: when it began, and when it was acknowledged.
    """

    app: App
    type: str
    payload: JSON
    accepts_response: bool
    attempts: int = 0
    state: str = "waiting"
    ack: Ack | None = None
    reason: str = ""
    no_retry: bool = False
    at: float = 0.0
    until: float | None = None
    on_ack: Callable[[Ack], None] | None = None
    ids: list[str] = field(default_factory=list)

    @property
    def event_id(self) -> str | None:
        """The event's id, the same in every redelivery."""
        return self.payload.get("event_id")


@dataclass(slots=True, eq=False)
class _Attempt:
    envelope: Envelope
    number: int
    connection: int
    sent_at: float
    answered: asyncio.Event
    late: bool = False
    seen: bool = False


class Sockets:
    """What goes to the apps: over sockets, or by HTTP where the manifest says so."""

    def __init__(self, state: State) -> None:
        self._state = state
        self.posts = Posts(state)
        self.most = 0
        self.connections: list[Connection] = []
        self.accepted = 0
        self.envelopes: list[Envelope] = []
        self.acks: list[Ack] = []
        self.held = False
        self.acks_to_lose: dict[str, int] = {}
        self._tickets: dict[str, tuple[App, float]] = {}
        self._attempts: dict[str, _Attempt] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._hurry = asyncio.Event()
        self._released = asyncio.Event()
        self._released.set()

    # Opening

    def ticket(self, app: App) -> str:
        """Return a single-use ticket for a new connection."""
        ticket = self._state.next_id("ticket")
        self._tickets[ticket] = (app, self._state.clock() + self._state.timing.ticket)
        return ticket

    def open_for(self, app: App) -> list[Connection]:
        """Connections of an app that can take envelopes."""
        return [
            c for c in self.connections if c.app is app and not c.socket.closed and not c.draining
        ]

    async def link(self, request: web.Request) -> web.StreamResponse:
        """Serve one WebSocket from hello to close."""
        app, expires = self._tickets.pop(request.query.get("ticket", ""), (None, 0.0))
        if app is None or expires < self._state.clock():
            self._state.violate("socket: connected with an unknown, used or expired ticket")
            return web.Response(status=404, text="not found")
        socket = web.WebSocketResponse(autoping=False)
        await socket.prepare(request)
        # One that is to be replaced still counts: it is Slack's until it is closed.
        if sum(c.app is app and not c.socket.closed for c in self.connections) >= MAX_CONNECTIONS:
            self._state.violate(f"socket: more than {MAX_CONNECTIONS} connections")
            await socket.send_json({"type": "disconnect", "reason": "too_many_websockets"})
            await socket.close()
            return socket
        self.accepted += 1
        connection = Connection(self.accepted, app, socket, request)
        await socket.send_json(self._hello(connection))
        self.connections.append(connection)
        self.most = max(self.most, len(self.connections))
        self._state.signal.changed()
        pinger = self._spawn(self._ping(connection))
        try:
            await self._read(connection)
        finally:
            pinger.cancel()
            self.connections.remove(connection)
            self._state.signal.changed()
        return socket

    def _hello(self, connection: Connection) -> JSON:
        return {
            "type": "hello",
            "num_connections": len(self.open_for(connection.app)) + 1,
            "debug_info": {
                "host": f"applink-{connection.number}",
                "build_number": 1,
                "approximate_connection_time": 18060,
            },
            "connection_info": {"app_id": connection.app.id},
        }

    async def _ping(self, connection: Connection) -> None:
        while not connection.socket.closed:
            await asyncio.sleep(self._state.real(self._state.timing.ping))
            try:
                await connection.socket.ping(f"Ping from applink-{connection.number}".encode())
            except ConnectionError:
                return

    async def _read(self, connection: Connection) -> None:
        async for message in connection.socket:
            if message.type == WSMsgType.PING:
                connection.pings += 1
                if not connection.mute:
                    await connection.socket.pong(message.data)
            elif message.type == WSMsgType.PONG:
                connection.pongs += 1
            elif message.type == WSMsgType.TEXT:
                self._receive(connection, message.data)
            else:
                self._state.violate(f"socket: unexpected {message.type.name} frame")
            self._state.signal.changed()

    # Acknowledgements

    def _receive(self, connection: Connection, text: str) -> None:
        try:
            body = json.loads(text)
        except ValueError:
            self._state.violate("socket: a frame that is not JSON")
            return
        unknown = set(body) - {"envelope_id", "payload"} if isinstance(body, dict) else {"?"}
        if unknown:
            self._state.violate(f"socket: acknowledgement with unknown keys {sorted(unknown)}")
            return
        attempt = self._attempts.get(str(body.get("envelope_id")))
        if attempt is None:
            self._state.violate("socket: acknowledgement of an unknown envelope")
        elif attempt.seen:
            self._state.violate("socket: envelope acknowledged twice")
        else:
            self._accept(connection, attempt, str(body["envelope_id"]), body.get("payload"))

    def _accept(
        self, connection: Connection, attempt: _Attempt, envelope_id: str, payload: JSON | None
    ) -> None:
        attempt.seen = True
        envelope = attempt.envelope
        if self._loses(envelope):
            attempt.late = True
            attempt.answered.set()
            return
        if payload is not None and not envelope.accepts_response:
            self._state.violate(f"socket: payload in the acknowledgement of {envelope.type}")
        ack = Ack(
            envelope_id,
            envelope.type,
            envelope.event_id,
            attempt.number,
            connection.number,
            self._state.clock() - attempt.sent_at,
            attempt.late,
            payload,
        )
        self.acks.append(ack)
        if not attempt.late:
            envelope.ack = ack
            envelope.until = self._state.clock()
            envelope.state = "acked"
            attempt.answered.set()
            if envelope.on_ack is not None:
                envelope.on_ack(ack)

    def _loses(self, envelope: Envelope) -> bool:
        """Whether the acknowledgement that is coming in gets lost on its way."""
        event = envelope.payload.get("event")
        ts = event.get("ts", "") if isinstance(event, dict) else ""
        return envelope.attempts <= self.acks_to_lose.get(str(ts), 0)

    # Sending

    def send(
        self,
        app: App,
        type_: str,
        payload: JSON,
        *,
        accepts_response: bool = False,
        on_ack: Callable[[Ack], None] | None = None,
        first_retry: int = 0,
    ) -> Envelope:
        """Start the delivery of an envelope and return at once.

        Args:
            app: whose connections are used.
            type_: ``events_api``, ``slash_commands`` or ``interactive``.
            payload: the envelope's content.
            accepts_response: whether the acknowledgement may carry a payload.
            on_ack: called with an acknowledgement in time.
            first_retry: pretend that this many deliveries failed before.
        """
        envelope = Envelope(app, type_, payload, accepts_response, on_ack=on_ack)
        envelope.attempts = first_retry
        envelope.at = self._state.clock()
        self.envelopes.append(envelope)
        self._spawn(self._deliver(envelope))
        self._state.signal.changed()
        return envelope

    async def _deliver(self, envelope: Envelope) -> None:
        await self._released.wait()
        retries = self._state.timing.redelivery if envelope.type == EVENTS else ()
        while True:
            if await self._attempt(envelope):
                return
            if envelope.attempts > len(retries) or envelope.no_retry:
                envelope.state = "lost"
                self._state.signal.changed()
                return
            envelope.state = "waiting"
            self._state.signal.changed()
            await self._pause(retries[envelope.attempts - 1])

    async def _pause(self, seconds: float) -> None:
        if seconds <= 0:
            return
        try:
            await asyncio.wait_for(self._hurry.wait(), self._state.real(seconds))
        except TimeoutError:
            return

    async def _attempt(self, envelope: Envelope) -> bool:
        number = envelope.attempts
        envelope.attempts += 1
        if envelope.app.http:
            return await self._post(envelope, number)
        open_ = self.open_for(envelope.app)
        if not open_:
            envelope.reason = "connection_failed"
            return False
        connection = self._state.random.choice(open_)
        envelope_id = self._state.next_id("env-")
        envelope.ids.append(envelope_id)
        attempt = _Attempt(
            envelope, number, connection.number, self._state.clock(), asyncio.Event()
        )
        self._attempts[envelope_id] = attempt
        body: JSON = {
            "envelope_id": envelope_id,
            "payload": envelope.payload,
            "type": envelope.type,
            "accepts_response_payload": envelope.accepts_response,
        }
        if envelope.type == EVENTS:
            body.update(retry_attempt=number, retry_reason=envelope.reason)
        try:
            await connection.socket.send_json(body)
        except ConnectionError:
            envelope.reason = "connection_failed"
            return False
        envelope.state = "sent"
        self._state.signal.changed()
        try:
            await asyncio.wait_for(
                attempt.answered.wait(), self._state.real(self._state.timing.ack)
            )
        except TimeoutError:
            attempt.late = True
        if attempt.late:
            envelope.reason = "timeout"
        return not attempt.late

    async def _post(self, envelope: Envelope, number: int) -> bool:
        app = envelope.app
        url = self.posts.choose(app)
        if url is None:
            envelope.reason = "connection_failed"
            return False
        envelope.state = "sent"
        envelope.ids.append(self._state.next_id("post-"))
        self._state.signal.changed()
        sent_at = self._state.clock()
        posted = await self.posts.send(
            app, url, envelope.type, envelope.payload, number, envelope.reason
        )
        envelope.reason, envelope.no_retry = posted.reason, posted.no_retry
        if not posted.reason and self._loses(envelope):
            envelope.reason = "http_timeout"
        if envelope.reason:
            return False
        envelope.state = "acked"
        envelope.until = self._state.clock()
        envelope.ack = Ack(
            envelope.ids[-1],
            envelope.type,
            envelope.event_id,
            number,
            int(url.rpartition(":")[2].partition("/")[0]),
            self._state.clock() - sent_at,
            False,
            posted.payload,
        )
        self.acks.append(envelope.ack)
        if envelope.on_ack is not None:
            envelope.on_ack(envelope.ack)
        self._state.signal.changed()
        return True

    # What an operator of Slack could do

    def hold(self) -> None:
        """Keep new envelopes back until ``release``."""
        self._released.clear()

    def release(self) -> None:
        """Send what was held back."""
        self._released.set()

    def retry_now(self) -> None:
        """Let every waiting redelivery happen now instead of after its delay."""
        self._hurry.set()
        self._hurry = asyncio.Event()

    @property
    def lost(self) -> list[Envelope]:
        """Envelopes given up after the last redelivery."""
        return [envelope for envelope in self.envelopes if envelope.state == "lost"]

    @property
    def unsettled(self) -> list[Envelope]:
        """Envelopes that are neither acknowledged nor lost."""
        return [e for e in self.envelopes if e.state in ("waiting", "sent")]

    def disconnect(self, connection: Connection, reason: str, *, close_after: float | None) -> None:
        """Announce the end of a connection, and close it later if the client does not."""
        connection.draining = reason == "refresh_requested"
        self._spawn(self._say_goodbye(connection, reason, close_after))

    async def _say_goodbye(
        self, connection: Connection, reason: str, close_after: float | None
    ) -> None:
        info = {"host": f"applink-{connection.number}"}
        body: dict[str, Any] = {"type": "disconnect", "reason": reason, "debug_info": info}
        try:
            await connection.socket.send_json(body)
            if close_after is not None:
                await asyncio.sleep(self._state.real(close_after))
                await connection.socket.close()
        except ConnectionError:
            return

    def cut(self, connection: Connection) -> None:
        """Break a connection without any goodbye."""
        transport = connection.request.transport
        if transport is not None:
            transport.abort()

    def _spawn(self, work: Any) -> asyncio.Task[None]:
        task: asyncio.Task[None] = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def stop(self) -> None:
        """Close every connection and end every delivery."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for connection in list(self.connections):
            self.cut(connection)
        await self.posts.stop()
