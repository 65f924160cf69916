"""Memories read from NDJSON: a header line, then one memory a line, as `lines` writes them.

A memory that is read back is the same in every part, and is written the same to the byte.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from bot.chat import ThreadKey
from bot.memories import (
    LONGEST_CONTENT,
    LONGEST_TAG,
    MOST_ASKING,
    MOST_TAGS,
    Kind,
    Memory,
    MemoryText,
    Person,
    Scope,
    Source,
    Status,
    Via,
)
from bot.memory.formats.items import Broken, Kept
from bot.memory.formats.lines import FORMAT

LONGEST_LINE = 1_000_000
"""Characters; a memory with all its parts has a few thousand."""

_BEGINNING = -62_135_596_800.0
_END_OF_TIME = 253_402_300_800.0
"""The years 1 and 10000; no calendar of ours can write what is outside."""
_LARGEST = 2**48 - 1
"""The store's scripts count in floating point; this leaves room to go on."""

_Time = Annotated[float, Field(ge=0, lt=_END_OF_TIME, allow_inf_nan=False)]
_When = Annotated[float, Field(ge=_BEGINNING, lt=_END_OF_TIME, allow_inf_nan=False)]
_Count = Annotated[int, Field(ge=0, le=_LARGEST)]
_Id = Annotated[str, Field(pattern=r"\Amem_[0-9A-Za-z]{1,60}\z")]
_Name = Annotated[str, Field(max_length=400)]
_Part = TypeVar("_Part")


class _Element(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class _Header(_Element):
    format: Literal["bobbin.memory"]
    version: Literal[1]


class _LaterHeader(BaseModel):
    format: Literal["bobbin.memory"]
    version: Annotated[int, Field(gt=1, strict=True)]


class _Source(_Element):
    via: Literal["command", "reaction", "tool", "auto", "api", "mcp", "import", "shell"]
    author: _Name = ""
    thread: Annotated[str, Field(max_length=2_000)] = ""
    message_ids: Annotated[list[_Name], Field(max_length=1_000)] = Field(default_factory=list)
    link: Annotated[str, Field(max_length=2_000)] = ""
    former: Annotated[list[_Name], Field(max_length=1_000)] = Field(default_factory=list)
    also: Annotated[list[_Name], Field(max_length=MOST_ASKING)] = Field(default_factory=list)
    confined: bool = False


class _Memory(_Element):
    id: _Id
    content: Annotated[str, Field(min_length=1, max_length=LONGEST_CONTENT)]
    kind: Literal["fact", "preference", "decision", "task", "note"] = "note"
    tags: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=LONGEST_TAG)]],
        Field(max_length=MOST_TAGS),
    ] = Field(default_factory=list)
    subject: _Name = ""
    pinned: bool = False
    event_at: _When = 0.0
    expires_at: _Time = 0.0
    scope: Annotated[str, Field(max_length=2_000)]
    source: _Source
    status: Literal["active", "superseded", "archived"] = "active"
    confirmed: bool = True
    supersedes: Annotated[list[_Id], Field(max_length=1_000)] = Field(default_factory=list)
    superseded_by: _Id | Literal[""] = ""
    was_archived: bool = False
    created_at: _Time = 0.0
    updated_at: _Time = 0.0
    used_at: _Time = 0.0
    uses: _Count = 0
    version: Annotated[int, Field(ge=1, le=_LARGEST)] = 1


_HEADER = TypeAdapter(_Header)
_LATER = TypeAdapter(_LaterHeader)
_MEMORY = TypeAdapter(_Memory)


class LineReader:
    """Reads a file line by line."""

    def __init__(self) -> None:
        self._begun = False
        self._foreign = False

    def take(self, number: int, line: str) -> Kept | Broken | None:
        """The memory of a line, or what is wrong with it; None for the header and blank lines.

        After a wrong first line nothing is said of the others: they could be anything.
        """
        if self._foreign or not line.strip():
            return None
        if self._begun:
            return read_memory(line, f"line {number}")
        self._begun = True
        wrong = read_header(line, f"line {number}")
        self._foreign = wrong is not None
        return wrong

    def end(self) -> Broken | None:
        """What is wrong with the file as a whole."""
        return None if self._begun else Broken("line 1", "the file is empty")


def read_lines(lines: Iterable[tuple[int, str]]) -> Iterator[Kept | Broken]:
    """Memories of numbered lines; every line that is none is told."""
    reader = LineReader()
    for number, line in lines:
        item = reader.take(number, line)
        if item is not None:
            yield item
    if (wrong := reader.end()) is not None:
        yield wrong


def read_header(line: str, where: str) -> Broken | None:
    """What is wrong with a first line, if anything."""
    value = _parsed(line, where)
    if isinstance(value, Broken):
        return value
    if isinstance(_valid(_HEADER, value, where), Broken):
        if not isinstance(_valid(_LATER, value, where), Broken):
            return Broken(where, "this was written by a later version of Bobbin")
        return Broken(where, f'the file does not begin with {{"format": "{FORMAT}", "version": 1}}')
    return None


def read_memory(line: str, where: str) -> Kept | Broken:
    """One memory, or what is wrong with its line."""
    value = _parsed(line, where)
    if isinstance(value, Broken):
        return value
    element = _valid(_MEMORY, value, where)
    if isinstance(element, Broken):
        return element
    try:
        return Kept(where, _memory(element))
    except ValueError as error:
        return Broken(where, str(error))


def _parsed(line: str, where: str) -> Any | Broken:
    if len(line) > LONGEST_LINE:
        return Broken(where, "the line is too long")
    try:
        return json.loads(line)
    except json.JSONDecodeError as error:
        return Broken(where, f"not valid JSON: {error.msg}")
    except RecursionError:
        return Broken(where, "not valid JSON: nested too deeply")
    except ValueError:
        return Broken(where, "not valid JSON: a number is too long")


def _valid(adapter: TypeAdapter[_Part], value: Any, where: str) -> _Part | Broken:
    try:
        return adapter.validate_python(value)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in fault["loc"])
        return Broken(where, f"{place}: {fault['msg']}" if place else fault["msg"])


def _memory(element: _Memory) -> Memory:
    source = element.source
    return Memory(
        id=element.id,
        text=MemoryText(
            content=element.content,
            kind=Kind(element.kind),
            tags=tuple(element.tags),
            subject=element.subject,
            pinned=element.pinned,
            event_at=element.event_at,
            expires_at=element.expires_at,
        ),
        scope=Scope.parse(element.scope),
        source=Source(
            via=Via(source.via),
            author=_unless_empty(source.author, Person.parse),
            thread=_unless_empty(source.thread, ThreadKey.parse),
            message_ids=tuple(source.message_ids),
            link=source.link,
            former=tuple(map(Person.parse, source.former)),
            also=tuple(map(Person.parse, source.also)),
            confined=source.confined,
        ),
        status=Status(element.status),
        confirmed=element.confirmed,
        supersedes=tuple(element.supersedes),
        superseded_by=element.superseded_by,
        was_archived=element.was_archived,
        created_at=element.created_at,
        updated_at=element.updated_at,
        used_at=element.used_at,
        uses=element.uses,
        version=element.version,
    )


def _unless_empty(text: str, parse: Callable[[str], _Part]) -> _Part | None:
    return parse(text) if text else None
