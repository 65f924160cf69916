"""Long-term memory in the store: what is written is there at once, in one piece, and only once."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from redis.asyncio import Redis

from bot.chat import ThreadKey
from bot.memories import Memory, MemoryText, Person, Scope, Source, Status, Via
from bot.storage.connect import Link
from bot.storage.memories import MemoryStore
from bot.storage.memories_writing import Actor, Answer, Outcome, Step
from tests.units.storage.samples import Clock

CHANNEL = Scope.of_channel("discord", "g1", "c1")
ADA = Person("discord", "@", "u1")
OWN = Scope.of_person(ADA)
THREAD = ThreadKey("discord", "g1", "c1", "t1")
BY_ADA = Actor(str(ADA), Via.COMMAND)
FIRST = 1_700_000_000.0


def memory(number: int, scope: Scope = CHANNEL, content: str = "", expires: float = 0.0) -> Memory:
    """The memory with this number, one of Ada's."""
    text = MemoryText(content or f"fact {number}", expires_at=expires)
    return Memory(f"mem_{number:04d}", text, scope, Source(Via.COMMAND, ADA), created_at=FIRST)


def add(new: Memory) -> Step:
    """Add it, with its content as digest."""
    return Step("add", new, new.text.content.replace(" ", "-"), "add")


async def put(store: MemoryStore, *new: Memory) -> Sequence[Outcome]:
    """Add memories of one scope."""
    return await store.write(new[0].scope, [add(each) for each in new], BY_ADA)


@pytest.fixture
def store(client: Redis, clock: Clock, new_id: Callable[[], str]) -> MemoryStore:
    """The store under test, in which a scope may hold five memories."""
    return MemoryStore(Link(client), clock=clock, new_id=new_id, most=5)


@pytest.fixture
def another(client: Redis, clock: Clock) -> MemoryStore:
    """The store of another process."""
    numbers = itertools.count(1)
    return MemoryStore(Link(client), clock=clock, new_id=lambda: f"other{next(numbers)}", most=5)


async def test_a_memory_comes_back_as_it_was_written(store: MemoryStore) -> None:
    text = MemoryText(
        "Größe \u2028 C++ 🧠", tags=("a", "b"), subject="x", pinned=True, event_at=1.5
    )
    source = Source(Via.MCP, ADA, THREAD, ("m1", "m2"), "their/id", confined=True)
    kept = Memory(
        "mem_1", text, CHANNEL, source, Status.ARCHIVED, False, ("mem_0",), "mem_2", 1.0, 2.0
    )
    assert await put(store, kept) == [Outcome(Answer.DONE, "mem_1")]
    assert await store.find([OWN, CHANNEL], ["mem_1", "mem_2"]) == [kept, None]
    assert (await store.changes(CHANNEL)).changed == (kept,)


async def test_another_process_sees_a_write_at_once(
    store: MemoryStore, another: MemoryStore
) -> None:
    assert await another.versions([CHANNEL, OWN]) == [0, 0]
    empty = await another.changes(CHANNEL)
    assert (empty.version, empty.whole, empty.changed) == (0, True, ())
    await put(store, memory(1))
    first = await another.changes(CHANNEL, empty.version)
    assert [each.id for each in first.changed] == ["mem_0001"]
    assert await another.versions([CHANNEL, OWN]) == [first.version, 0]
    same = await another.changes(CHANNEL, first.version)
    assert (same.version, same.changed, same.gone, same.whole) == (first.version, (), (), False)
    await put(store, memory(2))
    await store.remove([memory(1)], BY_ADA)
    second = await another.changes(CHANNEL, first.version)
    assert [each.id for each in second.changed] == ["mem_0002"]
    assert (second.gone, second.whole) == (("mem_0001",), False)


