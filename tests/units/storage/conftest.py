"""One server per test process, emptied before every test."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from redis.asyncio import Redis

from bot.storage.connect import open_redis
from bot.storage.threads import Threads
from tests.servers import Valkey, valkey_server
from tests.units.storage.samples import Clock


@pytest.fixture(scope="session")
def server() -> Iterator[Valkey]:
    """The server, without persistence."""
    with (
        tempfile.TemporaryDirectory(prefix="bobbin-test-") as directory,
        valkey_server(Path(directory)) as running,
    ):
        yield running


@pytest.fixture
async def client(server: Valkey) -> AsyncIterator[Redis]:
    """A client of an empty server."""
    client = open_redis(server.url)
    await client.flushall()
    yield client
    await client.aclose()


@pytest.fixture
def clock() -> Clock:
    """A clock that stands until it is moved."""
    return Clock()


@pytest.fixture
def new_id() -> Callable[[], str]:
    """Ids in order."""
    numbers = itertools.count(1)
    return lambda: f"id{next(numbers)}"


@pytest.fixture
def threads(client: Redis, clock: Clock, new_id: Callable[[], str]) -> Threads:
    """The store under test."""
    return Threads(client, worker="w1", clock=clock, new_id=new_id)
