"""Real servers for tests: Valkey on a unix socket or loopback, and a proxy that loses replies."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import signal
import socket
import subprocess
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bot.storage.binary import find_server

READY = b"Ready to accept connections"
PATIENCE = 50.0
BUS = 10_000
"""How far the bus port of a cluster's node is from its own."""

PORTS = range(10_000, 22_000)
"""With their companions below what systems give away: from 32768 on, or from 49152 on."""


@dataclass(frozen=True, slots=True)
class Valkey:
    """A running server."""

    url: str
    pid: int
    directory: Path

    def kill(self) -> None:
        """Kill it as a crash would."""
        os.kill(self.pid, signal.SIGKILL)


@contextmanager
def valkey_server(
    directory: Path, *flags: str, port: int = 0, persist: bool = False
) -> Iterator[Valkey]:
    """Run a server in `directory`, which must have a short path, until the block ends.

    It listens on a unix socket there and, when `port` is given, on 127.0.0.1 too. `flags` are
    added to its command line.
    """
    path = directory / "test.sock"
    command = [str(find_server()), "--port", str(port), "--bind", "127.0.0.1"]
    command += ["--unixsocket", str(path), "--unixsocketperm", "700", "--dir", str(directory)]
    command += ["--save", "", "--appendonly", "yes" if persist else "no", *flags]
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        wait_for_line(process, READY)
        yield Valkey(f"unix://{path}", process.pid, directory)
    finally:
        process.terminate()
        try:
            process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()


def free_port() -> int:
    """A port nobody listens on, and nobody listens on its companion for a cluster's bus either.

    None that the system gives away by itself: between now and its use, others are given those.
    """
    while True:
        port = secrets.choice(PORTS)
        if _is_free(port) and _is_free(port + BUS):
            return port


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def wait_for_line(process: subprocess.Popen[bytes], sign: bytes) -> None:
    """Read what the server prints until it says `sign`; go on reading so that it never blocks."""
    assert process.stdout is not None
    seen: list[bytes] = []
    output = process.stdout
    fuse = threading.Timer(PATIENCE, process.kill)
    fuse.start()
    try:
        for line in output:
            seen.append(line)
            if sign in line:
                return
    finally:
        fuse.cancel()
    raise RuntimeError("the server did not start: " + b"".join(seen).decode(errors="replace"))


@dataclass(slots=True)
class Held:
    """A request that is not passed on before `goes`; `arrived` tells that it is there."""

    sign: bytes
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    goes: asyncio.Event = field(default_factory=asyncio.Event)


class LossyProxy:
    """Forwards 127.0.0.1:`port` to a unix socket; loses the replies it is told to lose.

    The server carries the command out; then the client's connection breaks before the reply.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._to_lose: list[bytes] = []
        self._to_hold: list[Held] = []
        self._writers: set[asyncio.StreamWriter] = set()
        self._broken = False
        self.accepted = 0
        self.lost = 0
        self.port = 0

    @property
    def url(self) -> str:
        """For redis-py."""
        return f"redis://127.0.0.1:{self.port}/0"

    def point_to(self, server: Valkey) -> None:
        """Forward new connections to another server; old ones stay where they are."""
        self._path = server.url.removeprefix("unix://")

    def break_off(self) -> None:
        """End all connections, and refuse new ones until `mend`."""
        self._broken = True
        for writer in self._writers:
            writer.transport.abort()

    def mend(self) -> None:
        """Take new connections again."""
        self._broken = False

    def lose_reply_to(self, sign: str) -> None:
        """Lose one reply: to the next request that contains `sign`."""
        self._to_lose.append(sign.encode())

    def hold(self, sign: str) -> Held:
        """Hold the next request that contains `sign`; others overtake it on their connections."""
        held = Held(sign.encode())
        self._to_hold.append(held)
        return held

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One client's connection."""
        if self._broken:
            writer.transport.abort()
            return
        self.accepted += 1
        self._writers.add(writer)
        upstream, out = await asyncio.open_unix_connection(self._path)
        try:
            replies = asyncio.create_task(_copy(upstream, writer))
            try:
                while request := await reader.read(1 << 20):
                    sign = next((sign for sign in self._to_lose if sign in request), None)
                    held = next((each for each in self._to_hold if each.sign in request), None)
                    if held is not None:
                        self._to_hold.remove(held)
                        held.arrived.set()
                        await held.goes.wait()
                    if sign is None:
                        out.write(request)
                        continue
                    self._to_lose.remove(sign)
                    replies.cancel()
                    with contextlib.suppress(asyncio.CancelledError):
                        await replies
                    out.write(request)
                    await upstream.read(1 << 20)
                    self.lost += 1
                    return
            finally:
                replies.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await replies
        finally:
            out.close()
            self._writers.discard(writer)
            writer.transport.abort()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(1 << 20):
        writer.write(data)


@asynccontextmanager
async def lossy_proxy(server: Valkey) -> AsyncIterator[LossyProxy]:
    """A proxy in front of `server`."""
    proxy = LossyProxy(server.url.removeprefix("unix://"))
    listener = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    proxy.port = listener.sockets[0].getsockname()[1]
    async with listener:
        yield proxy