async def test_a_scope_that_begins_anew_has_no_version_twice(store: MemoryStore) -> None:
    place = Scope.of_thread(THREAD)
    await put(store, memory(1, place))
    before = (await store.changes(place)).version
    assert await store.forget_thread(THREAD) == 1
    assert await store.versions([place]) == [0]
    await put(store, memory(2, place))
    after = await store.changes(place, before)
    assert after.version > before
    assert {each.id for each in after.changed} == {"mem_0002"}
    assert after.whole or after.gone == ()


async def test_an_index_that_was_away_too_long_starts_over(
    client: Redis, clock: Clock, new_id: Callable[[], str]
) -> None:
    store = MemoryStore(Link(client), clock=clock, new_id=new_id)
    await put(store, memory(0))
    known = (await store.changes(CHANNEL)).version
    many = [memory(number) for number in range(1, 1_203)]
    for first in range(0, len(many), 401):
        await put(store, *many[first : first + 401])
    assert len((await store.changes(CHANNEL, known)).changed) == 1_202
    assert len((await store.changes(CHANNEL)).changed) == 1_203
    await store.remove(many, BY_ADA)
    late = await store.changes(CHANNEL, known)
    assert late.whole
    assert [each.id for each in late.changed] == ["mem_0000"]


async def test_the_same_content_is_there_once_in_a_scope(store: MemoryStore) -> None:
    await put(store, memory(1))
    assert await put(store, replace(memory(2), text=memory(1).text)) == [
        Outcome(Answer.SAME, "mem_0001")
    ]
    own = replace(memory(3, OWN), text=memory(1).text)
    assert await put(store, own) == [Outcome(Answer.DONE, "mem_0003")]
    await store.remove([memory(1)], BY_ADA)
    assert await put(store, replace(memory(2), text=memory(1).text)) == [
        Outcome(Answer.DONE, "mem_0002")
    ]


async def test_a_write_with_the_same_key_is_carried_out_once(
    store: MemoryStore, another: MemoryStore
) -> None:
    once = await store.write(CHANNEL, [add(memory(1)), add(memory(2))], BY_ADA, key="k")
    again = await another.write(CHANNEL, [add(memory(3)), add(memory(4))], BY_ADA, key="k")
    assert once == again
    assert await store.counts([CHANNEL]) == [2]


async def test_a_full_scope_takes_no_more_and_loses_nothing(store: MemoryStore) -> None:
    answers = await put(store, *(memory(number) for number in range(7)))
    assert [each.answer for each in answers] == [Answer.DONE] * 5 + [Answer.FULL] * 2
    assert await store.counts([CHANNEL]) == [5]
    refused = await store.write(CHANNEL, [add(memory(8))], BY_ADA, key="k")
    await store.remove([memory(1)], BY_ADA)
    assert await store.write(CHANNEL, [add(memory(8))], BY_ADA, key="k") == refused
    assert [each.answer for each in refused] == [Answer.FULL]


async def test_what_has_expired_makes_room(store: MemoryStore, clock: Clock) -> None:
    expiring = [memory(number, expires=FIRST + 10) for number in range(5)]
    await put(store, *expiring)
    clock.now = FIRST + 10
    assert await put(store, memory(7)) == [Outcome(Answer.DONE, "mem_0007")]
    assert await store.counts([CHANNEL]) == [1]


async def test_an_expired_memory_is_gone_at_once_and_swept_later(
    store: MemoryStore, clock: Clock
) -> None:
    await put(store, memory(1, expires=FIRST + 10), memory(2))
    before = await store.changes(CHANNEL)
    assert len(before.changed) == 2
    clock.now = FIRST + 10
    assert await store.find([CHANNEL], ["mem_0001"]) == [None]
    assert [each.id for each in (await store.after([CHANNEL]))[0]] == ["mem_0002"]
    assert await put(store, replace(memory(3), text=memory(1).text)) == [
        Outcome(Answer.DONE, "mem_0003")
    ]
    assert await store.sweep() == 1
    assert (await store.changes(CHANNEL, before.version)).gone == ("mem_0001",)
    assert await store.sweep() == 0


