"""A Discord adapter that is connected to the simulator, with an inbox that remembers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from adapters.discord.adapter import DiscordAdapter, redirect
from adapters.discord.calls import Timing
from bot.chat import (
    CommandCall,
    CommandReply,
    Followed,
    Incoming,
    MessageRef,
    Removal,
    Spot,
    ThreadKey,
    everywhere,
)
from bot.command_spec import CommandOption, CommandSpec, OptionKind
from bot.errors import StoreError, StoreUnavailable
from bot.stand_ins import RecordingMeter
from tests.simulators.discord_sim import Channel, DiscordSimulator, Guild, Message, User

T = TypeVar("T")

QUICK = Timing(
    call=3.0,
    attempt=1.0,
    thread=1.0,
    pauses=(0.01, 0.02),
    keep=(0.01, 0.02),
    reconnect=(0.01, 0.05),
    drain=2.0,
    look=1.0,
    look_again=0.01,
    between_pages=0.0,
    identify=0.0,
    unknown=0.1,
    handover=0.5,
    poll=0.02,
    catch_up=2.0,
)
"""Time-outs for tests that provoke them."""

COMMANDS = (
    CommandSpec(
        "summary",
        "Sum up this thread",
        (
            CommandOption("share", "Show it to everybody", OptionKind.FLAG),
            CommandOption("focus", "What about"),
        ),
    ),
    CommandSpec("export", "This conversation as a file"),
)


class SharedClaims:
    """Claims of several adapters in one process, by the event loop's clock.

    Attributes:
        held: Until when a name is held, and by whom.
        until: When a rate is used up.
        away: The store does not answer.
        late: What the answer to the next claim waits for, once that is carried out.
        changed: Called when somebody takes or keeps a name.
    """

    def __init__(self, changed: Callable[[], None] = lambda: None) -> None:
        self.changed = changed
        self.held: dict[str, tuple[float, str]] = {}
        self.until: dict[str, float] = {}
        self.away = False
        self.late: asyncio.Event | None = None

    def of(self, process: str) -> ProcessClaims:
        """The claims as one process sees them."""
        return ProcessClaims(self, process)

    def holder(self, name: str) -> str:
        """Who holds a name now, empty for nobody."""
        until, holder = self.held.get(name, (0.0, ""))
        return holder.partition("/")[0] if until > asyncio.get_running_loop().time() else ""


@dataclass
class ProcessClaims:
    """`bot.chat.Claims` of one process."""

    shared: SharedClaims
    process: str

    def _check(self) -> float:
        if self.shared.away:
            raise StoreUnavailable("the test's store is away")
        return asyncio.get_running_loop().time()

    async def claim(self, name: str, seconds: float, holder: str = "") -> float:
        now, me = self._check(), f"{self.process}/{holder}"
        until, other = self.shared.held.get(name, (0.0, me))
        if until > now and other != me:
            return until - now
        self.shared.held[name] = (now + seconds, me)
        self.shared.changed()
        late, self.shared.late = self.shared.late, None
        if late is not None:
            await late.wait()
        return 0.0

    async def release(self, name: str, holder: str = "") -> None:
        self._check()
        if self.shared.held.get(name, (0.0, ""))[1] == f"{self.process}/{holder}":
            del self.shared.held[name]

    async def spend(self, name: str, burst: int, seconds: float) -> float:
        now = self._check()
        used = max(now, self.shared.until.get(name, 0.0))
        wait = used - now - (burst - 1) * seconds
        if wait > 0:
            return wait
        self.shared.until[name] = used + seconds
        return 0.0


class CountingMeter(RecordingMeter):
    """`bot.chat.Meter` that keeps what it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.waits: list[float] = []
        self.refusals: list[str] = []
        self.reasons: list[str] = []
        self.invalid_statuses: list[int] = []
        self.latencies: list[float] = []

    def acknowledged(self, seconds: float) -> None:
        self.waits.append(seconds)

    def refused(self, route: str) -> None:
        self.refusals.append(route)

    def invalid(self, status: int) -> None:
        self.invalid_statuses.append(status)

    def latency(self, seconds: float, part: str = "") -> None:
        self.latencies.append(seconds)

    def reconnected(self, reason: str) -> None:
        self.reasons.append(reason)


