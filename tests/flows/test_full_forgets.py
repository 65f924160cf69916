"""What forgets is what makes room: a Redis that is full refuses none of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from bot.chat import EVERYTHING, Removal
from bot.storage.connect import open_redis
from tests.flows.meadow import a_meadow
from tests.flows.test_nothing_left import LAPTOP, WORD, answered, filled
from tests.servers import Valkey


@asynccontextmanager
async def full(server: Valkey) -> AsyncIterator[None]:
    """No memory is left."""
    client: Any = open_redis(server.url)
    await client.config_set("maxmemory", "1")
    try:
        yield
    finally:
        await client.config_set("maxmemory", "0")
        await client.aclose()


async def test_memories_go_along(server: Valkey) -> None:
    """With a message that is deleted, and with a conversation; nothing of a person stays."""
    async with filled(server) as there:
        said = there.said
        inbox = await there.field.meadow.inbox()
        ids, events = (said.ref.message,), (said.event_id,)
        async with full(server):
            await inbox.deleted(Removal("discord", "1", "11", said.thread, ids, events))
            left = await there.lines(WORD)
            assert not [line for line in left if f"my loom is {WORD}" in line.casefold()], left
            assert (await there.forget()).startswith("Forgotten: ")
            await there.forget(**{EVERYTHING: "true"})
        assert await there.lines(WORD, LAPTOP) == []


async def test_deleted_messages_are_looked_for_in_a_channel(server: Valkey) -> None:
    """Where the platform does not tell which conversation they were in."""
    async with a_meadow(server) as field:
        inbox = await field.meadow.inbox()
        said = await answered(field, f"my loom is {WORD}", thread="m1")
        ids, events = (said.ref.message, "m77"), (said.event_id, "e77")
        async with full(server):
            await inbox.deleted(Removal("discord", "1", "11", None, ids, events))
        assert WORD not in await field.stored()
