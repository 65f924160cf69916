"""Writing an answer of the Responses API: as its events, or as one object."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from aiohttp import web

from tests.simulators.openai_sim.answer import (
    Answer,
    Chunk,
    Piece,
    Raw,
    Reasoning,
    Refusal,
    ToolCall,
)
from tests.simulators.openai_sim.request import Request
from tests.simulators.openai_sim.stream import AnswerStream, Plan, call_id

_INCOMPLETE = {"length": "max_output_tokens", "content_filter": "content_filter"}


class Output:
    """The items of one response, as they grow.

    Args:
        record: The request that is answered; ids are made from it.
        encrypted: Reasoning comes with its encrypted content.
    """

    def __init__(self, record: Request, *, encrypted: bool) -> None:
        self.items: list[dict[str, Any]] = []
        self._record = record
        self._encrypted = encrypted

    @property
    def place(self) -> int:
        """Where the newest item stands."""
        return len(self.items) - 1

    def id(self, kind: str) -> str:
        """The id of the item that comes next."""
        return f"{kind}_{self._record.seq:06d}{len(self.items):02d}"

    def reasoning(self) -> dict[str, Any]:
        """A new item of thought."""
        item: dict[str, Any] = {"id": self.id("rs"), "type": "reasoning", "summary": []}
        if self._encrypted:
            item["encrypted_content"] = f"gAAAA-sealed-{item['id']}"
        self.items.append(item)
        return item

    def message(self) -> dict[str, Any]:
        """A new message."""
        self.items.append(
            {
                "id": self.id("msg"),
                "type": "message",
                "role": "assistant",
                "status": "in_progress",
                "content": [],
            }
        )
        return self.items[-1]

    def call(self, piece: ToolCall, calls: int) -> dict[str, Any]:
        """A new call."""
        self.items.append(
            {
                "id": self.id("fc"),
                "type": "function_call",
                "status": "in_progress",
                "call_id": call_id(self._record, piece, calls),
                "name": piece.name,
                "arguments": "",
            }
        )
        return self.items[-1]


class ResponseStream(AnswerStream):
    """An answer as events of a response.

    Args:
        envelope: The response as it is before anything is put out.
        output: Takes the items.
        thinks: The answer begins with reasoning.
    """

    def __init__(
        self,
        http: web.Request,
        record: Request,
        answer: Answer,
        *,
        rate: float,
        changed: Callable[[], None],
        envelope: Mapping[str, Any],
        output: Output,
        thinks: bool,
    ) -> None:
        super().__init__(http, record, answer, rate=rate, changed=changed)
        self._envelope = dict(envelope)
        self._output = output
        self._thinks = thinks
        self._number = 0
        self._open: dict[str, Any] | None = None
        self._part = ""

    async def _begin(self) -> None:
        await self._event("response.created", response=self._envelope)
        await self._event("response.in_progress", response=self._envelope)
        if self._thinks:
            await self._added(self._output.reasoning())

    async def _piece(self, piece: Piece, calls: int) -> None:
        if isinstance(piece, Raw):
            await self._bytes(piece.data)
        elif isinstance(piece, Chunk):
            await self._data(piece.fields)
        elif isinstance(piece, Reasoning):
            if self._open is None or self._open["type"] != "reasoning":
                await self._close()
                await self._added(self._output.reasoning())
            await self._of_item(
                "response.reasoning_summary_text.delta", summary_index=0, delta=piece.text
            )
        elif isinstance(piece, ToolCall):
            await self._close()
            await self._call(piece, calls)
        elif isinstance(piece, str | Refusal):
            await self._text(piece)

    async def _text(self, piece: str | Refusal) -> None:
        part = "refusal" if isinstance(piece, Refusal) else "output_text"
        if self._open is None or self._open["type"] != "message" or self._part != part:
            await self._close()
            await self._added(self._output.message())
            self._part = part
            empty = {"type": part, "refusal" if part == "refusal" else "text": ""}
            assert self._open is not None
            self._open["content"].append(
                empty if part == "refusal" else {**empty, "annotations": []}
            )
            await self._of_item(
                "response.content_part.added", content_index=0, part=self._open["content"][0]
            )
        text = piece.text if isinstance(piece, Refusal) else piece
        assert self._open is not None
        self._open["content"][0]["refusal" if part == "refusal" else "text"] += text
        await self._of_item(f"response.{part}.delta", content_index=0, delta=text)

    async def _call(self, piece: ToolCall, calls: int) -> None:
        item = self._output.call(piece, calls)
        await self._added(item)
        half = len(piece.arguments) // 2
        if piece.index == "auto":
            for part in (piece.arguments[:half], piece.arguments[half:]):
                if part:
                    await self._of_item("response.function_call_arguments.delta", delta=part)
            await self._of_item(
                "response.function_call_arguments.done",
                name=piece.name,
                arguments=piece.arguments,
            )
        item["arguments"] = piece.arguments
        await self._close()

    async def _added(self, item: dict[str, Any]) -> None:
        self._open = item
        await self._of_item("response.output_item.added", item=item)

    async def _close(self, status: str = "completed") -> None:
        """End the item that is open."""
        item, self._open = self._open, None
        if item is None:
            return
        place = self._output.place
        if item["type"] == "message":
            part = item["content"][0]
            kind = part["type"]
            told = {kind.removeprefix("output_"): part.get("text", part.get("refusal"))}
            about = {"item_id": item["id"], "output_index": place, "content_index": 0}
            await self._event(f"response.{kind}.done", **about, **told)
            await self._event("response.content_part.done", **about, part=part)
        if item["type"] != "reasoning":
            item["status"] = status
        await self._event("response.output_item.done", output_index=place, item=item)

    async def _end(self, planned: Plan) -> None:
        finish = planned.finish_reason
        await self._close("incomplete" if finish in _INCOMPLETE else "completed")
        if finish is None:
            return
        kind, whole = ended(self._envelope, self._output, finish, self._record, self._answer)
        await self._event(f"response.{kind}", response=whole)

    async def _of_item(self, kind: str, **fields: Any) -> None:
        assert self._open is not None
        about: dict[str, Any] = {"output_index": self._output.place}
        if "item" not in fields:
            about["item_id"] = self._open["id"]
        await self._event(kind, **about, **fields)

    async def _event(self, kind: str, **fields: Any) -> None:
        told = {"type": kind, "sequence_number": self._number, **fields}
        self._number += 1
        text = json.dumps(told, ensure_ascii=False, separators=(",", ":"))
        data = text.encode("utf-8", "replace")
        await self._bytes(b"event: " + kind.encode() + b"\ndata: " + data + b"\n\n")


def ended(
    envelope: Mapping[str, Any], output: Output, finish: str, record: Request, answer: Answer
) -> tuple[str, dict[str, Any]]:
    """How a response ended, and all of it."""
    whole = {**envelope, "status": "completed", "output": output.items}
    whole["usage"] = None if answer.usage == "absent" else _usage(record.usage or {})
    if finish in _INCOMPLETE:
        whole |= {"status": "incomplete", "incomplete_details": {"reason": _INCOMPLETE[finish]}}
    elif finish == "error":
        error = {"code": "server_error", "message": "The model failed to answer."}
        whole |= {"status": "failed", "error": error}
    return whole["status"], whole


def _usage(block: Mapping[str, Any]) -> dict[str, Any]:
    """The usage of a chat completion in this API's words."""
    prompt = block["prompt_tokens_details"]
    return {
        "input_tokens": block["prompt_tokens"],
        "input_tokens_details": {
            "cached_tokens": prompt["cached_tokens"],
            "cache_write_tokens": prompt["cache_write_tokens"],
        },
        "output_tokens": block["completion_tokens"],
        "output_tokens_details": {
            "reasoning_tokens": block["completion_tokens_details"]["reasoning_tokens"]
        },
        "total_tokens": block["total_tokens"],
    }


def whole_response(
    envelope: Mapping[str, Any],
    output: Output,
    planned: Plan,
    record: Request,
    answer: Answer,
    *,
    thinks: bool,
) -> dict[str, Any]:
    """The response for a request that did not ask for a stream."""
    if thinks:
        output.reasoning()
    calls = 0
    for piece in planned.pieces:
        if isinstance(piece, ToolCall):
            item = output.call(piece, calls)
            item |= {"arguments": piece.arguments, "status": "completed"}
            calls += 1
        elif isinstance(piece, str | Refusal):
            last = output.items[-1] if output.items else {}
            if last.get("type") != "message":
                last = output.message()
                last |= {"status": "completed"}
                last["content"] = [{"type": "output_text", "text": "", "annotations": []}]
            last["content"][0]["text"] += piece.text if isinstance(piece, Refusal) else piece
    return ended(envelope, output, planned.finish_reason or "stop", record, answer)[1]