class MemoryNotes:
    """Notes that last as long as the test.

    Attributes:
        together: So many replace one before any of them goes on.
    """

    def __init__(self, changed: Callable[[], None] = lambda: None) -> None:
        self.texts: dict[str, str] = {}
        self.changed = changed
        self.together = 0
        self._waiting = asyncio.Event()

    async def read(self, name: str) -> str | None:
        return self.texts.get(name)

    async def write(self, name: str, text: str) -> None:
        self.texts[name] = text
        self.changed()

    async def replace(self, name: str, old: str, new: str) -> bool:
        if self.together:
            self.together -= 1
            if not self.together:
                self._waiting.set()
            await self._waiting.wait()
        if self.texts.get(name) == old:
            await self.write(name, new)
        return self.texts.get(name) == new

    async def names(self, prefix: str) -> Sequence[str]:
        return [name for name in self.texts if name.startswith(prefix)]


@dataclass
class RecordingInbox:
    """An inbox that keeps what it is given.

    Attributes:
        lookups: Raised by `thread_of`, one each.
        failures: Raised by `message`, one each, before anything is taken again.
        loose: What `thread_of` finds.
        reply: What a command answers.
        asked: Every look-up of `thread_of`.
        followed: What `taking_part` finds.
        refusals: Raised by `left`, one each.
        unknown: Raised by `taking_part`, one each.
        held: `taking_part` waits for it.
        edits: Every edit.
        removals: Every deletion.
        kept: What `remembered` tells.
        narrowings: What `narrowed` was told.
    """

    changed: Callable[[], None]
    commands: Sequence[CommandSpec] = COMMANDS
    notes: MemoryNotes = field(default_factory=MemoryNotes)
    claims: ProcessClaims = field(default_factory=lambda: SharedClaims().of("alone"))
    meter: CountingMeter = field(default_factory=CountingMeter)
    spaces_left: list[tuple[str, str]] = field(default_factory=list)
    messages: list[Incoming] = field(default_factory=list)
    calls: list[CommandCall] = field(default_factory=list)
    malformed_events: list[str] = field(default_factory=list)
    failures: list[StoreError] = field(default_factory=list)
    lookups: list[StoreError] = field(default_factory=list)
    loose: dict[MessageRef, ThreadKey] = field(default_factory=dict)
    asked: list[MessageRef] = field(default_factory=list)
    followed: Sequence[Followed] = ()
    refusals: list[StoreError] = field(default_factory=list)
    unknown: list[StoreError] = field(default_factory=list)
    held: asyncio.Event | None = None
    edits: list[Incoming] = field(default_factory=list)
    removals: list[Removal] = field(default_factory=list)
    kept: Sequence[str] = ()
    narrowings: list[tuple[str, str]] = field(default_factory=list)
    reply: CommandReply = field(default_factory=lambda: CommandReply("done"))

    async def message(self, event: Incoming) -> bool:
        try:
            if self.failures:
                raise self.failures.pop()
            self.messages.append(event)
            return True
        finally:
            self.changed()

    async def edited(self, event: Incoming) -> bool:
        self.edits.append(event)
        self.changed()
        return False

    async def deleted(self, removal: Removal) -> None:
        self.removals.append(removal)
        self.changed()

    async def remembered(self, thread: ThreadKey) -> Sequence[str]:
        return self.kept

    async def command(self, call: CommandCall) -> CommandReply:
        self.calls.append(call)
        self.changed()
        return self.reply

    async def thread_of(self, platform: str, space: str, ref: MessageRef) -> ThreadKey | None:
        self.asked.append(ref)
        if self.lookups:
            failure = self.lookups.pop()
            self.changed()
            raise failure
        return self.loose.get(ref)

    @property
    def outsiders(self) -> bool:
        return False

    @property
    def since(self) -> float:
        return 0.0

    async def answers_all(self, platform: str, space: str, channel: str) -> bool:
        return False

    async def taking_part(
        self, platform: str, since: float, ours: Callable[[str], bool] = everywhere
    ) -> Sequence[Followed]:
        if self.held is not None:
            await self.held.wait()
        if self.unknown:
            raise self.unknown.pop()
        return [each for each in self.followed if ours(each.thread.space)]

    async def left(self, platform: str, space: str) -> None:
        if self.refusals:
            raise self.refusals.pop()
        self.spaces_left.append((platform, space))
        self.changed()

    async def departed(self, platform: str, space: str, channel: str, user: str) -> None:
        raise AssertionError("Discord does not tell who leaves a channel")

    def narrowed(self, platform: str, space: str, channel: str) -> None:
        self.narrowings.append((space, channel))
        self.changed()

    def malformed(self, platform: str, kind: str) -> None:
        self.malformed_events.append(kind)
        self.changed()


