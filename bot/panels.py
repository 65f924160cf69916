"""Replies with something to press, in words that every platform can show.

A button says by itself all that it stands for, so that it works after a restart and on any process.
It never says who may: that is told by who pressed it, and where.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

LONGEST_ACT = 75
"""Characters of `Button.act`, so that each platform can carry it in a button."""

LONGEST_LABEL = 30
MOST_ENTRIES = 5
MOST_BUTTONS = 5
"""Of one entry, and of a reply."""


class Style(StrEnum):
    """How much a button is in view."""

    PLAIN = "plain"
    MAIN = "main"
    """What most people will want."""
    DANGER = "danger"
    """It can't be undone."""


@dataclass(frozen=True, slots=True)
class Button:
    """Something to press: a command is called, as by its name.

    Attributes:
        label: What stands on it, at most `LONGEST_LABEL` characters.
        command: The command's name.
        act: What the command is to do, in its own words; at most `LONGEST_ACT` characters.
        style: See `Style`.
        thread: The conversation that is meant, as `str(ThreadKey)`; empty for the place where it is
            pressed.
        opens: It is answered with a `Window`.
    """

    label: str
    command: str
    act: str
    style: Style = Style.PLAIN
    thread: str = ""
    opens: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """One of several things in a reply: a few lines of Markdown with what can be done about it."""

    text: str
    buttons: tuple[Button, ...] = ()


@dataclass(frozen=True, slots=True)
class Field:
    """A text to write into a window.

    Attributes:
        name: By which what was written comes back.
        label: One line, at most 45 characters.
        text: What stands in it already.
        most: Characters that it takes.
        long: Of several lines.
        required: It can't be left empty.
    """

    name: str
    label: str
    text: str = ""
    most: int = 1_000
    long: bool = False
    required: bool = True


@dataclass(frozen=True, slots=True)
class Window:
    """Asks for something, at most five fields. Sent off, it calls a command as a button does.

    Attributes:
        title: At most 24 characters.
        submit: What stands on its button.
        command, act, thread: As of a `Button`.
        fields: What is asked.
    """

    title: str
    submit: str
    command: str
    act: str
    fields: tuple[Field, ...]
    thread: str = ""


@dataclass(frozen=True, slots=True)
class Pressed:
    """What a button or window says once it is used."""

    command: str
    act: str
    thread: str = ""


def written(of: Button | Window) -> str:
    """What a button or a window is about, as one line of at most 95 characters."""
    return f"{of.command}:{of.thread or ':::'}:{of.act}"


def read(text: str) -> Pressed:
    """What `written` wrote. Raises ValueError for anything else."""
    parts = text.split(":", 5)
    if len(parts) != 6 or not parts[0]:
        raise ValueError("not from a button of ours")
    command, *thread, act = parts
    if any(thread) and not all(thread):
        raise ValueError("a button names half a conversation")
    return Pressed(command, act, ":".join(thread) if all(thread) else "")
