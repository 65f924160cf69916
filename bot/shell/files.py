"""Files that commands write and read."""

from __future__ import annotations

import errno
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Generator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import IO

from bot.memory.formats.archive import CHUNK, LARGEST


@contextmanager
def written_whole(path: Path) -> Generator[IO[str]]:
    """A file for its owner only, which takes its place once it is complete."""
    if path.exists() and not path.is_file():
        with path.open("w", encoding="utf-8") as special:
            yield special
        return
    path = path.resolve()
    with tempfile.NamedTemporaryFile(
        "w", encoding="utf-8", dir=path.parent, prefix=f".{path.name}.", delete=False
    ) as file:
        try:
            yield file
            file.flush()
            os.fsync(file.fileno())
            Path(file.name).replace(path)
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise


async def write_lines(output: Path | None, lines: AsyncIterator[str]) -> bool:
    """Write them into a file, or to standard output; False when that fails, which is told.

    Raises:
        OSError: Standard output is closed.
    """
    try:
        with written_whole(output) if output else nullcontext(sys.stdout) as target:
            async for line in lines:
                target.write(line)
    except OSError as error:
        if output is None:
            raise
        print(f"{output}: {error.strerror}", file=sys.stderr)
        return False
    return True


@contextmanager
def read_again(path: Path) -> Generator[IO[bytes]]:
    """A file, or with "-" standard input, that can be read more than once. Raises OSError."""
    if str(path) == "-":
        if not sys.stdin:
            raise OSError(errno.EBADF, "standard input is closed")
        with _kept(sys.stdin.buffer) as kept:
            yield kept
        return
    with path.open("rb") as file:
        if file.seekable():
            yield file
            return
        with _kept(file) as kept:
            yield kept


@contextmanager
def _kept(stream: IO[bytes]) -> Generator[IO[bytes]]:
    """A copy on disk, of no more than may be read anyway."""
    with tempfile.TemporaryFile() as kept:
        while chunk := stream.read(CHUNK):
            kept.write(chunk)
            if kept.tell() > LARGEST:
                raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
        kept.seek(0)
        yield kept
