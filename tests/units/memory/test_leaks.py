"""Nothing comes back in a place that somebody there could not know: through the real parts."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from hypothesis import HealthCheck, given, settings

from bot.audience import Grant, grant
from bot.chat import ThreadKey
from bot.memories import Filter, Memory, MemoryText, Scope, Source, Status, Via
from bot.storage.connect import open_redis, wait_until_ready
from bot.storage.memories_writing import Actor, Step
from tests.servers import Valkey
from tests.units.memory.parts import Parts
from tests.units.memory.world import Place, Readers, World, worlds
from tests.units.storage.samples import Clock

EVERY_STATUS = Filter(statuses=frozenset(Status))


@asynccontextmanager
async def opened(server: Valkey) -> AsyncIterator[Parts]:
    """The parts over an empty store."""
    client: Any = open_redis(server.url)
    await wait_until_ready(client, 10)
    await client.flushall()
    numbers = itertools.count(1)
    parts = Parts(client, Clock(), lambda: f"id{next(numbers)}")
    try:
        yield parts
    finally:
        await parts.searching.close()
        await client.aclose()


async def fill(parts: Parts, world: World) -> dict[str, Readers]:
    """A memory in every scope and a message in every conversation; who may know each."""
    known: dict[str, Readers] = {}
    for number, (scope, readers) in enumerate(world.scopes().items()):
        id = f"mem_{number:026d}"
        text = MemoryText(f"lighthouse secret{number}x", pinned=True)
        memory = Memory(id, text, scope, Source(Via.COMMAND))
        await parts.store.write(scope, [Step("add", memory, f"d{number}", "add")], Actor())
        known[f"secret{number}x"] = readers
    for number, room in enumerate(world.rooms):
        if room.readers:
            text = f"lighthouse spoken{number}x"
            await parts.say(text, room.thread, "someone", confined=room.confined)
            known[f"spoken{number}x"] = room.readers
    return known


async def all_that_comes_back(
    parts: Parts, given_there: Grant, ids: Sequence[str], threads: Sequence[ThreadKey]
) -> str:
    """Whatever can be got out of memory in a place, as one text."""
    memories = parts.memories
    found: list[object] = [await memories.get(given_there, id) for id in ids]
    found.append(await memories.page(given_there, EVERY_STATUS, limit=500))
    found += [each async for each in memories.everything(given_there, EVERY_STATUS)]
    found.append(await memories.search(given_there, "lighthouse", limit=200))
    found.append(await memories.context(given_there, "lighthouse", max_tokens=20_000))
    found.append(await memories.context(given_there, max_tokens=20_000))
    found += [await memories.conversation(given_there, thread) for thread in threads]
    return repr(found)


def distinct(places: Sequence[Place], world: World) -> dict[Grant, Readers]:
    """What may be done in each place; of places where the same may be, all who read in any."""
    found: dict[Grant, Readers] = {}
    for place in places:
        opened_there = grant(
            place.audience, place.account, linked=sorted(world.accounts(place.asker)), admin=True
        )
        found[opened_there] = found.get(opened_there, Readers()) | place.readers
    return found


@given(world=worlds())
@settings(max_examples=2, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_comes_back_in_a_place_was_known_to_everybody_there(
    server: Valkey, world: World
) -> None:
    async def look() -> None:
        async with opened(server) as parts:
            known = await fill(parts, world)
            scopes: Sequence[Scope] = list(world.scopes())
            ids = [f"mem_{number:026d}" for number in range(len(scopes))]
            threads = [room.thread for room in world.rooms]
            for given_there, readers in distinct(world.places(), world).items():
                told = await all_that_comes_back(parts, given_there, ids, threads)
                for word, may_know in known.items():
                    assert word not in told or readers <= may_know, (word, given_there)
                for number, scope in enumerate(scopes):
                    assert (f"secret{number}x" in told) == (scope in given_there.readable)

    asyncio.run(look())
