"""What the rest of the adapter knows about Discord's objects: frozen, plain, without the SDK."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from bot.attached import Attachment

PLATFORM = "discord"
DIRECT_SPACE = "@me"
"""Stands for the server in the keys of direct messages."""


class Kind(StrEnum):
    """What a channel is good for."""

    TEXT = "text"
    """Ordinary or announcement channel: threads can be started from its messages."""
    THREAD = "thread"
    """A thread or forum post."""
    DIRECT = "direct"
    OTHER = "other"
    """Text of a voice or stage channel, or unknown: answers go in place."""


@dataclass(frozen=True, slots=True)
class Place:
    """A channel.

    Attributes:
        id: Channel id.
        kind: See `Kind`.
        space: Server id, `DIRECT_SPACE` in direct messages.
        parent: The channel that holds the thread; empty for anything but threads.
        owner: Who started the thread; empty when unknown.
        title: The thread's name.
        private: A thread that only those see who were invited to it.
    """

    id: str
    kind: Kind
    space: str
    parent: str = ""
    owner: str = ""
    title: str = ""
    private: bool = False


@dataclass(frozen=True, slots=True)
class Writer:
    """Who wrote a message.

    Attributes:
        id: User id.
        name: As shown in that place.
        is_bot: Another program; webhooks count too.
        is_admin: Looks after the server or its threads.
        is_webhook: No account at all, and nobody to answer.
        roles: Ids of the roles in the server; the one that everybody has is left out.
    """

    id: str
    name: str
    is_bot: bool = False
    is_admin: bool = False
    is_webhook: bool = False
    roles: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Names:
    """What the ids in a message are called: users, roles and channels by id."""

    users: Mapping[str, str] = field(default_factory=dict[str, str])
    roles: Mapping[str, str] = field(default_factory=dict[str, str])
    channels: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Quoted:
    """A message that another one answers. `text` is decoded already."""

    id: str
    writer: Writer | None
    text: str
    attached: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True)
class Seen:
    """A message as it came.

    Attributes:
        id: Message id, a snowflake.
        place: Where it physically is.
        writer: Its author.
        text: Raw content.
        names: How to show the ids in the content.
        at: Seconds since the epoch.
        mentions_bot: By user mention or by the bot's own role, or by a reply that notifies it.
        system: Written by Discord itself (pins, joins, thread starters, ...).
        answers: The message it replies to; forwards are not replies.
        forwarded: Texts of forwarded messages, decoded.
        attached: Files, those of forwarded messages as well.
        extras: Stickers, previews and polls in words.
        edited: When it was last edited, seconds since the epoch; 0 for never.
    """

    id: str
    place: Place
    writer: Writer
    text: str
    names: Names
    at: float
    mentions_bot: bool = False
    system: bool = False
    answers: Quoted | None = None
    forwarded: tuple[str, ...] = ()
    attached: tuple[Attachment, ...] = ()
    extras: tuple[str, ...] = ()
    edited: float = 0.0


@dataclass(frozen=True, slots=True)
class Own:
    """Who we are: the bot's user id and its own (managed) role in the server at hand."""

    user: str
    role: str = ""
