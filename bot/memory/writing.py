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
    Filter,
    Memory,
    Scope,
    Source,
    Status,
    Via,
    Written,
    Wrote,
)
from bot.memory import sentences
from bot.memory.checks import fault_in, normalised
from bot.memory.correcting import TRIES, Correcting, actor, added_step, set_step
from bot.memory.merging import said_again, wished
from bot.memory.port import Change, NewMemory
from bot.memory.restoring import admitted
from bot.memory.rights import is_own, may_change
from bot.memory.similar import is_near
from bot.storage.memories_writing import Answer, Outcome

MOST_SIMILAR = 5
LOOKED_FOR_SIMILAR = 20
"""A larger batch, such as of an import, is not compared with what is there."""

_ID = re.compile(r"mem_[0-9A-Z]{26}")

Write = Callable[[str], Awaitable[Sequence[Written]]]
_Noted = tuple[str, str, str, Sequence[str]]
"""Result, id, why and ids of what is similar."""


class Writing(Correcting):
    """The part of `MemoryService` that writes; see there for the arguments."""

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
        """See `bot.memory.port.Memories`.

        What it had corrected goes with it; what whoever deletes it may not change holds again.
        """
        _check_number(ids)

        async def write(nonce: str) -> Sequence[Written]:
            found = await self._store.find(grant.readable, ids)
            gone = [memory for memory in found if memory is not None and may_change(grant, memory)]
            older = await self._corrected_by(grant, gone)
            await self._store.remove([*gone, *older], actor(grant))
            await self._searching.let_go(scopes={memory.scope for memory in gone}, threads=())
            return [_deleted(grant, memory) for memory in found]

        return await self._once(grant, key, write)

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
            steps = [added_step(memory, word) for _, memory in each]
            outcomes = await self._store.write(scope, steps, actor(grant), key=nonce)
            there = await self._there(scope, [memory for _, memory in each], outcomes)
            for (place, memory), outcome in zip(each, outcomes, strict=True):
                found = there.get(outcome.id)
                if touching and outcome.answer is Answer.SAME and found is not None:
                    found = await self._touched(grant, found, memory, nonce and f"{nonce}:{place}")
                answers[place] = _answer_to(memory, outcome, found, touching=touching)
        return await self._still_there(made, [answers[place] for place in range(len(made))])

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
            said = replace(said, text=replace(there.text, expires_at=said.text.expires_at))
        for _ in range(TRIES):
            if found is None:
                break
            now = said_again(found, said.text, said.confirmed, self._clock())
            if said.confirmed:
                now = wished(now, grant.person)
            steps = [set_step(now, "touch", found.version)]
            [outcome] = await self._store.write(there.scope, steps, actor(grant), key=nonce)
            if outcome.answer is Answer.DONE and not nonce:
                return now
            if outcome.answer is Answer.DONE:
                # The same call, sent twice at once, may have been the one that did it.
                [found] = await self._store.find([there.scope], [there.id])
                return found or now
            [found] = await self._store.find([there.scope], [there.id])
        return there

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

    async def bound(self, grant: Grant, key: str, asked: str) -> bool:
        """See `bot.memory.port.Memories`."""
        own = Scope.of_person(grant.person)
        first = await self._store.tell_first(own, f"{grant.person} asked {key}", asked)
        return first == asked

    async def _once(self, grant: Grant, key: str, write: Write) -> Sequence[Written]:
        """Write, or with a key that was there within a day give the same answer.

        Of memories only ids are noted, so that nothing outlives its deletion. Of two calls at once
        both give what the first one has noted.
        """
        if not key:
            return await write("")
        own, name = Scope.of_person(grant.person), f"{grant.person} {key}"
        told = await self._store.told(own, name)
        if told is not None:
            return await self._told_again(grant, told)
        written = await write(name)
        noted = json.dumps([_noted(each) for each in written])
        told = await self._store.tell_first(own, name, noted)
        return written if told == noted else await self._told_again(grant, told)

    async def _told_again(self, grant: Grant, told: str) -> Sequence[Written]:
        noted = _read(told)
        names = sorted({each for _, id, _, similar in noted for each in (id, *similar)})
        there = dict(zip(names, await self._store.find(grant.readable, names), strict=True))
        return [
            Written(
                Wrote(result),
                there[id],
                tuple(memory for each in similar if (memory := there[each]) is not None),
                why,
            )
            for result, id, why, similar in noted
        ]

    def _check_cursor(self, after: str) -> None:
        if after and not _ID.fullmatch(after):
            raise BadRequest(sentences.NO_CURSOR, field="after")


def _noted(written: Written) -> _Noted:
    """What is kept of an answer for calls that come again; of memories only ids."""
    id = written.memory.id if written.memory else ""
    return written.result, id, written.why, [each.id for each in written.similar]


def _read(told: str) -> Sequence[_Noted]:
    """What `_noted` gave; an earlier version says nothing of what is similar."""
    noted = cast("list[_Noted | tuple[str, str, str]]", json.loads(told))
    return [each if len(each) == 4 else (*each, ()) for each in noted]


def _check_number(items: Sequence[object]) -> None:
    if len(items) > MOST_AT_ONCE:
        raise BadRequest(sentences.TOO_MANY.format(most=MOST_AT_ONCE))


def _of_somebody(grant: Grant, source: Source) -> Source:
    """A source with its author, who is the one who acts, unless it was found or brought along."""
    given = source.author if source.via in (Via.AUTO, Via.IMPORT) else None
    return replace(source, author=given or grant.person)


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
