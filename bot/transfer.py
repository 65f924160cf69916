"""Conversations as files: a JSON array with one element a line, and Markdown to read.

The first element is a header, then each thread is one "thread" element followed by its "entry"
elements in order. Because every element has a line of its own, a long export can be written as it
is read, and a fault in an import can be named by its line.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from bot.chat import ThreadKey
from bot.errors import ImportRefused
from bot.records import Entry, Piece, Summary, Tally

FORMAT = "bobbin.threads"
VERSION = 1

LARGEST = 2**48 - 1
"""The store's scripts count in floating point, exactly up to 2**53; this leaves room to go on."""
END_OF_TIME = 253_402_300_800.0
"""The year 10000, which no calendar of ours can write."""

Count = Annotated[int, Field(ge=0, le=LARGEST)]
Item = TypeVar("Item")


class _Element(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class _Header(_Element):
    format: Literal["bobbin.threads"]
    version: Literal[1]


class _Thread(_Element):
    kind: Literal["thread"]
    thread: str
    summary: str = ""
    summary_upto: Count = 0
    summary_by: Literal["", "model", "extract"] = ""
    names: dict[str, str] = Field(default_factory=dict)
    turns: Count = 0
    prompt: Count = 0
    cached: Count = 0
    completion: Count = 0
    cost_micros: Count = 0
    unpriced: Count = 0
    estimated: Count = 0


class _Piece(_Element):
    id: str = ""
    length: Count


class _Entry(_Element):
    kind: Literal["entry"]
    seq: Annotated[int, Field(ge=1, le=LARGEST)]
    role: Literal["user", "assistant", "context"]
    text: str
    at: Annotated[float, Field(ge=0, lt=END_OF_TIME, allow_inf_nan=False)]
    author_id: str = ""
    author: str = ""
    message_ids: list[str] = Field(default_factory=list)
    enclosed: list[str] = Field(default_factory=list)
    tokens: Count = 0
    interrupted: bool = False
    turn: str = ""
    model: str = ""
    edited: Annotated[float, Field(ge=0, lt=END_OF_TIME, allow_inf_nan=False)] = 0.0
    pieces: list[_Piece] = Field(default_factory=list[_Piece])


_ELEMENT: TypeAdapter[_Thread | _Entry] = TypeAdapter(
    Annotated[_Thread | _Entry, Field(discriminator="kind")]
)


@dataclass(frozen=True, slots=True)
class ThreadRecord:
    """Everything that is kept of one thread."""

    thread: ThreadKey
    summary: Summary
    names: Mapping[str, str]
    tally: Tally
    entries: tuple[Entry, ...]


async def export_lines(
    threads: AsyncIterator[tuple[ThreadRecord, AsyncIterator[Entry]]],
) -> AsyncIterator[str]:
    """The file, line by line; the entries of a record's own tuple are not written but the stream's.

    Args:
        threads: Each thread's head with its log as a stream.
    """
    yield "[\n"
    yield json.dumps({"format": FORMAT, "version": VERSION})
    async for record, entries in threads:
        yield ",\n" + _dump(_head(record))
        async for entry in entries:
            yield ",\n" + _dump(_line(entry))
    yield "\n]\n"


def export_json(record: ThreadRecord) -> str:
    """The same file for one thread that is in memory."""
    elements = [json.dumps({"format": FORMAT, "version": VERSION}), _dump(_head(record))]
    elements += [_dump(_line(entry)) for entry in record.entries]
    return "[\n" + ",\n".join(elements) + "\n]\n"


def export_markdown(record: ThreadRecord) -> str:
    """The conversation for people to read, times in UTC."""
    parts = [f"# Conversation {record.thread}\n"]
    if record.summary.text:
        parts.append(f"## Summary of the earlier part\n\n{record.summary.text}\n")
    for entry in record.entries:
        who = entry.author or "Bobbin"
        mark = " (interrupted)" if entry.interrupted else ""
        when = datetime.fromtimestamp(entry.at, UTC).strftime("%Y-%m-%d %H:%M")
        parts.append(f"**{who}**{mark}, {when}\n\n{entry.text}\n")
    return "\n".join(parts)


def read_export(text: str) -> list[ThreadRecord]:
    """Read a file back, checking all of it.

    Raises:
        ImportRefused: With the line of the first fault.
    """
    elements = _elements(text)
    first = next(elements, None)
    if first is None:
        raise ImportRefused("the file is empty", line=1)
    line, header = first
    _checked(TypeAdapter(_Header), header, line)
    records: list[ThreadRecord] = []
    seen: set[ThreadKey] = set()
    head: tuple[int, _Thread] | None = None
    entries: list[Entry] = []
    for line, element in elements:
        item = _checked(_ELEMENT, element, line)
        if isinstance(item, _Thread):
            if head is not None:
                records.append(_record(*head, entries, seen))
            head, entries = (line, item), []
        elif head is None:
            raise ImportRefused("an entry comes before any thread", line=line)
        else:
            if entries and item.seq <= entries[-1].seq:
                raise ImportRefused("the entries' seq does not rise", line=line)
            entries.append(_entry(item))
    if head is not None:
        records.append(_record(*head, entries, seen))
    return records


def _elements(text: str) -> Iterator[tuple[int, Any]]:
    """Each element of the array with the line it begins on, whatever the layout."""
    decoder = json.JSONDecoder()
    at = _skip(text, 0)
    if text[at : at + 1] != "[":
        raise ImportRefused("this is not an export: it does not begin with [", line=1)
    at = _skip(text, at + 1)
    line, counted = 1, 0
    while text[at : at + 1] != "]":
        line += text.count("\n", counted, at)
        counted = at
        try:
            element, at = decoder.raw_decode(text, at)
        except json.JSONDecodeError as error:
            raise ImportRefused(f"not valid JSON: {error.msg}", line=error.lineno) from None
        except RecursionError:
            raise ImportRefused("not valid JSON: nested too deeply", line=line) from None
        except ValueError:
            raise ImportRefused("not valid JSON: a number is too long", line=line) from None
        yield line, element
        at = _skip(text, at)
        if text[at : at + 1] == ",":
            at = _skip(text, at + 1)
        elif text[at : at + 1] != "]":
            raise ImportRefused("the file ends in the middle", line=_line_of(text, at))
    rest = _skip(text, at + 1)
    if text[rest:]:
        raise ImportRefused("something follows the end of the array", line=_line_of(text, rest))


def _line_of(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at] in " \t\r\n":
        at += 1
    return at


def _checked(adapter: TypeAdapter[Item], element: Any, line: int) -> Item:
    try:
        return adapter.validate_python(element)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in fault["loc"] if part not in ("thread", "entry"))
        wrong = f"{where}: {fault['msg']}" if where else fault["msg"]
        raise ImportRefused(wrong, line=line) from None


