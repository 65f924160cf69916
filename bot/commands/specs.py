"""The commands that platforms offer, and how they are typed as a message."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.channel import Mention
from bot.chat import EVERYTHING, SURE
from bot.command_spec import CommandOption, CommandSpec, OptionKind
from bot.commands.memory_places import FOR
from bot.options import positional, read_options

SHARE = CommandOption("share", "Show it to everybody in the thread", OptionKind.FLAG)
QUESTION = CommandOption("question", "What you want to know", required=True, rest=True)

MENTION = CommandOption(
    "mention",
    "When I answer without a mention: never, in my conversations, or always",
    OptionKind.CHOICE,
    choices=tuple(Mention),
)
HOURS = CommandOption("hours", "Hours of silence until I wait for a mention again; 0 for never")
RESET = CommandOption("reset", "Back to how I am set up everywhere", OptionKind.FLAG)
PERSONA = CommandOption("persona", "How I should be here, such as a language or a role", rest=True)
MEMORY = CommandOption(
    "memory",
    "Whether I remember by myself what is agreed here, and show what I keep",
    OptionKind.CHOICE,
    choices=("on", "off"),
)
TEXT = CommandOption("text", "How I should be here; off for nothing special", rest=True)

REMEMBERED = CommandOption("text", "One or two sentences, with #tags", required=True, rest=True)
WHOM = CommandOption(
    "for",
    "For whom: here, this thread, this channel, everybody in the server or workspace, or me alone",
    OptionKind.CHOICE,
    choices=FOR,
)
QUERY = CommandOption("query", "Words or #tags to look for; nothing shows all", rest=True)
SOUGHT = CommandOption("query", "What was it about?", required=True, rest=True)
ONE = CommandOption("memory", "One thing that I remember: words of it, or its id", completes=True)
ALL = CommandOption(EVERYTHING, "Everything about you, memories and conversations", OptionKind.FLAG)
CERTAIN = CommandOption(SURE, "At once, without asking again", OptionKind.FLAG)

CODE = CommandOption("code", "The code that your other account was shown")
PROGRAM = CommandOption("name", "What the token is for, such as laptop", rest=True)
OFF = CommandOption("off", "This account is to be linked with no other", OptionKind.FLAG)

COMMANDS: tuple[CommandSpec, ...] = (
    CommandSpec("ask", "Ask me something for yourself; nobody else sees it", (QUESTION,)),
    CommandSpec("summary", "Sum up this thread, for your eyes only", (SHARE,)),
    CommandSpec("remember", "Keep something for later, here or for you alone", (REMEMBERED, WHOM)),
    CommandSpec("memories", "See, correct, share and delete what I remember", (QUERY,)),
    CommandSpec("recall", "Search past conversations that you may read", (SOUGHT,)),
    CommandSpec(
        "forget",
        "Erase what I keep: this thread, one memory, or everything about you",
        (ONE, ALL, CERTAIN),
    ),
    CommandSpec("stop", "End the answer that is being written; its text stays"),
    CommandSpec("leave", "I leave this thread until somebody mentions me again"),
    CommandSpec("usage", "Messages, tokens and cost of this thread so far"),
    CommandSpec("export", "This conversation as a file: Markdown and JSON"),
    CommandSpec(
        "settings",
        "How I behave in this channel; its managers can change it",
        (MENTION, HOURS, MEMORY, RESET, PERSONA),
        managers=True,
    ),
    CommandSpec(
        "persona",
        "How I should be in this channel, such as a language or a role",
        (TEXT,),
        managers=True,
    ),
    CommandSpec("link", "Make several accounts of yours one, by a code", (CODE, OFF)),
    CommandSpec(
        "connect", "Let another program use what I remember for you, by a token", (PROGRAM,)
    ),
    CommandSpec("help", "What I can do and how to talk to me"),
)

IMAGINE = CommandSpec(
    "imagine",
    "Make an image of what you describe",
    (
        CommandOption("prompt", "What it should show", required=True, rest=True),
        CommandOption("only_me", "Show it to nobody else", OptionKind.FLAG),
    ),
)
"""Offered where images are switched on."""


def offered(images: bool) -> tuple[CommandSpec, ...]:
    """The commands of a deployment, with or without images."""
    return (*COMMANDS[:-1], IMAGINE, COMMANDS[-1]) if images else COMMANDS


@dataclass(frozen=True, slots=True)
class Typed:
    """A command found in a message."""

    name: str
    options: Mapping[str, str]
    marked: bool
    """It began with "!" or "/", so that it is meant as a command beyond doubt."""
    unread: str = ""
    """The first word behind a marked command that means nothing."""


def typed_command(text: str, specs: Sequence[CommandSpec] = COMMANDS) -> Typed | None:
    """The command that a whole message consists of, or None.

    "forget", "!forget" and "/summary share" are commands; "forget about the tests" is a message,
    and "!forget about the tests" a command that was not understood. What takes a text to the end
    is a command only when it is marked: "!ask why is the sky blue".
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
    if spoken or (unread and not marked):
        return None
    return Typed(name, options, marked, unread)
