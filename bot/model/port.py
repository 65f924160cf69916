"""What the engine and a language model say to each other."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, Protocol


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a prompt."""

    role: Literal["system", "user", "assistant"]
    content: str


class Purpose(StrEnum):
    """What a request is for; replies go before background work when the gate is narrow."""

    REPLY = "reply"
    SUMMARY = "summary"


@dataclass(frozen=True, slots=True)
class Prompt:
    """A request.

    Attributes:
        messages: What the model reads, system prompt first.
        cache_key: The same for all requests of one conversation; routes provider caches.
        user: A salted hash of the person asking, for the provider's abuse checks; may be empty.
        purpose: See `Purpose`.
        max_output_tokens: Limit for this request; None takes the configured one.
    """

    messages: tuple[Message, ...]
    cache_key: str = ""
    user: str = ""
    purpose: Purpose = Purpose.REPLY
    max_output_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one request as the provider counted them; `prompt` includes cached and written."""

    prompt: int
    completion: int
    cached: int = 0
    written: int = 0
    reasoning: int = 0


@dataclass(frozen=True, slots=True)
class TextDelta:
    """The next piece of the answer, never empty."""

    text: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """No answer yet: the request waits (`seconds` at least, as far as known) for its turn."""

    seconds: float
    reason: Literal["busy", "queue"]


class FinishReason(StrEnum):
    """How an answer ended."""

    STOP = "stop"
    LENGTH = "length"
    FILTERED = "filtered"
    CUT = "cut"
    """The connection broke, stalled or ended without a finish after some text had come."""


@dataclass(frozen=True, slots=True)
class Finished:
    """The last event of every stream. `model` is the one that served it, as the provider says."""

    reason: FinishReason
    usage: Usage | None
    model: str


ModelEvent = TextDelta | Waiting | Finished


class Model(Protocol):
    """A language model."""

    @property
    def name(self) -> str:
        """The model's name as configured."""
        ...

    def stream(self, prompt: Prompt) -> AsyncGenerator[ModelEvent, None]:
        """Ask, and yield the answer as it comes; the last event is `Finished`.

        Close the generator (`contextlib.aclosing`) to end the request at once.

        Raises:
            ModelError: Before any text only; after the first text a fault ends the stream with
                `Finished(FinishReason.CUT, …)`.
        """
        ...

    async def close(self) -> None:
        """Release connections."""
        ...
