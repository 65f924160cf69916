"""The world behind the simulator: ids, clock, and every record, with lookups that fail loudly."""

from __future__ import annotations

import asyncio
import hashlib
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from tests.simulators.slack_sim.manifest import DEFAULT_MANIFEST
from tests.simulators.slack_sim.mentions import (
    has_url,
    pings_of_blocks,
    pings_of_text,
)
from tests.simulators.slack_sim.model import (
    App,
    Channel,
    ChannelKind,
    Ephemeral,
    File,
    Grant,
    Group,
    Message,
    ResponseUrl,
    Session,
    Status,
    Trigger,
    User,
    Version,
    View,
    Workspace,
)
from tests.simulators.slack_sim.waiting import Signal


@dataclass(frozen=True, slots=True)
class Timing:
    """Slack's figures in seconds; the simulator's ``scale`` shortens all of them alike."""

    ack: float = 3.0
    redelivery: tuple[float, ...] = (0.0, 60.0, 300.0)
    ping: float = 10.0
    ticket: float = 30.0
    close_after_disconnect: float = 10.0
    trigger: float = 3.0
    response_url: float = 1800.0
    status: float = 120.0
    stream: float = 306.0


class State:
    """All records of a simulated Slack, shared by the parts of the simulator.

    Args:
        scale: simulated seconds per real second.
        seed: seed of every random choice.
        epoch: the Unix second at which message timestamps start.
        timing: delays and life spans.
    """

    def __init__(self, *, scale: float, seed: int, epoch: int, timing: Timing) -> None:
        self.scale = scale
        self.random = random.Random(seed)
        self.timing = timing
        self.signal = Signal()
        self.violations: list[str] = []
        self.apps: dict[str, App] = {}
        self.workspaces: dict[str, Workspace] = {}
        self.channels: dict[str, Channel] = {}
        self.users: dict[str, User] = {}
        self.messages: dict[tuple[str, str], Message] = {}
        self.ephemerals: list[Ephemeral] = []
        self.files: dict[str, File] = {}
        self.views: dict[str, View] = {}
        self.homes: dict[tuple[str, str], View] = {}
        self.token_life = 43_200
        self.grants: dict[str, Grant] = {}
        self.groups: dict[str, Group] = {}
        self.triggers: dict[str, Trigger] = {}
        self.response_urls: dict[str, ResponseUrl] = {}
        self.statuses: list[Status] = []
        self.sessions: dict[tuple[str, str], Session] = {}
        self.titles: dict[tuple[str, str], str] = {}
        self.prompts: dict[tuple[str, str | None], list[dict[str, str]]] = {}
        self.base_url = ""
        self._epoch = epoch
        self._ids = 0
        self._seconds = 0
        self._started: float | None = None
        self._passed = 0.0
        self._timers: dict[asyncio.TimerHandle, tuple[float, Callable[[], None]]] = {}

    # Clock and ids

    def clock(self) -> float:
        """Simulated seconds since the first look at the clock."""
        now = asyncio.get_running_loop().time()
        if self._started is None:
            self._started = now
        return (now - self._started) * self.scale + self._passed

    def pass_time(self, seconds: float) -> None:
        """Let simulated seconds pass at once, with what was to happen in them."""
        self._passed += seconds
        now, waiting = self.clock(), sorted(self._timers.values(), key=lambda timer: timer[0])
        self.cancel_timers()
        for due, happen in waiting:
            self._at(due, now, happen)

    def real(self, seconds: float) -> float:
        """Turn simulated seconds into real ones."""
        return seconds / self.scale

    def later(self, seconds: float, callback: Any, *arguments: Any) -> None:
        """Call something after simulated seconds, unless the simulator stops before."""
        now = self.clock()
        self._at(now + seconds, now, lambda: callback(*arguments))

    def _at(self, due: float, now: float, happen: Callable[[], None]) -> None:
        if due <= now:
            happen()
            return

        def run() -> None:
            del self._timers[handle]
            happen()

        handle = asyncio.get_running_loop().call_later(self.real(due - now), run)
        self._timers[handle] = (due, happen)

    def cancel_timers(self) -> None:
        """Forget everything that was to happen later."""
        for handle in self._timers:
            handle.cancel()
        self._timers.clear()

    def next_id(self, prefix: str) -> str:
        """Return a new id such as ``C00000012``."""
        self._ids += 1
        return f"{prefix}{self._ids:08X}"

    def catch_up(self, unix: float) -> None:
        """Let the next message timestamp be no earlier than that second."""
        self._seconds = max(self._seconds, int(unix) - self._epoch - 1)

    def next_ts(self) -> str:
        """Return a new message timestamp: unique, and greater than all before."""
        self._seconds += 1
        return f"{self._epoch + self._seconds}.{self.random.randrange(1_000_000):06d}"

    @property
    def unix_time(self) -> int:
        """The current second on the clock that message timestamps use."""
        return self._epoch + self._seconds

    def token(self, prefix: str) -> str:
        """Return a new secret, deterministic under the seed."""
        tail = "".join(self.random.choices("abcdefghijklmnopqrstuvwxyz0123456789", k=24))
        return f"{prefix}-{self.random.randrange(10**11)}-{tail}"

    def violate(self, sentence: str) -> None:
        """Record what a correct client should never have done."""
        self.violations.append(sentence)
        self.signal.changed()

    # Making records

    def add_app(self, name: str, manifest: Any = None) -> App:
        """Register an app with its app-level token."""
        app = App(self.next_id("A"), name, self.token("xapp-1"), manifest or DEFAULT_MANIFEST)
        app.secret = hashlib.sha256(app.token.encode()).hexdigest()[:32]
        app.client_secret = hashlib.sha256(app.secret.encode()).hexdigest()[:32]
        app.client_id = f"1234567890.{int(app.id[1:], 16)}"
        self.apps[app.id] = app
        return app

    def add_workspace(
        self, app: App, name: str, *, scopes: frozenset[str], enterprise_id: str | None = None
    ) -> Workspace:
        """Create a workspace and install the app in it."""
        team = self.next_id("T")
        bot = self.add_user(team, app.name, bot=True, app_id=app.id)
        domain = name.lower().replace(" ", "-")
        workspace = Workspace(
            team, name, domain, app, bot, self.token("xoxb"), scopes, enterprise_id
        )
        self.workspaces[team] = workspace
        return workspace

    def add_user(
        self, team: str, name: str, *, bot: bool = False, app_id: str | None = None, **traits: Any
    ) -> User:
        """Create a user; ``traits`` are fields of ``User``."""
        handle = name.lower().replace(" ", ".")
        user = User(
            self.next_id("U"),
            team,
            handle,
            traits.pop("display_name", name),
            bot_id=self.next_id("B") if bot else None,
            app_id=app_id,
            **traits,
        )
        self.users[user.id] = user
        return user

    def add_channel(
        self, team: str, name: str, kind: ChannelKind, members: list[str], *, shared: bool = False
    ) -> Channel:
        """Create a conversation."""
        prefix = {"channel": "C", "group": "C", "im": "D", "mpim": "C"}[kind]
        channel = Channel(self.next_id(prefix), team, name, kind, members, shared=shared)
        self.channels[channel.id] = channel
        return channel

    def add_file(self, team: str, user: str, name: str, data: bytes, mimetype: str) -> File:
        """Store a file."""
        file = File(self.next_id("F"), team, user, name, name, mimetype, data, self.unix_time)
        self.files[file.id] = file
        return file

    def add_message(self, message: Message) -> Message:
        """Store a message; a first reply makes its root a thread."""
        self.messages[message.channel, message.ts] = message
        message.names = self.names(message.team)
        self.note_effects(message)
        if message.is_reply:
            root = self.messages.get((message.channel, str(message.thread_ts)))
            if root is not None:
                root.thread_ts = root.ts
        self.signal.changed()
        return message

    def add_version(self, message: Message, version: Version, *, previews: bool = True) -> None:
        """Append an edit.

        Slack looks for links once, when a message is posted, and never in an edit. What it does
        with those in a stream is not documented: here it makes ``previews`` of them.
        """
        message.versions.append(version)
        self.note_effects(message, previews=previews)
        self.signal.changed()

    def note_effects(self, message: Message, *, previews: bool = True) -> None:
        """Bring ``pings`` and ``unfurled`` up to date with all versions."""
        pings = list(message.pings)
        version = message.versions[-1]
        pings += pings_of_text(
            version.text,
            message.names,
            markdown=version.markdown,
            parse=version.parse,
            link_names=version.link_names,
        )
        pings += pings_of_blocks(version.blocks)
        message.pings = tuple(dict.fromkeys(pings))
        off = message.unfurl_links is False and message.unfurl_media is False
        if previews and not off and has_url(version.text, version.blocks):
            message.unfurled = True

    def new_version(self, text: str, **fields: Any) -> Version:
        """Return a version made now."""
        return Version(text, self.clock(), **fields)

    def copy_version(self, version: Version, **fields: Any) -> Version:
        """Return a changed copy of a version, made now."""
        return replace(version, at=self.clock(), **fields)

    # Finding records

    def names(self, team: str) -> dict[str, str]:
        """Lower-case handles and display names of a team, with user ids."""
        names: dict[str, str] = {}
        for user in self.users.values():
            if user.team == team:
                names[user.name.lower()] = user.id
                names[user.display_name.lower()] = user.id
        return names

    def in_channel(self, channel: str) -> list[Message]:
        """All messages of a conversation that still exist, oldest first."""
        return [m for (c, _), m in self.messages.items() if c == channel and not m.deleted]

    def in_thread(self, channel: str, root_ts: str) -> list[Message]:
        """The root and its replies, oldest first, without deleted ones."""
        return [m for m in self.in_channel(channel) if m.root_ts == root_ts]

    def message(self, channel: str, ts: str) -> Message | None:
        """Return a message that still exists."""
        message = self.messages.get((channel, ts))
        return None if message is None or message.deleted else message

    def workspace_of(self, channel: Channel) -> Workspace:
        """The workspace a conversation belongs to."""
        return self.workspaces[channel.team]

    def installations(self, token: str) -> Iterator[Workspace]:
        """Workspaces whose bot token this is, or was and has not expired."""
        known = (w for w in self.workspaces.values() if token and w.installed)
        return (w for w in known if w.token == token or token in w.older)

    def show_status(self, status: Status) -> None:
        """Put up a status line in place of the one that shows."""
        self.end_status(status.channel, status.thread_ts, "app")
        self.statuses.append(status)
        if status.status:
            self.later(self.timing.status, self._expire_status, status)
        else:
            status.until, status.ended_by = status.at, "app"
        self.signal.changed()

    def end_status(self, channel: str, thread_ts: str, ended_by: str) -> None:
        """Take down the status line of a thread."""
        for status in self.statuses:
            if (status.channel, status.thread_ts) == (channel, thread_ts) and not status.ended_by:
                status.until, status.ended_by = self.clock(), ended_by

    def _expire_status(self, status: Status) -> None:
        if not status.ended_by:
            status.until, status.ended_by = self.clock(), "timeout"
            self.signal.changed()
