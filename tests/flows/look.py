"""What a test may know of the store: whether anything is under way, and whether words are in it."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

from bot.storage.connect import Command, Link, open_redis
from tests.servers import Valkey


async def settled(server: Valkey) -> None:
    """Wait until no turn is running: everything is committed."""
    client: Any = open_redis(server.url)
    # As patient as the bot: a failover may be under way.
    link = Link(client)
    try:
        # The store does not report changes; each look takes a round trip.
        async with asyncio.timeout(50):
            while any((await link.everywhere("KEYS", "bobbin:*:leases")).values()):
                pass
    finally:
        await client.aclose()


async def stored(server: Valkey) -> str:
    """Everything in Redis, keys and values, as one text."""
    client: Any = open_redis(server.url)
    link = Link(client)
    try:
        names = [name async for name in client.scan_iter(count=1000)]
        kinds = await link.batch([("TYPE", name) for name in names])
        values = await link.batch(
            [_reading(_text(kind), name) for kind, name in zip(kinds, names, strict=True)]
        )
    finally:
        await client.aclose()
    return "\n".join(
        sorted(f"{_text(name)} = {value}" for name, value in zip(names, values, strict=True))
    )


async def until_stored(server: Valkey, holds: bool, *words: str) -> str:
    """Wait until all of these words are in the store, or none is; everything in it then.

    Raises:
        AssertionError: It did not become so; it tells where the words are.
    """
    kept = ""
    # The store does not report changes; each look takes a round trip.
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(50):
            while True:
                kept = await stored(server)
                if all((word in kept) == holds for word in words):
                    return kept
    lines = [line for line in kept.splitlines() if any(word in line for word in words)]
    raise AssertionError((holds, words, lines))


def _text(name: str | bytes) -> str:
    return name if isinstance(name, str) else name.decode()


def _reading(kind: str, name: str | bytes) -> Command:
    match kind:
        case "hash":
            return ("HGETALL", name)
        case "list":
            return ("LRANGE", name, 0, -1)
        case "set":
            return ("SMEMBERS", name)
        case "zset":
            return ("ZRANGE", name, 0, -1)
        case "stream":
            return ("XRANGE", name, "-", "+")
        case _:
            # Also of what has gone meanwhile.
            return ("GET", name)
