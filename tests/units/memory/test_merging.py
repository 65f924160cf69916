"""Merging, and what becomes of what was corrected when something of the chain goes."""

from __future__ import annotations

from typing import Any

from bot.audience import Audience
from bot.chat import Author, Incoming, MessageRef
from bot.memories import MOST_TAGS, Memory, Status, Wrote
from bot.memory.granting import Granting
from bot.memory.port import Change
from bot.memory.tools import Remember
from bot.panels import Button
from bot.tools import ToolContext
from tests.units.memory.parts import ADA, BEN, THREAD, Parts, there
from tests.units.memory.test_correcting import FRIDAYS, kept

MONDAYS = Change(content="we deploy on Mondays")


async def contents(parts: Parts) -> list[str]:
    page = await parts.memories.page(there())
    return [each.text.content for each in page.memories if each.status is Status.ACTIVE]


async def both(parts: Parts, old: tuple[str, ...], new: tuple[str, ...]) -> tuple[Memory, Memory]:
    """Two that say nearly the same, with tags."""
    older = kept(await parts.add("we deploy on Thursdays", tags=old))
    parts.clock.now += 60
    return older, kept(await parts.add("we deploy on Thursdays at noon", tags=new))


async def test_the_newer_takes_the_place_of_the_older_with_as_many_tags_as_fit(
    parts: Parts,
) -> None:
    old, new = await both(parts, ("a1", "a2", "a3", "a4", "a5"), ("b1", "b2", "b3", "b4", "b5"))
    parts.clock.now += 60
    for _ in range(2):
        merged = await parts.memories.merge(there(), old.id, new.id)
        assert (merged.result, kept(merged).id) == (Wrote.UPDATED, new.id)
        assert len(kept(merged).text.tags) == MOST_TAGS
        assert await contents(parts) == ["we deploy on Thursdays at noon"]
    undone = await parts.memories.undo(there(), new.id)
    assert kept(undone).id == old.id
    assert set(await contents(parts)) == {old.text.content, new.text.content}


async def test_nothing_is_lost_when_the_older_was_corrected_meanwhile(parts: Parts) -> None:
    old, new = await both(parts, (), ())
    await parts.memories.update(there(), old.id, MONDAYS)
    merged = await parts.memories.merge(there(), old.id, new.id)
    assert merged.result is Wrote.REFUSED
    assert set(await contents(parts)) == {"we deploy on Mondays", new.text.content}


async def test_only_who_may_change_both_merges_them(parts: Parts) -> None:
    old, new = await both(parts, (), ())
    assert (await parts.memories.merge(there(BEN), old.id, new.id)).result is Wrote.REFUSED
    assert (await parts.memories.merge(there(), old.id, "mem_x")).result is Wrote.MISSING


async def test_what_expires_takes_along_what_it_corrected(parts: Parts) -> None:
    old = kept(await parts.add("the door is open on Thursdays"))
    change = Change(content="the office moves soon", expires_at=parts.clock() + 60)
    await parts.memories.update(there(), old.id, change)
    parts.clock.now += 61
    await parts.store.sweep()
    assert not await parts.leftovers("the door is open")


async def test_what_somebody_else_had_said_holds_again_when_its_correction_goes(
    parts: Parts,
) -> None:
    old = kept(await parts.add("we deploy on Thursdays"))
    await parts.memories.update(there(BEN, admin=True), old.id, FRIDAYS)
    assert await contents(parts) == ["we deploy on Fridays"]
    await parts.memories.forget_person(BEN)
    assert await contents(parts) == ["we deploy on Thursdays"]


async def test_what_somebody_corrected_theirs_to_stays_when_who_had_said_it_before_is_forgotten(
    parts: Parts,
) -> None:
    old = kept(await parts.add("we deploy on Thursdays"))
    await parts.add("we deploy on Fridays", there(BEN))
    await parts.memories.update(there(), old.id, FRIDAYS)
    assert await parts.memories.forget_person(BEN) == 0
    assert await contents(parts) == ["we deploy on Fridays"]
    assert not await parts.leftovers("UBEN")


async def test_who_deletes_what_others_words_have_given_way_to_deletes_none_of_those(
    parts: Parts,
) -> None:
    old = kept(await parts.add("we deploy on Thursdays"))
    new = kept(await parts.add("we deploy on Fridays", there(BEN)))
    await parts.memories.update(there(), old.id, FRIDAYS)
    [deleted] = await parts.memories.delete(there(BEN), [new.id])
    assert deleted.result is Wrote.DELETED
    assert await contents(parts) == ["we deploy on Thursdays"]


