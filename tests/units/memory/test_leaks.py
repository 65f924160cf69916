"""Nothing comes back in a place that somebody there could not know: through the real parts."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings

from bot.audience import Grant, grant, writable
from bot.chat import Author, Incoming, MessageRef, ThreadKey
from bot.memories import Filter, Memory, MemoryText, Scope, Source, Status, Via
from bot.memory.granting import Granting
from bot.memory.tools import Remember
from bot.panels import Button
from bot.storage.connect import open_redis, wait_until_ready
from bot.storage.keys import place_of
from bot.storage.memories_writing import Actor, Step
from bot.tools import ToolContext
from tests.embedders import HashEmbedder
from tests.servers import Valkey
from tests.units.memory.parts import ADA, Parts
from tests.units.memory.world import CAN, Place, Readers, World, worlds
from tests.units.storage.samples import Clock

EVERY_STATUS = Filter(statuses=frozenset(Status))
WORD, BY_MEANING = "lighthouse", "beacon"
"""What everything says, and what means the same and stands nowhere."""

GOT_BY_ID = 7
"""Of the ids that somebody tries in one place; elsewhere it is others."""


@asynccontextmanager
async def opened(server: Valkey) -> AsyncIterator[Parts]:
    """The parts over an empty store."""
    client: Any = open_redis(server.url)
    await wait_until_ready(client, 50)
    await client.flushall()
    numbers = itertools.count(1)
    embedder = HashEmbedder(16, {BY_MEANING: WORD})
    parts = Parts(client, Clock(), lambda: f"id{next(numbers)}", embedder=embedder)
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
        text = MemoryText(f"{WORD} secret{number}x", pinned=True)
        memory = Memory(id, text, scope, Source(Via.COMMAND))
        await parts.store.write(scope, [Step("add", memory, f"d{number}", "add")], Actor())
        known[f"secret{number}x"] = readers
    for number, room in enumerate(world.rooms):
        if room.readers:
            text = f"{WORD} spoken{number}x"
            await parts.say(text, room.thread, "someone", confined=room.confined)
            known[f"spoken{number}x"] = room.readers
    rooms = tuple(room.thread for room in world.rooms)
    everything = Grant(
        ADA,
        tuple(world.scopes()),
        channels=tuple(dict.fromkeys(map(place_of, rooms))),
        threads=rooms,
    )
    assert await parts.searching.fill(everything) == len(known)
    return known


async def all_that_comes_back(
    parts: Parts, given_there: Grant, ids: Sequence[str], threads: Sequence[ThreadKey]
) -> str:
    """Whatever can be got out of memory in a place, as one text."""
    memories = parts.memories

    async def everything() -> list[Memory]:
        return [each async for each in memories.everything(given_there, EVERY_STATUS)]

    by_meaning = await memories.search(given_there, BY_MEANING, limit=200)
    assert by_meaning, "vectors take part"
    found = await asyncio.gather(
        memories.page(given_there, EVERY_STATUS, limit=500),
        everything(),
        memories.search(given_there, WORD, limit=200),
        memories.context(given_there, WORD, max_tokens=20_000),
        memories.context(given_there, max_tokens=20_000),
        *(memories.get(given_there, id) for id in ids),
        *(memories.conversation(given_there, thread) for thread in threads),
    )
    return repr((by_meaning, found))


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
@settings(
    max_examples=2,
    # A smaller world is no easier to read, and takes minutes to find.
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_what_comes_back_in_a_place_was_known_to_everybody_there(
    server: Valkey, world: World
) -> None:
    async def look() -> None:
        async with opened(server) as parts:
            known = await fill(parts, world)
            scopes: Sequence[Scope] = list(world.scopes())
            ids = [f"mem_{number:026d}" for number in range(len(scopes))]
            tries = itertools.cycle(ids)
            threads = [room.thread for room in world.rooms]
            for given_there, readers in distinct(world.places(), world).items():
                some = list(itertools.islice(tries, GOT_BY_ID))
                told = await all_that_comes_back(parts, given_there, some, threads)
                for word, may_know in known.items():
                    assert word not in told or readers <= may_know, (word, given_there)
                for number, scope in enumerate(scopes):
                    assert (f"secret{number}x" in told) == (scope in given_there.readable)

    asyncio.run(look())


def one_of_each_kind(world: World) -> Sequence[Place]:
    """Places where a message can be said: of rooms with the same scopes in reach, one."""
    found: dict[tuple[object, ...], Place] = {}
    for place in world.places():
        audience = place.audience
        if place.about == "message" and audience.thread is not None:
            kinds = tuple(scope.kind for scope in writable(audience))
            found.setdefault((audience.platform, audience.confined, *kinds), place)
    return list(found.values())


async def corrected_by_the_model(parts: Parts, place: Place, older: str, content: str) -> None:
    """The model answers a message in a place, and takes it for a correction of a memory."""
    audience = place.audience
    assert audience.thread is not None
    ref = MessageRef(audience.channel, "m1")
    author = Author(place.account.user, "somebody")
    event = Incoming("e1", audience.thread, ref, author, "no", 1.0, 1, addressed=True)
    tool = Remember(
        parts.memories,
        Granting(),
        lambda platform: CAN[platform].people_per_space,
        lambda memory: Button("Undo", "memories", memory.id),
        lambda old, new: Button("Merge", "memories", f"{old.id} {new.id}"),
    )
    context = ToolContext("turn", 1, audience.thread, audience, [event], content)
    given = {"content": content, "kind": "fact", "about": None, "tags": [], "corrects": older}
    await tool.call(given, context)


@given(world=worlds())
@settings(
    max_examples=2,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_what_the_model_corrects_in_a_place_is_told_to_nobody_beyond(
    server: Valkey, world: World
) -> None:
    async def look() -> None:
        async with opened(server) as parts:
            scopes = world.scopes()
            known: dict[str, Place] = {}
            for place in one_of_each_kind(world):
                for scope in writable(place.audience):
                    number = len(known)
                    id, text = f"mem_{number:026d}", MemoryText(f"old{number}x")
                    older = Memory(id, text, scope, Source(Via.COMMAND, place.account))
                    step = Step("add", older, f"d{number}", "add")
                    await parts.store.write(scope, [step], Actor())
                    known[f"new{number}x"] = place
                    await corrected_by_the_model(parts, place, id, f"new{number}x")
            page = await parts.memories.page(Grant(ADA, tuple(scopes)), limit=500)
            lies = {each.text.content: each.scope for each in page.memories}
            for words, place in known.items():
                assert scopes[lies[words]] <= place.readers, (place, lies[words])

    asyncio.run(look())
