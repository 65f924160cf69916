"""What is forgotten or deleted between two commands of whoever remembers it is not remembered."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any

import pytest

from bot.credentials import Credential
from bot.memories import MemoryText, Person, Scope, Source, Via, Wrote
from bot.memory.port import Change, NewMemory
from bot.storage.connect import open_redis
from bot.storage.keys import ScopeKeys
from bot.storage.scripts import SCRIPTS
from tests.servers import LossyProxy, Valkey, lossy_proxy
from tests.units.memory.parts import ADA, BEN, CHANNEL, THREAD, Parts, there


@asynccontextmanager
async def another(server: Valkey, parts: Parts) -> AsyncIterator[tuple[Parts, LossyProxy]]:
    """A second process, whose commands can be held."""
    client: Any
    async with lossy_proxy(server) as proxy, aclosing(open_redis(proxy.url)) as client:
        numbers = itertools.count(1)
        made = Parts(client, parts.clock, lambda: f"other{next(numbers)}")
        yield made, proxy
        await made.searching.close()


@pytest.mark.parametrize("whole", ["a conversation", "a person"])
async def test_what_comes_after_its_origin_was_forgotten_goes(
    parts: Parts, server: Valkey, whole: str
) -> None:
    async with another(server, parts) as (other, proxy):
        held = proxy.hold("zebra")
        adding = asyncio.create_task(other.add("zebra", thread=THREAD))
        await asyncio.wait_for(held.arrived.wait(), 50)
        if whole == "a person":
            await parts.memories.forget_person(ADA)
        else:
            await parts.memories.forget_thread(THREAD)
        held.goes.set()
        assert (await adding).result is Wrote.REFUSED
        assert await parts.leftovers("zebra", str(THREAD)) == []


async def test_what_comes_after_it_was_forgotten_is_kept(parts: Parts) -> None:
    await parts.memories.forget_thread(THREAD)
    await parts.memories.forget_person(ADA)
    assert (await parts.add("zebra", thread=THREAD)).result is Wrote.CREATED
    assert await parts.memories.forget_thread(THREAD) == 1


async def test_a_correction_does_not_outlive_the_message_that_it_rests_on(
    parts: Parts, server: Valkey
) -> None:
    first = (await parts.add("zebra", thread=THREAD, messages=("m17",))).memory
    assert first is not None
    async with another(server, parts) as (other, proxy):
        # It has read what rests on the message, and is about to look at each.
        held = proxy.hold("\r\nHGET\r\n")
        forgetting = asyncio.create_task(other.memories.forget_messages(THREAD, ["m17"]))
        await asyncio.wait_for(held.arrived.wait(), 50)
        change = Change(content="the zebra is striped")
        corrected = await parts.memories.update(there(), first.id, change)
        held.goes.set()
        await forgetting
        assert corrected.result is Wrote.REFUSED
        assert await parts.leftovers("zebra", "m17") == []


async def test_what_comes_back_while_its_trail_is_swept_goes_with_its_origin(
    parts: Parts, server: Valkey
) -> None:
    name = f"mem_{'0' * 26}"
    await parts.add("giraffe", thread=THREAD)
    # A process died before it could add this one.
    await parts.client.sadd(ScopeKeys(Scope.of_thread(THREAD)).trail, f"{CHANNEL}/{name}")
    parts.clock.now += 3_601
    async with another(server, parts) as (other, proxy):
        held = proxy.hold(SCRIPTS["trail"].sha)
        sweeping = asyncio.create_task(other.store.sweep())
        await asyncio.wait_for(held.arrived.wait(), 50)
        source = Source(Via.IMPORT, thread=THREAD)
        new = NewMemory(MemoryText("zebra"), source, CHANNEL, id=name)
        assert (await parts.memories.add(there(), new)).result is Wrote.CREATED
        held.goes.set()
        await sweeping
    await parts.memories.forget_thread(THREAD)
    assert await parts.leftovers("zebra") == []


@pytest.mark.parametrize("whole", ["a workspace", "a person"])
async def test_no_program_writes_any_more_while_something_is_forgotten(
    parts: Parts, server: Valkey, whole: str
) -> None:
    await parts.threads.tokens.add(Credential("tok_1", "digest", ADA, "laptop", (CHANNEL,)))
    async with another(server, parts) as (other, proxy):
        held = proxy.hold(":trail")
        await parts.add("zebra", scope=CHANNEL)
        forget = other.memories
        forgetting = asyncio.create_task(
            forget.forget_person(ADA) if whole == "a person" else forget.forget_place("slack", "T1")
        )
        await asyncio.wait_for(held.arrived.wait(), 50)
        assert await parts.threads.tokens.find("digest") is None
        held.goes.set()
        assert await forgetting == 1


async def test_what_somebody_else_asks_for_while_its_author_is_forgotten_stays_theirs(
    parts: Parts, server: Valkey
) -> None:
    await parts.add("zebra", thread=THREAD)
    async with another(server, parts) as (other, proxy):
        held = proxy.hold(SCRIPTS["unmemorise"].sha)
        forgetting = asyncio.create_task(other.memories.forget_person(ADA))
        await asyncio.wait_for(held.arrived.wait(), 50)
        assert (await parts.add("zebra", there(BEN))).result is Wrote.TOUCHED
        held.goes.set()
        await forgetting
    [kept] = (await parts.memories.page(there(BEN))).memories
    assert (kept.text.content, kept.source.author) == ("zebra", BEN)
    assert await parts.leftovers(ADA.user) == []


async def test_a_correction_that_stays_since_somebody_else_asks_for_it_stays_alone(
    parts: Parts, server: Valkey
) -> None:
    old = (await parts.add("we deploy on Thursdays")).memory
    assert old is not None
    change = Change(content="we deploy on Fridays")
    await parts.memories.update(there(BEN, admin=True), old.id, change)
    async with another(server, parts) as (other, proxy):
        held = proxy.hold(SCRIPTS["unmemorise"].sha)
        forgetting = asyncio.create_task(other.memories.forget_person(BEN))
        await asyncio.wait_for(held.arrived.wait(), 50)
        again = await parts.add("we deploy on Fridays", there(Person("slack", "T1", "UCARA")))
        assert again.result is Wrote.TOUCHED
        held.goes.set()
        await forgetting
    page = await parts.memories.page(there())
    assert [each.text.content for each in page.memories] == ["we deploy on Fridays"]
    assert await parts.leftovers(BEN.user) == []


async def test_what_was_corrected_holds_again_though_it_changes_as_its_correction_goes(
    parts: Parts, server: Valkey
) -> None:
    old = (await parts.add("we deploy on Thursdays", thread=THREAD, messages=("m1", "m2"))).memory
    assert old is not None
    change = Change(content="we deploy on Fridays")
    new = (await parts.memories.update(there(BEN, admin=True), old.id, change)).memory
    assert new is not None
    async with another(server, parts) as (other, proxy):
        held = proxy.hold(SCRIPTS["unmemorise"].sha)
        deleting = asyncio.create_task(other.memories.delete(there(BEN), [new.id]))
        await asyncio.wait_for(held.arrived.wait(), 50)
        await parts.memories.forget_messages(THREAD, ["m1"])
        held.goes.set()
        assert [each.result for each in await deleting] == [Wrote.DELETED]
    page = await parts.memories.page(there())
    assert [each.text.content for each in page.memories] == ["we deploy on Thursdays"]
    assert page.memories[0].source.message_ids == ("m2",)


async def test_what_was_corrected_twice_goes_in_one_piece(parts: Parts, server: Valkey) -> None:
    latest = (await parts.add("zebra")).memory
    for change in ("the zebra is striped", "the zebra is spotted"):
        assert latest is not None
        latest = (await parts.memories.update(there(), latest.id, Change(content=change))).memory
    assert latest is not None
    async with another(server, parts) as (other, proxy):
        # What has corrected nothing goes first, then the rest.
        first = proxy.hold(SCRIPTS["unmemorise"].sha)
        deleting = asyncio.create_task(other.memories.delete(there(), [latest.id]))
        await asyncio.wait_for(first.arrived.wait(), 50)
        second = proxy.hold(SCRIPTS["unmemorise"].sha)
        first.goes.set()
        await asyncio.wait_for(second.arrived.wait(), 50)
        third = proxy.hold(SCRIPTS["unmemorise"].sha)
        second.goes.set()
        # Now it is deleted, or the process dies before it can go on.
        on = asyncio.create_task(third.arrived.wait())
        await asyncio.wait({deleting, on}, return_when=asyncio.FIRST_COMPLETED, timeout=50)
        deleting.cancel()
        on.cancel()
        await asyncio.wait({deleting, on})
        assert await parts.leftovers("zebra") == []
        third.goes.set()


async def test_what_gave_way_to_another_as_that_goes_holds_again(
    parts: Parts, server: Valkey
) -> None:
    cara = Person("slack", "T1", "UCARA")
    old = (await parts.add("we deploy on Thursdays")).memory
    assert old is not None
    change = Change(content="we deploy on Fridays")
    new = (await parts.memories.update(there(BEN, admin=True), old.id, change)).memory
    same = (await parts.add("we deploy on Thursdays", there(cara))).memory
    assert new is not None and same is not None
    async with another(server, parts) as (other, proxy):
        held = proxy.hold(SCRIPTS["unmemorise"].sha)
        deleting = asyncio.create_task(other.memories.delete(there(cara), [same.id]))
        await asyncio.wait_for(held.arrived.wait(), 50)
        # What it had corrected says the same as the one that is about to go.
        await parts.memories.delete(there(BEN), [new.id])
        held.goes.set()
        assert [each.result for each in await deleting] == [Wrote.DELETED]
    page = await parts.memories.page(there())
    assert [each.id for each in page.memories] == [old.id]
