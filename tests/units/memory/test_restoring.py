"""What members and guests bring from files passes itself off as nobody else's."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from uuid import uuid4

from bot.audience import Audience, Grant, grant
from bot.chat import ThreadKey
from bot.memories import Kept, Memory, Person, Scope, Source, Status, Via, Written, Wrote
from bot.memory.formats.lines import header_line, memory_line
from bot.memory.imported import ImportReport
from bot.memory.port import ALL_STATUSES, Change
from bot.memory.transfer import import_lines
from tests.units.memory.parts import ADA, BEN, CHANNEL, THREAD, WORKSPACE, Parts, there

GUEST = Person("slack", "T1", "UGUEST")
AS_GUEST = grant(Audience("slack", "T1", "C1", THREAD, GUEST, members=False), GUEST)
NOON = "the office closes at noon"


def kept(written: Written) -> Memory:
    assert written.memory is not None, written
    return written.memory


async def brought(
    parts: Parts, given: Grant, memories: Sequence[Memory], *, dry_run: bool = False
) -> ImportReport:
    """What became of an import."""

    async def lines() -> AsyncIterator[str]:
        yield header_line()
        for memory in memories:
            yield memory_line(memory)

    return await import_lines(parts.memories, given, lines(), dry_run=dry_run)


async def test_a_guest_cannot_stand_in_for_what_is_the_workspaces(parts: Parts) -> None:
    """A guest does not even see it, and may write in the channel, which is looked at first."""
    true = kept(await parts.add(NOON, there(BEN), WORKSPACE))
    never = replace(true.text, content="the office never closes")
    forged = replace(true, scope=CHANNEL, text=never)
    for result in (Wrote.CREATED, Wrote.UNCHANGED):
        [written] = await parts.memories.restore(AS_GUEST, [forged])
        assert written.result is result and kept(written).id != true.id
    found = await parts.memories.get(there(BEN), true.id)
    assert found is not None and found.text.content == NOON
    assert len((await parts.memories.page(there(BEN))).memories) == 2


async def test_what_is_there_is_known_again_and_what_was_deleted_comes_back_once(
    parts: Parts,
) -> None:
    old = kept(await parts.add("we deploy on Thursdays", there(BEN)))
    new = kept(
        await parts.memories.update(there(BEN), old.id, Change(content="we deploy on Fridays"))
    )
    files = [kept(await parts.add(NOON, there(BEN), Scope.of_person(BEN))), new]
    corrected = await parts.memories.get(there(BEN), old.id)
    assert corrected is not None
    files.append(corrected)
    assert (await brought(parts, there(BEN), files)).same == 3
    await parts.memories.delete(there(BEN), [each.id for each in files])
    assert not await parts.leftovers("deploy", NOON)
    assert (await brought(parts, there(BEN), files, dry_run=True)).new == 3
    assert (await brought(parts, there(BEN), files)).new == 3
    for dry_run in (True, False):
        assert (await brought(parts, there(BEN), files, dry_run=dry_run)).same == 3
    own, again = sorted(
        (await parts.memories.page(there(BEN))).memories, key=lambda memory: -len(memory.scope.user)
    )
    assert own.id == files[0].id, "nobody else sees it"
    assert again.id not in (old.id, new.id)
    undone = kept(await parts.memories.undo(there(BEN), again.id))
    assert (undone.text, undone.status) == (old.text, Status.ACTIVE)


async def test_an_admin_brings_back_what_is_shared_under_its_ids(parts: Parts) -> None:
    memory = kept(await parts.add(NOON))
    await parts.memories.delete(there(), [memory.id])
    [written] = await parts.memories.restore(there(ADA, admin=True), [memory])
    assert (written.result, written.memory) == (Wrote.CREATED, memory)


async def test_of_one_id_in_two_places_of_a_file_the_first_keeps_it(parts: Parts) -> None:
    """As after somebody has changed a channel's name in a copy of it, and kept both."""
    admin = there(ADA, admin=True)
    old = kept(await parts.add("we deploy on Thursdays", admin))
    new = kept(await parts.memories.update(admin, old.id, Change(content="we deploy on Fridays")))
    files = [kept(Written(Wrote.UPDATED, await parts.memories.get(admin, old.id))), new]
    await parts.memories.delete(admin, [new.id])
    files += [replace(each, scope=WORKSPACE) for each in files]
    assert (await brought(parts, admin, files, dry_run=True)).new == 4
    assert (await brought(parts, admin, files)).new == 4
    for turned in (files, files[::-1]):
        for dry_run in (True, False):
            assert (await brought(parts, admin, turned, dry_run=dry_run)).same == 4
    there_now = [each async for each in parts.memories.everything(admin, ALL_STATUSES)]
    assert len({each.id for each in there_now}) == len(there_now) == 4
    assert all(each in there_now for each in files[:2])
    [again] = [each for each in there_now if each.scope == WORKSPACE and each.supersedes]
    undone = kept(await parts.memories.undo(admin, again.id))
    assert (undone.text, undone.scope) == (old.text, WORKSPACE)


