"""Streams of a chat completion as OpenAI and its like write them."""

from __future__ import annotations

import json
from typing import Any

ID = "chatcmpl-weavers1"
MODEL = "gpt-6-luna-2026-09-01"


def chunk(**fields: Any) -> dict[str, Any]:
    """One chunk, with what every chunk repeats."""
    return {
        "id": ID,
        "object": "chat.completion.chunk",
        "created": 1732700000,
        "model": MODEL,
        "service_tier": "default",
        "system_fingerprint": "fp_loom",
        "choices": [],
        "usage": None,
        **fields,
    }


def delta(text: str | None = None, finish: str | None = None, **more: Any) -> dict[str, Any]:
    """A chunk with a piece of the answer."""
    fields: dict[str, Any] = dict(more)
    if text is not None:
        fields["content"] = text
    choice = {"index": 0, "delta": fields, "logprobs": None, "finish_reason": finish}
    return chunk(choices=[choice])


USAGE: dict[str, Any] = {
    "prompt_tokens": 2000,
    "completion_tokens": 50,
    "total_tokens": 2050,
    "prompt_tokens_details": {"cached_tokens": 1024, "cache_write_tokens": 0, "audio_tokens": 0},
    "completion_tokens_details": {
        "reasoning_tokens": 20,
        "audio_tokens": 0,
        "accepted_prediction_tokens": 0,
        "rejected_prediction_tokens": 0,
    },
}
TEXTS = ("Four ", "shafts, ", "größer ", "👩‍💻 ", "日本語\n\n", "```py\nx = 1\n```")
ANSWER = (
    delta("", role="assistant", refusal=None),
    *(delta(text) for text in TEXTS),
    delta(finish="stop"),
    chunk(usage=USAGE),
)
ERROR: dict[str, Any] = {
    "error": {
        "message": "Rate limit reached for gpt-6-luna: try again in 1.5s.",
        "type": "requests",
        "param": None,
        "code": "rate_limit_exceeded",
    }
}
OVERFLOW: dict[str, Any] = {
    "error": {
        "message": "This model's maximum context length is 8192 tokens.",
        "type": "invalid_request_error",
        "param": "messages",
        "code": "context_length_exceeded",
    }
}
VALIDATION: dict[str, Any] = {
    "detail": [{"loc": ["body", "messages", 0], "msg": "field required", "type": "missing"}]
}
COMPATIBLE = (
    {"choices": [{"delta": {"content": "no ids"}}]},
    {"choices": None, "usage": None},
    {"id": None, "choices": [{"index": 0, "delta": None, "finish_reason": "eos"}]},
    {"choices": [{"index": 0, "delta": {"reasoning_content": "hm"}}]},
    {"choices": [{"index": 0, "delta": {"tool_calls": [{"id": "a", "function": {}}]}}]},
    {"choices": [{"index": 0, "message": {"role": "assistant", "content": "whole"}}]},
)
"""What servers say that only resemble OpenAI's."""
CHUNKS = (*ANSWER, *COMPATIBLE, ERROR, OVERFLOW, VALIDATION)


def event(value: object) -> bytes:
    """A server-sent event."""
    return b"data: " + json.dumps(value, ensure_ascii=False).encode("utf-8", "replace") + b"\n\n"


DONE = b"data: [DONE]\n\n"
STREAM = b"".join(event(part) for part in ANSWER) + DONE
"""A whole good answer."""


def _said(kind: str, **fields: Any) -> dict[str, Any]:
    return {"type": f"response.{kind}", "sequence_number": 0, **fields}


RESPONSE_USAGE: dict[str, Any] = {
    "input_tokens": 2000,
    "input_tokens_details": {"cached_tokens": 1024, "cache_write_tokens": 0},
    "output_tokens": 50,
    "output_tokens_details": {"reasoning_tokens": 20},
    "total_tokens": 2050,
}
THOUGHT: dict[str, Any] = {
    "id": "rs_1",
    "type": "reasoning",
    "summary": [],
    "encrypted_content": "gAAAA",
}
SPOKEN: dict[str, Any] = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "status": "completed",
    "content": [{"type": "output_text", "text": "".join(TEXTS), "annotations": []}],
}
CALLED: dict[str, Any] = {
    "id": "fc_1",
    "type": "function_call",
    "call_id": "call_1",
    "name": "dice",
    "arguments": '{"sides": 6}',
    "status": "completed",
}
WHOLE: dict[str, Any] = {
    "id": "resp_weavers1",
    "object": "response",
    "status": "completed",
    "model": MODEL,
    "error": None,
    "incomplete_details": None,
    "output": [THOUGHT, SPOKEN, CALLED],
    "usage": RESPONSE_USAGE,
}
RESPONSE = (
    _said("created", response={**WHOLE, "status": "in_progress", "output": [], "usage": None}),
    _said("output_item.added", output_index=0, item=THOUGHT),
    _said("output_item.done", output_index=0, item=THOUGHT),
    _said("output_item.added", output_index=1, item={**SPOKEN, "content": []}),
    *(_said("output_text.delta", output_index=1, content_index=0, delta=text) for text in TEXTS),
    _said("output_item.done", output_index=1, item=SPOKEN),
    _said("output_item.added", output_index=2, item={**CALLED, "arguments": ""}),
    _said("function_call_arguments.delta", output_index=2, delta='{"sides": 6}'),
    _said("output_item.done", output_index=2, item=CALLED),
    _said("completed", response=WHOLE),
)
"""A response that speaks and calls a tool."""
RESPONSE_ENDS = (
    _said("incomplete", response={**WHOLE, "incomplete_details": {"reason": "max_output_tokens"}}),
    _said("failed", response={**WHOLE, "status": "failed", "error": {"code": "server_error"}}),
    {"type": "error", "code": "server_error", "message": "gone", "param": None},
)
RESPONSE_STREAM = b"".join(
    b"event: " + part["type"].encode() + b"\n" + event(part) for part in RESPONSE
)
