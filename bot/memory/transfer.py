"""Taking memories out and bringing them in: what the shell, REST and MCP share.

An import is read to its end before anything is written, into a file that keeps it meanwhile. What
is written then goes by ids that are the same each time, so that an import which broke off is
completed by doing it again.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Callable

from bot.audience import Grant
from bot.memories import MOST_AT_ONCE, Filter, Memory, Scope, Status, Wrote
from bot.memory.formats.items import Broken, Kept
from bot.memory.formats.native import LineReader, header_line, memory_line
from bot.memory.imported import ImportReport
from bot.memory.placing import Placing
from bot.memory.port import Memories
from bot.memory.stage import Stage

ALL_STATUSES = Filter(statuses=frozenset(Status))
"""Whatever there is, superseded and archived ones too."""

Progress = Callable[[int], None]
"""Told, now and then, how many items are done."""


def unwatched(done: int) -> None:
    """For an import that nobody watches."""


async def export_lines(
    memories: Memories, grant: Grant, filter: Filter = ALL_STATUSES
) -> AsyncIterator[str]:
    """NDJSON: a header, then each memory that may be read, oldest first; see `formats.native`.

    Every line ends with a line feed. Raises StoreError.
    """
    yield header_line()
    async for memory in memories.everything(grant, filter):
        yield memory_line(memory)


async def import_lines(
    memories: Memories,
    grant: Grant,
    lines: AsyncIterable[str],
    *,
    dry_run: bool = False,
    key: str = "",
    scope: Scope | None = None,
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
        return await write_memories(memories, grant, stage, dry_run=dry_run, key=key)


async def write_memories(
    memories: Memories,
    grant: Grant,
    stage: Stage,
    *,
    dry_run: bool = False,
    key: str = "",
    progress: Progress = unwatched,
) -> ImportReport:
    """Store the memories of a stage, or with `dry_run` find out what would become of them.

    Raises:
        ImportRefused: Something on the stage is broken; nothing was changed.
        StoreError: Some may be written; the same call completes it.
    """
    found = stage.found
    if not dry_run:
        found.check()
    there = await _there(memories, grant) if dry_run else None
    done, batches = 0, stage.batches()
    while batch := await asyncio.to_thread(next, batches, None):
        ours = [each for each in batch if each[1].scope in grant.writable]
        for where, memory in (each for each in batch if each[1].scope not in grant.writable):
            # It is one of a shared place: whoever exported it may have it there already.
            if await memories.get(grant, memory.id) is not None:
                found.same += 1
            else:
                found.refuse(where, "it belongs to a place where you may not write")
        if there is not None:
            for _, memory in ours:
                if there.holds(memory):
                    found.same += 1
                else:
                    found.new += 1
                    there.add(memory)
        elif ours:
            token = f"{key}:{done}" if key else ""
            answers = await memories.restore(grant, [each for _, each in ours], key=token)
            for (where, _), answer in zip(ours, answers, strict=True):
                match answer.result:
                    case Wrote.CREATED:
                        found.new += 1
                    case Wrote.UNCHANGED | Wrote.TOUCHED:
                        found.same += 1
                    case result:
                        found.refuse(where, answer.why or result.value)
        done += len(batch)
        progress(done)
    return found.report(conversations=False, dry_run=dry_run)


class _There:
    """What is there already: ids, and the words of what is active."""

    def __init__(self) -> None:
        self._ids: set[str] = set()
        self._words: set[tuple[Scope, str]] = set()

    def holds(self, memory: Memory) -> bool:
        """It would stay as it is."""
        if memory.id in self._ids:
            return True
        return memory.status is Status.ACTIVE and _words(memory) in self._words

    def add(self, memory: Memory) -> None:
        """It is there from now on."""
        self._ids.add(memory.id)
        if memory.status is Status.ACTIVE:
            self._words.add(_words(memory))


async def _there(memories: Memories, grant: Grant) -> _There:
    there = _There()
    async for memory in memories.everything(grant, ALL_STATUSES):
        there.add(memory)
    return there


def _words(memory: Memory) -> tuple[Scope, str]:
    return memory.scope, " ".join(memory.text.content.split()).casefold()