def _record(
    line: int, head: _Thread, entries: Iterable[Entry], seen: set[ThreadKey]
) -> ThreadRecord:
    try:
        key = ThreadKey.parse(head.thread)
    except ValueError as error:
        raise ImportRefused(str(error), line=line) from None
    if key in seen:
        raise ImportRefused("the same thread comes twice", line=line)
    seen.add(key)
    kept = tuple(entries)
    last = kept[-1].seq if kept else 0
    if head.summary_upto > last:
        raise ImportRefused("summary_upto is past the last entry", line=line)
    return ThreadRecord(
        key,
        Summary(head.summary, head.summary_upto, 1 if head.summary else 0, head.summary_by),
        head.names,
        Tally(
            head.turns,
            head.prompt,
            head.cached,
            head.completion,
            head.cost_micros,
            head.unpriced,
            head.estimated,
        ),
        kept,
    )


def _head(record: ThreadRecord) -> _Thread:
    tally = record.tally
    return _Thread(
        kind="thread",
        thread=str(record.thread),
        summary=record.summary.text,
        summary_upto=record.summary.upto,
        summary_by=record.summary.made_by,
        names=dict(record.names),
        turns=tally.turns,
        prompt=tally.prompt,
        cached=tally.cached,
        completion=tally.completion,
        cost_micros=tally.cost_micros,
        unpriced=tally.unpriced,
        estimated=tally.estimated,
    )


def _line(entry: Entry) -> _Entry:
    return _Entry(
        kind="entry",
        seq=entry.seq,
        role=entry.role,
        text=entry.text,
        at=float(entry.at),
        author_id=entry.author_id,
        author=entry.author,
        message_ids=list(entry.message_ids),
        enclosed=list(entry.enclosed),
        tokens=entry.tokens,
        interrupted=entry.interrupted,
        turn=entry.turn,
        model=entry.model,
        edited=float(entry.edited),
        pieces=[_Piece(id=piece.id, length=piece.length) for piece in entry.pieces],
    )


def _entry(item: _Entry) -> Entry:
    return Entry(
        role=item.role,
        text=item.text,
        at=item.at,
        author_id=item.author_id,
        author=item.author,
        message_ids=tuple(item.message_ids),
        enclosed=tuple(item.enclosed),
        tokens=item.tokens,
        interrupted=item.interrupted,
        turn=item.turn,
        model=item.model,
        edited=item.edited,
        pieces=tuple(Piece(piece.id, piece.length) for piece in item.pieces),
        seq=item.seq,
    )


def _dump(element: _Element) -> str:
    return json.dumps(element.model_dump(exclude_defaults=False), ensure_ascii=True)
