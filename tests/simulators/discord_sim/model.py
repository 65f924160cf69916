"""What exists in a simulated Discord: people, places, messages, and the calls that arrived."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any


class ChannelType(IntEnum):
    """Kinds of channels."""

    TEXT = 0
    DM = 1
    GROUP_DM = 3
    VOICE = 2
    ANNOUNCEMENT = 5
    ANNOUNCEMENT_THREAD = 10
    PUBLIC_THREAD = 11
    PRIVATE_THREAD = 12
    STAGE = 13
    FORUM = 15
    MEDIA = 16


THREADS = frozenset(
    {ChannelType.ANNOUNCEMENT_THREAD, ChannelType.PUBLIC_THREAD, ChannelType.PRIVATE_THREAD}
)
POSTS = frozenset({ChannelType.FORUM, ChannelType.MEDIA})

DEFAULT = 0
REPLY = 19
SLASH_RESPONSE = 20
THREAD_STARTER = 21
ORDINARY = frozenset({DEFAULT, REPLY, SLASH_RESPONSE, 23})

SUPPRESS_EMBEDS = 1 << 2
HAS_THREAD = 1 << 5
EPHEMERAL = 1 << 6
LOADING = 1 << 7
SUPPRESS_NOTIFICATIONS = 1 << 12
VOICE_MESSAGE = 1 << 13
HAS_SNAPSHOT = 1 << 14
COMPONENTS_V2 = 1 << 15

_CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)
_URL = re.compile(r"(?<!<)https?://[^\s<>]+\.[^\s<>]+")


def outside_code(text: str) -> str:
    """Return the text without its code spans and blocks."""
    return _CODE.sub(" ", text)


@dataclass(slots=True, eq=False, repr=False)
class User:
    """Somebody with an account."""

    id: int
    name: str
    display_name: str | None = None
    bot: bool = False

    def __repr__(self) -> str:
        return f"<User {self.id} {self.name}>"

    @property
    def mention(self) -> str:
        """The text that mentions this user."""
        return f"<@{self.id}>"

    @property
    def shown(self) -> str:
        """The name people see."""
        return self.display_name or self.name


@dataclass(slots=True, eq=False)
class Role:
    """A role; ``bot_id`` is set on the managed role of a bot."""

    id: int
    name: str
    permissions: int
    bot_id: int | None = None
    mentionable: bool = False

    @property
    def mention(self) -> str:
        """The text that mentions this role."""
        return f"<@&{self.id}>"


@dataclass(slots=True, eq=False, repr=False)
class Guild:
    """A server. ``members`` maps user ids to the ids of their roles (without @everyone)."""

    id: int
    name: str
    owner_id: int
    roles: dict[int, Role] = field(default_factory=dict)
    members: dict[int, set[int]] = field(default_factory=dict)
    nicks: dict[int, str] = field(default_factory=dict)
    gone: bool = False

    def __repr__(self) -> str:
        return f"<Guild {self.id} {self.name}>"


@dataclass(slots=True, eq=False, repr=False)
class Channel:
    """A channel, thread or direct message channel.

    ``overwrites`` maps a user or role id to the (allowed, denied) permission bits; ``people`` are
    those who talk to each other in private, without the bot; ``threads_archive`` is after how many
    minutes people's clients have its threads archived, if somebody has set that; ``unready`` is how
    many more posts are refused because the first message of a forum post is not there yet.
    """

    id: int
    type: ChannelType
    name: str
    guild: Guild | None = None
    parent: Channel | None = None
    recipient: User | None = None
    people: tuple[User, ...] = ()
    owner_id: int | None = None
    source: Message | None = None
    overwrites: dict[int, tuple[int, int]] = field(default_factory=dict)
    messages: dict[int, Message] = field(default_factory=dict)
    members: set[int] = field(default_factory=set)
    archived: bool = False
    locked: bool = False
    auto_archive: int = 4320
    threads_archive: int | None = None
    slowmode: int = 0
    unready: int = 0
    deleted: bool = False

    def __repr__(self) -> str:
        return f"<Channel {self.id} {self.name} {self.type.name}>"

    @property
    def is_thread(self) -> bool:
        """Whether this is any kind of thread."""
        return self.type in THREADS

    @property
    def mention(self) -> str:
        """The text that links to this channel."""
        return f"<#{self.id}>"


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as it was sent."""

    filename: str
    data: bytes
    content_type: str | None = None