async def test_a_change_needs_the_version_that_is_there(store: MemoryStore) -> None:
    await put(store, memory(1))
    changed = replace(memory(1), version=2, text=replace(memory(1).text, pinned=True))
    step = Step("set", changed, "fact-1", "change", version=1)
    assert await store.write(CHANNEL, [step], BY_ADA) == [Outcome(Answer.DONE, "mem_0001")]
    assert await store.write(CHANNEL, [step], BY_ADA) == [Outcome(Answer.OLD, "mem_0001")]
    assert await store.find([CHANNEL], ["mem_0001"]) == [changed]
    missing = replace(step, memory=memory(9))
    assert await store.write(CHANNEL, [missing], BY_ADA) == [Outcome(Answer.MISSING, "mem_0009")]


async def test_steps_together_are_all_done_or_none(store: MemoryStore) -> None:
    await put(store, memory(1), memory(2))
    old = replace(memory(1), status=Status.SUPERSEDED, superseded_by="mem_0003", version=2)
    for version, answers in ((7, (Answer.OLD, Answer.KEPT)), (1, (Answer.DONE, Answer.DONE))):
        steps = [
            Step("set", old, "fact-1", "supersede", version=version, yields=True),
            replace(add(memory(3)), digest="fact-1", besides="mem_0001"),
        ]
        done = await store.write(CHANNEL, steps, BY_ADA, together=True)
        assert tuple(each.answer for each in done) == answers
    assert await put(store, replace(memory(4), text=memory(1).text)) == [
        Outcome(Answer.SAME, "mem_0003")
    ]


async def test_vectors_go_with_their_memory(store: MemoryStore) -> None:
    await put(store, memory(1), memory(2))
    vectors = {"mem_0001": b"\x00\xff", "mem_0002": b"two", "mem_0009": b"nobody's"}
    before = await store.versions([CHANNEL])
    assert await store.put_vectors(CHANNEL, "mini", vectors) == 2
    assert await store.put_vectors(CHANNEL, "large", {"mem_0001": b"big"}) == 1
    assert await store.versions([CHANNEL]) == before
    assert await store.vectors(CHANNEL, "mini") == {"mem_0001": b"\x00\xff", "mem_0002": b"two"}
    assert await store.vectors(CHANNEL, "mini", ["mem_0002"]) == {"mem_0002": b"two"}
    await store.remove([memory(1)], BY_ADA)
    assert await store.vectors(CHANNEL, "mini") == {"mem_0002": b"two"}
    assert await store.vectors(CHANNEL, "large") == {}


async def test_memories_of_many_scopes_are_paged_in_one_order(store: MemoryStore) -> None:
    for number in range(10):
        await put(store, memory(number, (CHANNEL, OWN)[number % 2]))
    for oldest in (False, True):
        seen: list[str] = []
        after = ""
        while True:
            page, after = await store.after([CHANNEL, OWN], after, most=3, oldest=oldest)
            seen += [each.id for each in page]
            if not after:
                break
        numbers = range(10) if oldest else range(9, -1, -1)
        assert seen == [f"mem_{number:04d}" for number in numbers]


async def test_use_is_counted_and_changes_no_version(store: MemoryStore, clock: Clock) -> None:
    await put(store, memory(1))
    before = await store.versions([CHANNEL])
    clock.now = FIRST + 5
    for _ in range(2):
        await store.count_use({CHANNEL: ["mem_0001", "mem_0009"]})
    [found] = await store.find([CHANNEL], ["mem_0001"])
    assert found is not None
    assert (found.uses, found.used_at) == (2, FIRST + 5)
    assert await store.versions([CHANNEL]) == before


async def test_the_audit_tells_who_did_what_and_no_content(store: MemoryStore) -> None:
    await put(store, memory(1))
    await store.remove([memory(1)], BY_ADA)
    lines = await store.audit(CHANNEL)
    assert [(line["what"], line["id"], line["who"]) for line in lines] == [
        ("delete", "mem_0001", "discord:@:u1"),
        ("add", "mem_0001", "discord:@:u1"),
    ]
    assert "fact 1" not in str(lines)
