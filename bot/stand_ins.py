"""What stands in for the engine in tests of an adapter."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TypeVar

from bot.chat import (
    Author,
    CommandCall,
    CommandReply,
    Followed,
    Incoming,
    MessageRef,
    Overview,
    Press,
    Removal,
    ThreadKey,
    everywhere,
)
from bot.command_spec import CommandSpec, Completion
from bot.commands.specs import COMMANDS
from bot.errors import StoreUnavailable
from bot.report import Unmeasured
from bot.services import Claims, Meter, Notes

T = TypeVar("T")

SECONDS = 10.0
"""What each wait may take."""


class MemoryNotes:
    """`bot.services.Notes` without a store."""

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}

    async def read(self, name: str) -> str | None:
        """See `bot.services.Notes`."""
        return self._texts.get(name)

    async def write(self, name: str, text: str) -> None:
        """See `bot.services.Notes`."""
        self._texts[name] = text

    async def replace(self, name: str, old: str, new: str) -> bool:
        """See `bot.services.Notes`."""
        if self._texts.get(name) == old:
            await self.write(name, new)
        return self._texts.get(name) == new

    async def delete(self, name: str) -> None:
        """See `bot.services.Notes`."""
        self._texts.pop(name, None)

    async def names(self, prefix: str) -> Sequence[str]:
        """See `bot.services.Notes`."""
        return [name for name in self._texts if name.startswith(prefix)]


class MemoryClaims:
    """`bot.services.Claims` without a store: everything is free, nothing is ever used up.

    Attributes:
        claimed: Names that were claimed and not released, with their holders.
        asked: Names that were to be claimed, in order.
        spent: Names that were spent, in order.
    """

    def __init__(self) -> None:
        self.claimed: dict[str, str] = {}
        self.asked: list[str] = []
        self.spent: list[str] = []

    async def claim(self, name: str, seconds: float, holder: str = "") -> float:
        """See `bot.services.Claims`."""
        self.asked.append(name)
        if self.claimed.setdefault(name, holder) != holder:
            return seconds
        return 0.0

    async def release(self, name: str, holder: str = "") -> None:
        """See `bot.services.Claims`."""
        if self.claimed.get(name) == holder:
            del self.claimed[name]

    async def spend(self, name: str, burst: int, seconds: float) -> float:
        """See `bot.services.Claims`."""
        self.spent.append(name)
        return 0.0


class RecordingMeter(Unmeasured):
    """`bot.chat.Meter` that keeps what it is told.

    Attributes:
        up: Which connections stand, by part.
        all_up: Set while there are some and all of them do.
    """

    def __init__(self) -> None:
        self.up: dict[str, bool] = {}
        self.all_up = asyncio.Event()

    def connected(self, up: bool | None, part: str = "") -> None:
        """See `bot.chat.Meter`."""
        if up is None:
            self.up.pop(part, None)
        else:
            self.up[part] = up
        if self.up and all(self.up.values()):
            self.all_up.set()
        else:
            self.all_up.clear()


class RecordingInbox:
    """`bot.inbox.Inbox` that keeps what it is given.

    Attributes:
        commands: What the adapter is told to offer.
        messages: Every message, in the order it came; one that is delivered again is left out, as
            the engine does by its id.
        edits: Every edit, as it came.
        removals: Everything that was deleted, as it came.
        logged: What `remembered` tells.
        calls: Every command call.
        presses: Every use of a control.
        malformed_kinds: What `malformed` was told.
        refuse: While true, `message` fails as it does when the store is away.
        reply: What every command answers.
        kept: What `overview` tells.
        followed: What `taking_part` finds.
        open: Channels in which everything is answered.
        outsiders: Whether outsiders are answered.
        since: What is older was seen to.
        spaces_left: What `left` was told.
        departures: What `departed` was told.
        narrowings: What `narrowed` was told.
        connections: What `meter` was told of connections.
    """

    def __init__(self) -> None:
        self.commands: Sequence[CommandSpec] = COMMANDS
        self.messages: list[Incoming] = []
        self.edits: list[Incoming] = []
        self.removals: list[Removal] = []
        self.logged: dict[ThreadKey, Sequence[str]] = {}
        self.calls: list[CommandCall] = []
        self.presses: list[Press] = []
        self.malformed_kinds: list[str] = []
        self.refuse = False
        self.refused = 0
        self.reply = CommandReply("Done.")
        self.kept = Overview()
        self.loose: dict[MessageRef, ThreadKey] = {}
        self.followed: Sequence[Followed] = ()
        self.open: set[str] = set()
        self.outsiders = False
        self.since = 0.0
        self.spaces_left: list[tuple[str, str]] = []
        self.departures: list[tuple[str, str, str, str]] = []
        self.narrowings: list[tuple[str, str, str]] = []
        self.claims: Claims = MemoryClaims()
        self.connections = RecordingMeter()
        self.meter: Meter = self.connections
        self._notes = MemoryNotes()
        self._changed = asyncio.Condition()

    @property
    def notes(self) -> Notes:
        """See `bot.inbox.Inbox`."""
        return self._notes

    async def message(self, event: Incoming) -> bool:
        """See `bot.inbox.Inbox`."""
        if self.refuse:
            self.refused += 1
        elif all(event.event_id != known.event_id for known in self.messages):
            self.messages.append(event)
        await self._tell()
        if self.refuse:
            raise StoreUnavailable("the test's store is away")
        return True

    async def edited(self, event: Incoming) -> bool:
        """See `bot.inbox.Inbox`."""
        await self._change(self.edits, event)
        return False

    async def deleted(self, removal: Removal) -> None:
        """See `bot.inbox.Inbox`."""
        await self._change(self.removals, removal)

    async def remembered(self, thread: ThreadKey) -> Sequence[str]:
        """See `bot.inbox.Inbox`."""
        return self.logged.get(thread, ())

    async def command(self, call: CommandCall) -> CommandReply:
        """See `bot.inbox.Inbox`."""
        self.calls.append(call)
        await self._tell()
        return self.reply

    async def complete(self, call: CommandCall, option: str) -> Sequence[Completion]:
        """See `bot.inbox.Inbox`."""
        return ()

    async def pressed(self, press: Press) -> CommandReply:
        """See `bot.inbox.Inbox`."""
        self.presses.append(press)
        await self._tell()
        return self.reply

    async def overview(self, platform: str, space: str, author: Author) -> Overview:
        """See `bot.inbox.Inbox`."""
        return self.kept

    async def thread_of(self, platform: str, space: str, ref: MessageRef) -> ThreadKey | None:
        """See `bot.inbox.Inbox`."""
        return self.loose.get(ref)

    async def answers_all(self, platform: str, space: str, channel: str) -> bool:
        """See `bot.inbox.Inbox`."""
        return channel in self.open

    async def taking_part(
        self, platform: str, since: float, ours: Callable[[str], bool] = everywhere
    ) -> Sequence[Followed]:
        """See `bot.inbox.Inbox`."""
        return [each for each in self.followed if ours(each.thread.space)]

    async def left(self, platform: str, space: str) -> None:
        """See `bot.inbox.Inbox`."""
        self.spaces_left.append((platform, space))
        await self._tell()

    async def departed(self, platform: str, space: str, channel: str, user: str) -> None:
        """See `bot.inbox.Inbox`."""
        self.departures.append((platform, space, channel, user))
        await self._tell()

    def narrowed(self, platform: str, space: str, channel: str) -> None:
        """See `bot.inbox.Inbox`."""
        self.narrowings.append((platform, space, channel))

    def malformed(self, platform: str, kind: str) -> None:
        """See `bot.inbox.Inbox`."""
        self.malformed_kinds.append(kind)

    async def until(self, true: Callable[[], bool]) -> None:
        """Wait until the inbox has been given what `true` looks for.

        Raises:
            TimeoutError: It was not, within `SECONDS`.
        """
        async with asyncio.timeout(SECONDS), self._changed:
            await self._changed.wait_for(true)

    async def _change(self, changes: list[T], change: T) -> None:
        if self.refuse:
            self.refused += 1
            await self._tell()
            raise StoreUnavailable("the test's store is away")
        changes.append(change)
        await self._tell()

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()
