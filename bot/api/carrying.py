"""Exports and imports as callers have them: lines out, lines in, and pages of them for MCP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator
from itertools import count

from bot.api.actions import may_write, named, within
from bot.api.answers import ReportShape, report_shape
from bot.api.asked import FilterShape, filter_of
from bot.audience import Grant
from bot.errors import BadRequest, ImportRefused
from bot.memory.formats.lines import header_line, memory_line
from bot.memory.port import Memories
from bot.memory.rights import without_origin
from bot.memory.transfer import Still, always, export_lines, import_lines

LINE_BYTES = 4_000_000
"""The longest line that is looked at."""

PART = 100
"""Lines of an export after which it is asked again whether the caller may have more."""

LINE_SECONDS = 30.0
"""How long the store may take to come up with the next part of an export."""


class Carrying:
    """Takes memories out and brings them in. Raises what `Actions` raises, and ImportRefused."""

    def __init__(self, memories: Memories) -> None:
        self._memories = memories

    async def export(
        self, grant: Grant, asked: FilterShape, still: Still = always
    ) -> AsyncIterator[str]:
        """Lines of JSON, the header first. Raises TimeoutError when the store hangs.

        `still` is asked before every `PART` lines.
        """
        lines = export_lines(self._memories, within(grant, asked.scopes), filter_of(asked))
        for number in count():
            async with asyncio.timeout(LINE_SECONDS):
                if number and number % PART == 0:
                    await still()
                line = await anext(lines, None)
            if line is None:
                return
            yield line

    async def export_page(
        self, grant: Grant, asked: FilterShape, *, after: str, limit: int
    ) -> tuple[str, int, str]:
        """Part of an export, the newest first: its lines, how many memories, where to go on.

        Parts that are put together are a whole export; the first has the header.
        """
        given = within(grant, asked.scopes)
        page = await self._memories.page(given, filter_of(asked), after=after, limit=limit)
        lines = [] if after else [header_line()]
        lines += [memory_line(without_origin(each)) for each in page.memories]
        return "".join(lines), len(page.memories), page.after

    async def bring(
        self,
        grant: Grant,
        lines: AsyncIterable[str],
        *,
        dry_run: bool,
        scope: str | None,
        still: Still = always,
    ) -> ReportShape:
        """Bring in what an export holds; all of it is read before anything is written.

        `still` is asked before each part is.
        """
        may_write(grant)
        meant = named(grant.writable, scope) if scope else ()
        if scope and len(meant) != 1:
            raise BadRequest("Name one scope that this token may write.", field="scope")
        report = await import_lines(
            self._memories,
            grant,
            lines,
            dry_run=dry_run,
            scope=meant[0] if meant else None,
            still=still,
        )
        return report_shape(report)


async def first_line(
    chunks: AsyncIterator[bytes],
) -> tuple[str, AsyncIterator[bytes]]:
    """The first line of a body, with what is no UTF-8 replaced; and all of the body again."""
    head = b""
    async for chunk in chunks:
        head += chunk
        if b"\n" in head.lstrip() or len(head) > LINE_BYTES:
            break

    async def whole() -> AsyncIterator[bytes]:
        yield head
        async for chunk in chunks:
            yield chunk

    line, _, _ = head.decode("utf-8-sig", "replace").lstrip().partition("\n")
    return line, whole()


async def text_lines(chunks: AsyncIterable[bytes]) -> AsyncIterator[str]:
    """Lines of a body. Raises ImportRefused for one that is too long or no UTF-8 text."""
    number, rest = 0, b""
    async for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            number += 1
            yield _decoded(line, number)
        if len(rest) > LINE_BYTES:
            raise ImportRefused("it is too long", line=number + 1)
    if rest:
        yield _decoded(rest, number + 1)


async def each_line(text: str) -> AsyncIterator[str]:
    """Lines of a text."""
    for line in text.split("\n"):
        yield line


def _decoded(line: bytes, number: int) -> str:
    try:
        return line.decode("utf-8-sig" if number == 1 else "utf-8")
    except UnicodeDecodeError:
        raise ImportRefused("this is not UTF-8 text", line=number) from None
