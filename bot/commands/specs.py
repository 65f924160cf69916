"""The commands that platforms offer, and how they are typed as a message."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.chat import CommandOption, CommandSpec, OptionKind

SHARE = CommandOption("share", "Show it to everybody in the thread", OptionKind.FLAG)
QUESTION = CommandOption("question", "What you want to know", required=True, rest=True)

COMMANDS: tuple[CommandSpec, ...] = (
    CommandSpec("ask", "Ask me something for yourself; nobody else sees it", (QUESTION,)),
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


def typed_command(text: str, specs: Sequence[CommandSpec] = COMMANDS) -> Typed | None:
    """The command that a whole message consists of, or None.

    "forget", "!forget" and "/summary share" are commands; "forget about the tests" is a message.
    What takes a text to the end is a command only when it is marked: "!ask why is the sky blue".
    """
    found = re.fullmatch(r"\s*(?P<mark>[!/]?)(?P<name>\w+)(?P<rest>\s.*)?", text, re.DOTALL)
    if found is None:
        return None
    name, marked = found["name"].casefold(), bool(found["mark"])
    spec = next((spec for spec in specs if spec.name == name), None)
    if spec is None:
        return None
    options, unread = read_options(spec, found["rest"] or "")
    spoken = positional(spec) is not None and not marked and bool(options)
    return None if unread or spoken else Typed(name, options, marked)


def positional(spec: CommandSpec) -> CommandOption | None:
    """The option that needs no name in front of it."""
    return next((option for option in spec.options if option.required and option.rest), None)


def read_options(spec: CommandSpec, text: str) -> tuple[dict[str, str], str]:
    """What follows a command's name, as its options; and a word that means nothing.

    Flags are words, other options are written as name=value.
    """
    known = {option.name: option for option in spec.options}
    plain = positional(spec)
    options: dict[str, str] = {}
    for word in re.finditer(r"\S+", text):
        name, equals, value = word[0].partition("=")
        option = known.get(name.casefold())
        if option is None or option is plain or bool(equals) == (option.kind is OptionKind.FLAG):
            if plain is None:
                return options, word[0]
            options[plain.name] = text[word.start() :].strip()
            break
        if option.rest:
            options[option.name] = text[word.start() + len(name) + 1 :].strip()
            break
        options[option.name] = value.casefold() if option.choices else value or "true"
    return options, ""