async def test_a_dry_run_foresees_what_there_is_no_room_for(parts: Parts) -> None:
    """What was corrected has room of its own."""
    old = kept(await parts.add("we deploy on Thursdays", there(BEN)))
    await parts.memories.update(there(BEN), old.id, Change(content="we deploy on Fridays"))
    full = Parts(parts.client, parts.clock, lambda: uuid4().hex, most=3)
    files = [
        replace(old, id=f"mem_{number:026}", text=replace(old.text, content=f"thing {number}"))
        for number in range(6)
    ]
    files[4:] = [replace(each, status=Status.SUPERSEDED) for each in files[4:]]
    admin = there(ADA, admin=True)
    foreseen = await brought(full, admin, files, dry_run=True)
    done = await brought(full, admin, files)
    assert (done.new, done.refused) == (4, 2)
    assert foreseen == replace(done, dry_run=True)


async def test_an_id_of_the_future_puts_nothing_first_for_good(parts: Parts) -> None:
    newest = kept(await parts.add(NOON))
    forged = replace(newest, id="mem_7" + "Z" * 25, text=replace(newest.text, content="me first"))
    [written] = await parts.memories.restore(AS_GUEST, [forged])
    assert written.result is Wrote.CREATED
    page = await parts.memories.page(there())
    assert [each.text.content for each in page.memories] == [NOON, "me first"]


async def test_nothing_that_is_brought_is_counted_among_what_is_somebody_elses(
    parts: Parts,
) -> None:
    """Ben says, for himself alone, that Ada said it, in a conversation of another workspace."""
    mine = kept(await parts.add(NOON, there(BEN), Scope.of_person(BEN)))
    far = ThreadKey("slack", "TFARAWAY", "C9", "1.0")
    forged = replace(
        mine,
        id="mem_" + "0" * 25 + "7",
        text=replace(mine.text, content="the loom is blue"),
        source=Source(Via.COMMAND, ADA, far, ("m1",)),
    )
    assert (await brought(parts, there(BEN), [forged])).new == 1
    assert not await parts.leftovers("TFARAWAY", "UADA")
    found = await parts.memories.get(there(BEN), forged.id)
    assert found is not None and found.source == Source(Via.IMPORT, BEN)
    assert await parts.memories.kept_of(ADA) == Kept()
    await parts.memories.forget_person(ADA)
    assert await parts.memories.get(there(BEN), forged.id) == found


async def test_conversations_are_named_that_the_importer_may_read(parts: Parts) -> None:
    beside = ThreadKey("slack", "T1", "C1", "2.0")
    private = ThreadKey("slack", "T1", "C1", "3.0")
    await parts.say("hello", beside, "UADA")
    await parts.say("hello", private, "UADA", confined=True)
    example = kept(await parts.add(NOON, there(BEN), Scope.of_person(BEN)))
    for number, thread in enumerate((THREAD, beside, private)):
        told = replace(
            example,
            id=f"mem_{number:026}",
            text=replace(example.text, content=f"thing {number}"),
            source=Source(Via.TOOL, BEN, thread, ("m1",)),
        )
        [written] = await parts.memories.restore(there(BEN), [told])
        source = kept(written).source
        if thread is private:
            assert source == Source(Via.TOOL, BEN)
        else:
            assert source == told.source


async def test_another_account_of_ones_own_stays_the_author(parts: Parts) -> None:
    other = Person("discord", "@", "7")
    place = Audience("slack", "T1", "D1", ThreadKey("slack", "T1", "D1", "D1"), ADA, direct=True)
    linked = grant(place, ADA, linked=[other])
    example = kept(await parts.add(NOON, linked, Scope.of_person(ADA)))
    theirs = replace(
        example,
        id="mem_" + "0" * 26,
        text=replace(example.text, content="tea at four"),
        source=Source(Via.COMMAND, other),
    )
    [written] = await parts.memories.restore(linked, [theirs])
    assert kept(written).source.author == other


async def test_nothing_is_brought_from_the_future(parts: Parts) -> None:
    example, later = kept(await parts.add(NOON)), parts.clock() + 1e9
    old = replace(
        example, text=replace(example.text, content="old"), created_at=1.0, updated_at=2.0
    )
    new = replace(
        example,
        id="mem_" + "0" * 26,
        text=replace(example.text, content="new"),
        created_at=later,
        updated_at=later,
        used_at=later,
        uses=3,
    )
    old = replace(old, id="mem_" + "0" * 25 + "1")
    found = [kept(each) for each in await parts.memories.restore(there(), [old, new])]
    times = [(each.created_at, each.updated_at, each.used_at) for each in found]
    assert times == [(1.0, 2.0, 0.0), (parts.clock(), parts.clock(), parts.clock())]
