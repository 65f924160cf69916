"""Imports of whole files, as other programs write them."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterable
from typing import IO

from bot.api.actions import may_write, named
from bot.api.answers import ReportShape, report_shape
from bot.api.faults import Fault
from bot.api.offer import WriteConversations
from bot.audience import Grant, imports_of
from bot.errors import BadRequest
from bot.memories import Scope
from bot.memory.files import read_file
from bot.memory.formats.known import Format
from bot.memory.imported import ImportReport
from bot.memory.placing import Placing
from bot.memory.port import Memories
from bot.memory.stage import Stage
from bot.memory.transfer import Still, always, write_memories

LARGEST_TEXT = 512 * 2**20
"""Bytes of text in one file; archives are smaller."""

LARGEST_STAGE = 2**30

AT_ONCE = 2
"""Files that are read at a time: each takes a processor for a while."""


class Bringing:
    """Brings in files. Raises Fault and BadRequest for what is refused, ImportRefused, StoreError.

    Args:
        memories: Where memories go.
        conversations: Stores conversations.
    """

    def __init__(self, memories: Memories, conversations: WriteConversations) -> None:
        self._memories = memories
        self._conversations = conversations
        self._reading = asyncio.Semaphore(AT_ONCE)

    async def bring(
        self,
        grant: Grant,
        body: AsyncIterable[bytes],
        *,
        now: float,
        format: Format | None,
        scope: str | None,
        name: str,
        dry_run: bool,
        still: Still = always,
    ) -> ReportShape:
        """Bring in what a file holds; all of it is read before anything is written.

        Args:
            grant: Who imports.
            body: The file.
            now: Seconds since the epoch.
            format: Who wrote it; None to find out.
            scope: Where memories go; None for where they were, or to the importer alone.
            name: How the importer is called in conversations.
            dry_run: Only find out what would happen.
            still: Asked before each part is written.
        """
        may_write(grant)
        meant = named(grant.writable, scope) if scope else ()
        if scope and len(meant) != 1:
            raise BadRequest("Name one scope that this token may write.", field="scope")
        placing = Placing(grant, meant[0] if meant else None)
        with tempfile.TemporaryFile() as file:
            async for chunk in body:
                await asyncio.to_thread(file.write, chunk)
            with await asyncio.to_thread(Stage, placing, now, LARGEST_STAGE) as stage:
                async with self._reading:
                    await asyncio.to_thread(_read, file, stage, format)
                await still()
                called = name or grant.person.user
                report = await self._store(grant, stage, scope, called, dry_run, still)
        return report_shape(report)

    async def _store(
        self, grant: Grant, stage: Stage, scope: str | None, name: str, dry_run: bool, still: Still
    ) -> ImportReport:
        if not stage.talks:
            return await write_memories(self._memories, grant, stage, dry_run=dry_run, still=still)
        if scope:
            raise BadRequest("Conversations go to you alone; leave scope out.", field="scope")
        person = grant.person
        if (
            Scope.of_person(person) not in grant.writable
            or imports_of(person) not in grant.channels
        ):
            why = "This token may not write what is its owner's alone, where conversations go."
            raise Fault(403, "read_only", why)
        return await self._conversations(person, stage, name=name, dry_run=dry_run, still=still)


def _read(file: IO[bytes], stage: Stage, format: Format | None) -> None:
    file.seek(0)
    read_file(file, stage, format=format, largest=LARGEST_TEXT)