@dataclass(slots=True, eq=False)
class Attachment:
    """A file on a message.

    ``announced`` is the size that its payload names, when that is a lie; ``elsewhere`` the address
    it names, when that is not Discord's own. Voice messages have ``seconds``.
    """

    id: int
    filename: str
    data: bytes
    content_type: str | None = None
    description: str | None = None
    announced: int | None = None
    elsewhere: str | None = None
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Version:
    """What a message said at some time.

    Attributes:
        at: event loop time in real seconds.
        content: the plain content.
        shown: the content and the text of all components.
        flags: message flags.
        components: components as sent.
        pings: mentions this version may notify: ``<@id>``, ``<@&id>``, ``@everyone``, ``@here``.
    """

    at: float
    content: str
    shown: str
    flags: int
    components: tuple[Any, ...]
    pings: frozenset[str]

    @property
    def unfurled(self) -> bool:
        """Whether a link preview would be shown."""
        return not self.flags & SUPPRESS_EMBEDS and bool(_URL.search(outside_code(self.shown)))


@dataclass(slots=True, eq=False, repr=False)
class Message:
    """A message with everything it ever said; the last version is what is shown."""

    id: int
    channel: Channel
    author: User
    type: int
    versions: list[Version]
    attachments: list[Attachment] = field(default_factory=list)
    embeds: list[dict[str, Any]] = field(default_factory=list)
    stickers: list[dict[str, Any]] = field(default_factory=list)
    mentions: list[User] = field(default_factory=list)
    mention_roles: list[int] = field(default_factory=list)
    mention_everyone: bool = False
    reply_to: Message | None = None
    snapshot: Message | None = None
    webhook_id: int | None = None
    edited_at: str | None = None
    nonce: str | int | None = None
    reactions: dict[str, set[int]] = field(default_factory=dict)
    poll: dict[str, Any] | None = None
    interaction: dict[str, Any] | None = None
    seen_by: User | None = None
    thread: Channel | None = None
    deleted: bool = False

    def __repr__(self) -> str:
        return f"<Message {self.id} {self.author.name}: {self.content[:60]!r}>"

    @property
    def content(self) -> str:
        """The present content."""
        return self.versions[-1].content

    @property
    def flags(self) -> int:
        """The present flags."""
        return self.versions[-1].flags | (HAS_THREAD if self.thread else 0)

    @property
    def components(self) -> tuple[Any, ...]:
        """The present components."""
        return self.versions[-1].components

    @property
    def history(self) -> list[str]:
        """Every content the message had, oldest first."""
        return [version.content for version in self.versions]

    @property
    def pings(self) -> set[str]:
        """Every mention any version may have notified."""
        return {ping for version in self.versions for ping in version.pings}

    @property
    def unfurled(self) -> bool:
        """Whether any version showed a link preview."""
        return any(version.unfurled for version in self.versions)

    @property
    def ephemeral(self) -> bool:
        """Whether only one user sees the message."""
        return bool(self.flags & EPHEMERAL)

    @property
    def loading(self) -> bool:
        """Whether the message still shows that the application is thinking."""
        return bool(self.flags & LOADING)


@dataclass(frozen=True, slots=True)
class Request:
    """A call of the REST API; ``status`` is 0 while it is not answered.

    Attributes:
        seq: 1 for the first call.
        at: event loop time of arrival.
        route: method and path template, such as ``POST /channels/{channel_id}/messages``.
        path: path parameters.
        token: what the Authorization header carried, without ``Bot``.
    """

    seq: int
    at: float
    method: str
    route: str
    path: Mapping[str, str]
    query: Mapping[str, str]
    body: Any
    files: tuple[Upload, ...]
    token: str | None
    status: int = 0


@dataclass(frozen=True, slots=True)
class Typing:
    """A typing indicator that somebody switched on."""

    user: User
    channel: Channel
    at: float


@dataclass(frozen=True, slots=True)
class Dispatch:
    """A gateway event before it is given to sessions.

    Attributes:
        bare: the payload for sessions without the message content intent, when it differs.
        intent: the intent a session needs (any bit of it), 0 when none is needed.
    """

    name: str
    payload: dict[str, Any]
    guild_id: int | None
    intent: int
    bare: dict[str, Any] | None = None
