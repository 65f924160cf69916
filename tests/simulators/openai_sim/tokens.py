"""Token counts and the provider's prompt cache, by approximation."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from tests.simulators.openai_sim.answer import Answer, Reasoning, Refusal, ToolCall, Usage
from tests.simulators.openai_sim.catalogue import ModelTraits

PER_MESSAGE = 4
PER_PROMPT = 3
PER_IMAGE = 85
CACHE_MINIMUM = 1024
CACHE_STEP = 128


def text_tokens(text: str) -> int:
    """Four bytes to the token, at least one for any text."""
    return max(1, len(text.encode("utf-8", "replace")) // 4) if text else 0


def _content_tokens(content: Any) -> int:
    if isinstance(content, str):
        return text_tokens(content)
    total = 0
    for part in content or ():
        image = part.get("type") == "image_url"
        total += PER_IMAGE if image else text_tokens(str(part.get(part.get("type"), "")))
    return total


def message_tokens(message: Mapping[str, Any]) -> int:
    """Tokens of one message with its framing."""
    calls = message.get("tool_calls")
    return (
        PER_MESSAGE
        + _content_tokens(message.get("content"))
        + (text_tokens(json.dumps(calls)) if calls else 0)
        + (1 if message.get("name") else 0)
    )


def prompt_tokens(body: Mapping[str, Any]) -> int:
    """Tokens of a whole request: tools, messages and the framing of the reply."""
    tools = body.get("tools")
    listed = text_tokens(json.dumps(tools, separators=(",", ":"))) if tools else 0
    return listed + sum(message_tokens(message) for message in body["messages"]) + PER_PROMPT


def _breakpoints(message: Mapping[str, Any]) -> bool:
    content = message.get("content")
    return isinstance(content, list) and any(
        part.get("prompt_cache_breakpoint") for part in content
    )


def _as_read(message: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the model reads of a message: text parts are one text, breakpoints are not read."""
    content = message.get("content")
    if not isinstance(content, list) or any(part.get("type") != "text" for part in content):
        return message
    return {**message, "content": "".join(part["text"] for part in content)}


class PromptCache:
    """Remembers prompts and says how much of a new one it has seen as an exact prefix.

    Models before gpt-5.6 cache in steps of 128 tokens from 1024 on and write for free; later ones
    cache up to a breakpoint (the end of the newest message, and explicit ones) and bill the write.
    Entries never expire here; a new simulator starts empty.
    """

    def __init__(self) -> None:
        self._prompts: dict[tuple[str, str], list[list[bytes]]] = {}
        self._prefixes: dict[tuple[str, str], set[bytes]] = {}

    def use(self, body: Mapping[str, Any], traits: ModelTraits) -> tuple[int, int]:
        """Look the prompt up and remember it; returns tokens (read from cache, written to it)."""
        key = (traits.id, str(body.get("prompt_cache_key") or ""))
        head = json.dumps(body.get("tools"), sort_keys=True).encode()
        segments = [head] + [
            json.dumps(_as_read(message), sort_keys=True).encode() for message in body["messages"]
        ]
        sizes = [text_tokens(head.decode()) if body.get("tools") else 0]
        sizes += [message_tokens(message) for message in body["messages"]]
        if traits.cache_breakpoints:
            return self._use_breakpoints(key, body, segments, sizes)
        return self._use_steps(key, segments, sizes), 0

    def _use_steps(self, key: tuple[str, str], segments: list[bytes], sizes: Sequence[int]) -> int:
        known = self._prompts.setdefault(key, [])
        best = max((_shared(segments, sizes, earlier) for earlier in known), default=0)
        known.append(segments)
        return best // CACHE_STEP * CACHE_STEP if best >= CACHE_MINIMUM else 0

    def _use_breakpoints(
        self,
        key: tuple[str, str],
        body: Mapping[str, Any],
        segments: list[bytes],
        sizes: Sequence[int],
    ) -> tuple[int, int]:
        known = self._prefixes.setdefault(key, set())
        explicit = (body.get("prompt_cache_options") or {}).get("mode") == "explicit"
        digest = hashlib.sha256()
        total = cached = end = 0
        fresh: list[bytes] = []
        for number, (segment, size) in enumerate(zip(segments, sizes, strict=True)):
            digest.update(len(segment).to_bytes(8, "big") + segment)
            total += size
            prefix = digest.digest()
            if prefix in known and total >= CACHE_MINIMUM:
                cached = total
            last = number == len(segments) - 1
            marked = number > 0 and _breakpoints(body["messages"][number - 1])
            if total >= CACHE_MINIMUM and (marked or (last and not explicit)):
                fresh.append(prefix)
                end = total
        known.update(fresh)
        return cached, max(0, end - cached)


def _shared(segments: list[bytes], sizes: Sequence[int], earlier: list[bytes]) -> int:
    """Tokens of the common prefix of two prompts; the message where they part counts by bytes."""
    total = 0
    for segment, size, other in zip(segments, sizes, earlier, strict=False):
        if segment != other:
            same = next(
                (i for i, (a, b) in enumerate(zip(segment, other, strict=False)) if a != b),
                min(len(segment), len(other)),
            )
            return total + min(size, same // 4)
        total += size
    return total


def completion_tokens(answer: Answer) -> int:
    """Tokens of a whole answer, hidden reasoning included."""
    total = answer.reasoning_tokens
    for piece in answer.pieces:
        if isinstance(piece, str):
            total += text_tokens(piece)
        elif isinstance(piece, Reasoning | Refusal):
            total += text_tokens(piece.text)
        elif isinstance(piece, ToolCall):
            total += text_tokens(piece.name + piece.arguments)
    return total


def usage_block(counts: Usage) -> dict[str, Any]:
    """The `usage` object of an answer."""
    return {
        "prompt_tokens": counts.prompt,
        "completion_tokens": counts.completion,
        "total_tokens": counts.prompt + counts.completion,
        "prompt_tokens_details": {
            "cached_tokens": counts.cached,
            "cache_write_tokens": counts.written,
            "audio_tokens": 0,
        },
        "completion_tokens_details": {
            "reasoning_tokens": counts.reasoning,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }
