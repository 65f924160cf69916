"""The text of PDFs, read by a process of its own for each (see `pdf_worker`)."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from bot.errors import Unreadable

MOST_PAGES = 300
MOST_CHARACTERS = 400_000
READ_SECONDS = 20.0
SPARE_SECONDS = 5.0
"""For starting the process and handing the bytes over."""
MEMORY = 1024 * 1024 * 1024
CHUNK = 1 << 16

BROKEN = "the PDF is broken"
LOCKED = "the PDF is locked with a password"
SLOW = "reading the PDF took too long"
SCANNED = "the PDF holds no text, perhaps it was scanned"

_PASSED = frozenset({"PATH", "PYTHONPATH", "PYTHONHOME", "HOME", "LD_LIBRARY_PATH", "SYSTEMROOT"})
"""Of the environment; no key or token is any business of a parser's."""

_WORKER = str(Path(__file__).with_name("pdf_worker.py"))


@dataclass(frozen=True, slots=True)
class Document:
    """A PDF's text, and of how many of its pages."""

    text: str
    pages: int
    read: int


async def pdf_text(data: bytes, seconds: float = READ_SECONDS) -> Document:
    """Read a PDF's text as far as its first 300 pages, 400,000 characters and `seconds` go.

    Raises:
        Unreadable: It is broken, locked, holds no text, or could not be read in time.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",
        _WORKER,
        str(MOST_PAGES),
        str(MOST_CHARACTERS),
        str(seconds),
        str(MEMORY),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={name: value for name, value in os.environ.items() if name in _PASSED},
    )
    try:
        async with asyncio.timeout(seconds + SPARE_SECONDS):
            _, answer = await asyncio.gather(_give(process, data), _take(process))
            await process.wait()
    except TimeoutError as error:
        raise Unreadable(SLOW) from error
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    return _read(answer)


async def _give(process: asyncio.subprocess.Process, data: bytes) -> None:
    """Hand the bytes over piece by piece: a large buffer is slow to take from."""
    pipe = process.stdin
    if pipe is None:
        return
    view = memoryview(data)
    try:
        for start in range(0, len(data), CHUNK):
            pipe.write(view[start : start + CHUNK])
            await pipe.drain()
        pipe.close()
        await pipe.wait_closed()
    except (BrokenPipeError, ConnectionError):
        # It has seen enough, or has ended; its answer tells.
        return


async def _take(process: asyncio.subprocess.Process) -> bytes:
    return await process.stdout.read() if process.stdout is not None else b""


def _read(answer: bytes) -> Document:
    try:
        told: object = json.loads(answer)
    except ValueError as error:
        # Killed by one of its limits.
        raise Unreadable(SLOW if not answer else BROKEN) from error
    if not isinstance(told, dict):
        raise Unreadable(BROKEN)
    fields = cast("dict[str, Any]", told)
    if "error" in fields:
        raise Unreadable(LOCKED if fields["error"] == "locked" else BROKEN)
    text = str(fields["text"])
    if not text.strip():
        raise Unreadable(SCANNED)
    return Document(text, int(fields["pages"]), int(fields["read"]))
