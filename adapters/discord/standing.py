"""Whether what is remembered of a conversation still stands where it was said.

What is erased does not come back, so nothing is taken for gone unless Discord has said so.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

import discord

from adapters.discord.calls import Calls
from adapters.discord.changes import Changes
from adapters.discord.client import Listening
from adapters.discord.faults import UnknownChannel, UnknownMessage
from adapters.discord.gaps import Gap
from adapters.discord.places import cached_channel
from adapters.discord.reading import LARGEST_ID
from adapters.discord.values import DIRECT_SPACE, Kind, Place
from bot.chat import ThreadKey
from bot.errors import PlatformBusy, PlatformError, StoreError
from bot.inbox import Inbox

log = logging.getLogger(__name__)

PAGE = 100
MOST_COMPARED = 50
"""Remembered messages of a conversation that are looked for again."""


@dataclass(frozen=True, slots=True)
class Kept:
    """The newest messages that are remembered of a place, by their ids.

    Attributes:
        place: Where they were said.
        inside: Those that lie there.
        starter: What the conversation began with, in the channel above; 0 for none.
    """

    place: Place
    inside: frozenset[int] = frozenset()
    starter: int = 0


class Standing:
    """Looks, and hands over what is gone.

    Args:
        inbox: Knows what is remembered.
        calls: Makes the calls.
        changes: Hands it over.
    """

    def __init__(self, inbox: Inbox, calls: Calls, changes: Changes) -> None:
        self._inbox = inbox
        self._calls = calls
        self._changes = changes

    async def kept(self, client: Listening, gap: Gap) -> Kept:
        """What is remembered of a place; nothing where that is not known."""
        key = gap.thread
        if key is None:
            return Kept(Place(gap.channel, Kind.OTHER, gap.space))
        kind = Kind.DIRECT if gap.space == DIRECT_SPACE else Kind.THREAD
        place = Place(gap.channel, kind, gap.space, parent=key.channel)
        try:
            remembered = await self._inbox.remembered(key)
        except StoreError as error:
            log.info("It is not known what is remembered of a place: %s", error)
            return Kept(place)
        ids = [int(each) for each in remembered if each.isdecimal()][-MOST_COMPARED:]
        first = int(key.thread)
        inside = {each for each in ids if each > first}
        if kind is Kind.DIRECT or first not in ids:
            return Kept(place, frozenset(inside))
        around = cached_channel(client, key.channel, key.space)
        if isinstance(around, discord.ForumChannel):
            return Kept(place, frozenset({first, *inside}))
        # Where a first message lies is not known without its channel.
        return Kept(place, frozenset(inside), 0 if around is None else first)

    async def compare(self, client: Listening, kept: Kept, until: int, there: set[int]) -> None:
        """Say which messages are not there any more.

        Args:
            client: Asks.
            kept: What was looked for.
            until: Newer ones were not.
            there: Ids of what was found.

        Raises:
            PlatformBusy: It cannot be told yet.
        """
        known = {each for each in kept.inside if each <= until}
        gone = sorted(known - there)
        above = Place(kept.place.parent, Kind.OTHER, kept.place.space)
        # A place of which we may not read the past looks empty, too.
        if gone and (known & there or await self._is_gone(client, kept.place, gone[-1])):
            if kept.place.kind is Kind.THREAD and not self._is_forum(client, above):
                # The thread may have been opened when the conversation was under way.
                gone = [each for each in gone if await self._is_gone(client, above, each)]
            if gone:
                await self._tell_gone(kept.place, gone)
        if kept.starter and await self._is_gone(client, above, kept.starter):
            await self._tell_gone(above, [kept.starter])

    async def not_there(self, client: Listening, gap: Gap, kept: Kept) -> Kept | None:
        """See to a place of which Discord says that it is not there.

        A conversation outside any thread has its first message's id, which was never a place: its
        messages are in the channel.

        Returns:
            Where to look for them, None where there is nothing to be looked for.
        """
        key, space = gap.thread, gap.space
        guild = None if space == DIRECT_SPACE else client.get_guild(int(space))
        if guild is None or guild.unavailable:
            return None
        if guild.get_channel_or_thread(int(gap.channel)) is not None:
            # The session knows better.
            log.warning("Discord says that a place is gone which is there")
            return None
        if key is None:
            log.info("A channel was deleted while nobody listened")
            await self._changes.channel_deleted(space, gap.channel)
            return None
        channel = Place(key.channel, Kind.OTHER, space, parent=key.channel)
        return Kept(channel, kept.inside, kept.starter)

    async def compare_above(
        self, client: Listening, thread: ThreadKey, kept: Kept, until: int, there: set[int]
    ) -> None:
        """Say what is gone of a conversation that has no place of its own, or has none any more.

        If nothing but its first message stands in the channel it was a thread, and is forgotten as
        one; for people it is the same.

        Args:
            client: Asks.
            thread: The conversation.
            kept: What was looked for in the channel.
            until: Newer ones were not.
            there: Ids of what was found.

        Raises:
            PlatformBusy: It cannot be told yet.
        """
        stands = set(kept.inside & there)
        if not stands and max(kept.inside) <= until:
            if await self._stands(client, kept.place, max(kept.inside)) is not False:
                # We may not read the past there, which therefore looks empty.
                return
        elif not stands:
            found = await self._beyond(client, kept, until)
            if found is None:
                return
            stands = found
        around = cached_channel(client, thread.channel, thread.space)
        if stands or isinstance(around, discord.VoiceChannel | discord.StageChannel):
            await self.compare(client, kept, until if stands else LARGEST_ID, stands)
            return
        log.info("A thread was deleted while nobody listened")
        await self._changes.thread_deleted(thread.space, thread.channel, thread.thread)

    async def _beyond(self, client: Listening, kept: Kept, until: int) -> set[int] | None:
        """The newest of the messages after `until` that stand there, by the page.

        None when that cannot be told. Looking for each by itself would take many calls where a
        thread was deleted, of which nothing stands in the channel. That Discord knows no thread by
        this id is no proof: a conversation outside threads has the id of a message.

        Raises:
            PlatformError: It cannot be told now, or not at all.
        """
        guild = None if kept.place.space == DIRECT_SPACE else int(kept.place.space)
        where = client.get_partial_messageable(int(kept.place.id), guild_id=guild)
        left: set[int] = {each for each in kept.inside if each > until}
        while left:
            try:
                page = await self._page(where, max(left))
            except UnknownChannel:
                return set()
            if not page:
                # We may not read the past there any more.
                return None
            if stands := left & set(page):
                return stands
            left = {each for each in left if each < min(page)}
        return set()

    async def _page(self, where: discord.PartialMessageable, last: int) -> list[int]:
        """Ids of the messages up to `last`."""

        async def read() -> list[int]:
            before = discord.Object(last + 1)
            return [each.id async for each in where.history(limit=PAGE, before=before)]

        return await self._calls.result(read)

    def _is_forum(self, client: Listening, place: Place) -> bool:
        return isinstance(cached_channel(client, place.id, place.space), discord.ForumChannel)

    async def _is_gone(self, client: Listening, place: Place, message: int) -> bool:
        """Whether Discord says that there is no such message; False when that cannot be told."""
        return await self._stands(client, place, message) is False

    async def _stands(self, client: Listening, place: Place, message: int) -> bool | None:
        """Whether there is such a message; None when that cannot be told."""
        guild = None if place.space == DIRECT_SPACE else int(place.space)
        where = client.get_partial_messageable(int(place.id), guild_id=guild)
        try:
            await self._calls.result(lambda: where.fetch_message(message))
        except (UnknownMessage, UnknownChannel):
            return False
        except PlatformBusy:
            raise
        except PlatformError as error:
            log.info("It is not known whether a message was deleted: %s", error)
            return None
        return True

    async def _tell_gone(self, place: Place, gone: list[int]) -> None:
        log.info("%d message(s) were deleted while nobody listened", len(gone))
        await self._changes.gone(place, [str(each) for each in gone])
