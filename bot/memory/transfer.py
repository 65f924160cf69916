"""Taking memories out and bringing them in: what the shell, REST and MCP share.

An import is read to its end before anything is written, into a file that keeps it meanwhile. What
is written then goes by ids that are the same each time, so that an import which broke off is
completed by doing it again.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Sequence

from bot.audience import Grant
from bot.memories import MOST_AT_ONCE, Filter, Memory, Scope, Status, Wrote
from bot.memory import sentences
from bot.memory.checks import digest_of, fault_in, normalised
from bot.memory.formats.items import Broken, Kept
from bot.memory.formats.lines import header_line, memory_line
from bot.memory.formats.native import LineReader
from bot.memory.imported import ImportReport
from bot.memory.placing import Placing, keeps_ids, moved_id
from bot.memory.port import ALL_STATUSES, Memories
from bot.memory.rights import without_origin
from bot.memory.stage import Stage

Progress = Callable[[int], None]
"""Told, now and then, how many items are done."""


Still = Callable[[], Awaitable[None]]
"""Raises when whoever imports or exports may do so no longer: a large file takes minutes."""


async def always() -> None:
    """They may."""


def unwatched(done: int) -> None:
    """For an import that nobody watches."""


async def export_lines(
    memories: Memories, grant: Grant, filter: Filter = ALL_STATUSES
) -> AsyncIterator[str]:
    """NDJSON: a header, then each memory that may be read, oldest first; see `formats.lines`.

    Only an admin's has all of where each came from; see `without_origin`. Every line ends with a
    line feed. Raises StoreError.
    """
    yield header_line()
    async for memory in memories.everything(grant, filter):
        yield memory_line(memory if grant.admin else without_origin(memory))


async def import_lines(
    memories: Memories,
    grant: Grant,
    lines: AsyncIterable[str],
    *,
    dry_run: bool = False,
    key: str = "",
    scope: Scope | None = None,
    still: Still = always,
) -> ImportReport:
    """Bring in what `export_lines` wrote.

    A memory goes back to its own scope if that may be written; what lies out of reach becomes the
    importer's own. What is there already stays as it is, so that a second import changes nothing.

    Args:
        memories: Where to.
        grant: Who imports.
        lines: The file's lines, with or without their ends.
        dry_run: Only find out what would happen.
        key: Makes it safe to repeat within a day with the same answer.
        scope: Put everything there instead; it has to be writable.
        still: Asked before each part is written.

    Raises:
        ImportRefused: A line cannot be read, or nothing may be written; nothing was changed.
        StoreError: Some may be written; the same call completes it.
    """
    reader = LineReader()
    with await asyncio.to_thread(Stage, Placing(grant, scope), 0.0) as stage:
        number, batch = 0, list[Kept | Broken]()
        async for line in lines:
            number += 1
            if (item := reader.take(number, line)) is not None:
                batch.append(item)
            if len(batch) == MOST_AT_ONCE:
                await asyncio.to_thread(stage.take, batch)
                batch = []
        if (wrong := reader.end()) is not None:
            batch.append(wrong)
        await asyncio.to_thread(stage.take, batch)
        return await write_memories(memories, grant, stage, dry_run=dry_run, key=key, still=still)


async def write_memories(
    memories: Memories,
    grant: Grant,
    stage: Stage,
    *,
    dry_run: bool = False,
    key: str = "",
    progress: Progress = unwatched,
    still: Still = always,
) -> ImportReport:
    """Store the memories of a stage, or with `dry_run` find out what would become of them.

    `still` is asked before each part.

    Raises:
        ImportRefused: Something on the stage is broken; nothing was changed.
        StoreError: Some may be written; the same call completes it.
    """
    if not dry_run:
        stage.found.check()
    writer = _Writer(memories, grant, stage, await _there(memories, grant) if dry_run else None)
    done, batches = 0, stage.batches()
    while batch := await asyncio.to_thread(next, batches, None):
        await still()
        await writer.write(batch, f"{key}:{done}" if key else "")
        done += len(batch)
        progress(done)
    return stage.found.report(conversations=False, dry_run=dry_run)


class _Writer:
    """Stores memories with their places in the file, or only finds out what is `there`."""

    def __init__(
        self, memories: Memories, grant: Grant, stage: Stage, there: _There | None
    ) -> None:
        self._memories = memories
        self._grant = grant
        self._found = stage.found
        self._now = stage.now
        self._known = there

    async def write(self, batch: Sequence[tuple[str, Memory]], key: str) -> None:
        """One batch."""
        ours: list[tuple[str, Memory]] = []
        for where, memory in batch:
            if memory.scope in self._grant.writable:
                ours.append((where, memory))
            elif await self._memories.get(self._grant, memory.id) is not None:
                # It is one of a shared place, where whoever exported it has it.
                self._found.same += 1
            else:
                self._found.refuse(where, "it belongs to a place where you may not write")
        if self._known is not None:
            for where, memory in ours:
                self._foresee(self._known, where, memory)
        elif ours:
            await self._restore(ours, key)

    def _foresee(self, known: _There, where: str, memory: Memory) -> None:
        if known.holds(memory, keeps_ids(self._grant, memory.scope)):
            self._found.same += 1
        elif why := fault_in(normalised(memory.text), self._now):
            self._found.refuse(where, why)
        elif known.is_full(memory, self._memories.most):
            self._found.refuse(where, sentences.FULL)
        else:
            self._found.new += 1
            known.add(memory)

    async def _restore(self, ours: Sequence[tuple[str, Memory]], key: str) -> None:
        answers = await self._memories.restore(self._grant, [each for _, each in ours], key=key)
        for (where, _), answer in zip(ours, answers, strict=True):
            match answer.result:
                case Wrote.CREATED:
                    self._found.new += 1
                case Wrote.UNCHANGED | Wrote.TOUCHED:
                    self._found.same += 1
                case result:
                    self._found.refuse(where, answer.why or result.value)


class _There:
    """What is there already: ids, the words of what holds, and how much each scope has."""

    def __init__(self) -> None:
        self._counts = Counter[tuple[Scope, bool]]()
        self._scopes: dict[str, set[Scope]] = {}
        self._words: set[tuple[Scope, str]] = set()

    def holds(self, memory: Memory, keeps_id: bool) -> bool:
        """It would stay as it is, under its id or the one that it would be given."""
        scopes = self._scopes.get(memory.id, set())
        if not keeps_id or scopes:
            scopes = scopes | self._scopes.get(moved_id(memory.id, memory.scope), set())
        if memory.scope in scopes:
            return True
        return memory.status is not Status.SUPERSEDED and _words(memory) in self._words

    def is_full(self, memory: Memory, most: int) -> bool:
        """Its scope has `most` like it already, corrected ones or others; 0 is any number."""
        return 0 < most <= self._counts[_room(memory)]

    def add(self, memory: Memory) -> None:
        """It is there from now on."""
        self._counts[_room(memory)] += 1
        self._scopes.setdefault(memory.id, set()).add(memory.scope)
        if memory.status is not Status.SUPERSEDED:
            self._words.add(_words(memory))


async def _there(memories: Memories, grant: Grant) -> _There:
    there = _There()
    async for memory in memories.everything(grant, ALL_STATUSES):
        there.add(memory)
    return there


def _room(memory: Memory) -> tuple[Scope, bool]:
    return memory.scope, memory.status is Status.SUPERSEDED


def _words(memory: Memory) -> tuple[Scope, str]:
    return memory.scope, digest_of(normalised(memory.text).content)
