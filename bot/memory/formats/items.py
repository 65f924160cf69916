"""What readers find in a file, whatever program wrote it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from bot.memories import Kind, Memory


@dataclass(frozen=True, slots=True)
class Kept:
    """A memory of Bobbin's own, as it was exported. `where` names its place in the file."""

    where: str
    memory: Memory


@dataclass(frozen=True, slots=True)
class Learnt:
    """Something that another program had remembered.

    Attributes:
        where: Its place in the file.
        link: What the other program called it, the same in each of its exports.
        content: Its words, of any length.
        kind: See `Kind`.
        tags: As the other program wrote them.
        subject: Whom or what it is about; may be empty.
        created_at, updated_at, expires_at: Seconds since the epoch, 0 if not known.
    """

    where: str
    link: str
    content: str
    kind: Kind = Kind.NOTE
    tags: tuple[str, ...] = ()
    subject: str = ""
    created_at: float = 0.0
    updated_at: float = 0.0
    expires_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of a conversation; `at` in seconds since the epoch, `model` empty if unknown."""

    role: Literal["user", "assistant"]
    text: str
    at: float
    model: str = ""


@dataclass(frozen=True, slots=True)
class Talk:
    """A conversation with another assistant.

    Attributes:
        where: Its place in the file.
        id: What the other program called it.
        program: Whose assistant answered.
        title: May be empty.
        at: When it began, seconds since the epoch, 0 if not known.
        turns: The branch that was shown last, oldest first.
    """

    where: str
    id: str
    program: str
    title: str
    at: float
    turns: tuple[Turn, ...]


@dataclass(frozen=True, slots=True)
class Broken:
    """A place in the file that cannot be what it should be; `why` is a clause for people."""

    where: str
    why: str


Item = Kept | Learnt | Talk | Broken
