"""What the simulated model answers: pieces of a stream, and how they go out.

An `Answer` is a list of pieces. A plain string is a text delta; the other pieces are what an
OpenAI-compatible server may also put on the wire, well-formed or not. Pieces are written in order,
so a fault happens exactly where it stands in the list:

    Answer(["Hel", "lo", Cut()])            # two deltas, then the connection is reset
    Answer(["Hel", EndOfFile()])            # a clean end without finish_reason and [DONE]
    Answer("Hello there").hold()            # nothing until the test calls release()
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Reasoning:
    """A delta of visible thought, as DeepSeek (`reasoning_content`) or Ollama (`reasoning`) do."""

    text: str
    key: Literal["reasoning_content", "reasoning"] = "reasoning_content"


@dataclass(frozen=True, slots=True)
class Refusal:
    """A delta of `refusal`, which stands beside `content` and not in it."""

    text: str


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A function call.

    Attributes:
        index: "auto" numbers the calls as OpenAI does and streams the arguments in two parts; an
            int is sent as it is and None leaves the index out, both with the call in one chunk.
    """

    name: str
    arguments: str = "{}"
    id: str = ""
    index: int | Literal["auto"] | None = "auto"


@dataclass(frozen=True, slots=True)
class Chunk:
    """A well-formed chunk with these top-level fields replaced; `missing` ones are left out."""

    fields: Mapping[str, Any]
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Raw:
    """Bytes written to the stream as they are."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Cut:
    """The connection breaks: by RST, or by FIN inside a chunked body when `reset` is False."""

    reset: bool = True


@dataclass(frozen=True, slots=True)
class EndOfFile:
    """The body ends properly here: no finish_reason, no usage, no [DONE]."""


@dataclass(frozen=True, slots=True)
class Stall:
    """Nothing more comes, and the connection stays open."""


Piece = str | Reasoning | Refusal | ToolCall | Chunk | Raw | Cut | EndOfFile | Stall


def comment(text: str = "keep-alive") -> Raw:
    """A `:` line, which servers send to keep an idle stream open."""
    return Raw(f": {text}\n\n".encode())


def malformed_json() -> Raw:
    """A data line that is cut in the middle of its JSON."""
    return Raw(b'data: {"id":"chatcmpl-broken","choices":[{"index":0,"del\n\n')


def empty_data() -> Raw:
    """An event whose data is empty."""
    return Raw(b"data:\n\n")


def ping_event() -> Raw:
    """An event without any data line."""
    return Raw(b"event: ping\n\n")


def null_delta() -> Chunk:
    """A choice whose delta is null."""
    return Chunk({"choices": [{"index": 0, "delta": None, "finish_reason": None}]})


def null_choices() -> Chunk:
    """A chunk whose choices are null."""
    return Chunk({"choices": None})


def no_choices() -> Chunk:
    """A chunk with empty choices and no usage, as Azure sends first for its content filter."""
    return Chunk({"choices": [], "prompt_filter_results": [{"prompt_index": 0}]})


def without_ids(text: str) -> Chunk:
    """A text delta in a chunk without id, object, created and model."""
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": None}
    return Chunk({"choices": [choice]}, missing=("id", "object", "created", "model"))


def error_object(
    message: str = "The server had an error while processing your request.",
    *,
    code: str | int | None = 502,
    kind: str = "server_error",
) -> Raw:
    """A data line that holds `{"error": …}`."""
    error = {"message": message, "type": kind, "param": None, "code": code}
    return Raw(f"data: {json.dumps({'error': error})}\n\n".encode())


def error_event(message: str = "upstream failed", code: str = "server_error") -> Raw:
    """An `event: error` whose data is flat, without an `error` key."""
    data = json.dumps({"type": "error", "code": code, "message": message})
    return Raw(f"event: error\ndata: {data}\n\n".encode())


@dataclass(frozen=True, slots=True)
class Usage:
    """Token counts to report instead of the computed ones."""

    prompt: int
    completion: int
    cached: int = 0
    written: int = 0
    reasoning: int = 0


@dataclass(frozen=True, slots=True)
class HttpError:
    """An answer with an error status; no stream begins. `status` 0 drops the connection."""

    status: int
    body: Mapping[str, Any] | bytes
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


_WORD = re.compile(r"\s*\S{1,24}\s*$|\s*\S{1,24}|\s+")


def words(text: str) -> list[str]:
    """Cut a text into deltas about as big as tokens; joined they are the text again."""
    return _WORD.findall(text)


@dataclass(eq=False)
class Answer:
    """One answer of the model, with its timing and its faults.

    Attributes:
        content: The text (cut into deltas word by word), or the pieces to write one by one.
        finish_reason: "stop", "length", "content_filter", "tool_calls", any other, or None for a
            stream whose last chunk carries none. "stop" becomes "tool_calls" after a `ToolCall`.
        first_token_delay: Seconds between the response's headers and the first piece.
        token_rate: Tokens per second; 0 writes as fast as the socket takes them, None uses the
            simulator's rate.
        usage: Counts to report; None computes them, "absent" sends none even when asked.
        reasoning_tokens: Counted as completion tokens that were never shown.
        model: The model named in the answer; None repeats the one asked for.
        done: Whether `data: [DONE]` ends the stream.
        split_utf8: Every write is cut inside its first multi-byte character, if there is one.
        obey_limit: Text beyond the request's token limit is left out, with "length" as the finish.
        error: If set, this HTTP error is the whole answer.
    """

    content: str | Iterable[Piece] = ""
    finish_reason: str | None = "stop"
    first_token_delay: float = 0.0
    token_rate: float | None = None
    usage: Usage | Literal["absent"] | None = None
    reasoning_tokens: int = 0
    model: str | None = None
    done: bool = True
    split_utf8: bool = False
    obey_limit: bool = True
    error: HttpError | None = None
    held: bool = field(default=False, init=False)
    permits: int = field(default=0, init=False)
    _changed: asyncio.Event = field(default_factory=asyncio.Event, init=False, repr=False)

    def __post_init__(self) -> None:
        self.content = words(self.content) if isinstance(self.content, str) else list(self.content)

    @property
    def pieces(self) -> list[Piece]:
        """What is written, in order."""
        return list(self.content)

    @property
    def text(self) -> str:
        """The text a reader gets from the whole answer."""
        return "".join(piece for piece in self.content if isinstance(piece, str))

    def hold(self, after: int = 0) -> Answer:
        """Write the first `after` pieces and then one for every permit given by `release`.

        The end of the stream (finish, usage, [DONE]) counts as one more piece, so that a test can
        look at the whole text before the stream has ended.
        """
        self.held = True
        self.permits = after
        return self

    def release(self, pieces: int = 1) -> None:
        """Let this many further pieces go out."""
        self.permits += pieces
        self._changed.set()

    def release_all(self) -> None:
        """Let everything go out, the end of the stream too."""
        self.held = False
        self._changed.set()

    async def permitted(self, number: int) -> None:
        """Wait until piece `number` (counted from 0) may go out."""
        while self.held and number >= self.permits:
            self._changed.clear()
            await self._changed.wait()
