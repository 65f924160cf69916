"""Remembering, changing, correcting, sharing and deleting, for whoever may."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import cast

from bot.audience import Grant
from bot.errors import BadRequest
from bot.memories import (
    MOST_AT_ONCE,
    MOST_TAGS,
    Filter,
    Memory,
    MemoryText,
    Scope,
    Source,
    Status,
    Via,
    Written,
    Wrote,
)
from bot.memory import sentences
from bot.memory.checks import digest_of, fault_in, normalised
from bot.memory.merging import (
    changed,
    rewritten,
    said_again,
    superseded,
    superseding,
    taken_back,
    text_after,
)
from bot.memory.port import Change, NewMemory, Searching
from bot.memory.restoring import Confined, admitted
from bot.memory.rights import is_own, may_change
from bot.memory.similar import is_near
from bot.storage.memories import MemoryStore
from bot.storage.memories_writing import Actor, Answer, Outcome, Step

MOST_SIMILAR = 5
LOOKED_FOR_SIMILAR = 20
"""A larger batch, such as of an import, is not compared with what is there."""

TRIES = 5
_ID = re.compile(r"mem_[0-9A-Z]{26}")

Write = Callable[[str], Awaitable[Sequence[Written]]]


class Writing:
    """The part of `MemoryService` that writes; see there for the arguments."""

    def __init__(
        self,
        store: MemoryStore,
        searching: Searching,
        confined: Confined,
        clock: Callable[[], float],
        new_ids: Callable[[float, int], Sequence[str]],
    ) -> None:
        self._store = store
        self._searching = searching
        self._confined = confined
        self._clock = clock
        self._new_ids = new_ids

    async def add(self, grant: Grant, new: NewMemory, *, key: str = "") -> Written:
        """See `bot.memory.port.Memories`."""
        [written] = await self.add_all(grant, [new], key=key)
        return written

    async def add_all(
        self, grant: Grant, new: Sequence[NewMemory], *, key: str = ""
    ) -> Sequence[Written]:
        """See `bot.memory.port.Memories`."""
        _check_number(new)

        async def write(nonce: str) -> Sequence[Written]:
            ids = self._new_ids(self._clock(), len(new))
            made = [self._made(grant, each, id) for each, id in zip(new, ids, strict=True)]
            written = await self._added(grant, made, "add", nonce)
            if len(new) > LOOKED_FOR_SIMILAR:
                return written
            return [await self._with_similar(grant, each) for each in written]

        return await self._once(grant, key, write)

    async def restore(
        self, grant: Grant, memories: Sequence[Memory], *, key: str = ""
    ) -> Sequence[Written]:
        """See `bot.memory.port.Memories`."""
        _check_number(memories)

        async def write(nonce: str) -> Sequence[Written]:
            ours = await admitted(self._store, grant, memories, self._confined, self._clock())
            made = [self._restorable(grant, each) for each in ours]
            return await self._added(grant, made, "restore", nonce, touching=False)

        return await self._once(grant, key, write)

    async def update(
        self, grant: Grant, id: str, change: Change, *, version: int | None = None, key: str = ""
    ) -> Written:
        """See `bot.memory.port.Memories`."""
        [written] = await self.update_all(grant, [(id, change, version)], key=key)
        return written

    async def update_all(
        self, grant: Grant, changes: Sequence[tuple[str, Change, int | None]], *, key: str = ""
    ) -> Sequence[Written]:
        """See `bot.memory.port.Memories`."""
        _check_number(changes)

        async def write(nonce: str) -> Sequence[Written]:
            return [
                await self._updated(grant, id, change, version, nonce and f"{nonce}:{number}")
                for number, (id, change, version) in enumerate(changes)
            ]

        return await self._once(grant, key, write)

    async def delete(self, grant: Grant, ids: Sequence[str], *, key: str = "") -> Sequence[Written]:
        """See `bot.memory.port.Memories`. What it had corrected goes with it."""
        _check_number(ids)

        async def write(nonce: str) -> Sequence[Written]:
            found = await self._store.find(grant.readable, ids)
            gone = [memory for memory in found if memory is not None and may_change(grant, memory)]
            await self._store.remove([*gone, *await self._corrected_by(gone)], _actor(grant))
            await self._searching.let_go(scopes={memory.scope for memory in gone}, threads=())
            return [_deleted(grant, memory) for memory in found]

        return await self._once(grant, key, write)

    async def undo(self, grant: Grant, id: str) -> Written:
        """See `bot.memory.port.Memories`. `memory` of the answer is what holds again, if any."""
        for _ in range(TRIES):
            memory = await self._one(grant, id)
            if memory is None:
                return Written(Wrote.MISSING)
            if not may_change(grant, memory):
                return Written(Wrote.REFUSED, memory, why=sentences.NOT_YOURS)
            if memory.status is Status.SUPERSEDED:
                return Written(Wrote.REFUSED, memory, why=sentences.CORRECTED)
            now = self._clock()
            before = [
                each
                for each in await self._store.find([memory.scope], memory.supersedes)
                if each is not None and each.superseded_by == id
            ]
            if memory.supersedes and not before:
                return Written(Wrote.REFUSED, memory, why=sentences.NOTHING_BACK)
            back, left = taken_back(memory, before, now)
            if left is None:
                steps = [Step("remove", memory, word="undo", version=memory.version)]
            else:
                steps = [_set(left, "undo", memory.version)]
            for each in back:
                steps += await self._back(each)
            outcomes = await self._store.write(memory.scope, steps, _actor(grant), together=True)
            if all(each.answer is Answer.DONE for each in outcomes):
                await self._searching.let_go(scopes=[memory.scope], threads=())
                result = Wrote.DELETED if left is None else Wrote.UPDATED
                return Written(result, back[0] if back else None)
        return Written(Wrote.CONFLICT, await self._one(grant, id), why=sentences.BUSY)

    async def _back(self, memory: Memory) -> Sequence[Step]:
        """Let a memory hold again, or give it up to another that has the same content by now."""
        holder = await self._store.holder(memory.scope, digest_of(memory.text.content))
        [other] = await self._store.find([memory.scope], [holder]) if holder else [None]
        if other is None or other.id == memory.id or other.status is not Status.ACTIVE:
            return [_set(memory, "undo")]
        given_up = replace(memory, status=Status.SUPERSEDED, superseded_by=other.id)
        knowing = superseding(other, memory.id, self._clock())
        return [_set(given_up, "undo"), _set(knowing, "touch", other.version)]

    async def merge(self, grant: Grant, older: str, newer: str) -> Written:
        """See `bot.memory.port.Memories`."""
        for _ in range(TRIES):
            old, new = await self._store.find(grant.readable, [older, newer])
            if old is None or new is None or old.scope != new.scope:
                return Written(Wrote.MISSING)
            if not (may_change(grant, old) and may_change(grant, new)):
                return Written(Wrote.REFUSED, new, why=sentences.NOT_YOURS)
            if old.superseded_by == newer:
                return Written(Wrote.UPDATED, new)
            if old.status is Status.SUPERSEDED or new.status is Status.SUPERSEDED:
                return Written(Wrote.REFUSED, new, why=sentences.CORRECTED)
            tags = tuple(dict.fromkeys((*new.text.tags, *old.text.tags)))[:MOST_TAGS]
            written = await self._given_up(grant, old, newer, Change(tags=tags), "")
            if written is not None:
                return replace(written, result=Wrote.UPDATED)
        return Written(Wrote.CONFLICT, await self._one(grant, newer), why=sentences.BUSY)

    async def share(self, grant: Grant, id: str, to: Scope, *, key: str = "") -> Written:
        """See `bot.memory.port.Memories`."""

        async def write(nonce: str) -> Sequence[Written]:
            memory = await self._one(grant, id)
            if memory is None:
                return [Written(Wrote.MISSING)]
            if not is_own(grant, memory):
                return [Written(Wrote.REFUSED, memory, why=sentences.NOT_YOURS_TO_SHARE)]
            if memory.status is not Status.ACTIVE:
                return [Written(Wrote.REFUSED, memory, why=sentences.CORRECTED)]
            now = self._clock()
            [new] = self._new_ids(now, 1)
            # Where it was said is known to fewer people, and what happens there is no matter of
            # the copy's.
            source = Source(grant.via, grant.person)
            copy = Memory(new, memory.text, to, source, created_at=now, updated_at=now)
            return await self._added(grant, [self._allowed(grant, copy)], "share", nonce)

        [written] = await self._once(grant, key, write)
        return written

    async def _one(self, grant: Grant, id: str) -> Memory | None:
        [found] = await self._store.find(grant.readable, [id])
        return found

    def _made(self, grant: Grant, new: NewMemory, id: str) -> Memory | Written:
        """What is to be stored, or why it is not."""
        if not grant.writable:
            return Written(Wrote.REFUSED, why=sentences.NOWHERE)
        if new.id and not _ID.fullmatch(new.id):
            return Written(Wrote.REFUSED, why=sentences.ODD_ID)
        now = self._clock()
        memory = Memory(
            new.id or id,
            normalised(new.text),
            new.scope or grant.writable[0],
            _of_somebody(grant, new.source),
            confirmed=new.confirmed,
            created_at=new.created_at or now,
            updated_at=now,
        )
        return self._allowed(grant, memory)

    def _restorable(self, grant: Grant, memory: Memory) -> Memory | Written:
        if not _ID.fullmatch(memory.id):
            return Written(Wrote.REFUSED, why=sentences.ODD_ID)
        return self._allowed(grant, replace(memory, text=normalised(memory.text)))

    def _allowed(self, grant: Grant, memory: Memory) -> Memory | Written:
        if memory.scope not in grant.writable:
            return Written(Wrote.REFUSED, why=sentences.NOT_THERE)
        if why := fault_in(memory.text, self._clock()):
            return Written(Wrote.REFUSED, why=why)
        return memory

    async def _added(
        self,
        grant: Grant,
        made: Sequence[Memory | Written],
        word: str,
        nonce: str,
        *,
        touching: bool = True,
    ) -> Sequence[Written]:
        """Store the memories among `made`, one script for each scope; answers in their order."""
        answers: dict[int, Written] = {}
        by_scope: dict[Scope, list[tuple[int, Memory]]] = {}
        for place, each in enumerate(made):
            if isinstance(each, Written):
                answers[place] = each
            else:
                by_scope.setdefault(each.scope, []).append((place, each))
        for scope, each in by_scope.items():
            steps = [_added_step(memory, word) for _, memory in each]
            outcomes = await self._store.write(scope, steps, _actor(grant), key=nonce)
            there = await self._there(scope, [memory for _, memory in each], outcomes)
            for (place, memory), outcome in zip(each, outcomes, strict=True):
                found = there.get(outcome.id)
                if touching and outcome.answer is Answer.SAME and found is not None:
                    found = await self._touched(grant, found, memory, nonce and f"{nonce}:{place}")
                answers[place] = _answer_to(memory, outcome, found, touching=touching)
        return [answers[place] for place in range(len(made))]

    async def _there(
        self, scope: Scope, memories: Sequence[Memory], outcomes: Sequence[Outcome]
    ) -> Mapping[str, Memory]:
        """Those that stand in place of what was to be added."""
        ids = [
            outcome.id
            for memory, outcome in zip(memories, outcomes, strict=True)
            if outcome.id != memory.id or outcome.answer is Answer.THERE
        ]
        found = await self._store.find([scope], ids)
        return {memory.id: memory for memory in found if memory is not None}

    async def _touched(self, grant: Grant, there: Memory, said: Memory, nonce: str) -> Memory:
        """What has the same content, with what is new of what was said by whoever may change it."""
        found: Memory | None = there
        if there.confirmed and not may_change(grant, there):
            # It may only not go sooner than whoever says it again would have it go.
            said = replace(there, text=replace(there.text, expires_at=said.text.expires_at))
        for _ in range(TRIES):
            if found is None:
                break
            now = said_again(found, said.text, said.confirmed, self._clock())
            steps = [_set(now, "touch", found.version)]
            [outcome] = await self._store.write(there.scope, steps, _actor(grant), key=nonce)
            if outcome.answer is Answer.DONE:
                return now
            [found] = await self._store.find([there.scope], [there.id])
        return there

    async def _updated(
        self, grant: Grant, id: str, change: Change, version: int | None, nonce: str
    ) -> Written:
        """One change; tried again when somebody else was quicker, unless it names a version."""
        for _ in range(TRIES):
            memory = await self._one(grant, id)
            if memory is None:
                return Written(Wrote.MISSING)
            if not may_change(grant, memory):
                return Written(Wrote.REFUSED, memory, why=sentences.NOT_YOURS)
            if nonce and (told := await self._store.answered(memory.scope, nonce)):
                [found] = await self._store.find([memory.scope], [told[-1].id])
                return Written(Wrote.UPDATED, found)
            if version is not None and memory.version != version:
                return Written(Wrote.CONFLICT, memory)
            if memory.status is Status.SUPERSEDED:
                return Written(Wrote.REFUSED, memory, why=sentences.CORRECTED)
            text = normalised(text_after(memory.text, change))
            if why := fault_in(text, self._clock()):
                return Written(Wrote.REFUSED, memory, why=why)
            if text.content != memory.text.content:
                written = await self._corrected(grant, memory, text, change, nonce)
            else:
                written = await self._changed(grant, memory, text, change, nonce)
            if written is not None:
                return written
            if version is not None:
                break
        return Written(Wrote.CONFLICT, await self._one(grant, id), why=sentences.BUSY)

    async def _changed(
        self, grant: Grant, memory: Memory, text: MemoryText, change: Change, nonce: str
    ) -> Written | None:
        """Change other parts than the content; None if it is not as it was any more."""
        now = changed(memory, text, change, self._clock())
        if now is memory:
            return Written(Wrote.UNCHANGED, memory)
        steps = [_set(now, "update", memory.version)]
        [outcome] = await self._store.write(memory.scope, steps, _actor(grant), key=nonce)
        return Written(Wrote.UPDATED, now) if outcome.answer is Answer.DONE else None

    async def _corrected(
        self, grant: Grant, memory: Memory, text: MemoryText, change: Change, nonce: str
    ) -> Written | None:
        """Supersede a memory by one with another content; None if it is not as it was any more."""
        now = self._clock()
        [new] = self._new_ids(now, 1)
        made = Memory(
            new,
            text,
            memory.scope,
            rewritten(memory.source, memory.scope, grant.person, grant.via),
            supersedes=(memory.id,),
            created_at=now,
            updated_at=now,
        )
        made = replace(changed(made, text, change, now), version=1)
        steps = [
            _set(superseded(memory, new, now), "supersede", memory.version, yields=True),
            replace(_added_step(made, "correct"), besides=memory.id),
        ]
        old, added = await self._store.write(
            memory.scope, steps, _actor(grant), key=nonce, together=True
        )
        if added.answer is Answer.FULL:
            return Written(Wrote.FULL, memory, why=sentences.FULL)
        if added.answer is Answer.SAME:
            return await self._given_up(grant, memory, added.id, change, nonce)
        if old.answer is not Answer.DONE:
            return None
        [found] = [made] if added.id == new else await self._store.find([memory.scope], [added.id])
        return Written(Wrote.UPDATED, found)

    async def _given_up(
        self, grant: Grant, memory: Memory, to: str, change: Change, nonce: str
    ) -> Written | None:
        """Supersede a memory by another that says already what it should have said.

        The other one knows of it, so that it goes with that one or comes back by an undo, and takes
        the rest of the change if it may be changed.
        """
        [other] = await self._store.find([memory.scope], [to])
        if other is None:
            return None
        now = self._clock()
        knowing = superseding(other, memory.id, now)
        text = normalised(text_after(other.text, replace(change, content=None)))
        if may_change(grant, other) and not fault_in(text, now):
            knowing = replace(changed(knowing, text, change, now), version=knowing.version)
        steps = [
            _set(superseded(memory, to, now), "supersede", memory.version, yields=True),
            _set(knowing, "touch", other.version),
        ]
        outcomes = await self._store.write(
            memory.scope, steps, _actor(grant), key=nonce, together=True
        )
        if any(each.answer is not Answer.DONE for each in outcomes):
            return None
        return Written(Wrote.TOUCHED, knowing)

    async def _corrected_by(self, memories: Sequence[Memory]) -> Sequence[Memory]:
        """What some memories have corrected, what that had corrected, and so on."""
        found: dict[str, Memory] = {}
        waiting = [(each.scope, each) for each in memories]
        while waiting:
            scope, newer = waiting.pop()
            ids = [id for id in newer.supersedes if id not in found]
            for older in await self._store.find([scope], ids):
                if older is not None and older.superseded_by == newer.id:
                    found[older.id] = older
                    waiting.append((scope, older))
        return list(found.values())

    async def _with_similar(self, grant: Grant, written: Written) -> Written:
        """The answer with what says nearly the same in the same scope."""
        memory = written.memory
        if written.result is not Wrote.CREATED or memory is None:
            return written
        # Its places say who pays; what was said there is not looked through.
        within = replace(grant, readable=(memory.scope,))
        hits = await self._searching.search(
            within, memory.text.content, Filter(), limit=2 * MOST_SIMILAR, said=False
        )
        near = [
            found.memory
            for found in hits
            if found.memory is not None
            and found.memory.id != memory.id
            and is_near(found.memory.text.content, memory.text.content)
        ]
        return replace(written, similar=tuple(near[:MOST_SIMILAR]))

    async def _once(self, grant: Grant, key: str, write: Write) -> Sequence[Written]:
        """Write, or with a key that was there within a day give the same answer.

        Of memories only ids are noted, so that nothing outlives its deletion.
        """
        if not key:
            return await write("")
        own, name = Scope.of_person(grant.person), f"{grant.person} {key}"
        told = await self._store.told(own, name)
        if told is not None:
            return await self._told_again(grant, told)
        written = await write(name)
        noted = [[each.result, each.memory.id if each.memory else "", each.why] for each in written]
        await self._store.tell(own, name, json.dumps(noted))
        return written

    async def _told_again(self, grant: Grant, told: str) -> Sequence[Written]:
        noted = cast("list[tuple[str, str, str]]", json.loads(told))
        found = await self._store.find(grant.readable, [id for _, id, _ in noted])
        return [
            Written(Wrote(result), memory, why=why)
            for (result, _, why), memory in zip(noted, found, strict=True)
        ]

    def _check_cursor(self, after: str) -> None:
        if after and not _ID.fullmatch(after):
            raise BadRequest(sentences.NO_CURSOR, field="after")


def _check_number(items: Sequence[object]) -> None:
    if len(items) > MOST_AT_ONCE:
        raise BadRequest(sentences.TOO_MANY.format(most=MOST_AT_ONCE))


def _of_somebody(grant: Grant, source: Source) -> Source:
    """A source with its author, who is the one who acts, unless it was found or brought along."""
    given = source.author if source.via in (Via.AUTO, Via.IMPORT) else None
    return replace(source, author=given or grant.person)


def _actor(grant: Grant) -> Actor:
    return Actor(str(grant.person), grant.via)


def _added_step(memory: Memory, word: str) -> Step:
    yields = memory.status is Status.SUPERSEDED
    return Step("add", memory, digest_of(memory.text.content), word, yields=yields)


def _set(memory: Memory, word: str, version: int | None = None, yields: bool = False) -> Step:
    """Put the next version of a memory in its place."""
    before = memory.version - 1 if version is None else version
    yields = yields or memory.status is Status.SUPERSEDED
    return Step("set", memory, digest_of(memory.text.content), word, before, yields=yields)


def _answer_to(
    memory: Memory, outcome: Outcome, there: Memory | None, *, touching: bool
) -> Written:
    match outcome.answer:
        case Answer.DONE:
            return Written(Wrote.CREATED, memory if outcome.id == memory.id else there)
        case Answer.SAME if touching:
            return Written(Wrote.TOUCHED, there)
        case Answer.FULL:
            return Written(Wrote.FULL, why=sentences.FULL)
        case _:
            return Written(Wrote.UNCHANGED, there)


def _deleted(grant: Grant, memory: Memory | None) -> Written:
    if memory is None:
        return Written(Wrote.MISSING)
    if not may_change(grant, memory):
        return Written(Wrote.REFUSED, memory, why=sentences.NOT_YOURS)
    return Written(Wrote.DELETED)
