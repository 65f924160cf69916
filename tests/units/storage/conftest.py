"""One server and one cluster per test process, emptied before every test."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from bot.storage.connect import open_redis, wait_until_ready
from bot.storage.threads import Threads
from tests.clusters import Cluster, valkey_cluster
from tests.servers import Valkey
from tests.units.storage.samples import Clock


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """Three primaries, without persistence."""
    with (
        tempfile.TemporaryDirectory(prefix="bobbin-test-") as directory,
        valkey_cluster(Path(directory)) as running,
    ):
        yield running


@pytest.fixture(params=["server", "cluster"])
def url(request: pytest.FixtureRequest) -> str:
    """Where the store is: every test that uses it runs on one server and on a cluster."""
    running: Valkey | Cluster = request.getfixturevalue(request.param)
    return running.url


@pytest.fixture
async def client(url: str) -> AsyncIterator[Redis]:
    """A client of an empty store; a cluster's takes the same calls."""
    client: Any = open_redis(url)
    await wait_until_ready(client, 50)
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
    """The store under test. Its leases outlast every test; `end_lease` ends one."""
    return Threads(client, worker="w1", clock=clock, new_id=new_id, lease_seconds=120.0)
