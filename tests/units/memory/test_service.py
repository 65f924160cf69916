"""Remembering, correcting, sharing, deleting: by whom it may be, once, so that it can be undone."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from uuid import uuid4

import pytest

from bot.errors import BadRequest
from bot.memories import Filter, MemoryText, Scope, Source, Status, Via, Written, Wrote
from bot.memory import sentences
from bot.memory.checks import SECRET
from bot.memory.port import Change, NewMemory
from bot.storage.keys import ScopeKeys
from tests.units.memory.parts import ADA, BEN, CHANNEL, THREAD, WORKSPACE, Parts, there

OWN = Scope.of_person(ADA)


def id_of(written: Written) -> str:
    assert written.memory is not None
    return written.memory.id


async def test_what_was_remembered_is_found_at_once_by_all_ways(parts: Parts) -> None:
    written = await parts.add("The launch is on Friday", tags=("#Launch",))
    assert written.result is Wrote.CREATED and written.memory is not None
    assert written.memory.text.tags == ("launch",)
    assert written.memory.source.author == ADA
    memories, given = parts.memories, there(BEN)
    assert await memories.get(given, written.memory.id) == written.memory
    assert (await memories.page(given)).memories == (written.memory,)
    [hit] = await memories.search(given, "when is the launch?")
    assert hit.memory is not None and hit.memory.id == written.memory.id
    assert (await memories.stats(given)).by_tag == {"launch": 1}


async def test_a_secret_is_refused_with_a_word_and_kept_nowhere(parts: Parts) -> None:
    written = await parts.add("the password: hunter2")
    assert (written.result, written.why) == (Wrote.REFUSED, SECRET)
    assert await parts.leftovers("hunter2") == []
    id = id_of(await parts.add("the door code is with Ben"))
    changed = await parts.memories.update(there(), id, Change(content="password: hunter2"))
    assert changed.result is Wrote.REFUSED
    assert await parts.leftovers("hunter2") == []


async def test_where_one_may_not_write_nothing_is_written(parts: Parts) -> None:
    elsewhere = await parts.add("x", scope=Scope.of_channel("slack", "T1", "C9"))
    assert (elsewhere.result, elsewhere.why) == (Wrote.REFUSED, sentences.NOT_THERE)
    nowhere = await parts.add("x", replace(there(), writable=()), None)
    assert (nowhere.result, nowhere.why) == (Wrote.REFUSED, sentences.NOWHERE)
    usual = await parts.add("x", scope=None)
    assert usual.memory is not None and usual.memory.scope == CHANNEL


async def test_the_same_again_adds_to_what_is_there(parts: Parts) -> None:
    first = await parts.add("We use Redis", tags=("db",), expires_at=parts.clock() + 100)
    again = await parts.add(" we  use redis. ", tags=("infra",), pinned=True)
    assert again.result is Wrote.TOUCHED and again.memory is not None
    assert again.memory.id == id_of(first)
    assert again.memory.text == MemoryText("We use Redis", tags=("db", "infra"), pinned=True)
    assert again.memory.source.author == ADA
    assert again.memory.version == 2


async def test_who_says_again_what_somebody_else_had_said_only_keeps_it_longer(
    parts: Parts,
) -> None:
    first = await parts.add("We use Redis", tags=("db",), expires_at=parts.clock() + 100)
    assert first.memory is not None
    again = await parts.add("We use Redis", there(BEN), tags=("spam",), subject="Ben", pinned=True)
    assert again.result is Wrote.TOUCHED and again.memory is not None
    assert again.memory.text == replace(first.memory.text, expires_at=0.0)


async def test_what_says_nearly_the_same_is_offered_and_not_merged(parts: Parts) -> None:
    first = await parts.add("The release branch is cut every second Thursday")
    near = await parts.add("The release branch is cut every second Thursday evening")
    assert near.result is Wrote.CREATED
    assert [each.id for each in near.similar] == [id_of(first)]
    assert (await parts.add("Ben likes tea")).similar == ()


async def test_a_key_makes_each_write_happen_once(parts: Parts) -> None:
    memories, given = parts.memories, there()
    one = await parts.add("one", key="a")
    again = await parts.add("another", key="a")
    assert again == one
    assert (await parts.add("other's", there(BEN), key="a")).result is Wrote.CREATED
    change = Change(content="one and a half")
    changed = await memories.update(given, id_of(one), change, key="b")
    assert changed.result is Wrote.UPDATED
    assert await memories.update(given, id_of(one), change, key="b") == changed
    [deleted] = await memories.delete(given, [id_of(changed)], key="c")
    assert [deleted] == await memories.delete(given, [id_of(changed)], key="c")
    assert deleted.result is Wrote.DELETED
    assert [each.text.content for each in (await memories.page(given)).memories] == ["other's"]


async def test_a_correction_supersedes_and_can_be_undone(parts: Parts) -> None:
    memories, given = parts.memories, there()
    old = await parts.add("The launch is on Friday", pinned=True)
    new = await memories.update(given, id_of(old), Change(content="The launch is on Monday"))
    assert new.memory is not None and new.memory.supersedes == (id_of(old),)
    assert new.memory.text.pinned
    before = await memories.get(given, id_of(old))
    assert before is not None
    assert (before.status, before.superseded_by) == (Status.SUPERSEDED, new.memory.id)
    assert [each.id for each in (await memories.page(given)).memories] == [new.memory.id]
    late = await memories.update(given, id_of(old), Change(content="on Sunday"))
    assert (late.result, late.why) == (Wrote.REFUSED, sentences.CORRECTED)
    undone = await memories.undo(given, new.memory.id)
    assert undone.result is Wrote.DELETED and undone.memory is not None
    assert undone.memory.id == id_of(old) and undone.memory.status is Status.ACTIVE
    assert (await parts.add("the launch is on friday")).result is Wrote.TOUCHED


async def test_a_correction_of_case_alone_is_one_and_what_exists_is_not_doubled(
    parts: Parts,
) -> None:
    memories, given = parts.memories, there()
    first = await parts.add("deploys are on friday")
    typo = await memories.update(given, id_of(first), Change(content="Deploys are on Friday"))
    assert typo.result is Wrote.UPDATED
    other = await parts.add("Deploys are on Monday")
    same = await memories.update(given, id_of(typo), Change(content="deploys are on monday"))
    assert same.result is Wrote.TOUCHED and id_of(same) == id_of(other)
    assert [each.id for each in (await memories.page(given)).memories] == [id_of(other)]


async def test_a_change_with_an_old_version_changes_nothing(parts: Parts) -> None:
    memories, given = parts.memories, there()
    id = id_of(await parts.add("x"))
    first = await memories.update(given, id, Change(pinned=True), version=1)
    assert first.memory is not None and first.memory.version == 2
    assert (await memories.update(given, id, Change(pinned=True))).result is Wrote.UNCHANGED
    late = await memories.update(given, id, Change(pinned=False), version=1)
    assert late.result is Wrote.CONFLICT and late.memory == first.memory
    missing = await memories.update(given, f"mem_{'0' * 26}", Change(pinned=True))
    assert missing.result is Wrote.MISSING


async def test_others_may_read_but_not_change_what_is_shared_and_admins_may(parts: Parts) -> None:
    memories = parts.memories
    id = id_of(await parts.add("x", there(ADA)))
    ben, admin = there(BEN), there(BEN, admin=True)
    assert (await memories.update(ben, id, Change(pinned=True))).why == sentences.NOT_YOURS
    assert [each.result for each in await memories.delete(ben, [id])] == [Wrote.REFUSED]
    assert (await memories.undo(ben, id)).result is Wrote.REFUSED
    assert (await memories.share(ben, id, WORKSPACE)).why == sentences.NOT_YOURS_TO_SHARE
    assert (await memories.update(admin, id, Change(pinned=True))).result is Wrote.UPDATED
    assert (await memories.share(admin, id, WORKSPACE)).result is Wrote.REFUSED
    reading = replace(there(ADA), writable=())
    assert [each.result for each in await memories.delete(reading, [id])] == [Wrote.REFUSED]
    assert [each.result for each in await memories.delete(admin, [id])] == [Wrote.DELETED]


async def test_what_is_anothers_is_not_there(parts: Parts) -> None:
    memories, ben = parts.memories, there(BEN, admin=True)
    id = id_of(await parts.add("mine", scope=OWN))
    assert await memories.get(ben, id) is None
    assert (await memories.update(ben, id, Change(pinned=True))).result is Wrote.MISSING
    assert [each.result for each in await memories.delete(ben, [id])] == [Wrote.MISSING]
    assert (await memories.undo(ben, id)).result is Wrote.MISSING
    assert (await memories.share(ben, id, CHANNEL)).result is Wrote.MISSING
    assert await memories.get(there(), id) is not None


async def test_sharing_makes_a_copy_where_one_may_write(parts: Parts) -> None:
    memories, given = parts.memories, there()
    id = id_of(await parts.add("mine", scope=OWN, thread=THREAD, messages=("m1",)))
    shared = await memories.share(given, id, CHANNEL)
    assert shared.result is Wrote.CREATED and shared.memory is not None
    assert shared.memory.id != id and shared.memory.text.content == "mine"
    other = Scope.of_channel("slack", "T1", "C9")
    assert (await memories.share(given, id, other)).why == sentences.NOT_THERE
    assert (await memories.share(given, id, CHANNEL)).result is Wrote.TOUCHED


async def test_deleting_takes_along_what_was_corrected_and_every_vector(parts: Parts) -> None:
    memories, given = parts.memories, there()
    first = id_of(await parts.add("zebra one"))
    second = id_of(await memories.update(given, first, Change(content="zebra two")))
    third = id_of(await memories.update(given, second, Change(content="zebra three")))
    await parts.store.put_vectors(CHANNEL, "m", dict.fromkeys((first, third), b"zebra"))
    [deleted] = await memories.delete(given, [third])
    assert deleted == Written(Wrote.DELETED)
    assert await parts.leftovers("zebra") == []


async def test_who_confirms_what_was_found_by_itself_keeps_it_for_good(parts: Parts) -> None:
    source = Source(Via.AUTO, BEN, THREAD, ("m1",))
    text = MemoryText("Ben owns billing", expires_at=parts.clock() + 100)
    new = NewMemory(text, source, CHANNEL, confirmed=False)
    found = (await parts.memories.add(there(), new)).memory
    assert found is not None and not found.confirmed and found.source.author == BEN
    kept = await parts.memories.update(there(BEN), found.id, Change(confirmed=True))
    assert kept.memory is not None and kept.memory.confirmed
    parts.clock.now += 1_000
    assert await parts.memories.get(there(), found.id) is not None


async def test_archived_is_out_of_the_way_and_comes_back(parts: Parts) -> None:
    memories, given = parts.memories, there()
    id = id_of(await parts.add("old news"))
    assert (await memories.update(given, id, Change(archived=True))).result is Wrote.UPDATED
    assert (await memories.page(given)).memories == ()
    assert await memories.search(given, "old news") == []
    archived = Filter(statuses=frozenset({Status.ARCHIVED}))
    assert [each.id for each in (await memories.page(given, archived)).memories] == [id]
    assert (await parts.add("old news")).result is Wrote.TOUCHED
    assert [each.id for each in (await memories.page(given)).memories] == [id]


async def test_pages_go_on_after_what_was_deleted_meanwhile(parts: Parts) -> None:
    memories, given = parts.memories, there()
    new = [NewMemory(MemoryText(f"fact {n}"), Source(Via.COMMAND), CHANNEL) for n in range(7)]
    written = await memories.add_all(given, new)
    ids = [id_of(each) for each in written]
    page = await memories.page(given, limit=3)
    assert [each.id for each in page.memories] == ids[:3:-1]
    assert page.after == ids[4]
    await memories.delete(given, [ids[4]])
    rest = await memories.page(given, after=page.after, limit=10)
    assert [each.id for each in rest.memories] == ids[3::-1]
    assert rest.after == ""
    assert [each.id async for each in memories.everything(given)] == [*ids[:4], *ids[5:]]
    with pytest.raises(BadRequest):
        await memories.page(given, after="nonsense")


async def test_a_batch_answers_item_by_item_and_has_an_end(parts: Parts) -> None:
    contents = ["one", "", "one", "two", "password: hunter2"]
    new = [NewMemory(MemoryText(each), Source(Via.API), CHANNEL) for each in contents]
    written = await parts.memories.add_all(there(), new)
    assert [each.result for each in written] == [
        Wrote.CREATED,
        Wrote.REFUSED,
        Wrote.TOUCHED,
        Wrote.CREATED,
        Wrote.REFUSED,
    ]
    with pytest.raises(BadRequest):
        await parts.memories.add_all(there(), new * 101)


async def test_a_full_place_says_so_and_throws_nothing_out(parts: Parts) -> None:
    for number in range(100):
        assert (await parts.add(f"fact {number}")).result is Wrote.CREATED
    full = await parts.add("one more")
    assert (full.result, full.why) == (Wrote.FULL, sentences.FULL)
    assert (await parts.memories.stats(there())).total == 100


async def test_a_full_place_can_be_corrected(parts: Parts) -> None:
    small = Parts(parts.client, parts.clock, lambda: uuid4().hex, most=3)
    memories, given = small.memories, there()
    ids = [id_of(await small.add(f"fact {number}")) for number in range(3)]

    async def corrected(id: str, content: str) -> Written:
        return await memories.update(given, id, Change(content=content))

    async def adding(*results: Wrote) -> None:
        for number, result in enumerate(results):
            assert (await small.add(f"more {number}")).result is result

    newer = await corrected(ids[0], "fact 0, put right")
    assert newer.result is Wrote.UPDATED
    await adding(Wrote.FULL)
    # As before once it is undone; and corrected again twice, it is one still.
    assert (await memories.undo(given, id_of(newer))).result is Wrote.DELETED
    await adding(Wrote.FULL)
    newer = await corrected(ids[0], "fact 0, put right")
    newer = await corrected(id_of(newer), "fact 0, put right again")
    # It gives way to what is there already, and leaves its room.
    assert (await corrected(ids[1], "fact 2")).result is Wrote.TOUCHED
    await adding(Wrote.CREATED, Wrote.FULL)
    # Three that were corrected are as many as are kept.
    assert (await corrected(id_of(newer), "fact 0 once more")).result is Wrote.FULL
    [deleted] = await memories.delete(given, [id_of(newer)])
    assert deleted.result is Wrote.DELETED
    await adding(Wrote.TOUCHED, Wrote.CREATED, Wrote.FULL)
    assert (await corrected(ids[2], "fact 2, put right")).result is Wrote.UPDATED


async def test_what_an_earlier_version_has_corrected_and_not_counted_takes_no_room(
    parts: Parts,
) -> None:
    small = Parts(parts.client, parts.clock, lambda: uuid4().hex, most=3)
    first = id_of(await small.add("fact 0"))
    newer = await small.memories.update(there(), first, Change(content="fact 0, put right"))
    await parts.client.hset(ScopeKeys(CHANNEL).meta, "corrected", "-2")
    results = [(await small.add(f"more {number}")).result for number in range(3)]
    assert results == [Wrote.CREATED, Wrote.CREATED, Wrote.FULL]
    await small.memories.delete(there(), [id_of(newer)])
    results = [(await small.add(f"other {number}")).result for number in range(2)]
    assert results == [Wrote.CREATED, Wrote.FULL]


async def test_an_answer_that_an_earlier_version_has_noted_is_given_again(parts: Parts) -> None:
    first = await parts.add("fact 0", key="k")
    noted = json.dumps([[first.result, id_of(first), ""]])
    await parts.store.tell(OWN, f"{ADA} k", noted)
    assert await parts.add("fact 0", key="k") == first


async def test_a_batch_that_is_sent_again_is_answered_as_before(parts: Parts) -> None:
    memories, given = parts.memories, there()
    first = id_of(await parts.add("the number 1 crane is painted green and blue"))
    for number in range(97):
        await parts.add(f"fact {number}")
    contents = ["the number 1 crane is painted green", "fact 7", "password: hunter2", "no", "room"]
    new = [NewMemory(MemoryText(each), Source(Via.API), CHANNEL) for each in contents]
    written, at_once = await asyncio.gather(
        *(memories.add_all(given, new, key="k") for _ in range(2))
    )
    assert [each.result for each in written] == [
        Wrote.CREATED,
        Wrote.TOUCHED,
        Wrote.REFUSED,
        Wrote.CREATED,
        Wrote.FULL,
    ]
    assert [each.id for each in written[0].similar] == [first]
    gone = [id_of(await parts.add("fact 1")), id_of(await parts.add("fact 2"))]
    deleted = await asyncio.gather(*(memories.delete(given, gone, key="d") for _ in range(2)))
    assert deleted[0] == deleted[1] == await memories.delete(given, gone, key="d")
    assert list(written) == list(at_once) == list(await memories.add_all(given, new, key="k"))


async def test_of_what_nobody_asked_for_everybody_there_says_what_becomes_of_it(
    parts: Parts,
) -> None:
    for confirmed, result in ((False, Wrote.DELETED), (True, Wrote.REFUSED)):
        source = Source(Via.AUTO, BEN, THREAD, ("m1",))
        new = NewMemory(MemoryText(f"{confirmed}"), source, CHANNEL, confirmed=confirmed)
        id = id_of(await parts.memories.add(there(BEN), new))
        assert (await parts.memories.undo(there(ADA), id)).result is result
