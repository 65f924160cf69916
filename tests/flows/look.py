"""What a test may know of the store: whether anything is under way, and whether words are in it."""

from __future__ import annotations

import asyncio
from typing import Any

from bot.storage.connect import open_redis
from tests.servers import Valkey


async def settled(server: Valkey) -> None:
    """Wait until no turn is running: everything is committed."""
    client = open_redis(server.url)
    try:
        # The store does not report changes; each look takes a round trip.
        async with asyncio.timeout(5):
            while await client.keys("bobbin:*:leases"):
                pass
    finally:
        await client.aclose()


async def stored(server: Valkey) -> str:
    """Everything in Redis, keys and values, as one text."""
    client = open_redis(server.url)
    lines: list[str] = []
    try:
        async for key in client.scan_iter(count=1000):
            name = key if isinstance(key, str) else key.decode()
            lines.append(f"{name} = {await _value(client, name)}")
    finally:
        await client.aclose()
    return "\n".join(sorted(lines))


async def _value(client: Any, name: str) -> object:
    kind = await client.type(name)
    match kind if isinstance(kind, str) else kind.decode():
        case "hash":
            return await client.hgetall(name)
        case "list":
            return await client.lrange(name, 0, -1)
        case "set":
            return await client.smembers(name)
        case "zset":
            return await client.zrange(name, 0, -1)
        case _:
            return await client.get(name)
