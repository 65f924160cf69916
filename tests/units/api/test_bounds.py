"""The port for other programs: silent connections keep nobody out and do not last."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from bot.connections import Bounds
from tests.servers import Valkey
from tests.units.api.site import Site, running

GET = b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n"


@asynccontextmanager
async def connected(site: Site, sent: bytes) -> AsyncIterator[asyncio.StreamReader]:
    """A connection that has sent this."""
    port = int(site.url.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(sent)
        await writer.drain()
        yield reader
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def everything(reader: asyncio.StreamReader) -> bytes:
    """What comes until the server ends it."""
    received = b""
    with contextlib.suppress(ConnectionResetError):
        while chunk := await reader.read(100_000):
            received += chunk
    return received


@pytest.mark.parametrize("sent", [b"", GET[:-2]])
async def test_half_a_request_is_waited_for_only_so_long(server: Valkey, sent: bytes) -> None:
    bounds = Bounds(most=9, head=0.05, idle=60.0)
    async with running(server.url, bounds=bounds) as site, connected(site, sent) as reader:
        assert await everything(reader) == b""


async def test_half_a_second_request_is_waited_for_only_so_long(server: Valkey) -> None:
    bounds = Bounds(most=9, head=60.0, idle=0.05)
    async with (
        running(server.url, bounds=bounds) as site,
        connected(site, GET + GET[:-2]) as reader,
    ):
        received = await everything(reader)
        assert received.startswith(b"HTTP/1.1 200") and received.count(b"HTTP/1.1") == 1


async def test_silent_connections_keep_nobody_out(server: Valkey) -> None:
    bounds = Bounds(most=2, head=60.0, idle=60.0)
    async with (
        running(server.url, bounds=bounds) as site,
        connected(site, GET[:-2]) as first,
        connected(site, GET[:-2]),
        site.http() as http,
    ):
        assert (await http.get("/v1/memory")).status_code == 200
        assert await everything(first) == b""
