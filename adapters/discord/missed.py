"""What was said while the bot did not listen.

Discord repeats events only for a session that is resumed. After a start, or when a session was
lost, the places in which the bot is talked to are read from where it left off, and what people said
there goes the way of any other message; the engine drops what it has already.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

import discord
from discord.gateway import DiscordWebSocket

from adapters.discord.calls import Calls, Timing
from adapters.discord.changes import Changes
from adapters.discord.client import Listening
from adapters.discord.places import cached_channel
from adapters.discord.shards import ALONE, Shard
from adapters.discord.values import DIRECT_SPACE, PLATFORM, Kind, Place
from bot.chat import Followed, ThreadKey
from bot.errors import PlatformBusy, PlatformError, StoreError
from bot.inbox import Inbox
from bot.tasks import end

log = logging.getLogger(__name__)

NOTE = "heard"
"""Name of the note that says until when the bot has listened, in seconds since the epoch.

It is shard 0's; other shards have notes of their own, and go by this one as long as they have none.
"""

LONGEST_SECONDS = 23 * 3600.0
"""Older messages are let be; the engine knows for a day which ones it has taken."""

OVERLAP_SECONDS = 120.0
"""A dead connection is noticed a minute late, and clocks differ."""

PAGE = 100
MOST_PAGES = 5
MOST_CHANNELS = 25
MOST_COMPARED = 50
"""Remembered messages of a conversation that are looked for again."""

ROUNDS = 3
"""How often a place is tried that cannot be read for a passing fault."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A channel or thread to be read from after a message id on; `thread` if it is one."""

    channel: str
    space: str
    after: int
    thread: ThreadKey | None = None


def gaps(followed: Sequence[Followed], heard: float | None, now: float) -> list[Gap]:
    """Where messages may have been missed, the liveliest conversations first.

    Each conversation is read from the newest message that was taken in it, or from when the bot
    last listened if that is earlier: a process that has died before it had read everything may
    have taken new messages before older ones. New conversations begin in the channels around
    them, which are read from when the bot last listened.

    Args:
        followed: Conversations that the bot takes part in.
        heard: Until when it has listened, seconds since the epoch; None when it never did.
        now: The same clock.
    """
    oldest = snowflake(now - LONGEST_SECONDS)
    since = None if heard is None else snowflake(heard - OVERLAP_SECONDS)
    found: list[Gap] = []
    channels: set[str] = set()
    for each in followed:
        key = each.thread
        newest = each.newest if since is None else min(each.newest, since)
        found.append(Gap(key.thread, key.space, max(newest, oldest), key))
        new = key.channel not in channels and key.channel != key.thread
        if since is not None and new and len(channels) < MOST_CHANNELS:
            channels.add(key.channel)
            found.append(Gap(key.channel, key.space, max(since, oldest)))
    return found


def note_of(shard: Shard) -> str:
    """The note of a shard."""
    return f"{NOTE}:{shard}" if shard.id else NOTE


def snowflake(at: float) -> int:
    """The lowest id of a message written at `at`, seconds since the epoch."""
    return max(0, discord.utils.time_snowflake(datetime.fromtimestamp(at, UTC)))


