"""The connections of a port within bounds, whichever server speaks HTTP on them.

Servers bound a request at most, so whoever sends half a head, or nothing, would hold a connection
for as long as they like. Here a connection is at work, from the head of a request to its answer,
or it waits for a head, which has a limit. At the bound whoever has waited longest makes room: a
program that has something to say sends it at once.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import cast

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a port puts up with.

    Attributes:
        most: Connections at once.
        head: Seconds until the head of a connection's first request has to be there.
        idle: Seconds from an answer to the head of the next request, and how long an answer may
            lie unread.
    """

    most: int
    head: float
    idle: float


class Connections:
    """All connections of one port.

    Args:
        bounds: What they are held to.
        name: The variable that sets the port, for the log.
    """

    def __init__(self, bounds: Bounds, name: str) -> None:
        self.bounds = bounds
        self._name = name
        self._open: dict[Sequence[object], Connection] = {}
        self._waiting: dict[Connection, None] = {}
        self._crowded = False

    def __len__(self) -> int:
        return len(self._open)

    @property
    def silent(self) -> int:
        """How many are not at work."""
        return len(self._waiting)

    def accept(self, make: Callable[[], asyncio.BaseProtocol]) -> asyncio.Protocol:
        """A protocol for a new connection; `make` gives the server's own, if there is room."""
        return Connection(self, make)

    @contextmanager
    def at_work(self, peer: Sequence[object] | None) -> Generator[None]:
        """A request is answered while the block lasts; `peer` is the address it came from."""
        connection = self._open.get(_key(peer))
        if connection is None:
            yield
            return
        connection.begun()
        try:
            yield
        finally:
            connection.ended()

    def admit(self, connection: Connection, peer: Sequence[object] | None) -> bool:
        """Whether there is room, which the longest silent connection makes where need be."""
        if len(self._open) >= self.bounds.most:
            self._tell()
            oldest = next(iter(self._waiting), None)
            if oldest is None:
                return False
            oldest.cut()
        self._open[_key(peer)] = connection
        return True

    def waits(self, connection: Connection) -> None:
        """It has no request at present."""
        self._waiting[connection] = None

    def works(self, connection: Connection) -> None:
        """It has one."""
        self._waiting.pop(connection, None)

    def leave(self, connection: Connection, peer: Sequence[object] | None) -> None:
        """It is gone."""
        self._waiting.pop(connection, None)
        if self._open.get(_key(peer)) is connection:
            del self._open[_key(peer)]
        if len(self._open) <= self.bounds.most // 2:
            self._crowded = False

    def _tell(self) -> None:
        if not self._crowded:
            log.warning(
                "%s: %d connections at once, which is the bound; silent ones make room, "
                "and further ones are refused while all are at work",
                self._name,
                len(self._open),
            )
        self._crowded = True


class Connection(asyncio.Protocol):
    """Hands everything on to the server's own protocol, and ends what takes too long."""

    def __init__(self, all: Connections, make: Callable[[], asyncio.BaseProtocol]) -> None:
        self._all = all
        self._make = make
        self._inner: asyncio.Protocol | None = None
        self._transport: asyncio.Transport | None = None
        self._peer: Sequence[object] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._requests = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Let it in, or close it."""
        self._transport = cast("asyncio.Transport", transport)
        self._peer = transport.get_extra_info("peername")
        if not self._all.admit(self, self._peer):
            self._transport.abort()
            return
        self._all.waits(self)
        self._within(self._all.bounds.head)
        self._inner = cast("asyncio.Protocol", self._make())
        self._inner.connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        self._leave()
        if self._inner is not None:
            self._inner.connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Bytes for the server."""
        if self._inner is not None:
            self._inner.data_received(data)

    def eof_received(self) -> bool | None:
        """The other side sends nothing more."""
        return None if self._inner is None else self._inner.eof_received()

    def pause_writing(self) -> None:
        """What was written is not being read."""
        self._within(self._all.bounds.idle)
        if self._inner is not None:
            self._inner.pause_writing()

    def resume_writing(self) -> None:
        """It is."""
        if self._requests:
            self._stop()
        if self._inner is not None:
            self._inner.resume_writing()

    def begun(self) -> None:
        """The head of a request is there."""
        # A server may begin the next request before it is quite done with the last one.
        self._requests += 1
        self._stop()
        self._all.works(self)

    def ended(self) -> None:
        """It is answered."""
        self._requests -= 1
        if not self._requests and self._transport is not None:
            self._all.waits(self)
            self._within(self._all.bounds.idle)

    def cut(self) -> None:
        """End it, whatever is under way."""
        transport = self._transport
        self._leave()
        if transport is not None:
            transport.abort()

    def _within(self, seconds: float) -> None:
        self._stop()
        self._timer = asyncio.get_running_loop().call_later(seconds, self.cut)

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None

    def _leave(self) -> None:
        self._stop()
        self._all.leave(self, self._peer)
        self._transport = None


def _key(peer: Sequence[object] | None) -> Sequence[object]:
    """Address and port, without what IPv6 adds, which not every server tells."""
    return tuple(peer or ())[:2]
