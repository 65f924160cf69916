"""What the engine and a language model say to each other."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from typing import Literal, Protocol

PATCH = 32
"""Pixels; models look at pictures in squares of this size, each of about one token."""

PICTURE_TOKENS = 24
"""Tokens a picture costs beside its squares."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture for the model to look at.

    Attributes:
        media_type: "image/jpeg" or "image/png".
        data: The file.
        width: Pixels.
        height: Pixels.
        detail: How closely the model should look; "low" costs little whatever the size.
    """

    media_type: str
    data: bytes = field(repr=False)
    width: int
    height: int
    detail: Literal["auto", "low"] = "auto"

    @property
    def tokens(self) -> int:
        """About what it costs."""
        return PICTURE_TOKENS + -(-self.width // PATCH) * -(-self.height // PATCH)


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a prompt; `pictures` are for a user's message only and follow its text."""

    role: Literal["system", "user", "assistant"]
    content: str
    pictures: tuple[Picture, ...] = ()


@dataclass(frozen=True, slots=True)
class Recording:
    """Something spoken. `name` has an ending that tells the format, as `media_type` does."""

    name: str
    media_type: str
    data: bytes = field(repr=False)

    @property
    def digest(self) -> str:
        """The same for the same recording."""
        return sha256(self.data).hexdigest()[:16]


class Purpose(StrEnum):
    """What a request is for; replies go before background work when the gate is narrow."""

    REPLY = "reply"
    SUMMARY = "summary"
    CAPTION = "caption"
    """A line about a picture, for when it is no longer shown."""
    TRANSCRIPT = "transcript"
    """What is said in a recording; a question waits for it."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """A request.

    Attributes:
        messages: What the model reads, system prompt first.
        cache_key: The same for all requests of one conversation; routes provider caches.
        user: A salted hash of the person asking, for the provider's abuse checks; may be empty.
        purpose: See `Purpose`.
        max_output_tokens: Limit for this request; None takes the configured one.
        recording: What to write down, for models that hear; they need no messages.
    """

    messages: tuple[Message, ...]
    cache_key: str = ""
    user: str = ""
    purpose: Purpose = Purpose.REPLY
    max_output_tokens: int | None = None
    recording: Recording | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one request as the provider counted them; `prompt` includes cached and written.

    `seconds` of sound, where those are what is paid for.
    """

    prompt: int
    completion: int
    cached: int = 0
    written: int = 0
    reasoning: int = 0
    seconds: float = 0.0


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
                `Finished(FinishReason.CUT, …)`. NoSight for a prompt with pictures that the model
                can't look at.
        """
        ...

    async def close(self) -> None:
        """Release connections."""
        ...
