"""`bobbin export`: conversations, or what people think of answers, written out."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from pathlib import Path

from bot.chat import ThreadKey
from bot.feedback import feedback_lines
from bot.records import Entry
from bot.shell.files import write_lines
from bot.storage.threads import Threads
from bot.storage.types import Rated
from bot.transfer import ThreadRecord, export_lines


async def export(
    threads: Threads, only: ThreadKey | None, output: Path | None, *, feedback: bool
) -> int:
    """Write them; the exit code is as for `bot.cli.main`.

    Args:
        threads: Where they are kept.
        only: Nothing but this conversation.
        output: A file instead of standard output; then it is said how much is in it.
        feedback: What people think of answers, instead of the words.

    Raises StoreError.
    """
    if only is not None and not await threads.count(only):
        print(f"nothing is stored for {only}", file=sys.stderr)
        return 1
    written = 0

    async def ratings() -> AsyncIterator[Rated]:
        nonlocal written
        async for thread in _keys(threads, only):
            async for rated in threads.ratings(thread):
                yield rated
                written += 1

    async def records() -> AsyncIterator[tuple[ThreadRecord, AsyncIterator[Entry]]]:
        nonlocal written
        async for thread in _keys(threads, only):
            now = await threads.take_window(thread)
            record = ThreadRecord(thread, now.summary, now.names, now.tally, ())
            yield record, threads.entries(thread)
            written += 1

    if not await write_lines(
        output, feedback_lines(ratings()) if feedback else export_lines(records())
    ):
        return 1
    if output is not None:
        what = "opinion(s)" if feedback else "conversation(s)"
        print(f"{output}: {written} {what}", file=sys.stderr)
    return 0


async def _keys(threads: Threads, only: ThreadKey | None) -> AsyncIterator[ThreadKey]:
    if only is not None:
        yield only
        return
    async for thread in threads.all_threads():
        if await threads.count(thread):
            yield thread
