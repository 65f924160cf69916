"""What a workspace holds: plain records, changed only by the simulator."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

ChannelKind = Literal["channel", "group", "im", "mpim"]
JSON = dict[str, Any]


@dataclass(slots=True)
class App:
    """One Slack app: what an app-level token and a set of socket connections belong to.

    ``secret`` signs its requests in HTTP mode; ``request_urls`` are the processes behind its
    Request URL.
    """

    id: str
    name: str
    token: str
    manifest: Mapping[str, Any]
    secret: str = ""
    request_urls: list[str] = field(default_factory=list)
    client_id: str = ""
    client_secret: str = ""

    @property
    def rotates(self) -> bool:
        """Whether its tokens expire."""
        return bool(self.manifest.get("settings", {}).get("token_rotation_enabled"))

    @property
    def http(self) -> bool:
        """Whether events are posted to the app instead of sent over sockets."""
        return not self.manifest.get("settings", {}).get("socket_mode_enabled", True)

    @property
    def events(self) -> frozenset[str]:
        """The subscribed bot events, such as ``message.im``."""
        settings = self.manifest.get("settings", {})
        return frozenset(settings.get("event_subscriptions", {}).get("bot_events", ()))

    @property
    def commands(self) -> dict[str, bool]:
        """Slash commands by name, with their ``should_escape`` flag."""
        entries = self.manifest.get("features", {}).get("slash_commands", ())
        return {entry["command"]: bool(entry.get("should_escape")) for entry in entries}

    @property
    def shortcuts(self) -> dict[str, str]:
        """Shortcut type (``message`` or ``global``) by callback id."""
        entries = self.manifest.get("features", {}).get("shortcuts", ())
        return {entry["callback_id"]: entry["type"] for entry in entries}


@dataclass(slots=True)
class User:
    """A person, a guest, somebody of another company, or a bot."""

    id: str
    team: str
    name: str
    display_name: str
    bot_id: str | None = None
    app_id: str | None = None
    guest: bool = False
    external_team: str | None = None
    admin: bool = False
    org_admin: bool = False
    deleted: bool = False
    tz: str = "Europe/Berlin"

    @property
    def is_bot(self) -> bool:
        """Whether a program writes in this user's name."""
        return self.bot_id is not None

    @property
    def mention(self) -> str:
        """The wire form of a mention."""
        return f"<@{self.id}>"


@dataclass(slots=True)
class Workspace:
    """One team with the app installed in it."""

    id: str
    name: str
    domain: str
    app: App
    bot: User
    token: str
    scopes: frozenset[str]
    enterprise_id: str | None = None
    revoked: bool = False
    refusal: str = "account_inactive"
    installed: bool = True
    whole: bool = False
    refresh: str = ""
    older: list[str] = field(default_factory=list)
    used_refresh: list[str] = field(default_factory=list)
    expired: set[str] = field(default_factory=set)

    @property
    def mention(self) -> str:
        """How people of this workspace mention the app."""
        return self.bot.mention

    @property
    def bot_id(self) -> str:
        """The ``B...`` id of the app's bot."""
        return str(self.bot.bot_id)


@dataclass(slots=True)
class Group:
    """A user group, which people mention as ``@name``."""

    id: str
    team: str
    users: list[str]
    handle: str = ""


@dataclass(slots=True)
class Grant:
    """What somebody agreed to when they installed an app: a code stands for it, once."""

    app: App
    workspaces: list[Workspace]
    scopes: frozenset[str]
    whole: bool
    used: bool = False


@dataclass(slots=True)
class Channel:
    """A conversation of any kind, with its members."""

    id: str
    team: str
    name: str
    kind: ChannelKind
    members: list[str] = field(default_factory=list)
    archived: bool = False
    shared: bool = False

    @property
    def event(self) -> str:
        """The subscription that delivers messages of this conversation."""
        names = {"channel": "channels", "group": "groups", "im": "im", "mpim": "mpim"}
        return f"message.{names[self.kind]}"

    @property
    def scope_prefix(self) -> str:
        """``channels``, ``groups``, ``im`` or ``mpim``, as in scope names."""
        return self.event.removeprefix("message.")


@dataclass(slots=True)
class File:
    """A file: bytes and what Slack says about them.

    ``announced`` is the size it names, when that is a lie; ``fields`` replace others of its object,
    such as ``mode``, ``subtype`` or ``url_private``. Of a ``deleted`` one a tombstone is left.
    """

    id: str
    team: str
    user: str
    name: str
    title: str
    mimetype: str
    data: bytes
    created: int
    stub: bool = False
    upload_path: str | None = None
    uploaded: bool = True
    completed: bool = True
    declared: int | None = None
    announced: int | None = None
    fields: JSON = field(default_factory=dict)
    shares: list[tuple[str, str]] = field(default_factory=list)
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class Version:
    """One state of a message's content; a message keeps all of them.

    ``at`` is simulated seconds since start; ``markdown`` says that ``text`` came as
    ``markdown_text``. ``parse`` and ``link_names`` are what was in force for this version.
    """

    text: str
    at: float
    blocks: tuple[JSON, ...] = ()
    attachments: tuple[JSON, ...] = ()
    metadata: JSON | None = None
    markdown: bool = False
    parse: str = "none"
    link_names: bool = False
    editor: str = ""
    edited_ts: str | None = None

    @property
    def shown(self) -> str:
        """What people read: the Markdown in the blocks if there is any, else the text."""
        markdown = [block["text"] for block in self.blocks if block.get("type") == "markdown"]
        return "\n\n".join(markdown) or self.text


