"""When a correction goes nothing is lost and nothing is there twice."""

from __future__ import annotations

from bot.memories import Memory, Status, Wrote
from bot.memory.port import Change
from tests.units.memory.parts import ADA, BEN, THREAD, Parts, there
from tests.units.memory.test_correcting import kept

PLAIN, FORMAL = "we deploy on Fridays", "We deploy on Fridays."
"""Contents that count as the same."""


async def one_holds(parts: Parts, content: str) -> Memory:
    """The only memory that holds; the same words are known again."""
    [memory] = (await parts.memories.page(there())).memories
    assert (memory.text.content, memory.superseded_by) == (content, "")
    [hit] = await parts.memories.search(there(), content)
    assert hit.memory == memory
    again = await parts.add(content, there(BEN))
    assert (again.result, kept(again).id) == (Wrote.TOUCHED, memory.id)
    assert len((await parts.memories.page(there())).memories) == 1
    return memory


async def test_a_correction_of_case_alone_is_undone(parts: Parts) -> None:
    old = kept(await parts.add(PLAIN))
    new = kept(await parts.memories.update(there(), old.id, Change(content=FORMAL)))
    undone = await parts.memories.undo(there(), new.id)
    assert (undone.result, kept(undone).id) == (Wrote.DELETED, old.id)
    assert (await one_holds(parts, PLAIN)).id == old.id


async def test_what_an_admin_had_put_in_another_case_holds_again_when_that_is_deleted(
    parts: Parts,
) -> None:
    old = kept(await parts.add(PLAIN))
    change = Change(content=FORMAL)
    new = kept(await parts.memories.update(there(BEN, admin=True), old.id, change))
    await parts.memories.delete(there(BEN), [new.id])
    assert (await one_holds(parts, PLAIN)).id == old.id


async def test_what_comes_back_gives_way_to_who_has_its_words_by_now(parts: Parts) -> None:
    old = kept(await parts.add(PLAIN))
    change = Change(content="we deploy on Mondays")
    new = kept(await parts.memories.update(there(BEN, admin=True), old.id, change))
    since = kept(await parts.add(FORMAL, there(BEN)))
    await parts.memories.delete(there(BEN), [new.id])
    assert (await one_holds(parts, FORMAL)).id == since.id
    # It comes back once that one goes.
    await parts.memories.delete(there(BEN), [since.id])
    await one_holds(parts, PLAIN)


async def test_what_comes_back_is_no_second_one_of_what_was_archived(parts: Parts) -> None:
    old = kept(await parts.add(PLAIN))
    changed = await parts.memories.update(there(), old.id, Change(content="we deploy on Mondays"))
    since = kept(await parts.add(FORMAL))
    await parts.memories.update(there(), since.id, Change(archived=True))
    await parts.memories.undo(there(), kept(changed).id)
    assert (await one_holds(parts, FORMAL)).id == since.id


async def test_what_was_corrected_takes_no_words_from_anybody(parts: Parts) -> None:
    old = kept(await parts.add(PLAIN, thread=THREAD, messages=("m1", "m2")))
    await parts.memories.update(there(), old.id, Change(content="we deploy on Mondays"))
    await parts.memories.forget_messages(THREAD, ["m1"])
    new = await parts.add(FORMAL, there(BEN))
    assert new.result is Wrote.CREATED
    found = await parts.memories.get(there(), old.id)
    assert found is not None and found.status is Status.SUPERSEDED
    assert found.source.message_ids == ("m2",)


async def test_a_memory_is_not_merged_with_itself(parts: Parts) -> None:
    one = kept(await parts.add(PLAIN))
    assert (await parts.memories.merge(there(), one.id, one.id)).result is Wrote.MISSING
    assert await one_holds(parts, PLAIN) is not None
    assert one.source.author == ADA
