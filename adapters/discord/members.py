"""Who somebody is in a server, where the message itself does not tell.

Messages that are read, rather than heard, name their author without roles and permissions.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace

import discord
from discord.http import Route

from adapters.discord.calls import Calls
from adapters.discord.client import Client
from adapters.discord.expiring import Expiring
from adapters.discord.reading import writer_of_member
from adapters.discord.values import Seen, Writer
from bot.errors import PlatformError

log = logging.getLogger(__name__)


class Members:
    """Asks for a member once in some minutes.

    Args:
        calls: Makes the calls.
        clock: Seconds, never going back.
    """

    KNOWN_SECONDS = 300.0

    def __init__(self, calls: Calls, clock: Callable[[], float]) -> None:
        self._calls = calls
        self._known: Expiring[Writer] = Expiring(clock)

    async def introduced(self, message: discord.Message, found: Seen) -> Seen:
        """`found` with its author as the server knows him, if that can be told."""
        guild, author = message.guild, message.author
        if guild is None or isinstance(author, discord.Member) or author.bot:
            return found
        writer = await self.writer(guild, author.id)
        return found if writer is None else replace(found, writer=writer)

    async def writer(self, guild: discord.Guild, user: int) -> Writer | None:
        """Somebody as a server knows him, None if that cannot be told."""
        name = f"{guild.id}:{user}"
        writer = self._known.get(name)
        if writer is None:
            try:
                member = await self._calls.result(lambda: guild.fetch_member(user))
            except PlatformError as error:
                log.info("The roles of somebody are not known: %s", error)
                return None
            writer = writer_of_member(member)
            self._known.put(name, writer, self.KNOWN_SECONDS)
        return writer

    async def is_in(self, client: Client, thread: str, writer: Writer) -> bool:
        """Whether somebody may look into a private thread; False when that cannot be told."""
        if writer.is_admin:
            return True
        request = Route(
            "GET",
            "/channels/{channel_id}/thread-members/{user_id}",
            channel_id=int(thread),
            user_id=int(writer.id),
        )
        try:
            await self._calls.answer(lambda: client.http.request(request), patient=True)
        except PlatformError as error:
            log.info("Somebody is not known to be in a private thread: %s", error)
            return False
        return True
