"""Reads the text of a PDF in a process of its own: PDF on standard input, JSON on standard output.

A PDF can be made to take for ever or to fill the memory. Here it meets limits that a thread does
not have, and whatever it does to this process does nothing to the bot. Run by its path, since it
needs nothing of the bot.

Arguments: most pages, most characters, seconds, most bytes of memory.
Answer: {"pages": n, "read": n, "text": "…"} or {"error": "locked" | "broken"}.
"""

from __future__ import annotations

import io
import json
import logging
import sys
import time
import warnings
from collections.abc import Sequence
from contextlib import suppress
from typing import IO

import pypdf

try:
    import resource
except ImportError:  # not on every system
    resource = None


def text_of(
    file: IO[bytes], most_pages: int, most_characters: int, seconds: float
) -> dict[str, object]:
    """What the PDF says, as far as the limits allow.

    Whatever goes wrong, the answer says so: this is the end of the line for such faults.
    """
    until = time.monotonic() + seconds
    try:
        reader = pypdf.PdfReader(file)
        if reader.is_encrypted and not _opened(reader):
            return {"error": "locked"}
        pages = len(reader.pages)
        parts: list[str] = []
        read = size = 0
        for number in range(min(pages, most_pages)):
            if size > most_characters or time.monotonic() > until:
                break
            with suppress(Exception):
                parts.append(reader.pages[number].extract_text())
                size += len(parts[-1])
            read += 1
    except Exception:
        return {"error": "broken"}
    return {"pages": pages, "read": read, "text": "\n\n".join(parts)[:most_characters]}


def _opened(reader: pypdf.PdfReader) -> bool:
    """Many are only locked against changes, with an empty password."""
    try:
        return bool(reader.decrypt(""))
    except Exception:
        return False


def _limit(memory: int, seconds: float) -> None:
    if resource is None:
        return
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        resource.setrlimit(resource.RLIMIT_CPU, (int(seconds) + 2, int(seconds) + 3))


def main(words: Sequence[str]) -> None:
    """Read standard input and answer."""
    pages, characters, seconds, memory = words
    logging.disable()
    warnings.simplefilter("ignore")
    _limit(int(memory), float(seconds))
    whole = io.BytesIO(sys.stdin.buffer.read())
    found = text_of(whole, int(pages), int(characters), float(seconds))
    sys.stdout.buffer.write(json.dumps(found).encode("utf-8", "replace"))


if __name__ == "__main__":
    main(sys.argv[1:])
