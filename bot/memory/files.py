"""Reading a file for an import: which program wrote it, what is in it, all of it checked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import IO

from bot.errors import ImportRefused
from bot.memory.formats.archive import LARGEST, Source
from bot.memory.formats.detect import find_format, reader_of
from bot.memory.formats.known import Format
from bot.memory.formats.streams import decoded
from bot.memory.stage import Stage

Watch = Callable[[int, int], None]
"""Told how many bytes of how many are read, each time some more are."""


def read_file(
    file: IO[bytes],
    stage: Stage,
    *,
    format: Format | None = None,
    watch: Watch = lambda read, size: None,
    largest: int = LARGEST,
) -> Format:
    """Put everything that is in a file on a stage; nothing here may run on the event loop.

    Args:
        file: Open for reading bytes, and seekable: JSON, JSON lines, or an archive with
            `conversations.json` in it.
        stage: Takes the memories or conversations, and what is wrong with some.
        format: Who wrote it; None to find out.
        watch: See `Watch`.
        largest: Bytes of text that it may have.

    Returns:
        The format. Raises ImportRefused for what cannot be told apart into entries at all.
    """
    with Source(file, largest) as source:
        chosen = format or find_format(decoded(source.chunks()))
        size, done = source.size, 0
        for part in range(source.parts):
            name = source.part_name(part) if source.parts > 1 else ""

            def pieces(part: int = part) -> Iterator[bytes]:
                nonlocal done
                for chunk in source.chunks(part):
                    done += len(chunk)
                    watch(done, size)
                    yield chunk

            try:
                stage.take(reader_of(chosen)(decoded(pieces())), within=name)
            except ImportRefused as error:
                raise _within(name, error) from None
    return chosen


def _within(name: str, error: ImportRefused) -> ImportRefused:
    return ImportRefused(f"{name}: {error}") if name else error
