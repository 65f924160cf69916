"""Edits and deletions on their way to the engine.

Discord also sends an update of a message when it gets a preview or a thread; only one that says
when it was edited is a person's doing, and whether that is news is for the engine to tell.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import discord

from adapters.discord.calls import Calls, Timing
from adapters.discord.client import Listening
from adapters.discord.members import Members
from adapters.discord.muted import Muted
from adapters.discord.places import Places
from adapters.discord.reading import own_in, place_of, seen, space_of
from adapters.discord.translate import edited, held_by, is_addressed, may_be_loose
from adapters.discord.values import PLATFORM, Place, Seen
from bot.chat import MessageRef, Removal, ThreadKey
from bot.errors import PlatformError, StoreError
from bot.inbox import Inbox

log = logging.getLogger(__name__)

T = TypeVar("T")


class Changes:
    """Hands over what people change.

    Args:
        inbox: Where it goes.
        places: Tells what a channel is.
        members: Tells who somebody is.
        calls: Makes the calls.
        timing: Waits and time-outs.
        muted: Knows where no answer can be given.
    """

    def __init__(
        self,
        inbox: Inbox,
        places: Places,
        members: Members,
        calls: Calls,
        timing: Timing,
        muted: Muted,
    ) -> None:
        self._inbox = inbox
        self._places = places
        self._members = members
        self._calls = calls
        self._timing = timing
        self._muted = muted

    async def edited(self, client: Listening, message: discord.Message) -> None:
        """A message was edited by its author. Ours are edited by us, and webhooks are nobody."""
        if message.author.id == client.me or message.webhook_id is not None:
            return
        if message.edited_at is None or not _may_read(client, message):
            return
        own = own_in(client.me, message.guild)
        space = space_of(message)
        place = place_of(message.channel, space)
        if place is None:
            place = await self._places.find(client, str(message.channel.id), space)
        found = seen(message, place, own)
        if found.system:
            return
        if found.answers is not None and found.answers.writer is None:
            # What it answers is part of what is remembered, and an update need not tell it.
            whole = await self.fetched(client, place.id, space, message.id)
            found = found if whole is None else seen(whole, place, own)
        found = await self._members.introduced(message, found)
        thread = await self._patiently(lambda: self._thread(found))
        event = self._muted.overheard(client, found, edited(found, own, thread))
        is_new = await self._or_later(lambda: self._inbox.edited(event))
        if is_new and is_addressed(found, own):
            await self._muted.explain(client, found)

    async def fetched(
        self, client: Listening, channel: str, space: str, message: int
    ) -> discord.Message | None:
        """A message of which Discord has told only a part; None when it cannot be read."""
        guild = int(space) if space.isdecimal() else None
        there = client.get_partial_messageable(int(channel), guild_id=guild)
        try:
            return await self._calls.result(lambda: there.fetch_message(message))
        except PlatformError as error:
            log.info("An edited message could not be read: %s", error)
            return None

    async def deleted(
        self, client: Listening, space: str, channel: str, messages: Sequence[str]
    ) -> None:
        """Messages of one channel or thread were deleted, perhaps ours among them."""
        place = await self._places.find(client, channel, space)
        await self.gone(place, messages)

    async def gone(self, place: Place, messages: Sequence[str]) -> None:
        """Messages of a place are not there any more."""
        ids = tuple(messages)
        removal = Removal(PLATFORM, place.space, place.id, held_by(place), ids, ids)
        await self._or_later(lambda: self._inbox.deleted(removal))

    async def thread_deleted(self, space: str, parent: str, thread: str) -> None:
        """A thread or forum post was deleted."""
        key = ThreadKey(PLATFORM, space, parent, thread)
        await self._or_later(lambda: self._inbox.deleted(Removal(PLATFORM, space, thread, key)))

    async def channel_deleted(self, space: str, channel: str) -> None:
        """A channel was deleted with its threads."""
        await self._or_later(lambda: self._inbox.deleted(Removal(PLATFORM, space, channel)))

    async def _thread(self, found: Seen) -> ThreadKey | None:
        """The loose conversation that a message is in, by its own id or what it answers."""
        if held_by(found.place) is not None:
            return None
        own = MessageRef(found.place.id, found.id)
        answered = may_be_loose(found)
        for ref in (own, answered):
            if ref is not None:
                thread = await self._inbox.thread_of(PLATFORM, found.place.space, ref)
                if thread is not None:
                    return thread
        return None

    async def _patiently(
        self, look_up: Callable[[], Awaitable[ThreadKey | None]]
    ) -> ThreadKey | None:
        """Look something up in a store that may be away. Raises StoreError when it stays so."""
        for pause in self._timing.keep:
            try:
                return await look_up()
            except StoreError:
                await asyncio.sleep(pause)
        return await look_up()

    async def _or_later(self, hand_over: Callable[[], Awaitable[T]]) -> T | None:
        """Hand something over; None while the store is away, and the inbox keeps it."""
        try:
            return await hand_over()
        except StoreError as error:
            log.info("A change waits for the store: %s", error)
            return None


def _may_read(client: Listening, message: discord.Message) -> bool:
    """Whether Discord shows us the words; without the privileged intent it may hide them."""
    return client.intents.message_content or bool(message.content)
