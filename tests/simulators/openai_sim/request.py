"""What arrived at the simulator, and what became of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from tests.simulators.openai_sim.messages_of import as_messages
from tests.simulators.openai_sim.pictures import Picture, fault_in, picture_of

RESPONSES = "/v1/responses"

Outcome = Literal["open", "answered", "finished", "cut", "disconnected", "refused", "stopped"]


@dataclass(frozen=True, slots=True)
class Message:
    """A message of a prompt.

    `text` joins the text parts, `images` counts the `pictures`, `calls` are those of an assistant
    as pairs of a tool's name and its arguments, and `call_id` is the one that a result belongs to.
    """

    role: str
    text: str
    name: str | None = None
    pictures: tuple[Picture, ...] = ()
    calls: tuple[tuple[str, str], ...] = ()
    call_id: str = ""

    @property
    def images(self) -> int:
        """How many pictures it has."""
        return len(self.pictures)


def _message(raw: Mapping[str, Any]) -> Message:
    content = raw.get("content")
    parts: list[Any] = content if isinstance(content, list) else []
    texts = [str(part.get("text") or part.get("refusal") or "") for part in parts]
    return Message(
        role=str(raw.get("role")),
        text=content if isinstance(content, str) else "\n".join(text for text in texts if text),
        name=raw.get("name"),
        pictures=tuple(_pictures(parts)),
        calls=tuple(_calls(raw)),
        call_id=str(raw.get("tool_call_id") or ""),
    )


def _calls(raw: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for call in raw.get("tool_calls") or ():
        function = call.get("function") or {}
        yield str(function.get("name")), str(function.get("arguments"))


def _pictures(parts: list[Any]) -> Iterator[Picture]:
    for part in parts:
        image = part.get("image_url")
        if isinstance(image, dict) and fault_in(str(image.get("url"))) is None:
            yield picture_of(part)


@dataclass(eq=False, slots=True)
class Request:
    """One call, in the order of arrival. Only the simulator changes it.

    Attributes:
        at: Loop time of arrival.
        route: The path without variable parts, e.g. "/v1/models/{id}".
        body: The decoded JSON, or None when there was none or it was broken.
        token: The API key it came with.
        status: The status answered; 0 as long as nothing was.
        outcome: "open" while it is being answered; "answered" after a plain response, "finished"
            after a whole stream, "cut" by a scripted fault, "disconnected" when the client left
            first, "refused" for every error status, "stopped" by the simulator's own stop.
        deltas_written: Pieces of the answer that went out.
        sent_text: The text that went out.
        prompt_tokens: As the simulator counts them.
        usage: The usage block of the answer, also when the client did not ask for it.
    """

    seq: int
    at: float
    method: str
    route: str
    params: Mapping[str, str]
    headers: Mapping[str, str]
    body: dict[str, Any] | None
    token: str | None
    status: int = 0
    outcome: Outcome = "open"
    deltas_written: int = 0
    sent_text: str = ""
    prompt_tokens: int = 0
    usage: dict[str, Any] | None = None
    messages: tuple[Message, ...] = field(default=(), init=False)

    def __post_init__(self) -> None:
        body = self.body or {}
        raw = as_messages(body) if self.route == RESPONSES else body.get("messages")
        if isinstance(raw, list) and all(isinstance(item, dict) for item in raw):
            self.messages = tuple(_message(item) for item in raw)

    @property
    def tools(self) -> tuple[str, ...]:
        """The names of the tools that were offered."""
        listed = (self.body or {}).get("tools") or ()
        return tuple(str((tool.get("function") or tool).get("name")) for tool in listed)

    @property
    def results(self) -> list[str]:
        """What the tools have said."""
        return self.texts("tool")

    @property
    def model(self) -> str:
        """The model asked for."""
        return str((self.body or {}).get("model", ""))

    @property
    def stream(self) -> bool:
        """Whether the answer shall be streamed."""
        return bool((self.body or {}).get("stream"))

    def texts(self, *roles: str) -> list[str]:
        """The texts of the messages with one of these roles, of all messages without any."""
        return [item.text for item in self.messages if not roles or item.role in roles]

    @property
    def pictures(self) -> list[Picture]:
        """Every picture in the prompt."""
        return [picture for message in self.messages for picture in message.pictures]

    @property
    def system_text(self) -> str:
        """All system and developer messages, joined by line ends."""
        return "\n".join(self.texts("system", "developer"))

    @property
    def last_user_text(self) -> str:
        """The newest user message, "" without one."""
        return (self.texts("user") or [""])[-1]

    @property
    def text(self) -> str:
        """Everything the model reads, joined by line ends."""
        return "\n".join(self.texts())


@dataclass(frozen=True, slots=True)
class Disconnect:
    """A client closed its connection before its answer had ended."""

    request: Request
    deltas_written: int
