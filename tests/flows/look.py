"""What a test may know of the store: whether anything is under way, and whether words are in it."""

from __future__ import annotations

import asyncio
from typing import Any

from bot.storage.connect import Link, open_redis
from tests.servers import Valkey


async def settled(server: Valkey) -> None:
    """Wait until no turn is running: everything is committed."""
    client: Any = open_redis(server.url)
    # As patient as the bot: a failover may be under way.
    link = Link(client)
    try:
        # The store does not report changes; each look takes a round trip.
        async with asyncio.timeout(10):
            while any((await link.everywhere("KEYS", "bobbin:*:leases")).values()):
                pass
    finally:
        await client.aclose()


async def stored(server: Valkey) -> str:
    """Everything in Redis, keys and values, as one text."""
    client: Any = open_redis(server.url)
    lines: list[str] = []
    try:
        async for key in client.scan_iter(count=1000):
            lines.append(f"{_text(key)} = {await _value(client, key)}")
    finally:
        await client.aclose()
    return "\n".join(sorted(lines))


def _text(name: str | bytes) -> str:
    return name if isinstance(name, str) else name.decode()


async def _value(client: Any, name: str | bytes) -> object:
    match _text(await client.type(name)):
        case "hash":
            return await client.hgetall(name)
        case "list":
            return await client.lrange(name, 0, -1)
        case "set":
            return await client.smembers(name)
        case "zset":
            return await client.zrange(name, 0, -1)
        case "stream":
            return await client.xrange(name)
        case _:
            return await client.get(name)
