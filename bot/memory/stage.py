"""What an import has read, kept in a file until it is written."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import astuple
from types import TracebackType
from typing import IO

from bot.errors import ImportRefused
from bot.memories import MOST_AT_ONCE, Memory, Scope
from bot.memory.adopting import adopted
from bot.memory.formats.items import Broken, Item, Kept, Talk, Turn
from bot.memory.formats.lines import memory_line
from bot.memory.formats.native import read_memory
from bot.memory.imported import Counting
from bot.memory.placing import Placing

LARGEST = 8 * 2**30
"""Bytes that are kept on disk at most."""


class Stage(AbstractContextManager["Stage"]):
    """A file of its own that is gone with the block. Nothing here may run on the event loop.

    Args:
        placing: Where what comes in is to go.
        now: When it is imported, seconds since the epoch.
        largest: Bytes that it may take.

    Attributes:
        found: What was found wrong.
        memories, talks: How many of each are kept.
        scopes: Where the memories are to go.
        now: See above.
    """

    def __init__(self, placing: Placing, now: float, largest: int = LARGEST) -> None:
        self._placing = placing
        self.now = now
        self._largest = largest
        self._file: IO[bytes] = tempfile.TemporaryFile()
        self.found = Counting()
        self.memories = 0
        self.talks = 0
        self.scopes: set[Scope] = set()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def take(self, items: Iterable[Item], within: str = "") -> None:
        """Keep what was read, `within` one of several files. Raises ImportRefused if too much."""
        for item in items:
            where = f"{within}, {item.where}" if within else item.where
            match item:
                case Broken():
                    self.found.mark_broken(where, item.why)
                case Talk():
                    self._put("T", where, _dump_talk(item))
                    self.talks += 1
                case Kept():
                    self._put_memory(where, self._placing.placed(item.memory))
                case _:
                    for memory in adopted(item, self._placing, self.now):
                        self._put_memory(where, memory)

    def batches(self) -> Iterator[list[tuple[str, Memory]]]:
        """The memories with their places in the file, some hundred at a time."""
        batch: list[tuple[str, Memory]] = []
        for kind, where, text in self._records():
            if kind != "M":
                continue
            read = read_memory(text, where)
            if isinstance(read, Broken):
                self.found.refuse(where, read.why)
                continue
            batch.append((where, read.memory))
            if len(batch) == MOST_AT_ONCE:
                yield batch
                batch = []
        if batch:
            yield batch

    def kept_talks(self) -> Iterator[Talk]:
        """The conversations, one at a time."""
        for kind, where, text in self._records():
            if kind == "T":
                yield _load_talk(where, text)

    def _put_memory(self, where: str, memory: Memory) -> None:
        self._put("M", where, memory_line(memory))
        self.memories += 1
        self.scopes.add(memory.scope)

    def _put(self, kind: str, where: str, text: str) -> None:
        name = json.dumps(where)
        self._file.write(f"{kind}\t{name}\t{text.rstrip()}\n".encode("ascii"))
        if self._file.tell() > self._largest:
            raise ImportRefused(f"there is more in it than {self._largest >> 30} GB; import parts")

    def _records(self) -> Iterator[tuple[str, str, str]]:
        self._file.seek(0)
        for line in self._file:
            kind, where, text = line.decode("ascii").split("\t", 2)
            yield kind, json.loads(where), text


def _dump_talk(talk: Talk) -> str:
    turns = [astuple(turn) for turn in talk.turns]
    return json.dumps([talk.id, talk.program, talk.title, talk.at, turns])


def _load_talk(where: str, text: str) -> Talk:
    id, program, title, at, turns = json.loads(text)
    return Talk(where, id, program, title, at, tuple(Turn(*turn) for turn in turns))
