"""Memories taken out of a real store, wiped and brought back: the same to the byte."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis

from bot.audience import Grant
from bot.context.tokens import estimate
from bot.errors import ImportRefused
from bot.ids import memory_ids
from bot.memories import Memory, MemoryText, Person, Scope, Source, Status, Via
from bot.memory.checks import digest_of, fault_in, normalised
from bot.memory.formats.lines import header_line, memory_line
from bot.memory.imported import ImportReport
from bot.memory.port import ALL_STATUSES, Change, NewMemory
from bot.memory.searching import Searching
from bot.memory.service import MemoryService
from bot.memory.transfer import export_lines, import_lines
from bot.storage.threads import Threads
from tests.units.transfer.samples import MEMORIES

ADA = Person("slack", "T0WEAVERS1", "U0ADA")
EVE = Person("slack", "T0WEAVERS1", "U0EVE")
OWN = Scope.of_person(ADA)
CHANNEL = Scope.of_channel("slack", "T0WEAVERS1", "C0GENERAL1")
WORKSPACE = Scope.of_workspace("slack", "T0WEAVERS1")
OPERATOR = Grant(ADA, (OWN, CHANNEL), (OWN, CHANNEL), admin=True, via=Via.SHELL)
MEMBER = Grant(ADA, (OWN, CHANNEL, WORKSPACE), (OWN, CHANNEL))
LATER = time.time() + 10**9


@pytest.fixture
def memories(threads: Threads) -> MemoryService:
    """Long-term memory on the store."""
    store = threads.memories()
    searching = Searching(store, threads, count=estimate, clock=time.time)
    return MemoryService(
        store, threads, searching, threads.links, threads.tokens, time.time, memory_ids
    )


async def each(lines: Sequence[str]) -> AsyncIterator[str]:
    """As they arrive."""
    for line in lines:
        yield line


async def exported(memories: MemoryService, given: Grant = OPERATOR) -> list[str]:
    """All lines."""
    return [line async for line in export_lines(memories, given)]


async def imported(
    memories: MemoryService, lines: Sequence[str], given: Grant = OPERATOR, *, dry_run: bool = False
) -> ImportReport:
    """What became of it."""
    return await import_lines(memories, given, each(lines), dry_run=dry_run)


@st.composite
def collections(draw: st.DrawFn) -> list[Memory]:
    """What a store could hold: allowed words, none twice in a scope, some of them chained."""
    drawn = draw(st.lists(MEMORIES, max_size=6, unique_by=lambda memory: memory.id))
    found: list[Memory] = []
    met: set[tuple[Scope, str]] = set()
    for memory in drawn:
        expires = LATER if draw(st.booleans()) else 0.0
        text = normalised(replace(memory.text, expires_at=expires))
        scope = draw(st.sampled_from((OWN, CHANNEL)))
        words = (scope, digest_of(text.content))
        if fault_in(text, time.time()) or words in met:
            continue
        met.add(words)
        # Times of use are kept in milliseconds, and only with a use.
        used = 1_764_547_200.125 if memory.uses else 0.0
        found.append(
            replace(memory, text=text, scope=scope, used_at=used, uses=memory.uses % 10**6)
        )
    for old, new in zip(found[::2], found[1::2], strict=False):
        place = found.index(old)
        found[place] = replace(old, status=Status.SUPERSEDED, superseded_by=new.id)
        found[place + 1] = replace(new, supersedes=(old.id,), scope=new.scope)
    return [replace(one, used_at=one.used_at if one.uses else 0.0) for one in found]


@given(collections())
@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
async def test_what_was_wiped_comes_back_to_the_byte(
    memories: MemoryService, client: Redis, made: list[Memory]
) -> None:
    await client.flushall()
    first = [header_line(), *map(memory_line, sorted(made, key=lambda memory: memory.id))]
    dry = await imported(memories, first, dry_run=True)
    assert (dry.new, dry.refused) == (len(made), 0)
    assert await exported(memories) == first[:1]
    assert (await imported(memories, first)).new == len(made)
    assert await exported(memories) == first
    again = await imported(memories, first)
    assert (again.new, again.same, again.refused) == (0, len(made), 0)
    assert (await imported(memories, first, dry_run=True)).same == len(made)
    assert await exported(memories) == first


async def test_a_correction_can_be_undone_after_it_came_back(
    memories: MemoryService, client: Redis
) -> None:
    old = await memories.add(OPERATOR, new_memory("Eight shafts"))
    assert old.memory is not None
    new = await memories.update(OPERATOR, old.memory.id, Change(content="Four shafts"))
    assert new.memory is not None
    lines = await exported(memories)
    await client.flushall()
    await imported(memories, lines)
    await memories.undo(OPERATOR, new.memory.id)
    [left] = (await memories.page(OPERATOR)).memories
    assert left.text.content == "Eight shafts"


async def test_nobody_can_put_words_into_anothers_mouth(memories: MemoryService) -> None:
    forged = replace(sample(CHANNEL), source=Source(Via.COMMAND, EVE))
    await imported(memories, [header_line(), memory_line(forged)], MEMBER)
    [kept] = (await memories.page(MEMBER)).memories
    assert kept.source == Source(Via.IMPORT, ADA)


async def test_what_may_only_be_read_is_there_or_refused(memories: MemoryService) -> None:
    lines = [header_line(), memory_line(sample(WORKSPACE))]
    refused = await imported(memories, lines, MEMBER)
    assert (refused.new, refused.refused) == (0, 1)
    assert "may not write" in refused.refusals[0].why
    everyone = Grant(EVE, (WORKSPACE,), (WORKSPACE,), admin=True)
    await imported(memories, lines, everyone)
    assert (await imported(memories, lines, MEMBER)).same == 1
    assert (await memories.stats(MEMBER)).total == 1


async def test_chains_out_of_reach_stay_chains(memories: MemoryService) -> None:
    far = Scope.of_channel("discord", "1", "2")
    old = replace(sample(far, 1), status=Status.SUPERSEDED, superseded_by=sample(far, 2).id)
    new = replace(sample(far, 2), supersedes=(old.id,))
    lines = [header_line(), memory_line(old), memory_line(new)]
    for count in (2, 0):
        assert (await imported(memories, lines, MEMBER)).new == count
    found = [memory async for memory in memories.everything(OPERATOR, ALL_STATUSES)]
    first, second = sorted(found, key=lambda memory: memory.status, reverse=True)
    assert (first.scope, second.scope) == (OWN, OWN)
    assert first.superseded_by == second.id and second.supersedes == (first.id,)
    assert {first.id, second.id}.isdisjoint({old.id, new.id})


async def test_who_may_write_nowhere_brings_nothing(memories: MemoryService) -> None:
    far = Scope.of_channel("discord", "1", "2")
    with pytest.raises(ImportRefused):
        await imported(memories, [header_line(), memory_line(sample(far))], Grant(ADA, (OWN,)))


async def test_a_secret_is_refused_alone_in_many(memories: MemoryService) -> None:
    secret = replace(sample(OWN, 1), text=MemoryText("my api key: sk-abcdefghijklmnop1234"))
    lines = [header_line(), memory_line(secret)]
    lines += [memory_line(sample(OWN, number)) for number in range(2, 1_202)]
    dry = await imported(memories, lines, dry_run=True)
    done = await imported(memories, lines)
    assert (done.new, done.refused) == (dry.new, dry.refused) == (1_200, 1)
    assert done.refusals[0].where == "line 2"


def new_memory(content: str) -> NewMemory:
    """In one's own scope."""
    return NewMemory(MemoryText(content), Source(Via.COMMAND, ADA), OWN)


def sample(scope: Scope, number: int = 1) -> Memory:
    """One of many."""
    text = MemoryText(f"Fact number {number}")
    return Memory(f"mem_01KBZ3V8Q4M7N2P5R6S9T1{number:04}", text, scope, Source(Via.COMMAND, ADA))
