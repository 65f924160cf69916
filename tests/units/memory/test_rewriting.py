"""What somebody writes over another's memory is told as their own, and is erased with either."""

from __future__ import annotations

from bot.memories import Kept, Memory, Person, Scope, Source, Status, Via, Written, Wrote
from bot.memory.merging import rewritten
from bot.memory.port import Change
from tests.units.memory.parts import ADA, BEN, CHANNEL, THREAD, WORKSPACE, Parts, there

CLEO = Person("slack", "T1", "UCLEO")
ADMIN = there(ADA, admin=True)
LATE = Change(content="Ben is often crimson")


def kept(written: Written) -> Memory:
    assert written.memory is not None, written
    return written.memory


async def written_over(parts: Parts) -> tuple[Memory, Memory]:
    """What Ben had remembered of a message of his, and what Ada made of it."""
    old = kept(
        await parts.add("we deploy on Thursdays", there(BEN), thread=THREAD, messages=("m1",))
    )
    written = await parts.memories.update(ADMIN, old.id, LATE)
    assert written.result is Wrote.UPDATED
    return old, kept(written)


async def test_an_admins_words_are_told_as_the_admins(parts: Parts) -> None:
    _, new = await written_over(parts)
    assert new.source == Source(Via.COMMAND, ADA, THREAD, former=(BEN,))
    assert await parts.memories.get(there(CLEO), new.id) == new


async def test_they_go_with_everything_of_whoever_is_corrected(parts: Parts) -> None:
    await written_over(parts)
    assert await parts.memories.kept_of(BEN) == Kept(elsewhere=2)
    await parts.memories.forget_person(BEN)
    assert not await parts.leftovers("crimson", "Thursdays", "UBEN")


async def test_they_go_with_everything_of_the_admin(parts: Parts) -> None:
    await written_over(parts)
    await parts.memories.forget_person(ADA)
    assert not await parts.leftovers("crimson")


async def test_they_go_with_the_conversation(parts: Parts) -> None:
    await written_over(parts)
    await parts.memories.forget_thread(THREAD)
    assert not await parts.leftovers("crimson", "Thursdays")


async def test_whoever_is_corrected_can_undo_it_and_nobody_else(parts: Parts) -> None:
    old, new = await written_over(parts)
    assert (await parts.memories.undo(there(CLEO), new.id)).result is Wrote.REFUSED
    assert (await parts.memories.share(there(BEN), new.id, WORKSPACE)).result is Wrote.REFUSED
    back = kept(await parts.memories.undo(there(BEN), new.id))
    assert (back.id, back.status, back.source) == (old.id, Status.ACTIVE, old.source)


async def test_words_of_ones_own_stay_as_they_were_told(parts: Parts) -> None:
    old = kept(await parts.add("we deploy on Thursdays", thread=THREAD, messages=("m1",)))
    new = kept(await parts.memories.update(ADMIN, old.id, Change(content="we deploy on Fridays")))
    assert new.source == old.source


def test_what_comes_back_to_whom_it_was_from_is_theirs_again() -> None:
    first = Source(Via.TOOL, BEN, THREAD, ("m1",))
    second = rewritten(first, CHANNEL, ADA, Via.COMMAND)
    third = rewritten(second, CHANNEL, CLEO, Via.API)
    assert third == Source(Via.API, CLEO, THREAD, former=(BEN, ADA))
    assert rewritten(second, CHANNEL, BEN, Via.API) == Source(Via.API, BEN, THREAD)
    assert rewritten(first, Scope.of_person(BEN), CLEO, Via.API).author == BEN
    nobodys = Source(Via.IMPORT, link="x")
    assert rewritten(nobodys, CHANNEL, ADA, Via.API) == Source(Via.API, ADA)
