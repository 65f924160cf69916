"""Writing an answer: as server-sent events, or as one JSON object."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from tests.simulators.openai_sim.answer import (
    Answer,
    Chunk,
    Cut,
    EndOfFile,
    Piece,
    Raw,
    Reasoning,
    Refusal,
    Stall,
    ToolCall,
)
from tests.simulators.openai_sim.request import Request
from tests.simulators.openai_sim.tokens import text_tokens


@dataclass(frozen=True, slots=True)
class Plan:
    """What of an answer goes out under the request's token limit."""

    pieces: tuple[Piece, ...]
    finish_reason: str | None


def piece_tokens(piece: Piece) -> int:
    """Tokens a piece costs; faults and extra lines cost none."""
    if isinstance(piece, str):
        return text_tokens(piece)
    if isinstance(piece, Reasoning | Refusal):
        return text_tokens(piece.text)
    return text_tokens(piece.name + piece.arguments) if isinstance(piece, ToolCall) else 0


def plan(answer: Answer, limit: int | None) -> Plan:
    """Cut the answer at the limit of completion tokens."""
    finish = answer.finish_reason
    if finish == "stop" and any(isinstance(piece, ToolCall) for piece in answer.pieces):
        finish = "tool_calls"
    if limit is None or not answer.obey_limit:
        return Plan(tuple(answer.pieces), finish)
    left = limit - answer.reasoning_tokens
    kept: list[Piece] = []
    for piece in answer.pieces:
        left -= piece_tokens(piece)
        if left < 0:
            return Plan(tuple(kept), "length")
        kept.append(piece)
    return Plan(tuple(kept), finish)


def reset_connection(request: web.Request) -> None:
    """Break the connection with a TCP reset."""
    transport = request.transport
    if transport is not None:
        sock = transport.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()


def close_connection(request: web.Request) -> None:
    """Close the connection after what was written, without ending the response."""
    if request.transport is not None:
        request.transport.close()


def call_id(record: Request, piece: ToolCall, position: int) -> str:
    """The id of a tool call: the scripted one, or one made from the request's number."""
    return piece.id or f"call_{record.seq:06d}{position:02d}"


def delta_chunks(piece: Piece, record: Request, position: int) -> list[dict[str, Any]]:
    """The `delta` objects that carry a piece; `position` counts the tool calls before it."""
    if isinstance(piece, str):
        return [{"content": piece}]
    if isinstance(piece, Reasoning):
        return [{piece.key: piece.text}]
    if isinstance(piece, Refusal):
        return [{"refusal": piece.text}]
    if not isinstance(piece, ToolCall):
        return []
    head: dict[str, Any] = {"id": call_id(record, piece, position), "type": "function"}
    if piece.index != "auto":
        index = {} if piece.index is None else {"index": piece.index}
        function = {"name": piece.name, "arguments": piece.arguments}
        return [{"tool_calls": [{**index, **head, "function": function}]}]
    half = len(piece.arguments) // 2
    parts = [piece.arguments[:half], piece.arguments[half:]]
    first = {"index": position, **head, "function": {"name": piece.name, "arguments": ""}}
    rest = [{"index": position, "function": {"arguments": part}} for part in parts if part]
    return [{"tool_calls": [call]} for call in [first, *rest]]


