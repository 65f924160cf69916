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
from contextlib import suppress

import pypdf

try:
    import resource
except ImportError:  # not on every system
    resource = None


def main(most_pages: int, most_characters: int, seconds: float, memory: int) -> dict[str, object]:
    """What the PDF says, as far as the limits allow."""
    until = time.monotonic() + seconds
    logging.disable()
    warnings.simplefilter("ignore")
    _limit(memory, seconds)
    try:
        reader = pypdf.PdfReader(io.BytesIO(sys.stdin.buffer.read()))
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


if __name__ == "__main__":
    words = sys.argv[1:]
    found = main(int(words[0]), int(words[1]), float(words[2]), int(words[3]))
    sys.stdout.buffer.write(json.dumps(found).encode("utf-8", "replace"))
