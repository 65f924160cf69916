"""Fetching attachments from Discord's own hosts, by addresses that are good for a day."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

import discord
from discord.http import Route

from adapters.discord.calls import Calls
from adapters.discord.client import Client
from bot.attached import Attachment
from bot.errors import MessageGone, NotAllowed
from bot.fetching import Fetcher, Hosts

log = logging.getLogger(__name__)

CDN = frozenset({"cdn.discordapp.com", "media.discordapp.net"})
DISCORD = "https://discord.com/"


class Downloads:
    """Fetches attachments.

    Args:
        calls: Makes the call that asks for a fresh address.
        client: Gives what makes it.
    """

    def __init__(self, calls: Calls, client: Callable[[], Awaitable[Client]]) -> None:
        self._calls = calls
        self._client = client
        self._fetcher: Fetcher | None = None

    async def fetch(self, attachment: Attachment, most_bytes: int) -> bytes:
        """The bytes; an address that has expired meanwhile is asked for anew.

        Raises:
            PlatformError: See `bot.adapter.Adapter.download`.
        """
        try:
            return (await self._files().fetch(attachment.url, most_bytes)).data
        except (MessageGone, NotAllowed):
            if not (attachment.id and attachment.message and self._hosts().allow(attachment.url)):
                raise
        log.info("An attachment's address is good no more; asking for another one")
        url = await self._fresh(attachment)
        return (await self._files().fetch(url, most_bytes)).data

    async def _fresh(self, attachment: Attachment) -> str:
        client = await self._client()
        channel = client.get_partial_messageable(int(attachment.channel))
        message = channel.get_partial_message(int(attachment.message))
        found = await self._calls.result(message.fetch)
        for file in _files_of(found):
            if str(file.id) == attachment.id:
                return file.url
        raise MessageGone("the attachment was removed from its message")

    def _hosts(self) -> Hosts:
        # Whoever stands in for Discord may keep the files, too.
        return Hosts.of(CDN, "" if Route.BASE.startswith(DISCORD) else Route.BASE)

    def _files(self) -> Fetcher:
        if self._fetcher is None:
            self._fetcher = Fetcher(self._hosts())
        return self._fetcher

    async def close(self) -> None:
        """Release connections."""
        if self._fetcher is not None:
            await self._fetcher.close()


def _files_of(message: discord.Message) -> list[discord.Attachment]:
    forwarded = (file for snapshot in message.message_snapshots for file in snapshot.attachments)
    return [*message.attachments, *forwarded]
