"""What is remembered of a conversation: the values that storage, context and engine share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Role = Literal["user", "assistant", "context"]
"""Who speaks: a person, the bot, or (context) somebody before the bot joined the thread."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of an entry's text that stands for an attachment.

    Attributes:
        id: The platform's id of the attachment; empty if there is none.
        length: Characters.
    """

    id: str
    length: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One message of the log.

    Attributes:
        role: See `Role`.
        text: Markdown as it was said, without the speaker's name.
        at: When it was said, seconds since the epoch.
        author_id: The platform's user id; empty for the bot.
        author: The name the model sees, unique within the thread.
        message_ids: Platform messages that hold it (an answer may span several).
        tokens: Estimated tokens of the message as it is sent to the model.
        interrupted: The answer was cut or stopped before its end.
        turn: Id of the turn that stored it.
        model: Which model gave this answer; empty for what people said, and if it is not known.
        edited: When its author last changed it, seconds since the epoch; 0 for never.
        seq: Place in the log, 1-based and rising; 0 before it is stored.
        enclosed: Those of `message_ids` that hold a file instead of text.
        pieces: What `text` ends with, one after the other and a blank line between them. Empty if
            nothing came with the message, or it is not known which part is whose.
    """

    role: Role
    text: str
    at: float
    author_id: str = ""
    author: str = ""
    message_ids: tuple[str, ...] = ()
    tokens: int = 0
    interrupted: bool = False
    turn: str = ""
    model: str = ""
    edited: float = 0.0
    seq: int = 0
    enclosed: tuple[str, ...] = ()
    pieces: tuple[Piece, ...] = ()


@dataclass(frozen=True, slots=True)
class Summary:
    """The rolling summary of everything up to and including log entry `upto`.

    `version` counts the summaries of this thread; compare-and-set goes by it. `made_by` tells
    whether the model wrote it or, when it could not, the extractive fall-back did.
    """

    text: str = ""
    upto: int = 0
    version: int = 0
    made_by: Literal["", "model", "extract"] = ""


@dataclass(frozen=True, slots=True)
class Tally:
    """Token and cost figures, of one turn or added up over a thread.

    `cost_micros` is in millionths of a US dollar, as estimated when the turn was made;
    `unpriced` counts turns whose model has no known price, `estimated` those whose token counts
    are ours and not the provider's.
    """

    turns: int = 0
    prompt: int = 0
    cached: int = 0
    completion: int = 0
    cost_micros: int = 0
    unpriced: int = 0
    estimated: int = 0

    def __add__(self, other: Tally) -> Tally:
        """Both together."""
        return Tally(
            self.turns + other.turns,
            self.prompt + other.prompt,
            self.cached + other.cached,
            self.completion + other.completion,
            self.cost_micros + other.cost_micros,
            self.unpriced + other.unpriced,
            self.estimated + other.estimated,
        )


NO_TALLY = Tally()
NO_SUMMARY = Summary()
