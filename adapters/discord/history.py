"""What was said in a thread before the bot was called."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import discord

from adapters.discord.calls import Calls
from adapters.discord.client import Client
from adapters.discord.places import cached_channel
from adapters.discord.reading import ANSWERS, STARTER, own_in, place_of, seen
from adapters.discord.translate import earlier
from adapters.discord.values import DIRECT_SPACE, Kind, Own, Place
from bot.chat import EarlierMessage, History, Incoming, MessageRef, ThreadKey
from bot.errors import NotAllowed, PlatformError

log = logging.getLogger(__name__)

PAGE = 100
"""Most messages that Discord gives at once."""
HINT = "Give the bot Read Message History there."
SPARE_PAGES = 5
"""Pages read beyond what `limit` needs, to make up for messages that say nothing."""


async def read(
    client: Client, knowing: Client, calls: Calls, event: Incoming, limit: int
) -> History:
    """Up to `limit` messages before `event` in its thread, the newest kept, oldest first.

    Args:
        client: Makes the calls.
        knowing: Knows the server if any client of this process does.
        calls: How calls are made.
        event: The message that came.
        limit: Most messages.

    Raises:
        PlatformError: Not even the newest page could be read.
    """
    reader = _Reader(client, knowing, calls, event.ref.channel, event.thread)
    found: list[EarlierMessage] = []
    partial = True
    before = int(event.ref.message)
    for number in range(limit // PAGE + 1 + SPARE_PAGES):
        try:
            page = await reader.page(before)
        except PlatformError as error:
            if number == 0:
                raise
            log.warning("The rest of a thread could not be read: %s", error)
            break
        found += await reader.lines(page)
        if len(found) > limit:
            break
        if len(page) < PAGE:
            partial = False
            break
        before = page[-1].id
    return History(tuple(reversed(found[:limit])), partial)


async def since(
    client: Client,
    knowing: Client,
    calls: Calls,
    first: MessageRef,
    key: ThreadKey,
    limit: int,
) -> History:
    """The message `first` and up to `limit` in all after it, in the channel that holds it.

    Raises:
        PlatformError: Not even the oldest page could be read, or it shows nothing.
    """
    reader = _Reader(client, knowing, calls, first.channel, key)
    found: list[EarlierMessage] = []
    after = int(first.message) - 1
    for number in range(limit // PAGE + 1 + SPARE_PAGES):
        try:
            page = await reader.page(after=after)
        except PlatformError as error:
            if number == 0:
                raise
            log.warning("The rest of a channel could not be read: %s", error)
            break
        if not page and number == 0:
            # The first of it stands there, so nobody lets us read what was said.
            raise NotAllowed("the past of a channel is empty", hint=HINT)
        found += await reader.lines(page)
        if len(page) < PAGE and len(found) <= limit:
            return History(tuple(found), withheld=reader.withheld)
        if len(found) > limit:
            break
        after = page[-1].id
    return History(tuple(found[:limit]), partial=True, withheld=reader.withheld)


class _Reader:
    """Reads a thread or a channel.

    Attributes:
        withheld: How many messages came without their words.
    """

    def __init__(
        self, client: Client, knowing: Client, calls: Calls, channel: str, key: ThreadKey
    ) -> None:
        self._client = client
        self._knowing = knowing
        self._calls = calls
        self.withheld = 0
        self._guild = None if key.space == DIRECT_SPACE else int(key.space)
        kind = Kind.DIRECT if self._guild is None else Kind.THREAD
        plain = Place(channel, kind, key.space, parent=key.channel)
        known = None if self._guild is None else cached_channel(knowing, channel, key.space)
        self._place = place_of(known, key.space) or plain
        self._parent = Place(key.channel, Kind.TEXT, key.space)

    def _own(self) -> Own:
        guild = self._knowing.get_guild(self._guild) if self._guild is not None else None
        return own_in(self._client.me, guild)

    async def page(self, before: int = 0, after: int = 0) -> Sequence[discord.Message]:
        """A page of messages older than `before`, newest first; or newer than `after`, reversed."""
        within: dict[str, Any] = {"before": discord.Object(before)}
        if after:
            within = {"after": discord.Object(after), "oldest_first": True}
        channel = self._client.get_partial_messageable(int(self._place.id), guild_id=self._guild)

        async def read_page() -> list[discord.Message]:
            past = channel.history(limit=PAGE, **within)
            return [message async for message in past]

        return await self._calls.result(read_page)

    async def lines(self, page: Sequence[discord.Message]) -> list[EarlierMessage]:
        """What a page says, in its order; the thread's starter comes from the parent channel."""
        own = self._own()
        said: list[EarlierMessage] = []
        for message in page:
            if message.type is STARTER:
                starter = await self._starter(message)
                line = None
                if starter is not None:
                    line = earlier(seen(starter, self._parent, own), own, started=True)
            else:
                found = seen(message, self._place, own)
                if message.type in ANSWERS:
                    found = replace(found, system=False)
                line = earlier(found, own)
                hidden = line is None and not (found.system or found.writer.id == own.user)
                self.withheld += hidden and not self._client.hears_all
            if line is not None:
                said.append(line)
        return said

    async def _starter(self, pointer: discord.Message) -> discord.Message | None:
        """The message that the thread was started from, None if it cannot be read any more."""
        reference = pointer.reference
        if reference is None or reference.message_id is None:
            return None
        if isinstance(reference.resolved, discord.Message):
            return reference.resolved
        parent = self._client.get_partial_messageable(reference.channel_id, guild_id=self._guild)
        message = parent.get_partial_message(reference.message_id)
        try:
            return await self._calls.result(message.fetch)
        except PlatformError as error:
            log.info("A thread's first message could not be read: %s", error)
            return None
