"""The bytes of a file that people were sent, which may be an archive with what is wanted inside."""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import PurePosixPath
from types import TracebackType
from typing import IO

from bot.errors import ImportRefused

CHUNK = 2**20
LARGEST = 8 * 2**30
"""Bytes of text that are read at most."""
MOST_ENTRIES = 200_000
SUSPICIOUS_RATIO = 200
"""No text shrinks like that; what does is made to fill disks."""
SMALL = 2**20
"""Below so many bytes a ratio says nothing."""

_NAMES = re.compile(r"conversations(-\d+)?\.json")
"""Large exports are cut into numbered files."""


class Source(AbstractContextManager["Source"]):
    """A file, plain or zipped, that may be read more than once. Nothing is unpacked.

    Args:
        file: Open for reading, and seekable; stays the caller's to close.
        largest: Bytes of text that are read of it at most.

    Raises ImportRefused, here and from what it is read by, for what is no sound archive.
    """

    def __init__(self, file: IO[bytes], largest: int = LARGEST) -> None:
        self._file = file
        self._largest = largest
        self._zip: zipfile.ZipFile | None = None
        self._members: Sequence[zipfile.ZipInfo] = ()
        if file.read(4) in (b"PK\x03\x04", b"PK\x05\x06"):
            file.seek(0)
            try:
                self._zip = zipfile.ZipFile(file)
            except (zipfile.BadZipFile, OSError, ValueError) as error:
                raise ImportRefused(f"the archive is damaged: {error}") from None
            self._members = _conversations(self._zip.infolist(), largest)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._zip is not None:
            self._zip.close()

    @property
    def parts(self) -> int:
        """How many files there are to read."""
        return len(self._members) if self._zip is not None else 1

    def part_name(self, part: int) -> str:
        """How a file in the archive is called; empty for what is no archive."""
        return self._members[part].filename if self._zip is not None else ""

    @property
    def size(self) -> int:
        """Bytes that will be read."""
        if self._zip is not None:
            return sum(member.file_size for member in self._members)
        return self._file.seek(0, 2)

    def chunks(self, part: int = 0) -> Iterator[bytes]:
        """The bytes of one of the files."""
        if self._zip is None:
            self._file.seek(0)
            yield from self._read(self._file, self._largest)
            return
        member = self._members[part]
        try:
            with self._zip.open(member) as stream:
                # What it says of its size it may not have.
                yield from self._read(stream, min(member.file_size, self._largest))
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError) as error:
            raise ImportRefused(f"{member.filename} in the archive is damaged: {error}") from None

    def _read(self, stream: IO[bytes], most: int) -> Iterator[bytes]:
        taken = 0
        while chunk := stream.read(CHUNK):
            taken += len(chunk)
            if taken > most:
                raise ImportRefused("the file is larger than it may be")
            yield chunk


def _conversations(found: Sequence[zipfile.ZipInfo], largest: int) -> Sequence[zipfile.ZipInfo]:
    """The files to read, in order, once nothing about the archive is suspicious."""
    if len(found) > MOST_ENTRIES:
        raise ImportRefused("there are too many files in the archive")
    for member in found:
        name = member.filename.replace("\\", "/")
        if name.startswith("/") or ".." in name.split("/") or re.match(r"[A-Za-z]:", name):
            raise ImportRefused(f"the archive has a file that points elsewhere: {name[:100]!r}")
    wanted = [each for each in found if _NAMES.fullmatch(PurePosixPath(each.filename).name)]
    if not wanted:
        raise ImportRefused("there is no conversations.json in the archive")
    outermost = min(each.filename.count("/") for each in wanted)
    wanted = [each for each in wanted if each.filename.count("/") == outermost]
    for member in wanted:
        if member.flag_bits & 1:
            raise ImportRefused(f"{member.filename} in the archive is encrypted")
        ratio = member.file_size / max(member.compress_size, 1)
        if member.file_size > SMALL and ratio > SUSPICIOUS_RATIO:
            raise ImportRefused(f"{member.filename} in the archive would blow up when unpacked")
    if sum(member.file_size for member in wanted) > largest:
        raise ImportRefused("the archive is larger than it may be")
    names = [member.filename for member in wanted]
    if len(set(names)) != len(names):
        raise ImportRefused("the archive holds the same file twice")
    return sorted(wanted, key=lambda each: each.filename)
