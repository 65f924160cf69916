"""A Slack adapter that is connected to the simulator, with an inbox that remembers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from adapters.slack import LOOPBACK
from adapters.slack.adapter import HttpMode, SlackAdapter, SocketMode
from adapters.slack.manifest import manifest
from adapters.slack.socket import CONNECTIONS
from adapters.slack.values import Timing
from bot.chat import (
    Author,
    CommandCall,
    CommandReply,
    Followed,
    Incoming,
    MessageRef,
    Overview,
    Removal,
    ThreadKey,
    everywhere,
)
from bot.command_spec import CommandOption, CommandSpec, OptionKind
from bot.errors import StoreError, StoreUnavailable
from bot.stand_ins import MemoryClaims, MemoryNotes
from tests.servers import free_port
from tests.simulators.slack_sim import Channel, Message, SlackSimulator, User
from tests.simulators.slack_sim import Timing as SimTiming

T = TypeVar("T")

QUICK = Timing(
    call=1.5,
    pauses=(0.01, 0.02),
    writer=1.0,
    names=1.0,
    patient_names=1.0,
    status=2.0,
    socket=2.0,
    heartbeat=5.0,
    reconnect=(0.01, 0.05),
    drain=2.0,
    seat=2.0,
    renew=0.1,
    stand_by=0.05,
    body=0.3,
    note=0.02,
    between_pages=0.0,
)
"""Time-outs for tests that provoke them."""

ADDRESS = "https://bobbin.example.com/slack/events"
"""A public address, which makes the manifest one for HTTP mode."""

PATIENT = SimTiming(ack=200.0, trigger=600.0, ticket=600.0)
"""Long enough that a busy machine does not let anything be delivered twice, or lapse."""

HASTY = replace(PATIENT, ack=20.0, redelivery=(0.0, 1.0, 1.0))
"""For tests in which what is not taken is delivered again: it waits for a second."""

COMMANDS = (
    CommandSpec(
        "summary",
        "Sum up this thread",
        (
            CommandOption("share", "Show it to everybody", OptionKind.FLAG),
            CommandOption("focus", "What about"),
        ),
    ),
    CommandSpec("forget", "Erase everything about this thread"),
    CommandSpec("export", "This conversation as a file"),
    CommandSpec("help", "What I can do"),
)


class ToldNotes(MemoryNotes):
    """Notes whose writing is told."""

    def __init__(self, changed: Callable[[], None]) -> None:
        super().__init__()
        self._changed = changed
        self.written = 0

    async def write(self, name: str, text: str) -> None:
        await super().write(name, text)
        self.written += 1
        self._changed()


class ToldClaims(MemoryClaims):
    """Claims whose asking is told."""

    def __init__(self, changed: Callable[[], None]) -> None:
        super().__init__()
        self._changed = changed

    async def claim(self, name: str, seconds: float, holder: str = "") -> float:
        seconds = await super().claim(name, seconds, holder)
        self._changed()
        return seconds


@dataclass
class Counted:
    """A meter that keeps what it is told."""

    changed: Callable[[], None]
    acks: list[float] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    reconnects: list[str] = field(default_factory=list)
    falls: list[str] = field(default_factory=list)

    def acknowledged(self, seconds: float) -> None:
        self.acks.append(seconds)
        self.changed()

    def refused(self, route: str) -> None:
        self.refusals.append(route)
        self.changed()

    def reconnected(self, reason: str) -> None:
        self.reconnects.append(reason)
        self.changed()

    def connected(self, up: bool | None, part: str = "") -> None:
        self.changed()

    def fell_back(self, what: str) -> None:
        self.falls.append(what)
        self.changed()


@dataclass
class RecordingInbox:
    """An inbox that keeps what it is given.

    Attributes:
        failures: Raised by `message`, one each, before anything is taken again.
        edits: Every edit.
        removals: Every deletion.
        gate: `message` waits for it.
        open: Channels that are answered throughout; whoever asks waits for `looked`.
        asking: How many have asked.
        away: So many times `left` fails before it is done.
        replies: What commands answer, the last one over and over.
        remembers: Messages that are remembered of every conversation.
        kept: What `overview` tells; `blind` is raised in its place.
        followed: What `taking_part` finds.
    """

    changed: Callable[[], None]
    commands: Sequence[CommandSpec] = COMMANDS
    notes: ToldNotes = field(init=False)
    followed: Sequence[Followed] = ()
    claims: MemoryClaims = field(init=False)
    meter: Counted = field(init=False)
    away: int = 0
    spaces_left: list[tuple[str, str]] = field(default_factory=list)
    departures: list[tuple[str, str, str, str]] = field(default_factory=list)
    narrowings: list[tuple[str, str, str]] = field(default_factory=list)
    messages: list[Incoming] = field(default_factory=list)
    calls: list[CommandCall] = field(default_factory=list)
    malformed_events: list[str] = field(default_factory=list)
    failures: list[StoreError] = field(default_factory=list)
    replies: list[CommandReply] = field(default_factory=lambda: [CommandReply("done")])
    edits: list[Incoming] = field(default_factory=list)
    removals: list[Removal] = field(default_factory=list)
    gate: asyncio.Event | None = None
    waiting: int = 0
    kept: Overview = field(default_factory=Overview)
    remembers: list[str] = field(default_factory=list[str])
    blind: StoreError | None = None
    outsiders: bool = False
    open: frozenset[str] = frozenset()
    looked: asyncio.Event | None = None
    asking: int = 0
    looked_at: list[tuple[str, str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.meter = Counted(self.changed)
        self.notes = ToldNotes(self.changed)
        self.claims = ToldClaims(self.changed)

    async def message(self, event: Incoming) -> bool:
        if self.gate is not None:
            self.waiting += 1
            self.changed()
            await self.gate.wait()
        try:
            if self.failures:
                raise self.failures.pop()
            self.messages.append(event)
            return True
        finally:
            self.changed()

    async def edited(self, event: Incoming) -> bool:
        await self._change(self.edits, event)
        return False

    async def deleted(self, removal: Removal) -> None:
        await self._change(self.removals, removal)

    async def _change(self, changes: list[T], change: T) -> None:
        try:
            if self.failures:
                raise self.failures.pop()
            changes.append(change)
        finally:
            self.changed()

    async def remembered(self, thread: ThreadKey) -> Sequence[str]:
        return self.remembers

    async def command(self, call: CommandCall) -> CommandReply:
        self.calls.append(call)
        self.changed()
        return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]

    async def overview(self, platform: str, space: str, author: Author) -> Overview:
        self.looked_at.append((platform, space, author.id))
        self.changed()
        if self.blind is not None:
            raise self.blind
        return self.kept

    async def thread_of(self, platform: str, space: str, ref: MessageRef) -> ThreadKey | None:
        raise AssertionError("no conversation on Slack is outside a thread")

    async def answers_all(self, platform: str, space: str, channel: str) -> bool:
        self.asking += 1
        self.changed()
        if self.looked is not None:
            await self.looked.wait()
        return channel in self.open

    async def taking_part(
        self, platform: str, since: float, ours: Callable[[str], bool] = everywhere
    ) -> Sequence[Followed]:
        return [each for each in self.followed if ours(each.thread.space)]

    async def left(self, platform: str, space: str) -> None:
        if self.away:
            self.away -= 1
            raise StoreUnavailable("away")
        self.spaces_left.append((platform, space))
        self.changed()

    async def departed(self, platform: str, space: str, channel: str, user: str) -> None:
        if self.away:
            self.away -= 1
            raise StoreUnavailable("away")
        self.departures.append((platform, space, channel, user))
        self.changed()

    def narrowed(self, platform: str, space: str, channel: str) -> None:
        self.narrowings.append((platform, space, channel))
        self.changed()

    def malformed(self, platform: str, kind: str) -> None:
        self.malformed_events.append(kind)
        self.changed()


@dataclass
class Rig:
    """A workspace with a channel and somebody in it, and the adapter under test."""

    sim: SlackSimulator
    adapter: SlackAdapter
    inbox: RecordingInbox
    room: Channel
    ada: User
    port: int = 0

    async def ready(self) -> None:
        """Wait until what people say is heard."""
        if self.sim.http:
            await self.sim.listened(self.port)
        else:
            await self.sim.connected(CONNECTIONS)

    def start(self) -> asyncio.Task[None]:
        """Let the adapter run."""
        return asyncio.create_task(self.adapter.run(self.inbox))

    async def stop(self, running: asyncio.Task[None]) -> None:
        """End it as the application does."""
        running.cancel()
        await asyncio.wait([running])
        assert running.cancelled()
        await self.adapter.close()
        await self.adapter.close()

    async def until(self, condition: Callable[[], T]) -> T:
        """Wait for something to become true of the inbox or of the simulator."""
        return await self.sim.until(condition)

    async def events(self, count: int) -> list[Incoming]:
        """The messages that came in, once there are this many and all is acknowledged."""
        await self.until(lambda: len(self.inbox.messages) >= count)
        await self.sim.settled()
        assert len(self.inbox.messages) == count
        return list(self.inbox.messages)

    def mention(self, text: str = "hello", **details: Any) -> Message:
        """Ada mentions the bot."""
        return self.sim.say(self.room, self.ada, f"{self.sim.mention} {text}", **details)

    async def mentioned(self, text: str = "hello", **details: Any) -> Incoming:
        """Mention the bot and return what came in."""
        before = len(self.inbox.messages)
        self.mention(text, **details)
        return (await self.events(before + 2))[-1]

    def key(self, root: Message) -> ThreadKey:
        """The conversation of a thread."""
        return ThreadKey("slack", self.sim.workspace.id, root.channel, root.root_ts)


def simulator(**settings: Any) -> SlackSimulator:
    """A simulator that has our own manifest."""
    given: dict[str, Any] = {
        "scale": 20,
        "seed": 7,
        "manifest": manifest(),
        "timing": PATIENT,
        "limits": False,
    }
    return SlackSimulator(**(given | settings))


def rig_of(
    sim: SlackSimulator,
    *,
    timing: Timing = QUICK,
    groups: frozenset[str] = frozenset(),
    **tokens: str,
) -> Rig:
    """A rig at a simulator that listens already; nothing runs yet."""
    room = sim.add_channel("general")
    ada = sim.add_user("Ada Lovelace")
    room.members.append(ada.id)
    inbox = RecordingInbox(sim.state.signal.changed)
    port = free_port() if sim.http else 0
    adapter = adapter_of(sim, port, timing=timing, groups=groups, **tokens)
    return Rig(sim, adapter, inbox, room, ada, port)


def adapter_of(
    sim: SlackSimulator,
    port: int = 0,
    *,
    host: str = LOOPBACK,
    timing: Timing = QUICK,
    groups: frozenset[str] = frozenset(),
    **tokens: str,
) -> SlackAdapter:
    """An adapter for a simulator; in HTTP mode it listens on `port`."""
    environment = sim.environment() | tokens
    mode = (
        HttpMode(environment["SLACK_SIGNING_SECRET"], host, port)
        if sim.http
        else SocketMode(environment["SLACK_APP_TOKEN"])
    )
    token, url = environment["SLACK_BOT_TOKEN"], environment["SLACK_API_URL"]
    return SlackAdapter(token, mode, url, timing, groups=groups)


@asynccontextmanager
async def connected(
    sim: SlackSimulator | None = None,
    timing: Timing = QUICK,
    groups: frozenset[str] = frozenset(),
) -> AsyncIterator[Rig]:
    """A rig that is connected, and ends without a trace."""
    async with sim or simulator() as running_sim:
        rig = rig_of(running_sim, timing=timing, groups=groups)
        running = rig.start()
        try:
            await rig.ready()
            yield rig
        finally:
            await rig.stop(running)
