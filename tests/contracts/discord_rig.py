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
    CommandOption,
    CommandReply,
    CommandSpec,
    Followed,
    Incoming,
    MessageRef,
    OptionKind,
    Spot,
    ThreadKey,
)
from bot.errors import StoreError
from bot.report import Unmeasured
from bot.testing import MemoryClaims
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


class MemoryNotes:
    """Notes that last as long as the test."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}

    async def read(self, name: str) -> str | None:
        return self.texts.get(name)

    async def write(self, name: str, text: str) -> None:
        self.texts[name] = text


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
        unknown: Raised by `taking_part`, one each.
        held: `taking_part` waits for it.
    """

    changed: Callable[[], None]
    commands: Sequence[CommandSpec] = COMMANDS
    notes: MemoryNotes = field(default_factory=MemoryNotes)
    claims: MemoryClaims = field(default_factory=MemoryClaims)
    meter: Unmeasured = field(default_factory=Unmeasured)
    spaces_left: list[tuple[str, str]] = field(default_factory=list)
    messages: list[Incoming] = field(default_factory=list)
    calls: list[CommandCall] = field(default_factory=list)
    malformed_events: list[str] = field(default_factory=list)
    failures: list[StoreError] = field(default_factory=list)
    lookups: list[StoreError] = field(default_factory=list)
    loose: dict[MessageRef, ThreadKey] = field(default_factory=dict)
    asked: list[MessageRef] = field(default_factory=list)
    followed: Sequence[Followed] = ()
    unknown: list[StoreError] = field(default_factory=list)
    held: asyncio.Event | None = None
    reply: CommandReply = field(default_factory=lambda: CommandReply("done"))

    async def message(self, event: Incoming) -> None:
        try:
            if self.failures:
                raise self.failures.pop()
            self.messages.append(event)
        finally:
            self.changed()

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

    async def taking_part(self, platform: str, since: float) -> Sequence[Followed]:
        if self.held is not None:
            await self.held.wait()
        if self.unknown:
            raise self.unknown.pop()
        return self.followed

    async def left(self, platform: str, space: str) -> None:
        self.spaces_left.append((platform, space))
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
    guild = await sim.add_guild("Mill")
    channel = await sim.add_text_channel(guild, "general")
    ada = sim.add_user("ada", "Ada Lovelace")
    adapter = DiscordAdapter(token or sim.world.token, timing)
    return Rig(sim, adapter, RecordingInbox(sim.signal.changed), guild, channel, ada)


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