class AnswerStream(ABC):
    """Writes one answer as server-sent events, piece by piece, at its own pace.

    Args:
        http: The request being answered.
        record: Where progress is noted.
        answer: What is said, and how.
        rate: Tokens per second; 0 for as fast as possible.
        changed: Called after every piece written.
    """

    def __init__(
        self,
        http: web.Request,
        record: Request,
        answer: Answer,
        *,
        rate: float,
        changed: Callable[[], None],
    ) -> None:
        self._http = http
        self._record = record
        self._answer = answer
        self._rate = rate
        self._changed = changed
        self._response = web.StreamResponse()

    @abstractmethod
    async def _begin(self) -> None:
        """Write what comes before the first piece."""

    @abstractmethod
    async def _piece(self, piece: Piece, calls: int) -> None:
        """Write a piece; `calls` counts the tool calls before it."""

    @abstractmethod
    async def _end(self, planned: Plan) -> None:
        """Write what follows the last piece."""

    async def write(self, headers: Mapping[str, str], planned: Plan) -> web.StreamResponse:
        """Write the whole answer and note its outcome in the record.

        Raises:
            ConnectionError: The client has gone.
        """
        response, answer = self._response, self._answer
        response.headers.update(headers)
        response.headers["Content-Type"] = "text/event-stream; charset=utf-8"
        response.headers["Cache-Control"] = "no-cache"
        await response.prepare(self._http)
        self._record.status = 200
        self._changed()
        if answer.first_token_delay:
            await asyncio.sleep(answer.first_token_delay)
        await self._begin()
        if await self._pieces(planned):
            await answer.permitted(len(planned.pieces))
            await self._end(planned)
            self._record.outcome = "finished"
            self._changed()
            await self._response.write_eof()
        return response

    async def _pieces(self, planned: Plan) -> bool:
        """Write the pieces; False when a fault ended the stream."""
        loop = asyncio.get_running_loop()
        started, emitted, calls = loop.time(), 0, 0
        for number, piece in enumerate(planned.pieces):
            emitted += piece_tokens(piece)
            if self._rate:
                await asyncio.sleep(max(0.0, started + emitted / self._rate - loop.time()))
            else:
                # Lets the loop notice a client that has closed its connection.
                await asyncio.sleep(0)
            await self._answer.permitted(number)
            if isinstance(piece, Stall):
                await loop.create_future()
            if isinstance(piece, Cut | EndOfFile):
                await self._break(piece)
                return False
            await self._piece(piece, calls)
            calls += isinstance(piece, ToolCall)
            self._record.deltas_written += 1
            self._record.sent_text += piece if isinstance(piece, str) else ""
            self._changed()
        return True

    async def _break(self, piece: Cut | EndOfFile) -> None:
        self._record.outcome = "cut"
        if isinstance(piece, EndOfFile):
            await self._response.write_eof()
        elif piece.reset:
            reset_connection(self._http)
        else:
            close_connection(self._http)

    async def _data(self, value: Mapping[str, Any]) -> None:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        await self._bytes(b"data: " + text.encode("utf-8", "replace") + b"\n\n")

    async def _bytes(self, data: bytes) -> None:
        start = None
        if self._answer.split_utf8 and not data.isascii():
            start = next((i for i, byte in enumerate(data) if byte >= 0xC0), None)
        if start is not None:
            await self._response.write(data[: start + 1])
            await asyncio.sleep(0)
            data = data[start + 1 :]
        await self._response.write(data)


class EventStream(AnswerStream):
    """An answer as chunks of a chat completion.

    Args:
        envelope: The fields that every chunk repeats.
        wants_usage: Whether the request set `stream_options.include_usage`.
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
        wants_usage: bool,
    ) -> None:
        super().__init__(http, record, answer, rate=rate, changed=changed)
        self._envelope = dict(envelope)
        self._wants_usage = wants_usage and answer.usage != "absent"
        if self._wants_usage:
            self._envelope["usage"] = None

    async def _begin(self) -> None:
        await self._send_chunk({"role": "assistant", "content": "", "refusal": None})

    async def _piece(self, piece: Piece, calls: int) -> None:
        if isinstance(piece, Raw):
            await self._bytes(piece.data)
        elif isinstance(piece, Chunk):
            merged = {**self._envelope, "choices": [], **piece.fields}
            kept = {key: item for key, item in merged.items() if key not in piece.missing}
            await self._data(kept)
        else:
            for delta in delta_chunks(piece, self._record, calls):
                await self._send_chunk(delta)

    async def _end(self, planned: Plan) -> None:
        if planned.finish_reason is not None:
            await self._send_chunk({}, planned.finish_reason)
        if self._wants_usage:
            await self._data({**self._envelope, "choices": [], "usage": self._record.usage})
        if self._answer.done:
            await self._bytes(b"data: [DONE]\n\n")

    async def _send_chunk(self, delta: Mapping[str, Any], finish: str | None = None) -> None:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        await self._data({**self._envelope, "choices": [choice]})


def completion(
    answer: Answer, planned: Plan, record: Request, envelope: Mapping[str, Any]
) -> dict[str, Any]:
    """The `chat.completion` object for a request that did not ask for a stream."""
    pieces = planned.pieces
    text = "".join(piece for piece in pieces if isinstance(piece, str))
    refusal = "".join(piece.text for piece in pieces if isinstance(piece, Refusal))
    calls = [piece for piece in pieces if isinstance(piece, ToolCall)]
    message: dict[str, Any] = {
        "role": "assistant",
        "content": text or (None if calls or refusal else ""),
        "refusal": refusal or None,
        "annotations": [],
    }
    if calls:
        message["tool_calls"] = [
            {
                "id": call_id(record, call, position),
                "type": "function",
                "function": {"name": call.name, "arguments": call.arguments},
            }
            for position, call in enumerate(calls)
        ]
    for piece in pieces:
        if isinstance(piece, Reasoning):
            message[piece.key] = message.get(piece.key, "") + piece.text
    choice = {
        "index": 0,
        "message": message,
        "logprobs": None,
        "finish_reason": planned.finish_reason,
    }
    body = {**envelope, "object": "chat.completion", "choices": [choice]}
    if answer.usage != "absent":
        body["usage"] = record.usage
    return body
