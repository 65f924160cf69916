"""What the engine and a language model say to each other."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
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
class ToolSpec:
    """A tool as the model is told of it.

    Attributes:
        name: [a-z_]+.
        description: When and how to use it.
        parameters: JSON schema of its arguments, an object that is strict: every property is
            required (one that may be missing allows null) and no others are allowed.
        most: So often it is called for one answer; 0 for as often as the model wants.
    """

    name: str
    description: str
    parameters: Mapping[str, object]
    most: int = 0


@dataclass(frozen=True, slots=True)
class ToolCall:
    """The model wants a tool called; `arguments` is JSON as it wrote it, unchecked."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a prompt.

    Attributes:
        role: "tool" answers the call `call_id` of the assistant's message before.
        content: Text; may be empty in an assistant's message that has `calls`.
        pictures: For a user's message only; they follow its text.
        calls: What the assistant called; a message with the role "tool" follows for each.
        call_id: Of which call this is the result.
        carried: Opaque items that came with the assistant's message and go back with it unchanged,
            such as encrypted reasoning; see `Finished.carried`.
    """

    role: Literal["system", "user", "assistant", "tool"]
    content: str
    pictures: tuple[Picture, ...] = ()
    calls: tuple[ToolCall, ...] = ()
    call_id: str = ""
    carried: tuple[str, ...] = field(default=(), repr=False)


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
        tools: What the model may call; an answer then may end with `FinishReason.TOOLS`.
        may_call: False for a request that is told of the tools only because others of the same
            conversation are, and a provider's cache begins with them.
    """

    messages: tuple[Message, ...]
    cache_key: str = ""
    user: str = ""
    purpose: Purpose = Purpose.REPLY
    max_output_tokens: int | None = None
    recording: Recording | None = None
    tools: tuple[ToolSpec, ...] = ()
    may_call: bool = True


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
    TOOLS = "tools"
    """It wants tools called, and to be asked again with what they said."""


@dataclass(frozen=True, slots=True)
class Finished:
    """The last event of every stream.

    Attributes:
        reason: See `FinishReason`.
        usage: As the provider counted; None if it did not say.
        model: The one that served it, as the provider says.
        calls: Whole calls, with `FinishReason.TOOLS` only.
        carried: For `Message.carried` when the calls' results are sent; JSON, one text per item.
    """

    reason: FinishReason
    usage: Usage | None
    model: str
    calls: tuple[ToolCall, ...] = ()
    carried: tuple[str, ...] = field(default=(), repr=False)


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
