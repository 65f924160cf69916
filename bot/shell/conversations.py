"""`bobbin export` and `bobbin import`: conversations as JSON."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from bot.assembly.store import open_threads
from bot.chat import ThreadKey
from bot.errors import ImportRefused
from bot.shell.command import Typed
from bot.shell.configured import configured
from bot.shell.exporting import export
from bot.shell.files import read_again
from bot.storage.types import Restored
from bot.timing import BRIEF
from bot.transfer import read_export

_NOT_STORED = {
    Restored.BUSY: "left alone, an answer is being written; import it again",
    Restored.TAKEN: "left alone, it is stored already; --replace puts the file's in its place",
    Restored.INCOMPLETE: "not stored, the store took too long; import it again",
}


async def take_out(typed: Typed) -> int:
    """Write conversations, or what people think of answers."""
    settings = configured(typed)
    name: str | None = typed.arguments.thread
    output: Path | None = typed.arguments.output
    try:
        only = ThreadKey.parse(name) if name else None
    except ValueError as error:
        print(f"{error}; write it as platform:space:channel:thread", file=sys.stderr)
        return 2
    async with open_threads(settings, BRIEF) as threads:
        return await export(threads, only, output, feedback=typed.arguments.feedback)


async def bring_in(typed: Typed) -> int:
    """Store conversations of a file."""
    settings = configured(typed)
    file: Path = typed.arguments.file
    try:
        content = await asyncio.to_thread(_all_of, file)
    except OSError as error:
        print(f"{file}: {error.strerror}", file=sys.stderr)
        return 1
    try:
        records = read_export(_decoded(content))
    except ImportRefused as error:
        print(f"{file}: {error}\n{error.hint}", file=sys.stderr)
        return 1
    left = 0
    async with open_threads(settings, BRIEF) as threads:
        for record in records:
            done = await threads.restore(
                record.thread,
                record.entries,
                record.summary,
                record.tally,
                record.names,
                replacing=typed.arguments.replace,
            )
            if done is not Restored.DONE:
                left += 1
                print(f"{record.thread}: {_NOT_STORED[done]}", file=sys.stderr)
    print(f"{len(records) - left} conversation(s) imported")
    return 1 if left else 0


def _all_of(path: Path) -> bytes:
    with read_again(path) as file:
        return file.read()


def _decoded(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ImportRefused("this is not UTF-8 text", line=line) from None
