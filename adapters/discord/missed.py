"""What was said while the bot did not listen.

Discord repeats events only for a session that is resumed. After a start, or when a session was
lost, the places in which the bot is talked to are read from where it left off, and what people said
there goes the way of any other message; the engine drops what it has already.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, cast

import discord
from discord.gateway import DiscordWebSocket

from adapters.discord.calls import Calls, Timing
from adapters.discord.changes import Changes
from adapters.discord.client import Listening
from adapters.discord.faults import UnknownChannel
from adapters.discord.gaps import LONGEST_SECONDS, NOTE, Gap, gaps, note_of, posts, snowflake
from adapters.discord.places import cached_channel
from adapters.discord.reactions import is_marked
from adapters.discord.reading import LARGEST_ID
from adapters.discord.shards import ALONE, Shard
from adapters.discord.standing import Kept, Standing
from adapters.discord.values import DIRECT_SPACE, PLATFORM, Place
from bot.chat import ThreadKey
from bot.errors import PlatformBusy, PlatformError, StoreError
from bot.inbox import Inbox
from bot.tasks import end

log = logging.getLogger(__name__)

PAGE = 100
MOST_PAGES = 5
MOST_MARKED = 50
"""Messages of which the signs are looked at, for one session."""
ROUNDS = 3
"""How often a place is tried that cannot be read for a passing fault."""


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
        self._standing = Standing(inbox, calls, changes)
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
        self._marked = 0

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
        self._marked = 0
        try:
            known = await self._first_look()
            await self._ready.wait()
            while not known:
                await asyncio.sleep(self._timing.look_again)
                known = await self._look()
            for gap in tuple(self._left.values()):
                for post in posts(client, gap):
                    self._left.setdefault(post.channel, post)
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
        kept = await self._standing.kept(client, gap)
        try:
            await self._read_through(client, gap, kept)
        except PlatformBusy as busy:
            log.info("A place cannot be read yet for missed messages: %s", busy)
            return False
        except PlatformError as error:
            log.debug("A place is not read for missed messages: %s", error)
        return True

    async def _read_through(self, client: Listening, gap: Gap, kept: Kept) -> None:
        after = min(gap.after, min(kept.inside, default=gap.after + 1) - 1)
        # For a day it is known which signs were seen to; none is older than its message.
        oldest = snowflake(max(self._clock() - LONGEST_SECONDS, self._inbox.since))

        async def take(message: discord.Message) -> None:
            # What is older, and not remembered, was not meant for us or is forgotten. A call that
            # was missed may be known from before a later one, as what was said around it.
            new = message.id not in kept.inside or client.user in message.mentions
            if message.id > gap.after and new:
                await self._hand_in(message.id, client.on_message(message))
            await self._hand_in(message.id, client.on_edit(message))
            if message.id > oldest and client.hears_all and is_marked(message):
                self._look_at_signs(client, message)

        try:
            until, there = await self._pages(client, kept.place, after, LARGEST_ID, take)
        except UnknownChannel:
            elsewhere = await self._standing.not_there(client, gap, kept)
            if elsewhere is not None and gap.thread is not None:
                await self._read_above(client, gap.thread, elsewhere)
            return
        if until < LARGEST_ID:
            log.warning("More than %d messages were missed in one place", MOST_PAGES * PAGE)
        await self._standing.compare(client, kept, until, there)

    def _look_at_signs(self, client: Listening, message: discord.Message) -> None:
        """Have them seen to as an event would be, since that may wait for minutes."""
        if self._marked < MOST_MARKED:
            self._marked += 1
            client.dispatch("marked_message", message)

    async def _read_above(self, client: Listening, thread: ThreadKey, kept: Kept) -> None:
        """Look in a channel for a conversation; what else was said there is read by itself."""
        if not kept.inside:
            await self._standing.compare(client, kept, LARGEST_ID, set())
            return

        async def take(message: discord.Message) -> None:
            if message.id in kept.inside:
                await self._hand_in(message.id, client.on_edit(message))

        first, last = min(kept.inside), max(kept.inside)
        try:
            until, there = await self._pages(client, kept.place, first - 1, last, take)
        except UnknownChannel:
            until, there = LARGEST_ID, set[int]()
        await self._standing.compare_above(client, thread, kept, until, there)

    async def _pages(
        self,
        client: Listening,
        place: Place,
        after: int,
        last: int,
        take: Callable[[discord.Message], Awaitable[None]],
    ) -> tuple[int, set[int]]:
        """Read a place, some pages at most, until there is nothing newer than `last`.

        Returns:
            Until where it was read, `LARGEST_ID` for the whole, and what was found.
        """
        there: set[int] = set()
        for number in range(MOST_PAGES):
            if number:
                await asyncio.sleep(self._timing.between_pages)
            page = await self._page(client, place, after)
            for message in page:
                there.add(message.id)
                await take(message)
            if len(page) < PAGE or page[-1].id >= last:
                return LARGEST_ID, there
            after = page[-1].id
        return after, there

    async def _hand_in(self, message: int, work: Coroutine[Any, Any, None]) -> None:
        """Handle a message in a task of its own, as an event: the client's end waits for it."""
        self._found.add(message)
        try:
            await asyncio.create_task(work)
        finally:
            self._found.discard(message)

    async def _page(self, client: Listening, place: Place, after: int) -> list[discord.Message]:
        """A page of messages newer than `after`, oldest first; none where nothing can be said."""
        guild = None if place.space == DIRECT_SPACE else int(place.space)
        if guild is not None:
            known = cached_channel(client, place.id, place.space)
            if known is not None and not isinstance(known, discord.abc.Messageable):
                return []
        channel = client.get_partial_messageable(int(place.id), guild_id=guild)

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


def _seconds(written: str | None) -> float | None:
    try:
        return float(written) if written else None
    except ValueError:
        return None