@dataclass(slots=True)
class Stream:
    """The streaming side of a message.

    ``state`` is ``open``, ``stopped`` or ``stopped_by_user``; an open stream is over when the
    clock passes ``ends``.
    """

    recipient: str | None
    ends: float
    state: str = "open"


@dataclass(slots=True, eq=False)
class Message:
    """A message with its whole edit history; newest version last."""

    ts: str
    channel: str
    team: str
    user: str
    versions: list[Version]
    thread_ts: str | None = None
    subtype: str | None = None
    bot_id: str | None = None
    app_id: str | None = None
    username: str | None = None
    by_app: bool = False
    files: list[str] = field(default_factory=list)
    reactions: dict[str, list[str]] = field(default_factory=dict)
    extra: JSON = field(default_factory=dict)
    unfurl_links: bool | None = None
    unfurl_media: bool | None = None
    broadcast: bool = False
    deleted: bool = False
    client_msg_id: str | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    pings: tuple[str, ...] = ()
    unfurled: bool = False
    stream: Stream | None = None

    @property
    def text(self) -> str:
        """What people read in it now, exactly as its author sent it."""
        return self.versions[-1].shown

    @property
    def fallback(self) -> str:
        """What notifications and screen readers get now."""
        return self.versions[-1].text

    @property
    def texts(self) -> list[str]:
        """What people read in every version, oldest first."""
        return [version.shown for version in self.versions]

    @property
    def blocks(self) -> tuple[JSON, ...]:
        """The current blocks."""
        return self.versions[-1].blocks

    @property
    def metadata(self) -> JSON | None:
        """The current metadata, as its author sent it."""
        return self.versions[-1].metadata

    @property
    def root_ts(self) -> str:
        """The thread this message belongs to; its own ts when it stands alone."""
        return self.thread_ts or self.ts

    @property
    def is_reply(self) -> bool:
        """Whether the message lies below another one."""
        return self.thread_ts is not None and self.thread_ts != self.ts


@dataclass(slots=True, eq=False)
class Ephemeral:
    """A message that only one person sees; ``visible`` is False when nobody could see it."""

    ts: str
    channel: str
    user: str
    text: str
    blocks: tuple[JSON, ...] = ()
    thread_ts: str | None = None
    source: str = "chat.postEphemeral"
    visible: bool = True
    replaced: bool = False
    deleted: bool = False


@dataclass(slots=True)
class Status:
    """One value of a thread's status line.

    ``at`` and ``until`` are simulated seconds; ``ended_by`` is ``""`` while it shows, else
    ``app`` (replaced or emptied), ``reply`` or ``timeout``.
    """

    channel: str
    thread_ts: str
    status: str
    at: float
    loading_messages: tuple[str, ...] = ()
    until: float | None = None
    ended_by: str = ""


@dataclass(slots=True)
class Session:
    """An agent session with the history of its states."""

    channel: str
    thread_ts: str
    title: str = ""
    initiator: str | None = None
    history: list[tuple[float, str]] = field(default_factory=list)

    @property
    def status(self) -> str:
        """The current state."""
        return self.history[-1][1] if self.history else "active"


@dataclass(slots=True)
class View:
    """A modal or a Home tab as last written by the app."""

    id: str
    team: str
    user: str
    hash: str
    view: JSON
    history: list[JSON] = field(default_factory=list)
    closed: bool = False


@dataclass(slots=True)
class Trigger:
    """A trigger id: short-lived, good for one view."""

    id: str
    team: str
    user: str
    expires: float
    used: bool = False


@dataclass(frozen=True, slots=True)
class Shown:
    """One thing the user who called a command got to see.

    ``source`` is ``ack`` or ``response_url``; ``ts`` names the message or ephemeral it became,
    and is ``None`` for a pure deletion.
    """

    source: str
    text: str
    response_type: str
    blocks: tuple[JSON, ...] = ()
    replace_original: bool = False
    delete_original: bool = False
    thread_ts: str | None = None
    ts: str | None = None


@dataclass(slots=True, eq=False)
class ResponseUrl:
    """A response_url: five uses, thirty minutes.

    ``original`` is the ts of the message or ephemeral the interaction came from.
    """

    path: str
    team: str
    channel: str
    user: str
    expires: float
    original: str | None = None
    uses: int = 0
    shown: list[Shown] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Ack:
    """An acknowledgement as it came in; ``latency`` is simulated seconds since sending.

    ``connection`` is the number of the socket, or the port that answered a request.
    """

    envelope_id: str
    type: str
    event_id: str | None
    attempt: int
    connection: int
    latency: float
    late: bool
    payload: JSON | None


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP call that arrived. ``status`` is 0 while it runs and when it was dropped."""

    seq: int
    at: float
    method: str
    route: str
    path: Mapping[str, str]
    params: Mapping[str, Any]
    token: str | None
    status: int = 0
    error: str | None = None

    @property
    def api(self) -> str:
        """The Web API method, such as ``chat.postMessage``; empty for other routes."""
        return self.path.get("method", "")
