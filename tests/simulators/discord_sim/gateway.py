"""The gateway: sessions, identify and resume, events, and ways to lose a connection."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web

from tests.simulators.discord_sim.model import Channel, Dispatch
from tests.simulators.discord_sim.payloads import guild_create_payload, member_payload, user_payload
from tests.simulators.discord_sim.world import (
    CONTENT_FLAGS,
    GUILDS,
    MESSAGE_CONTENT,
    World,
)
from tests.simulators.handlers import Handlers

_MEMBERS, _PRESENCES = 1 << 1, 1 << 8
_KNOWN_INTENTS = (1 << 26) - 1
_SENDS, _SEND_SECONDS = 120, 60.0
_GUILDS_PER_SHARD = 2500
IDENTIFY_SECONDS = 5.0
_HEARTBEAT, _IDENTIFY, _PRESENCE, _VOICE, _RESUME, _CHUNK = 1, 2, 3, 4, 6, 8


@dataclass(slots=True, eq=False)
class Connection:
    """One WebSocket. What is to be sent goes through ``outbox``; a number there closes it."""

    ws: web.WebSocketResponse
    transport: asyncio.Transport | None
    outbox: asyncio.Queue[str | int] = field(default_factory=asyncio.Queue)
    session: Session | None = None
    received: deque[float] = field(default_factory=deque)
    closing: bool = False

    def send(self, op: int, data: Any, name: str | None = None, seq: int | None = None) -> None:
        """Queue a frame."""
        self.outbox.put_nowait(json.dumps({"op": op, "d": data, "s": seq, "t": name}))

    def close(self, code: int) -> None:
        """Close after everything queued has been sent."""
        self.closing = True
        self.outbox.put_nowait(code)

    def abort(self) -> None:
        """Cut the line without a closing handshake."""
        if self.transport is not None:
            self.transport.abort()


@dataclass(slots=True, eq=False, repr=False)
class Session:
    """A session, which outlives its connection until the client or a test ends it."""

    id: str
    intents: int
    shard: tuple[int, int]
    connection: Connection | None
    seq: int = 0
    log: list[tuple[int, str, Any]] = field(default_factory=list)

    def __repr__(self) -> str:
        return f"<Session {self.id[:6]} seq={self.seq} connected={self.connected}>"

    @property
    def connected(self) -> bool:
        """Whether events reach the client at once."""
        return self.connection is not None

    def covers(self, guild_id: int | None) -> bool:
        """Whether events of a guild, or direct messages, belong to this shard."""
        index, count = self.shard
        return index == (0 if guild_id is None else (guild_id >> 22) % count)

    def send(self, name: str, payload: Any) -> None:
        """Number an event, keep it for a resume, and send it if there is a connection."""
        self.seq += 1
        self.log.append((self.seq, name, payload))
        if self.connection is not None:
            self.connection.send(0, payload, name, self.seq)


@dataclass(frozen=True, slots=True)
class Identify:
    """An IDENTIFY or RESUME that arrived."""

    at: float
    payload: Mapping[str, Any]
    accepted: bool


class Gateway:
    """Accepts WebSocket connections of the bot.

    Attributes:
        sessions: sessions that exist, in the order they began.
        identifies: every IDENTIFY that arrived.
        resumes: every RESUME that arrived.
        heartbeats: how many heartbeats arrived.
        acknowledging: whether heartbeats are answered.
        heartbeat_interval: real milliseconds, told in HELLO.
        connections: how many connections were accepted so far.
        identify_seconds: real seconds between two IDENTIFYs of the same key, which is the shard
            modulo the world's ``max_concurrency``.

    Args:
        handlers: holds what writes into connections.
    """

    def __init__(self, world: World, identify_seconds: float, handlers: Handlers) -> None:
        self._world = world
        self._handlers = handlers
        world.on_dispatch = self.dispatch
        self.sessions: list[Session] = []
        self.identifies: list[Identify] = []
        self.resumes: list[Identify] = []
        self.heartbeats = 0
        self.acknowledging = True
        self.heartbeat_interval = 41_250
        self.connections = 0
        self.identify_seconds = identify_seconds
        self._last_identify: dict[int, float] = {}
        self.refused = 0
        self._open: list[Connection] = []
        self._refuse = 0

    # What tests do to it

    @property
    def live(self) -> list[Session]:
        """Sessions with a connection."""
        return [session for session in self.sessions if session.connected]

    def reconnect(self) -> None:
        """Ask every client to reconnect and resume (op 7)."""
        for connection in list(self._open):
            connection.send(7, None)

    def invalidate(self, *, resumable: bool = False) -> None:
        """Tell every client that its session is invalid (op 9)."""
        for connection in list(self._open):
            if not resumable and connection.session in self.sessions:
                self.sessions.remove(connection.session)
                connection.session = None
            connection.send(9, resumable)

    def drop(self, shard: int | None = None) -> None:
        """Cut all connections, or those of one shard; sessions stay resumable."""
        for connection in list(self._open):
            session = connection.session
            if shard is None or (session is not None and session.shard[0] == shard):
                self._detach(connection)
                connection.abort()

    def close(self, code: int) -> None:
        """Close all connections with a code; sessions stay resumable."""
        for connection in list(self._open):
            self._detach(connection)
            connection.close(code)

    def refuse(self, times: int) -> None:
        """Cut the next connections before they are accepted."""
        self._refuse = times

    def forget(self) -> None:
        """Drop all sessions that have no connection, so that a resume fails."""
        self.sessions = self.live

    def dispatch(self, event: Dispatch) -> None:
        """Give an event to every session that has the shard and the intents for it."""
        for session in self.sessions:
            if not session.covers(event.guild_id):
                continue
            if event.intent and not session.intents & event.intent:
                continue
            bare = event.bare is not None and not session.intents & MESSAGE_CONTENT
            session.send(event.name, event.bare if bare else event.payload)

    def raw(self, name: str, payload: Any) -> None:
        """Send any payload under any event name to every session."""
        for session in self.sessions:
            session.send(name, payload)

    def shut(self) -> None:
        """Cut everything at the end."""
        for connection in list(self._open):
            connection.abort()

    # The protocol

    async def accept(self, request: web.Request) -> web.StreamResponse:
        """Serve one WebSocket connection."""
        transport = request.transport
        if self._refuse > 0:
            self._refuse -= 1
            self.refused += 1
            if transport is not None:
                transport.abort()
            self._world.on_change()
            return web.Response()
        ws = web.WebSocketResponse(autoping=True)
        await ws.prepare(request)
        connection = Connection(ws, transport)
        self._open.append(connection)
        self.connections += 1
        writer = asyncio.create_task(self._write(connection))
        self._handlers.hold(writer)
        try:
            if request.query.get("v") != "10":
                connection.close(4012)
            else:
                connection.send(10, {"heartbeat_interval": self.heartbeat_interval, "_trace": []})
            async for frame in ws:
                if frame.type is WSMsgType.TEXT and not self._receive(connection, frame.data):
                    break
            left = ws.close_code in (1000, 1001) and not connection.closing
            if left and connection.session in self.sessions:
                self.sessions.remove(connection.session)
        finally:
            self._detach(connection)
            self._open.remove(connection)
            try:
                # The close code of a refused client has to leave before the socket goes.
                if connection.closing:
                    await asyncio.wait({writer}, timeout=1.0)
            finally:
                writer.cancel()
                await asyncio.wait({writer})
                self._world.on_change()
        return ws

    async def _write(self, connection: Connection) -> None:
        with contextlib.suppress(ConnectionError):
            while True:
                item = await connection.outbox.get()
                if isinstance(item, int):
                    await connection.ws.close(code=item)
                    return
                await connection.ws.send_str(item)

    def _detach(self, connection: Connection) -> None:
        if connection.session is not None and connection.session.connection is connection:
            connection.session.connection = None
        self._world.on_change()

    def _fail(self, connection: Connection, code: int, reason: str) -> bool:
        self._world.violations.append(f"gateway: closed with {code}: {reason}")
        connection.close(code)
        return False

    def _receive(self, connection: Connection, text: str) -> bool:
        """Handle a frame; False ends the connection."""
        now = self._world.clock()
        connection.received.append(now)
        while connection.received[0] <= now - _SEND_SECONDS:
            connection.received.popleft()
        if len(connection.received) > _SENDS:
            return self._fail(connection, 4008, "too many frames a minute")
        try:
            frame = json.loads(text)
            op, data = frame["op"], frame.get("d")
        except (ValueError, KeyError, TypeError, AttributeError):
            return self._fail(connection, 4002, "frame that is no payload")
        self._world.on_change()
        if op == _HEARTBEAT:
            self.heartbeats += 1
            if self.acknowledging:
                connection.send(11, None)
            return True
        if op == _IDENTIFY:
            return self._identify(connection, data)
        if op == _RESUME:
            return self._resume(connection, data)
        if connection.session is None:
            return self._fail(connection, 4003, f"op {op} before identify")
        if op == _CHUNK:
            self._send_members(connection.session, data)
            return True
        if op in (_PRESENCE, _VOICE):
            return True
        return self._fail(connection, 4001, f"unknown op {op}")

    def _identify(self, connection: Connection, data: Any) -> bool:
        code = self._refusal(connection, data)
        now = asyncio.get_running_loop().time()
        self.identifies.append(Identify(now, data, code == 0))
        if code:
            connection.close(code)
            return False
        world = self._world
        world.session_starts_left -= 1
        if not self._is_in_turn(data, now):
            connection.send(9, False)
            return True
        name = world.secret("session", len(self.identifies))[:32]
        index, count = data.get("shard") or (0, 1)
        session = Session(name, data["intents"], (index, count), connection)
        connection.session = session
        self.sessions.append(session)
        guilds = [
            guild
            for guild in world.guilds.values()
            if not guild.gone and session.covers(guild.id) and session.intents & GUILDS
        ]
        session.send(
            "READY",
            {
                "v": 10,
                "user": {**user_payload(world.bot), "verified": True, "mfa_enabled": False},
                "guilds": [{"id": str(guild.id), "unavailable": True} for guild in guilds],
                "session_id": name,
                "session_type": "normal",
                "resume_gateway_url": f"{world.base_url.replace('http', 'ws', 1)}/gateway/",
                "shard": [index, count],
                "application": {
                    "id": str(world.application_id),
                    "flags": CONTENT_FLAGS if world.message_content else 0,
                },
                "private_channels": [],
                "relationships": [],
                "_trace": [],
            },
        )
        for guild in guilds:
            session.send("GUILD_CREATE", self.guild_create(guild.id))
        world.on_change()
        return True

    def _is_in_turn(self, data: Mapping[str, Any], now: float) -> bool:
        """Whether no other session of the same key was started just before."""
        shard, _ = data.get("shard") or (0, 1)
        key = shard % self._world.max_concurrency
        since = now - self._last_identify.get(key, -self.identify_seconds)
        self._last_identify[key] = now
        if since >= self.identify_seconds:
            return True
        self._world.violations.append(f"gateway: IDENTIFY of key {key} {since:.3f} s after another")
        return False

    def guild_create(self, guild_id: int) -> dict[str, Any]:
        """Return the payload of GUILD_CREATE; hidden channels are in it, threads only if seen."""
        guild = self._world.guilds[guild_id]
        channels: list[Channel] = self._world.guild_channels(guild)
        threads = self._world.active_threads(guild)
        return guild_create_payload(guild, self._world.bot, channels, threads)

    def _refusal(self, connection: Connection, data: Any) -> int:
        """Return the close code for a bad IDENTIFY, 0 for a good one."""
        world = self._world
        if connection.session is not None:
            return 4005
        if not isinstance(data, dict) or not isinstance(data.get("properties"), dict):
            world.violations.append("gateway: IDENTIFY without properties")
            return 4002
        if data.get("token") != world.token or world.session_starts_left <= 0:
            return 4004
        intents = data.get("intents")
        if not isinstance(intents, int) or intents & ~_KNOWN_INTENTS:
            world.violations.append("gateway: IDENTIFY with invalid intents")
            return 4013
        forbidden = _MEMBERS | _PRESENCES
        forbidden |= 0 if world.message_content else MESSAGE_CONTENT
        if intents & forbidden:
            return 4014
        index, count = data.get("shard") or (0, 1)
        if not 0 <= index < count:
            return 4010
        guilds = [each for each in world.guilds.values() if not each.gone]
        mine = sum((each.id >> 22) % count == index for each in guilds)
        return 4011 if mine > _GUILDS_PER_SHARD else 0

    def _resume(self, connection: Connection, data: Any) -> bool:
        world = self._world
        now = asyncio.get_running_loop().time()
        found = [item for item in self.sessions if item.id == data.get("session_id")]
        accepted = bool(found) and data.get("token") == world.token
        self.resumes.append(Identify(now, data, accepted))
        if data.get("token") != world.token:
            connection.close(4004)
            return False
        if not found:
            connection.send(9, False)
            return True
        session = found[0]
        if data.get("seq") is None or data["seq"] > session.seq:
            return self._fail(connection, 4007, "RESUME with an invalid sequence number")
        if session.connection is not None:
            session.connection.close(4000)
        missed = [item for item in session.log if item[0] > data["seq"]]
        for seq, name, payload in missed:
            connection.send(0, payload, name, seq)
        session.connection = connection
        connection.session = session
        session.send("RESUMED", {"_trace": []})
        world.on_change()
        return True

    def _send_members(self, session: Session, data: Mapping[str, Any]) -> None:
        world = self._world
        guild = world.guilds.get(int(data.get("guild_id", 0)))
        if guild is None:
            return
        wanted = data.get("user_ids") or []
        ids = {int(item) for item in (wanted if isinstance(wanted, list) else [wanted])}
        query = data.get("query")
        members = [
            world.users[user_id]
            for user_id in guild.members
            if user_id in ids or (query and world.users[user_id].name.startswith(query))
        ]
        session.send(
            "GUILD_MEMBERS_CHUNK",
            {
                "guild_id": str(guild.id),
                "members": [member_payload(guild, user) for user in members],
                "chunk_index": 0,
                "chunk_count": 1,
                "not_found": [str(user_id) for user_id in ids - set(guild.members)],
                "nonce": data.get("nonce"),
            },
        )
