"""Changing, correcting and merging what is remembered, so that it can be undone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from bot.audience import Grant
from bot.memories import MOST_TAGS, Memory, MemoryText, Scope, Status, Written, Wrote
from bot.memory import sentences
from bot.memory.checks import digest_of, fault_in, normalised
from bot.memory.merging import (
    changed,
    rewritten,
    superseded,
    superseding,
    taken_back,
    text_after,
    wished,
)
from bot.memory.port import Change, Searching
from bot.memory.restoring import Confined
from bot.memory.rights import may_change
from bot.storage.memories import MemoryStore
from bot.storage.memories_holding import Returning, held_again
from bot.storage.memories_writing import Actor, Answer, Step

_ADDED = (Wrote.CREATED, Wrote.UPDATED)

TRIES = 5
"""How often a change is tried while others change the same memory."""


class Correcting:
    """The part of `MemoryService` that changes what is there; see there for the arguments."""

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

    async def undo(self, grant: Grant, id: str) -> Written:
        """See `bot.memory.port.Memories`. `memory` of the answer is what holds again, if any."""
        for _ in range(TRIES):
            memory = await self._one(grant, id)
            if memory is None:
                return await self._undone_before(grant, id)
            others = memory.source.also
            if not (grant.person in others or may_change(grant, memory)):
                return Written(Wrote.REFUSED, memory, why=sentences.NOT_YOURS)
            if memory.status is Status.SUPERSEDED:
                return Written(Wrote.REFUSED, memory, why=sentences.CORRECTED)
            now = self._clock()
            before = [
                each
                for each in await self._store.find([memory.scope], memory.supersedes)
                if each is not None and each.superseded_by == id
            ]
            if memory.supersedes and not before and not others:
                return Written(Wrote.REFUSED, memory, why=sentences.NOTHING_BACK)
            back, left = taken_back(
                memory, before, grant.person, now, lambda each: may_change(grant, each)
            )
            if left is None and others:
                return Written(Wrote.REFUSED, memory, why=sentences.WANTED)
            if left is None:
                steps = [Step("remove", memory, word="undo", version=memory.version)]
            else:
                steps = [set_step(left, "undo", memory.version)]
            steps += await self._back(back, memory if left is None else None)
            if left is None:
                # Before it is gone: should the answer be lost, whoever asks again gets it.
                await self._store.tell(*_undoing(grant, id), back[0].id if back else "")
            outcomes = await self._store.write(memory.scope, steps, actor(grant), together=True)
            if all(each.answer is Answer.DONE for each in outcomes):
                await self._searching.let_go(scopes=[memory.scope], threads=())
                result = Wrote.DELETED if left is None else Wrote.UPDATED
                why = sentences.THEIRS if left is not None and not back else ""
                return Written(result, back[0] if back else None, why=why)
        return Written(Wrote.CONFLICT, await self._one(grant, id), why=sentences.BUSY)

    async def _undone_before(self, grant: Grant, id: str) -> Written:
        """The answer to an undo of what is not there, which they may have undone within a day."""
        back = await self._store.told(*_undoing(grant, id))
        if back is None:
            return Written(Wrote.MISSING)
        memory = await self._one(grant, back) if back else None
        return Written(Wrote.DELETED, memory) if memory or not back else Written(Wrote.MISSING)

    async def _back(self, memories: Sequence[Memory], going: Memory | None) -> Sequence[Step]:
        """Let memories of one scope hold again, or give way to those that have their contents."""
        if not memories:
            return ()
        returning = [Returning(each, digest_of(each.text.content)) for each in memories]
        digests = [each.digest for each in returning]
        besides = {going.id} if going is not None else frozenset[str]()
        holders = await self._store.holders(memories[0].scope, digests, besides)
        return held_again(returning, holders, "undo", self._clock())

    async def merge(self, grant: Grant, older: str, newer: str) -> Written:
        """See `bot.memory.port.Memories`."""
        for _ in range(TRIES):
            old, new = await self._store.find(grant.readable, [older, newer])
            if old is None or new is None or old.scope != new.scope or older == newer:
                return Written(Wrote.MISSING)
            if not (may_change(grant, old) and may_change(grant, new)):
                return Written(Wrote.REFUSED, new, why=sentences.NOT_YOURS)
            if old.superseded_by == newer:
                return Written(Wrote.UPDATED, new)
            if old.status is Status.SUPERSEDED or new.status is Status.SUPERSEDED:
                return Written(Wrote.REFUSED, new, why=sentences.CORRECTED)
            tags = tuple(dict.fromkeys((*new.text.tags, *old.text.tags)))[:MOST_TAGS]
            written = await self._given_up(grant, old, newer, Change(tags=tags), "", wish=False)
            if written is not None:
                return replace(written, result=Wrote.UPDATED)
        return Written(Wrote.CONFLICT, await self._one(grant, newer), why=sentences.BUSY)

    async def _one(self, grant: Grant, id: str) -> Memory | None:
        [found] = await self._store.find(grant.readable, [id])
        return found

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
        steps = [set_step(now, "update", memory.version)]
        [outcome] = await self._store.write(memory.scope, steps, actor(grant), key=nonce)
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
            set_step(superseded(memory, new, now), "supersede", memory.version, yields=True),
            replace(added_step(made, "correct"), besides=memory.id),
        ]
        old, added = await self._store.write(
            memory.scope, steps, actor(grant), key=nonce, together=True
        )
        if added.answer is Answer.FULL:
            return Written(Wrote.FULL, memory, why=sentences.FULL)
        if added.answer is Answer.SAME:
            return await self._given_up(grant, memory, added.id, change, nonce)
        if old.answer is not Answer.DONE:
            return None
        [found] = [made] if added.id == new else await self._store.find([memory.scope], [added.id])
        [written] = await self._still_there([made], [Written(Wrote.UPDATED, found)])
        return written

    async def _still_there(
        self, made: Sequence[Memory | Written], written: Sequence[Written]
    ) -> Sequence[Written]:
        """The answers, once nothing is left of what was taken away while it was written.

        That is what people have deleted, and what they have had forgotten, or who.
        """
        new = [each.source for each in made if isinstance(each, Memory)]
        deleted = dict(zip(new, await self._store.lately_deleted(new), strict=True))
        added = [each.memory for each in written if each.result in _ADDED and each.memory]
        gone = {each.id for each in added} & await self._store.forget_overtaken(added)
        answers = list(written)
        for place, each in enumerate(made):
            messages = deleted[each.source] if isinstance(each, Memory) else frozenset[str]()
            thread = each.source.thread if isinstance(each, Memory) else None
            left = written[place].memory
            if messages and thread is not None:
                await self._store.forget_messages(thread, sorted(messages))
            elif left is None or left.id not in gone:
                continue
            if left is None or await self._store.find([left.scope], [left.id]) == [None]:
                answers[place] = Written(Wrote.REFUSED, why=sentences.DELETED)
        return answers

    async def _given_up(
        self,
        grant: Grant,
        memory: Memory,
        to: str,
        change: Change,
        nonce: str,
        *,
        wish: bool = True,
    ) -> Written | None:
        """Supersede a memory by another that says already what it should have said.

        The other one knows of it, so that it goes with that one or comes back by an undo, and takes
        the rest of the change if it may be changed. With `wish` its words have been asked for.
        """
        [other] = await self._store.find([memory.scope], [to])
        if other is None:
            return None
        now = self._clock()
        knowing = superseding(other, memory.id, now)
        text = normalised(text_after(other.text, replace(change, content=None)))
        if may_change(grant, other) and not fault_in(text, now):
            knowing = replace(changed(knowing, text, change, now), version=knowing.version)
        if wish:
            knowing = wished(knowing, grant.person)
        steps = [
            set_step(superseded(memory, to, now), "supersede", memory.version, yields=True),
            set_step(knowing, "touch", other.version),
        ]
        outcomes = await self._store.write(
            memory.scope, steps, actor(grant), key=nonce, together=True
        )
        if any(each.answer is not Answer.DONE for each in outcomes):
            return None
        return Written(Wrote.TOUCHED, knowing)

    async def _corrected_by(self, grant: Grant, memories: Sequence[Memory]) -> Sequence[Memory]:
        """What some memories have corrected, what that had corrected, and so on.

        Where somebody may not change what was corrected, it ends.
        """
        found: dict[str, Memory] = {}
        waiting = [(each.scope, each) for each in memories]
        while waiting:
            scope, newer = waiting.pop()
            ids = [id for id in newer.supersedes if id not in found]
            for older in await self._store.find([scope], ids):
                if older is None or older.superseded_by != newer.id:
                    continue
                if may_change(grant, older):
                    found[older.id] = older
                    waiting.append((scope, older))
        return list(found.values())


def _undoing(grant: Grant, id: str) -> tuple[Scope, str]:
    """Under which name it is noted what somebody's undo has brought back."""
    return Scope.of_person(grant.person), f"{grant.person} undoes {id}"


def actor(grant: Grant) -> Actor:
    """Who acts, for the audit."""
    return Actor(str(grant.person), grant.via)


def added_step(memory: Memory, word: str) -> Step:
    """Add a memory; one that is superseded takes its content from nobody."""
    yields = memory.status is Status.SUPERSEDED
    return Step("add", memory, digest_of(memory.text.content), word, yields=yields)


def set_step(memory: Memory, word: str, version: int | None = None, yields: bool = False) -> Step:
    """Put the next version of a memory in its place."""
    before = memory.version - 1 if version is None else version
    yields = yields or memory.status is Status.SUPERSEDED
    return Step("set", memory, digest_of(memory.text.content), word, before, yields=yields)
