"""Streamed responses of the Responses API, read into what they say. Pure.

Failed and unfinished responses come as events like any other, and a stream that breaks off at a
clean end has none that says so: only a last event with the whole response makes an answer whole.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from bot.model.port import ToolCall, Usage
from bot.model.wire import (
    DONE,
    NOTHING,
    Chunk,
    ServerEvent,
    as_error,
    count,
    encodable,
    error_of,
    mapping,
    read_json,
    sequence,
    string,
)

_TEXT = frozenset({"response.output_text.delta", "response.refusal.delta"})
_ENDS = frozenset(
    {"response.completed", "response.incomplete", "response.failed", "response.cancelled"}
)
_FINISHES = {"max_output_tokens": "length", "content_filter": "content_filter"}
_UNFINISHED = "error"
"""The finish of an answer that ended otherwise than it should."""


class ResponsesReader:
    """Implements `bot.model.wire.AnswerReader`."""

    def __init__(self) -> None:
        self._items: dict[int, Mapping[str, object]] = {}
        self._spoken: set[int | None] = set()
        self._speaking: int | None = None

    def read(self, event: ServerEvent) -> Chunk:
        """See `AnswerReader`."""
        data = event.data.strip()
        if data == DONE:
            return Chunk(over=True)
        if not data:
            return NOTHING
        if event.kind == "error":
            return Chunk(error=error_of(data))
        value = mapping(read_json(data))
        kind = string(value.get("type")) or event.kind
        place = _place(value)
        if kind in _TEXT:
            return self._says(place, string(value.get("delta")))
        if kind in _ENDS:
            return self._ended(mapping(value.get("response")), kind.rpartition(".")[2])
        if kind == "response.output_item.done":
            return self._item(place, mapping(value.get("item")))
        if kind == "error" or value.get("error"):
            return Chunk(error=as_error(value.get("error") or value))
        if kind == "response.output_item.added":
            thinks = mapping(value.get("item")).get("type") == "reasoning"
            return Chunk(alive=not thinks, thinks=thinks)
        model = string(mapping(value.get("response")).get("model"))
        return Chunk(alive=kind.endswith(".delta"), model=model)

    def read_whole(self, value: object) -> Chunk:
        """See `AnswerReader`."""
        response = mapping(value)
        if response.get("error") and not response.get("output"):
            return Chunk(error=as_error(response["error"]))
        return self._ended(response, "unknown")

    @property
    def calls(self) -> tuple[ToolCall, ...]:
        """See `AnswerReader`."""
        return tuple(self._calls())

    @property
    def carried(self) -> tuple[str, ...]:
        """All that the model has put out, in its order: reasoning means nothing elsewhere."""
        return tuple(
            encodable(json.dumps(self._items[place], ensure_ascii=False))
            for place in sorted(self._items)
        )

    def _calls(self) -> Iterator[ToolCall]:
        for place in sorted(self._items):
            item = self._items[place]
            id_ = string(item.get("call_id")) or string(item.get("id"))
            if item.get("type") == "function_call" and id_:
                name, arguments = string(item.get("name")), string(item.get("arguments"))
                yield ToolCall(encodable(id_), encodable(name), encodable(arguments))

    def _says(self, place: int | None, text: str) -> Chunk:
        """A piece of text; what the model says in two messages stands in two paragraphs."""
        if not text:
            return NOTHING
        moved = None not in (place, self._speaking) and place != self._speaking
        self._speaking = place
        self._spoken.add(place)
        return Chunk(text="\n\n" + text if moved else text, alive=True)

    def _item(self, place: int | None, item: Mapping[str, object]) -> Chunk:
        """A whole item, with the text of one that did not come in pieces."""
        if not item:
            return NOTHING
        self._items[max(self._items, default=-1) + 1 if place is None else place] = item
        known = not self._spoken.isdisjoint({place, None})
        return Chunk(alive=True) if known else self._says(place, _text_of(item))

    def _ended(self, response: Mapping[str, object], how: str) -> Chunk:
        status = string(response.get("status")) or how
        if response.get("error") or status in ("failed", "cancelled"):
            return Chunk(error=as_error(response.get("error")), over=True)
        if output := [mapping(item) for item in sequence(response.get("output"))]:
            self._items.clear()
        text = "".join(self._item(place, item).text for place, item in enumerate(output))
        finish = "stop" if status == "completed" else _UNFINISHED
        if status == "incomplete":
            reason = string(mapping(response.get("incomplete_details")).get("reason"))
            finish = _FINISHES.get(reason, _UNFINISHED)
        return Chunk(
            text=text,
            alive=True,
            finish=finish,
            usage=read_usage(response.get("usage")),
            model=string(response.get("model")),
            over=True,
        )


def _place(value: Mapping[str, object]) -> int | None:
    place = value.get("output_index")
    return place if isinstance(place, int) else None


def _text_of(item: Mapping[str, object]) -> str:
    parts = (mapping(part) for part in sequence(item.get("content")))
    if item.get("type") != "message":
        return ""
    return "".join(string(part.get("text")) or string(part.get("refusal")) for part in parts)


def read_usage(value: object) -> Usage | None:
    """Token counts, None when the server sent none worth the name."""
    usage = mapping(value)
    prompt, completion = count(usage.get("input_tokens")), count(usage.get("output_tokens"))
    if not prompt and not completion:
        return None
    details = mapping(usage.get("input_tokens_details"))
    cached = min(count(details.get("cached_tokens")), prompt)
    return Usage(
        prompt=prompt,
        completion=completion,
        cached=cached,
        written=min(count(details.get("cache_write_tokens")), prompt - cached),
        reasoning=count(mapping(usage.get("output_tokens_details")).get("reasoning_tokens")),
    )