@dataclass
class Rig:
    """A server with a channel and somebody in it, and the adapter under test."""

    sim: DiscordSimulator
    adapter: DiscordAdapter
    inbox: RecordingInbox
    guild: Guild
    channel: Channel
    ada: User

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

    async def say(self, text: str, **details: Any) -> Message:
        """Ada writes into the channel."""
        return await self.sim.say(self.channel, self.ada, text, **details)

    async def changed(self, condition: Callable[[], T]) -> T:
        """Wait for something to become true of the inbox or of the simulator."""
        return await self.sim.until(condition)

    async def events(self, count: int) -> list[Incoming]:
        """The messages that came in, once there are this many."""
        await self.changed(lambda: len(self.inbox.messages) >= count)
        assert len(self.inbox.messages) == count
        return list(self.inbox.messages)

    async def event(self) -> Incoming:
        """The only message that came in."""
        return (await self.events(1))[0]

    async def mentioned(self, text: str = "hello") -> Incoming:
        """Mention the bot and return what came in."""
        count = len(self.inbox.messages)
        await self.say(f"{self.sim.mention} {text}")
        return (await self.events(count + 1))[-1]

    def spot(self, channel: Channel, reply_to: int | None = None) -> Spot:
        """A place for an answer."""
        return Spot(str(channel.id), None if reply_to is None else str(reply_to))

    def by_bot(self, channel: Channel | None = None) -> list[Message]:
        """What stands in a channel by the bot."""
        return self.sim.messages(channel or self.channel, by=self.sim.bot)


def only(found: Sequence[T]) -> T | None:
    """The one element, None when there is none."""
    assert len(found) <= 1
    return found[0] if found else None


async def rig_of(sim: DiscordSimulator, *, token: str | None = None, timing: Timing = QUICK) -> Rig:
    """A rig at a simulator that listens already; nothing runs yet."""
    redirect(sim.environment())
    sim.gateway.identify_seconds = min(sim.gateway.identify_seconds, timing.identify)
    guild = await sim.add_guild("Mill")
    channel = await sim.add_text_channel(guild, "general")
    ada = sim.add_user("ada", "Ada Lovelace")
    adapter = DiscordAdapter(token or sim.world.token, timing)
    inbox = RecordingInbox(sim.signal.changed, notes=MemoryNotes(sim.signal.changed))
    return Rig(sim, adapter, inbox, guild, channel, ada)


@asynccontextmanager
async def connected(
    sim: DiscordSimulator | None = None, timing: Timing = QUICK
) -> AsyncIterator[Rig]:
    """A rig that is connected, and ends without a trace."""
    async with sim or DiscordSimulator() as running_sim:
        rig = await rig_of(running_sim, timing=timing)
        running = rig.start()
        await running_sim.until_connected()
        try:
            yield rig
        finally:
            await rig.stop(running)
