"""What a person sees in a thread, as plain records without any sizes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Align = Literal["left", "center", "right"]


@dataclass(frozen=True, slots=True)
class Run:
    """Words in one style.

    Attributes:
        text: What is read; a newline breaks the line.
        hue: "" for ordinary words, else what they are: a mention, a link, or a part of code.
    """

    text: str
    bold: bool = False
    italic: bool = False
    struck: bool = False
    code: bool = False
    hue: Literal["", "link", "mention", "keyword", "string", "comment", "number"] = ""


Runs = tuple[Run, ...]


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Lines of words; `small` ones are notes in grey."""

    runs: Runs
    small: bool = False


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading; level 1 is the largest of three sizes."""

    level: int
    runs: Runs


@dataclass(frozen=True, slots=True)
class Item:
    """One entry of a list: its mark, how deep it stands (from 0), and what it says."""

    mark: str
    depth: int
    runs: Runs


@dataclass(frozen=True, slots=True)
class Quote:
    """Quoted lines."""

    runs: Runs


@dataclass(frozen=True, slots=True)
class Code:
    """A fenced block; `language` is "" when none is named."""

    language: str
    runs: Runs


@dataclass(frozen=True, slots=True)
class Table:
    """A table; every row has as many cells as the header."""

    header: tuple[Runs, ...]
    rows: tuple[tuple[Runs, ...], ...]
    aligns: tuple[Align, ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """A line across."""


Block = Paragraph | Heading | Item | Quote | Code | Table | Rule


@dataclass(frozen=True, slots=True)
class Button:
    """A control; one without `framed` is an icon or a word that stands by itself."""

    label: str
    style: Literal["plain", "primary", "danger"] = "plain"
    framed: bool = True


@dataclass(frozen=True, slots=True)
class Reaction:
    """An emoji, and how many people chose it."""

    emoji: str
    count: int


@dataclass(frozen=True, slots=True)
class Message:
    """One message as it stands now.

    Attributes:
        author: The name people see.
        app: A program writes in that name.
        at: The time of day beside the name.
        edited: The platform marks it as edited.
        private: Whom alone it is shown to; "" for everybody.
        files: Names of what is attached.
        controls: Rows of buttons under it.
    """

    author: str
    app: bool
    at: str
    blocks: tuple[Block, ...]
    edited: bool = False
    private: str = ""
    files: tuple[str, ...] = ()
    reactions: tuple[Reaction, ...] = ()
    controls: tuple[tuple[Button, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Thread:
    """A thread with the message it hangs on.

    Attributes:
        place: Where it is, for the line on top.
        title: Its name.
        root: The message that it was started from.
        replies: What was said in it, oldest first.
        status: What the bot is seen to do at the moment; "" for nothing.
    """

    place: str
    title: str
    root: Message
    replies: tuple[Message, ...]
    status: str = ""
