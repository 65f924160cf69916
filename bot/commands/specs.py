"""The commands that platforms offer, and how they are typed as a message."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bot.chat import CommandOption, CommandSpec, OptionKind

SHARE = CommandOption("share", "Show it to everybody in the thread", OptionKind.FLAG)

COMMANDS: tuple[CommandSpec, ...] = (
    CommandSpec("summary", "Sum up this thread, for your eyes only", (SHARE,)),
    CommandSpec("forget", "Erase everything I keep about this thread"),
    CommandSpec("stop", "End the answer that is being written; its text stays"),
    CommandSpec("usage", "Messages, tokens and cost of this thread so far"),
    CommandSpec("export", "This conversation as a file: Markdown and JSON"),
    CommandSpec("help", "What I can do and how to talk to me"),
)

TITLE = {spec.name: spec.description for spec in COMMANDS}


@dataclass(frozen=True, slots=True)
class Typed:
    """A command found in a message."""

    name: str
    options: Mapping[str, str]
    marked: bool
    """It began with "!" or "/", so that it is meant as a command beyond doubt."""


def typed_command(text: str) -> Typed | None:
    """The command that a whole message consists of, or None.

    "forget", "!forget" and "/summary share" are commands; "forget about the tests" is a message.
    """
    words = text.strip().casefold().split()
    if not words or len(words) > 3:
        return None
    head, *rest = words
    marked = head[0] in "!/"
    name = head[1:] if marked else head
    spec = next((spec for spec in COMMANDS if spec.name == name), None)
    if spec is None:
        return None
    flags = {option.name for option in spec.options if option.kind is OptionKind.FLAG}
    if not set(rest) <= flags:
        return None
    return Typed(name, dict.fromkeys(rest, "true"), marked)
