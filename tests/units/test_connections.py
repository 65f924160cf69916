"""Connections within bounds: who is cut, who makes room, and who is left alone."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from aiohttp import web

from bot.connections import Bounds, Connections
from bot.listening import bounded, listen
from bot.tasks import end

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
PATIENT = 60.0
MUCH = b"x" * 8_000_000
"""More than a system keeps of what is not read."""


@dataclass(slots=True)
class Port:
    """A port, and what its application does."""

    number: int
    connections: Connections
    go: asyncio.Event
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    opened: list[asyncio.StreamWriter] = field(default_factory=list)

    async def connect(self, sent: bytes = b"") -> Streams:
        """A connection that has sent this."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.number)
        self.opened.append(writer)
        writer.write(sent)
        await writer.drain()
        return reader, writer

    async def at_work(self) -> Streams:
        """A connection whose answer comes later.

        One whose head is too late, as on a slow machine, is cut; then there is another.
        """
        while True:
            streams = await self.connect(GET.replace(b"/ ", b"/later "))
            begun, cut = asyncio.create_task(self.begun.wait()), asyncio.create_task(ended(streams))
            await asyncio.wait({begun, cut}, return_when=asyncio.FIRST_COMPLETED)
            for task in (begun, cut):
                await end(task)
            if self.begun.is_set():
                return streams

    async def holds(self, *, working: int = 0, silent: int = 0) -> None:
        """Wait until just these connections are open."""
        wanted = (working + silent, silent)
        while (len(self.connections), self.connections.silent) != wanted:  # noqa: ASYNC110
            await asyncio.sleep(0)


@asynccontextmanager
async def port(bounds: Bounds) -> AsyncIterator[Port]:
    """Answers "/" at once, "/much" with very much, "/later" when it may."""
    go, begun = asyncio.Event(), asyncio.Event()

    async def answer(request: web.Request) -> web.Response:
        return web.Response(body=b"hello")

    async def much(request: web.Request) -> web.Response:
        return web.Response(body=MUCH)

    async def later(request: web.Request) -> web.Response:
        begun.set()
        await go.wait()
        return web.Response(body=b"late")

    application = web.Application()
    application.router.add_get("/", answer)
    application.router.add_get("/much", much)
    application.router.add_get("/later", later)
    connections = bounded(application, bounds, "A_PORT")
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    listener = await listen(runner, connections, "127.0.0.1", 0)
    made = Port(listener.sockets[0].getsockname()[1], connections, go, begun)
    try:
        yield made
    finally:
        for writer in made.opened:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
        go.set()
        listener.close()
        await runner.cleanup()


async def ended(streams: Streams) -> bytes:
    """What comes until the other side ends it."""
    received = b""
    with contextlib.suppress(ConnectionResetError):
        while chunk := await streams[0].read(100_000):
            received += chunk
    return received


async def test_half_a_head_is_waited_for_only_so_long() -> None:
    async with port(Bounds(most=9, head=0.05, idle=PATIENT)) as here:
        silent, half = await here.connect(), await here.connect(GET[:-2])
        assert await ended(silent) == await ended(half) == b""
        await here.holds()


async def test_a_head_in_drops_is_no_excuse() -> None:
    async with port(Bounds(most=9, head=0.05, idle=PATIENT)) as here:
        reader, writer = await here.connect(GET[:-2])
        with contextlib.suppress(ConnectionError):
            while not reader.at_eof():
                writer.write(b"X: y\r\n")
                await writer.drain()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(0.01):
                        await reader.read(1)
        await here.holds()


async def test_a_connection_rests_between_requests_only_so_long() -> None:
    async with port(Bounds(most=9, head=PATIENT, idle=0.05)) as here:
        resting = await here.connect(GET)
        half = await here.connect(GET + GET[:-2])
        for streams in (resting, half):
            received = await ended(streams)
            assert received.startswith(b"HTTP/1.1 200") and received.count(b"hello") == 1


async def test_an_answer_lies_unread_only_so_long() -> None:
    async with port(Bounds(most=9, head=PATIENT, idle=0.05)) as here:
        streams = await here.connect(GET.replace(b"/ ", b"/much "))
        await here.holds(silent=1)
        await here.holds()
        assert len(await ended(streams)) < len(MUCH)


async def test_whoever_is_answered_has_time() -> None:
    async with port(Bounds(most=9, head=0.02, idle=0.02)) as here:
        streams = await here.at_work()
        await ended(await here.connect())
        await here.holds(working=1)
        here.go.set()
        assert (await ended(streams)).endswith(b"late")


async def test_the_longest_silent_one_makes_room(caplog: pytest.LogCaptureFixture) -> None:
    async with port(Bounds(most=3, head=PATIENT, idle=PATIENT)) as here:
        working = await here.connect(GET.replace(b"/ ", b"/later "))
        first = await here.connect()
        second = await here.connect()
        await here.holds(working=1, silent=2)
        for _ in range(2):
            reader, _ = await here.connect(GET)
            assert (await reader.readline()).startswith(b"HTTP/1.1 200")
        assert await ended(first) == await ended(second) == b""
        here.go.set()
        assert (await working[0].readline()).startswith(b"HTTP/1.1 200")
        assert len([line for line in caplog.messages if line.startswith("A_PORT: 3 ")]) == 1


async def test_while_all_are_at_work_nobody_else_is_let_in() -> None:
    async with port(Bounds(most=2, head=PATIENT, idle=PATIENT)) as here:
        later = GET.replace(b"/ ", b"/later ")
        working = [await here.connect(later) for _ in range(2)]
        await here.holds(working=2)
        assert await ended(await here.connect(GET)) == b""
        here.go.set()
        for reader, _ in working:
            assert (await reader.readline()).startswith(b"HTTP/1.1 200")
