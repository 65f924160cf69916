"""A server for tests of searches, emptied before every test."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot.storage.connect import open_redis, wait_until_ready
from tests.servers import Valkey
from tests.units.searching.desk import Desk
from tests.units.storage.samples import Clock


@pytest.fixture
async def desk(server: Valkey) -> AsyncIterator[Desk]:
    """One process that searches an empty store."""
    client: Any = open_redis(server.url)
    await wait_until_ready(client, 50)
    await client.flushall()
    numbers = itertools.count(1)
    async with Desk(client, Clock(), lambda: f"id{next(numbers)}") as here:
        yield here
    await client.aclose()
