"""The same words asked for by several people: one of them takes back only their own wish."""

from __future__ import annotations

from bot.memories import Memory, Person, Wrote
from bot.memory.port import Change
from bot.memory.sentences import THEIRS, WANTED
from tests.units.memory.parts import ADA, BEN, Parts, there
from tests.units.memory.test_correcting import kept

CARA = Person("slack", "T1", "UCARA")
FRIDAYS = "we deploy on Fridays"


async def asked(parts: Parts, *people: Person) -> Memory:
    """The same words, asked for by some people after each other."""
    [first, *_] = [kept(await parts.add(FRIDAYS, there(person))) for person in people]
    parts.clock.now += 60
    return first


async def contents(parts: Parts) -> list[str]:
    """What is remembered there."""
    return [each.text.content for each in (await parts.memories.page(there())).memories]


async def test_a_late_undo_leaves_what_somebody_else_has_asked_for_since(parts: Parts) -> None:
    memory = await asked(parts, ADA, BEN)
    undone = await parts.memories.undo(there(), memory.id)
    assert (undone.result, undone.why) == (Wrote.UPDATED, THEIRS)
    assert await contents(parts) == [FRIDAYS]
    assert (await parts.memories.undo(there(), memory.id)).result is Wrote.REFUSED, "a second click"
    assert (await parts.memories.undo(there(BEN), memory.id)).result is Wrote.DELETED
    assert not await parts.leftovers("Fridays")


async def test_whoever_asked_later_takes_back_that_alone(parts: Parts) -> None:
    memory = await asked(parts, ADA, BEN, BEN)
    assert (await parts.memories.undo(there(BEN), memory.id)).why == THEIRS
    assert (await parts.memories.undo(there(BEN), memory.id)).result is Wrote.REFUSED
    assert (await parts.memories.undo(there(), memory.id)).result is Wrote.DELETED


async def test_an_undo_by_who_looks_after_the_place_takes_nothing_from_several(
    parts: Parts,
) -> None:
    memory = await asked(parts, ADA, BEN)
    refused = await parts.memories.undo(there(CARA, admin=True), memory.id)
    assert (refused.result, refused.why) == (Wrote.REFUSED, WANTED)
    assert await contents(parts) == [FRIDAYS]


async def test_a_correction_that_met_somebody_elses_words_is_undone_by_whoever_made_it(
    parts: Parts,
) -> None:
    other = await asked(parts, ADA)
    old = kept(await parts.add("we deploy on Thursdays", there(BEN)))
    parts.clock.now += 60
    await parts.memories.update(there(BEN), old.id, Change(content=FRIDAYS))
    assert (await parts.memories.undo(there(), other.id)).why == THEIRS
    assert await contents(parts) == [FRIDAYS]
    assert kept(await parts.memories.undo(there(BEN), other.id)).id == old.id
    assert sorted(await contents(parts)) == [FRIDAYS, old.text.content]


async def test_new_words_are_asked_for_by_whoever_wrote_them_alone(parts: Parts) -> None:
    memory = await asked(parts, ADA, BEN)
    change = Change(content="we deploy on Mondays")
    new = kept(await parts.memories.update(there(), memory.id, change))
    undone = await parts.memories.undo(there(), new.id)
    assert (undone.result, kept(undone).source.also) == (Wrote.DELETED, (BEN,))


async def test_what_others_asked_for_stays_when_one_of_them_is_forgotten(parts: Parts) -> None:
    await asked(parts, ADA, BEN, CARA)
    for person, left in ((BEN, 1), (ADA, 1), (CARA, 0)):
        told = await parts.memories.kept_of(person)
        gone = await parts.memories.forget_person(person)
        assert (told.elsewhere, gone, len(await contents(parts))) == (1 - left, 1 - left, left)
        assert not await parts.leftovers(person.user)
    assert not await parts.leftovers("Fridays")
