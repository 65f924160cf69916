"""One server per test process, emptied before every test."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from bot.storage.connect import open_redis
from tests.servers import Valkey, valkey_server


@pytest.fixture(scope="session")
def running_server() -> Iterator[Valkey]:
    """The server, without persistence."""
    with (
        tempfile.TemporaryDirectory(prefix="bobbin-flow-") as directory,
        valkey_server(Path(directory)) as running,
    ):
        yield running


@pytest.fixture
async def server(running_server: Valkey) -> AsyncIterator[Valkey]:
    """The server, empty."""
    client = open_redis(running_server.url)
    await client.flushall()
    yield running_server
    await client.aclose()
