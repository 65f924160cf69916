"""One server per test process, emptied before every test."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from typing import Any

import pytest
from redis.asyncio import Redis

from bot.storage.connect import open_redis, wait_until_ready
from bot.storage.threads import Threads
from tests.servers import Valkey
from tests.units.storage.samples import Clock


@pytest.fixture
async def client(server: Valkey) -> AsyncIterator[Redis]:
    """A client of an empty store."""
    client: Any = open_redis(server.url)
    await wait_until_ready(client, 50)
    await client.flushall()
    yield client
    await client.aclose()


@pytest.fixture
def threads(client: Redis) -> Threads:
    """The store under test."""
    numbers = itertools.count(1)
    return Threads(client, worker="w1", clock=Clock(), new_id=lambda: f"id{next(numbers)}")
