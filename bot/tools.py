"""Tools that the model may call while it answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from bot.audience import Audience
from bot.chat import Incoming, ThreadKey
from bot.model.port import ToolSpec
from bot.panels import Button


@dataclass(frozen=True, slots=True)
class Notice:
    """What people are told below the answer, since it was done for them.

    Attributes:
        text: One line of Markdown.
        button: To take it back, or what else can be done about it.
        offers: It can be left undone; other buttons come first where there is room for some only.
    """

    text: str
    button: Button | None = None
    offers: bool = False


def tell_nobody(done: Notice) -> None:
    """Nobody is told."""


async def always() -> bool:
    """It stands."""
    return True


@dataclass(frozen=True, slots=True)
class ToolContext:
    """For whom and where a tool is called.

    Attributes:
        turn: Id of the turn, the same for whoever takes it over.
        call: Number among the calls of the turn that ask for the same, from 1.
        thread: The conversation.
        audience: Who reads the answer.
        mail: The messages that are being answered; the newest one's author is who asks.
        asked: Stands for what is asked for: the tool and its arguments.
        tell: Takes what people are told below the answer.
        stands: Whether what is asked for is asked for still; it may have been deleted or forgotten
            meanwhile, of which the turn itself hears a little later. Raises StoreError.
    """

    turn: str
    call: int
    thread: ThreadKey
    audience: Audience
    mail: Sequence[Incoming]
    asked: str = ""
    tell: Callable[[Notice], None] = tell_nobody
    stands: Callable[[], Awaitable[bool]] = always

    @property
    def key(self) -> str:
        """Names this call for good: a successor that makes it again does nothing twice."""
        return f"{self.turn}:{self.asked}:{self.call}"


class Tool(Protocol):
    """Something the model can use."""

    @property
    def spec(self) -> ToolSpec:
        """What the model is told of it."""
        ...

    async def call(self, arguments: Mapping[str, object], context: ToolContext) -> str:
        """Do it, and return what the model is to read.

        Args:
            arguments: Checked against the schema in `spec`.
            context: See `ToolContext`.

        Raises:
            BobbinError: It could not be done; the model is told `user_text`.
        """
        ...