async def test_who_may_delete_both_leaves_nothing_of_what_was_corrected(parts: Parts) -> None:
    old = kept(await parts.add("we deploy on Thursdays"))
    new = kept(await parts.memories.update(there(BEN, admin=True), old.id, FRIDAYS))
    [deleted] = await parts.memories.delete(there(BEN, admin=True), [new.id])
    assert deleted.result is Wrote.DELETED
    assert not await parts.leftovers("Thursdays", "Fridays")


async def test_a_deleted_message_takes_along_what_was_corrected_by_it(parts: Parts) -> None:
    old = kept(await parts.add("we deploy on Thursdays", thread=THREAD, messages=("m1",)))
    await parts.add("we deploy on Fridays", thread=THREAD, messages=("m2",))
    await parts.memories.update(there(), old.id, FRIDAYS)
    await parts.memories.forget_messages(THREAD, ["m2"])
    assert not await parts.leftovers("Thursdays", "Fridays")


async def test_an_undo_that_would_bring_nothing_back_is_refused(parts: Parts) -> None:
    old = kept(await parts.add("we deploy on Thursdays", expires_at=parts.clock() + 60))
    change = Change(content="we deploy on Fridays", expires_at=0.0)
    new = kept(await parts.memories.update(there(), old.id, change))
    parts.clock.now += 61
    await parts.store.sweep()
    assert (await parts.memories.undo(there(), new.id)).result is Wrote.REFUSED
    assert await contents(parts) == ["we deploy on Fridays"]


async def test_an_undo_makes_no_two_of_one_content(parts: Parts) -> None:
    old = kept(await parts.add("we deploy on Thursdays"))
    new = kept(await parts.memories.update(there(), old.id, FRIDAYS))
    again = kept(await parts.add("we deploy on Thursdays", there(BEN)))
    await parts.memories.undo(there(), new.id)
    assert await contents(parts) == ["we deploy on Thursdays"]
    await parts.memories.delete(there(BEN), [again.id])
    assert await contents(parts) == ["we deploy on Thursdays"], "Ada's, once more"
    await parts.memories.delete(there(), [old.id])
    assert not await parts.leftovers("Thursdays", "Fridays")


async def test_what_was_archived_is_so_again_when_its_correction_is_undone_or_goes(
    parts: Parts,
) -> None:
    old = kept(await parts.add("we deploy on Thursdays", there(BEN)))
    await parts.memories.update(there(BEN), old.id, Change(archived=True))
    new = kept(await parts.memories.update(there(admin=True), old.id, FRIDAYS))
    undone = await parts.memories.undo(there(admin=True), new.id)
    assert (kept(undone).id, kept(undone).status) == (old.id, Status.ARCHIVED)
    corrected = await parts.memories.update(there(admin=True), old.id, MONDAYS)
    assert corrected.result is Wrote.UPDATED
    await parts.memories.forget_person(ADA)
    again = await parts.memories.get(there(), old.id)
    assert again is not None and again.status is Status.ARCHIVED


async def test_the_tool_tells_what_has_given_way_to_what_was_there_already(parts: Parts) -> None:
    old = kept(await parts.add("we deploy on Thursdays"))
    other = kept(await parts.add("we deploy on Fridays"))
    event = Incoming("e", THREAD, MessageRef("C1", "9"), Author("UADA", "Ada"), "x", 1.0, 1)
    told: list[Any] = []
    tool = Remember(
        parts.memories,
        Granting(),
        lambda _: True,
        lambda memory: Button("Undo", "memories", memory.id),
        lambda old, new: Button("Merge", "memories", f"{old.id} {new.id}"),
    )
    audience = Audience("slack", "T1", "C1", THREAD, None)
    context = ToolContext("turn", 1, THREAD, audience, [event], tell=told.append)
    said = "we deploy on Fridays"
    asked = {"content": said, "kind": "fact", "about": None, "tags": [], "corrects": old.id}
    assert old.id in await tool.call(asked, context)
    [notice] = told
    assert said in notice.text and notice.button.act == other.id


async def test_an_edit_to_what_is_there_already_can_be_undone(parts: Parts) -> None:
    old = kept(await parts.add("we deploy on Thursdays"))
    other = kept(await parts.add("we deploy on Fridays"))
    changed = await parts.memories.update(there(), old.id, Change(FRIDAYS.content, tags=("ops",)))
    assert (changed.result, kept(changed).id) == (Wrote.TOUCHED, other.id)
    assert kept(changed).text.tags == ("ops",)
