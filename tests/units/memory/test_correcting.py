"""Corrections that meet what is there, are tried again, or come from a file."""

from __future__ import annotations

from dataclasses import replace

from bot.memories import Memory, Scope, Status, Written, Wrote
from bot.memory.port import Change
from bot.storage.keys import ScopeKeys
from tests.units.memory.parts import ADA, BEN, CHANNEL, WORKSPACE, Parts, there

FRIDAYS = Change(content="we deploy on Fridays")


def kept(written: Written) -> Memory:
    assert written.memory is not None, written
    return written.memory


async def corrected_to_what_is_there(parts: Parts) -> tuple[Memory, Memory]:
    """What was corrected, and what said already what it should have said."""
    old = kept(await parts.add("we deploy on Thursdays"))
    other = kept(await parts.add("we deploy on Fridays"))
    parts.clock.now += 60
    written = await parts.memories.update(there(), old.id, FRIDAYS)
    assert (written.result, kept(written).id) == (Wrote.TOUCHED, other.id)
    return old, other


async def test_what_was_corrected_to_something_that_is_there_goes_with_it(parts: Parts) -> None:
    _, other = await corrected_to_what_is_there(parts)
    await parts.memories.delete(there(), [other.id])
    assert not await parts.leftovers("Thursdays", "Fridays")


async def test_an_undo_takes_back_the_correction_alone_and_then_the_rest(parts: Parts) -> None:
    old, other = await corrected_to_what_is_there(parts)
    undone = await parts.memories.undo(there(), other.id)
    assert (undone.result, kept(undone).id) == (Wrote.UPDATED, old.id)
    page = await parts.memories.page(there())
    assert {(each.id, each.status) for each in page.memories} == {
        (old.id, Status.ACTIVE),
        (other.id, Status.ACTIVE),
    }
    again = await parts.memories.undo(there(), other.id)
    assert (again.result, again.memory) == (Wrote.DELETED, None)
    assert [each.id for each in (await parts.memories.page(there())).memories] == [old.id]


async def test_a_correction_is_tried_again_with_its_key(parts: Parts) -> None:
    """The process died before it could note its answer."""
    old = kept(await parts.add("we deploy on Thursdays"))
    changes = [(old.id, FRIDAYS, old.version)]
    [first] = await parts.memories.update_all(there(), changes, key="k")
    own = Scope.of_person(ADA)
    assert await parts.client.delete(ScopeKeys(own).bucket.done(f"told {own} {ADA} k")) == 1
    [again] = await parts.memories.update_all(there(), changes, key="k")
    assert (first.result, again) == (Wrote.UPDATED, first)


async def test_nothing_from_a_file_passes_itself_off_as_a_memory_of_another_place(
    parts: Parts,
) -> None:
    text = "the office closes at noon"
    true = kept(await parts.add(text, there(BEN), WORKSPACE))
    source = replace(true.source, author=ADA)
    wrong = replace(true.text, content="the office never closes")
    forged = replace(true, scope=CHANNEL, text=wrong, source=source)
    for result in (Wrote.CREATED, Wrote.UNCHANGED):
        [written] = await parts.memories.restore(there(), [forged])
        assert written.result is result
        assert kept(written).id != true.id
    found = await parts.memories.get(there(BEN), true.id)
    assert found is not None and found.text.content == text
    assert len((await parts.memories.page(there(BEN))).memories) == 2
