"""Streamed answers as they come over the wire: pure readers, tolerant of what servers send.

Servers that call themselves compatible leave fields out, set them to null, send keep-alives,
empty events or errors in a shape of their own. Everything here takes such input for what it
most likely means and never raises for a missing or mistyped field.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, cast

from bot.model.port import ToolCall, Usage

DONE = "[DONE]"
LONGEST_EVENT = 16 * 1024 * 1024
"""Bytes; a longer one is no small delta and no answer, and must not fill the memory."""

_LINE_END = re.compile(rb"\r\n|\n|\r")


def mapping(value: object) -> Mapping[str, object]:
    """`value` if it is a JSON object, else an empty one."""
    return cast("Mapping[str, object]", value) if isinstance(value, dict) else {}


def sequence(value: object) -> Sequence[object]:
    """`value` if it is a JSON array, else an empty one."""
    return cast("Sequence[object]", value) if isinstance(value, list) else ()


def string(value: object) -> str:
    """`value` if it is a string, else an empty one."""
    return value if isinstance(value, str) else ""


def count(value: object) -> int:
    """A number of tokens; 0 for anything that is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return 0
    return max(0, int(value)) if value == value and abs(value) < 1e15 else 0


@dataclass(frozen=True, slots=True)
class ServerEvent:
    """One server-sent event; `kind` is empty when the server named none."""

    kind: str
    data: str


class EventDecoder:
    """Puts server-sent events together from bytes, wherever the network cut them."""

    def __init__(self) -> None:
        self._begun: list[bytes] = []
        self._held = b""
        self._kind = ""
        self._data: list[str] = []
        self._size = 0

    def feed(self, data: bytes) -> list[ServerEvent]:
        """The events that `data` completes.

        Raises:
            ValueError: An event is longer than `LONGEST_EVENT`.
        """
        data = self._held + data
        # A final CR may be the first half of CR LF.
        self._held = data[-1:] if data.endswith(b"\r") else b""
        first, *others = _LINE_END.split(data[: len(data) - len(self._held)])
        self._begun.append(first)
        self._size += len(first)
        events: list[ServerEvent | None] = []
        for line in others:
            events.append(self._line(b"".join(self._begun)))
            self._begun = [line]
            self._size += len(line)
        if self._size > LONGEST_EVENT:
            raise ValueError("an event of the stream is too long")
        return [event for event in events if event is not None]

    def end(self) -> list[ServerEvent]:
        """The event that the last bytes hold when the closing blank line never came."""
        events = [self._line(line) for line in (b"".join(self._begun), b"")]
        self._begun, self._held = [], b""
        return [event for event in events if event is not None]

    def _line(self, line: bytes) -> ServerEvent | None:
        if not line:
            event = ServerEvent(self._kind, "\n".join(self._data)) if self._data else None
            self._kind, self._data, self._size = "", [], 0
            return event
        name, _, value = line.decode("utf-8", "replace").partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            self._data.append(value)
        elif name == "event":
            self._kind = value
        return None


@dataclass(frozen=True, slots=True)
class Chunk:
    """What one event of the stream says.

    Attributes:
        text: Text to show, refusals included.
        alive: The model made progress: text, reasoning or a tool call.
        finish: The provider's finish reason, empty while there is none.
        usage: Token counts, usually in a chunk of their own at the end.
        model: The model that serves the request.
        error: An error object in place of an answer; None in every good chunk.
        over: Nothing follows.
        thinks: The model begins to think, and may say nothing for as long as before its first word.
    """

    text: str = ""
    alive: bool = False
    finish: str = ""
    usage: Usage | None = None
    model: str = ""
    error: Mapping[str, object] | None = None
    over: bool = False
    thinks: bool = False


class AnswerReader(Protocol):
    """Reads one answer, event by event; has an API's own words for it."""

    def read(self, event: ServerEvent) -> Chunk:
        """What one event says. Raises ValueError for data that is no JSON."""
        ...

    def read_whole(self, value: object) -> Chunk:
        """The decoded body of a server that does not stream."""
        ...

    @property
    def calls(self) -> tuple[ToolCall, ...]:
        """The calls of tools that have come so far."""
        ...

    @property
    def carried(self) -> tuple[str, ...]:
        """See `Finished.carried`."""
        ...


NOTHING = Chunk()


def read_json(data: str | bytes) -> object:
    """Decode JSON.

    Raises:
        ValueError: It is none, or nested too deeply.
    """
    try:
        return json.loads(data)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def error_of(data: str) -> Mapping[str, object]:
    """The error object of an event that is one."""
    try:
        decoded = read_json(data)
    except ValueError:
        return {"message": data}
    return as_error(mapping(decoded).get("error") or decoded)


def as_error(value: object) -> Mapping[str, object]:
    """An error object, made of whatever stands in its place."""
    return mapping(value) or {"message": value if isinstance(value, str) else "unnamed error"}


def encodable(text: str) -> str:
    """The text with half characters, which no encoder takes, replaced."""
    return text.encode("utf-8", "replace").decode("utf-8")


def join_surrogates(text: str) -> tuple[str, str]:
    """Text that can be encoded, and a trailing half of a character to put before the next piece.

    Servers that cut strings by UTF-16 units send the two halves of an emoji in two deltas.
    """
    held = ""
    if text and "\ud800" <= text[-1] <= "\udbff":
        text, held = text[:-1], text[-1]
    try:
        text.encode()
    except UnicodeEncodeError:
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text, held
