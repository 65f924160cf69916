"""A command as people see it: its name, its options, who may call it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class OptionKind(StrEnum):
    """What a command's option takes."""

    TEXT = "text"
    FLAG = "flag"
    CHOICE = "choice"


@dataclass(frozen=True, slots=True)
class CommandOption:
    """An argument of a command.

    Attributes:
        name: As it is given.
        description: One line.
        kind: What it takes.
        required: The command can't be called without it.
        choices: The values of a `CHOICE`.
        completes: What is being typed in it can be completed, see `bot.inbox.Inbox.complete`.
        rest: Where a command is typed, its value goes on to the end. The first option needs no
            name in front then: "/ask why is the sky blue".
    """

    name: str
    description: str
    kind: OptionKind = OptionKind.TEXT
    required: bool = False
    choices: tuple[str, ...] = ()
    rest: bool = False
    completes: bool = False


@dataclass(frozen=True, slots=True)
class Completion:
    """What an option that is being typed may mean: how it reads, and what is given for it."""

    label: str
    value: str


@dataclass(frozen=True, slots=True)
class CommandSpec:
    """A command as people see it.

    Attributes:
        name: Without a slash.
        description: One line.
        options: What it takes.
        managers: For those who look after a place; a platform that can hides it from others.
    """

    name: str
    description: str
    options: tuple[CommandOption, ...] = ()
    managers: bool = False
