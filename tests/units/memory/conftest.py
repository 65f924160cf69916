"""A server for tests of memory, emptied before every test, and the real parts over it."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot.storage.connect import open_redis, wait_until_ready
from tests.servers import Valkey
from tests.units.memory.parts import Parts
from tests.units.storage.samples import Clock


@pytest.fixture
async def parts(server: Valkey) -> AsyncIterator[Parts]:
    """Long-term memory as the bot has it, on an empty store."""
    client: Any = open_redis(server.url)
    await wait_until_ready(client, 50)
    await client.flushall()
    numbers = itertools.count(1)
    made = Parts(client, Clock(), lambda: f"id{next(numbers)}")
    yield made
    await made.searching.close()
    await client.aclose()
