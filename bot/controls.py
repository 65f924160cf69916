"""What an answer carries beside its text: its controls, and whether it is still being written."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from bot.panels import Button


class Action(StrEnum):
    """What people can do with an answer."""

    STOP = "stop"
    """End it while it is being written; its text stays."""
    REGENERATE = "regenerate"
    """Answer the same question again, in the same place."""
    CONTINUE = "continue"
    """Go on where the answer was cut."""
    GOOD = "good"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Presentation:
    """How a message of an answer is shown; each edit replaces all of it.

    Attributes:
        turn: Id of the answer's turn, which the platform hands back when somebody uses a control.
        actions: The controls under the message, in order.
        streaming: More of the answer is to come.
        buttons: Below the controls, each by itself, as under other replies.
    """

    turn: str = ""
    actions: tuple[Action, ...] = ()
    streaming: bool = False
    buttons: tuple[Button, ...] = ()


PLAIN = Presentation()
"""Text and nothing else."""
