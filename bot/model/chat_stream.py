"""Streamed chat completions, read into what they say. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from bot.model.calls import CallCollector, as_pieces
from bot.model.port import ToolCall, Usage
from bot.model.wire import (
    DONE,
    NOTHING,
    Chunk,
    ServerEvent,
    as_error,
    count,
    error_of,
    mapping,
    read_json,
    sequence,
    string,
)


class ChatReader:
    """Implements `bot.model.wire.AnswerReader`."""

    def __init__(self) -> None:
        self._collector = CallCollector()

    def read(self, event: ServerEvent) -> Chunk:
        """See `AnswerReader`."""
        data = event.data.strip()
        if data == DONE:
            return Chunk(over=True)
        if not data:
            return NOTHING
        if event.kind == "error":
            return Chunk(error=error_of(data))
        return self._take(read_json(data))

    def read_whole(self, value: object) -> Chunk:
        """See `AnswerReader`."""
        return self._take(value)

    @property
    def calls(self) -> tuple[ToolCall, ...]:
        """See `AnswerReader`."""
        return self._collector.calls

    @property
    def carried(self) -> tuple[str, ...]:
        """What a server has put beside the calls, for itself."""
        return self._collector.extras

    def _take(self, value: object) -> Chunk:
        for piece in as_pieces(delta_of(mapping(value)).get("tool_calls")):
            self._collector.add(piece)
        return read_chunk(value)


def delta_of(chunk: Mapping[str, object]) -> Mapping[str, object]:
    """What a chunk adds to the answer, or the message of a whole completion."""
    choice = _first_choice(chunk.get("choices"))
    return mapping(choice.get("delta")) or mapping(choice.get("message"))


def read_chunk(value: object) -> Chunk:
    """Read a decoded chunk, or a whole completion from a server that does not stream."""
    chunk = mapping(value)
    if error := chunk.get("error"):
        return Chunk(error=as_error(error))
    if chunk.get("object") == "error" or chunk.get("type") == "error":
        return Chunk(error=chunk)
    choice = _first_choice(chunk.get("choices"))
    delta = delta_of(chunk)
    text = _text(delta.get("content")) + string(delta.get("refusal")) or string(choice.get("text"))
    alive = bool(
        text
        or delta.get("content")
        or delta.get("reasoning_content")
        or delta.get("reasoning")
        or delta.get("reasoning_details")
        or delta.get("tool_calls")
    )
    return Chunk(
        text=text,
        alive=alive,
        finish=string(choice.get("finish_reason")),
        usage=read_usage(chunk.get("usage")),
        model=string(chunk.get("model")),
    )


def _first_choice(choices: object) -> Mapping[str, object]:
    for value in sequence(choices):
        choice = mapping(value)
        if choice.get("index") in (0, None):
            return choice
    return {}


def _text(content: object) -> str:
    """Content is a string, or a list of parts of which those of type text are shown."""
    if isinstance(content, str):
        return content
    parts = (mapping(part) for part in sequence(content))
    return "".join(string(part.get("text")) for part in parts if part.get("type") == "text")


def read_usage(value: object) -> Usage | None:
    """Token counts, None when the server sent none worth the name."""
    usage = mapping(value)
    prompt = count(usage.get("prompt_tokens"))
    completion = count(usage.get("completion_tokens"))
    if not prompt and not completion:
        return None
    details = mapping(usage.get("prompt_tokens_details"))
    cached = count(details.get("cached_tokens")) or count(usage.get("prompt_cache_hit_tokens"))
    cached = min(cached, prompt)
    return Usage(
        prompt=prompt,
        completion=completion,
        cached=cached,
        written=min(count(details.get("cache_write_tokens")), prompt - cached),
        reasoning=count(mapping(usage.get("completion_tokens_details")).get("reasoning_tokens")),
    )
