"""Removing memories, with what they have corrected or so that it holds again."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence

from bot.memories import Memory, Scope, Status
from bot.storage.keys import ScopeKeys
from bot.storage.memories_codec import digest_in, load_memory
from bot.storage.memories_holding import Returning, held_again
from bot.storage.memories_reading import PAGE
from bot.storage.memories_writing import Actor, Answer, MemoryWriting, Step, next_version

TRIES = 10
"""How often something is tried while others change the same memories."""


class MemoryRemoval(MemoryWriting):
    """The part of `MemoryStore` that removes; see there for the arguments."""

    async def remove(
        self,
        memories: Sequence[Memory],
        by: Actor,
        *,
        word: str = "delete",
        as_read: bool = False,
    ) -> int:
        """Remove memories, wherever they lie; safe to repeat.

        What they have corrected goes along if it is by the same author or rests on the same
        messages; what somebody else had said holds again. With `as_read` one that has changed since
        stays, with all that it has corrected.

        Returns:
            How many were there. Raises StoreUnavailable.
        """
        by_scope: dict[Scope, list[Memory]] = {}
        for memory in memories:
            by_scope.setdefault(memory.scope, []).append(memory)
        gone = 0
        for scope, each in by_scope.items():
            alone = [
                Step("remove", read, word=word, version=read.version)
                for read in each
                if not read.supersedes
            ]
            changed: set[str] = set()
            for first in range(0, len(alone), PAGE):
                outcomes = await self.write(scope, alone[first : first + PAGE], by, makes_room=True)
                gone += sum(outcome.answer is Answer.DONE for outcome in outcomes)
                changed |= {told.id for told in outcomes if told.answer is Answer.OLD}
            named = {memory.id: memory for memory in each}
            # Something may have given way to one that has changed.
            rest = [
                memory
                for memory in each
                if memory.supersedes or (memory.id in changed and not as_read)
            ]
            # What was corrected goes with its correction: later nothing would lead to it.
            for memory in sorted(rest, key=lambda memory: memory.superseded_by in named):
                gone += await self._remove_correction(memory, named, by, word, as_read=as_read)
        return gone

    async def _remove_correction(
        self, memory: Memory, named: Mapping[str, Memory], by: Actor, word: str, *, as_read: bool
    ) -> int:
        """Remove what has corrected others, and let those go along or hold again, in one piece.

        Else what was corrected would stand beside its correction, or be lost from sight, where
        somebody changes one of them meanwhile.

        Args:
            memory: As it was read.
            named: All that is to go, by id; what of it was corrected goes along, whoever said it.
            by: Who removes it.
            word: For the audit.
            as_read: It stays if it, or what it has corrected, is different by now.
        """
        for left in reversed(range(TRIES)):
            together = as_read or left > 0
            if not as_read:
                found = await self._kept(memory.scope, [memory.id])
                if not found:
                    break
                [memory] = found
            along, again = await self._corrected_by(memory, named)
            steps = [*await self._held_again(memory.scope, again, [*along, memory], word)]
            for each in (*along, memory):
                read = named.get(each.id, each) if as_read else each
                version = read.version if together else None
                steps.append(Step("remove", each, word=word, version=version))
            outcomes = await self.write(memory.scope, steps, by, together=together, makes_room=True)
            gone = sum(
                step.what == "remove" and outcome.answer is Answer.DONE
                for step, outcome in zip(steps, outcomes, strict=True)
            )
            if gone or as_read:
                return gone
        return 0

    async def _corrected_by(
        self, memory: Memory, named: Container[str]
    ) -> tuple[Sequence[Memory], Sequence[Memory]]:
        """What goes along with a memory that had corrected it, and what holds again."""
        along: dict[str, Memory] = {}
        again: dict[str, Memory] = {}
        waiting = [memory]
        while waiting:
            newer = waiting.pop()
            older = [id for id in newer.supersedes if id not in along]
            for each in await self._kept(memory.scope, older):
                if each.superseded_by != newer.id:
                    continue
                if each.id in named or _is_of_the_same(each, newer):
                    along[each.id] = each
                    waiting.append(each)
                elif not self._is_over(each):
                    again[each.id] = each
        return list(along.values()), list(again.values())

    async def _held_again(
        self, scope: Scope, memories: Sequence[Memory], going: Sequence[Memory], word: str
    ) -> Sequence[Step]:
        """What has to be done so that memories hold again when others go."""
        if not memories:
            return ()
        ids = [memory.id for memory in memories]
        kept = await self._link.call("HMGET", ScopeKeys(scope).memories, *ids)
        returning = [
            Returning(
                next_version(
                    memory,
                    status=Status.ARCHIVED if memory.was_archived else Status.ACTIVE,
                    superseded_by="",
                    was_archived=False,
                ),
                digest_in(raw),
            )
            for memory, raw in zip(memories, kept, strict=True)
            if raw is not None
        ]
        digests = [each.digest for each in returning]
        holders = await self.holders(scope, digests, {memory.id for memory in going})
        return held_again(returning, holders, word, self._clock())

    async def _kept(self, scope: Scope, ids: Sequence[str]) -> Sequence[Memory]:
        """Those of `ids` that are in a scope, what has expired included."""
        found: list[Memory] = []
        for first in range(0, len(ids), PAGE):
            part = ids[first : first + PAGE]
            kept = await self._link.call("HMGET", ScopeKeys(scope).memories, *part)
            found += [
                load_memory(scope, id, raw)
                for id, raw in zip(part, kept, strict=True)
                if raw is not None
            ]
        return found


def _is_of_the_same(older: Memory, newer: Memory) -> bool:
    """Whether one person has said both, or both rest on one message."""
    if older.source.author == newer.source.author:
        return True
    same = older.source.thread == newer.source.thread
    return same and not set(older.source.message_ids).isdisjoint(newer.source.message_ids)