class Missed:
    """Reads what was missed, once for each session; then notes that the bot listens.

    Args:
        inbox: Knows the conversations and keeps the note.
        calls: Makes the calls.
        timing: Waits and time-outs.
        clock: Seconds since the epoch.
        changes: Hands over what was changed meanwhile.
        shard: Only its servers are looked at.
    """

    def __init__(
        self,
        inbox: Inbox,
        calls: Calls,
        timing: Timing,
        clock: Callable[[], float],
        changes: Changes,
        shard: Shard = ALONE,
    ) -> None:
        self._changes = changes
        self._inbox = inbox
        self._calls = calls
        self._timing = timing
        self._clock = clock
        self._shard = shard
        self._note_name = note_of(shard)
        self._task: asyncio.Task[None] | None = None
        self._looked = asyncio.Event()
        self._looked.set()
        self._ready = asyncio.Event()
        self._left: dict[str, Gap] = {}
        self._reading: dict[str, asyncio.Lock] = {}
        self._found: set[int] = set()

    def connected(self, client: Listening) -> None:
        """A session has begun; its first events may follow at once."""
        self._looked.clear()
        self._ready.clear()
        if self._task is not None:
            self._task.cancel()
        self._task = asyncio.create_task(self._run(client, self._task), name="missed messages")

    def ready(self) -> None:
        """The servers of the new session are known."""
        self._ready.set()

    def hands_in(self, message: int) -> bool:
        """Whether a message was missed and is being handed in now: it waits for nothing."""
        return message in self._found

    async def caught_up(self, client: Listening, channel: str) -> None:
        """Return once what was missed in a place has been handed in.

        A new message there waits for that, so that it does not overtake what was said before it,
        but no longer than `Timing.catch_up`. Any new message waits until it is known where the
        session begins: else it would be taken for the end of what was heard before.

        Args:
            client: Whose session it came in.
            channel: Where it was said.
        """
        await self._looked.wait()
        gap = self._left.get(channel)
        if gap is None:
            return
        try:
            async with asyncio.timeout(self._timing.catch_up):
                await self._fill(client, gap)
        except TimeoutError:
            log.info("A message did not wait any longer for what was missed before it")

    def stop(self) -> None:
        """Read and note no more."""
        self._looked.set()
        if self._task is not None:
            self._task.cancel()

    async def close(self) -> None:
        """Return once that has ended; what `stop` asks for can get lost in the store's SDK."""
        self.stop()
        if self._task is not None:
            await end(self._task)

    async def _run(self, client: Listening, before: asyncio.Task[None] | None) -> None:
        if before is not None:
            await end(before)
        try:
            known = await self._first_look()
            await self._ready.wait()
            while not known:
                await asyncio.sleep(self._timing.look_again)
                known = await self._look()
            await self._read_all(client)
            while True:
                await self._note(client)
                await asyncio.sleep(self._timing.note)
        except Exception as error:
            log.error("Missed messages are not looked for: %s", type(error).__name__)
            log.debug("Why they are not looked for", exc_info=error)

    async def _first_look(self) -> bool:
        try:
            async with asyncio.timeout(self._timing.look):
                return await self._look()
        except TimeoutError:
            log.warning("Where the bot left off is not known yet; new messages do not wait for it")
            return False
        finally:
            self._looked.set()

    async def _look(self) -> bool:
        """Find out where to read; False while the store is away."""
        now = self._clock()
        try:
            written = await self._inbox.notes.read(self._note_name)
            if written is None and self._note_name != NOTE:
                written = await self._inbox.notes.read(NOTE)
            if written is None:
                await self._inbox.notes.write(self._note_name, f"{now:.3f}")
            since = now - LONGEST_SECONDS
            followed = await self._inbox.taking_part(PLATFORM, since, self._shard.covers)
        except StoreError as error:
            log.warning("Missed messages cannot be looked for yet: %s", error)
            return False
        self._left = {gap.channel: gap for gap in gaps(followed, _seconds(written), now)}
        return True

    async def _read_all(self, client: Listening) -> None:
        for _ in range(ROUNDS):
            for gap in tuple(self._left.values()):
                if gap.channel in self._left:
                    await asyncio.sleep(self._timing.between_pages)
                    await self._fill(client, gap)
            if not self._left:
                return
        log.warning("%d place(s) could not be read for missed messages", len(self._left))
        self._left.clear()

    async def _fill(self, client: Listening, gap: Gap) -> None:
        """Read one place, unless that is done; one reader at a time."""
        async with self._reading.setdefault(gap.channel, asyncio.Lock()):
            if self._left.get(gap.channel) is gap and await self._read(client, gap):
                del self._left[gap.channel]

    async def _read(self, client: Listening, gap: Gap) -> bool:
        """Hand in what people said in one place; False when it should be tried again.

        In a conversation the newest messages that are remembered are read again, to see which of
        them were edited or deleted meanwhile.
        """
        known = await self._known(gap)
        there: set[int] = set()
        after = min(gap.after, min(known, default=gap.after + 1) - 1)
        for number in range(MOST_PAGES):
            if number:
                await asyncio.sleep(self._timing.between_pages)
            try:
                page = await self._page(client, gap, after)
            except PlatformBusy as busy:
                log.info("A place cannot be read yet for missed messages: %s", busy)
                return False
            except PlatformError as error:
                log.debug("A place is not read for missed messages: %s", error)
                return True
            for message in page:
                there.add(message.id)
                # What is older, and not remembered, was not meant for us or is forgotten. A call
                # that was missed may be known from before a later one, as what was said around it.
                new = message.id not in known or client.user in message.mentions
                if message.id > gap.after and new:
                    await self._hand_in(message.id, client.on_message(message))
                await self._hand_in(message.id, client.on_edit(message))
            if len(page) < PAGE:
                await self._tell_gone(gap, known, there)
                return True
            after = page[-1].id
        await self._tell_gone(gap, {each for each in known if each <= after}, there)
        log.warning("More than %d messages were missed in one place", MOST_PAGES * PAGE)
        return True

    async def _hand_in(self, message: int, work: Coroutine[Any, Any, None]) -> None:
        """Handle a message in a task of its own, as an event: the client's end waits for it."""
        self._found.add(message)
        try:
            await asyncio.create_task(work)
        finally:
            self._found.discard(message)

    async def _known(self, gap: Gap) -> set[int]:
        """Ids of the newest messages that are remembered of a place and lie in it."""
        if gap.thread is None:
            return set()
        try:
            remembered = await self._inbox.remembered(gap.thread)
        except StoreError as error:
            log.info("It is not known what is remembered of a place: %s", error)
            return set()
        ids = [int(message) for message in remembered if message.isdecimal()]
        # The message that a thread was started from has its id, and lies in the channel.
        return {each for each in ids[-MOST_COMPARED:] if each > int(gap.thread.thread)}

    async def _tell_gone(self, gap: Gap, known: set[int], there: set[int]) -> None:
        """Say which remembered messages are not there any more.

        Nothing is said when none of them is there: a place of which we may not read the past looks
        empty, too.
        """
        if gap.thread is None or not known & there or not known - there:
            return
        place = Place(gap.channel, _kind(gap), gap.space, parent=gap.thread.channel)
        gone = sorted(known - there)
        log.info("%d message(s) were deleted while nobody listened", len(gone))
        await self._changes.gone(place, [str(each) for each in gone])

    async def _page(self, client: Listening, gap: Gap, after: int) -> list[discord.Message]:
        """A page of messages newer than `after`, oldest first; none where nothing can be said."""
        guild = None if gap.space == DIRECT_SPACE else int(gap.space)
        if guild is not None:
            known = cached_channel(client, gap.channel, gap.space)
            if known is not None and not isinstance(known, discord.abc.Messageable):
                return []
        channel = client.get_partial_messageable(int(gap.channel), guild_id=guild)

        async def read_page() -> list[discord.Message]:
            newer = channel.history(limit=PAGE, after=discord.Object(after), oldest_first=True)
            return [message async for message in newer]

        return await self._calls.result(read_page)

    async def _note(self, client: Listening) -> None:
        socket = cast("DiscordWebSocket | None", client.ws)
        if client.is_closed() or socket is None or not socket.open:
            return
        if math.isfinite(client.latency):
            self._inbox.meter.latency(client.latency, self._shard.part)
        try:
            await self._inbox.notes.write(self._note_name, f"{self._clock():.3f}")
        except StoreError as error:
            log.debug("It could not be noted that the bot listens: %s", error)


def _kind(gap: Gap) -> Kind:
    return Kind.DIRECT if gap.space == DIRECT_SPACE else Kind.THREAD


def _seconds(written: str | None) -> float | None:
    try:
        return float(written) if written else None
    except ValueError:
        return None
