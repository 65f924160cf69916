"""What channels are, from the SDK's cache or asked once; and which of them refuse threads."""

from __future__ import annotations

from collections.abc import Callable

import discord

from adapters.discord.calls import Calls
from adapters.discord.client import Client
from adapters.discord.expiring import Expiring
from adapters.discord.reading import place_of
from adapters.discord.refusals import Refusals
from adapters.discord.values import DIRECT_SPACE, Kind, Place
from bot.errors import MessageGone, NotAllowed, PlatformError


class Places:
    """Finds out what a channel is.

    Args:
        calls: Makes the REST call for channels that the SDK does not have.
        clock: Seconds, never going back.

    Attributes:
        refusals: What channels have refused lately.
    """

    KNOWN_SECONDS = 3600.0
    UNKNOWN_SECONDS = 300.0

    def __init__(self, calls: Calls, clock: Callable[[], float]) -> None:
        self._calls = calls
        self._found: Expiring[Place] = Expiring(clock)
        self.refusals = Refusals(clock)

    async def find(
        self, client: Client, channel: str, space: str, knowing: Client | None = None
    ) -> Place:
        """The channel by its id; one that cannot be seen is of the kind that takes no threads.

        Args:
            client: Makes the call.
            channel: Its id.
            space: Server id, or `DIRECT_SPACE`.
            knowing: The client that hears the server, if that is another one.
        """
        if space == DIRECT_SPACE:
            return Place(channel, Kind.DIRECT, space)
        place = place_of(cached_channel(knowing or client, channel, space), space)
        return place or self._found.get(channel) or await self._ask(client, channel, space)

    async def _ask(self, client: Client, channel: str, space: str) -> Place:
        unknown = Place(channel, Kind.OTHER, space)
        try:
            found = await self._calls.result(lambda: client.fetch_channel(int(channel)))
        except (NotAllowed, MessageGone):
            self._found.put(channel, unknown, self.UNKNOWN_SECONDS)
            return unknown
        except PlatformError:
            return unknown
        place = place_of(found, space) or unknown
        self._found.put(channel, place, self.KNOWN_SECONDS)
        return place


def cached_channel(client: Client, channel: str, space: str) -> object:
    """The SDK's object for a channel of a server, None when it has none."""
    guild = client.get_guild(int(space))
    return guild.get_channel_or_thread(int(channel)) if guild is not None else None


def may_open_thread(channel: object, me: int) -> bool:
    """Whether our permissions let us make a thread in a cached channel and write into it.

    True when it cannot be told, because then only trying shows it.

    Args:
        channel: An object of the SDK.
        me: Our user id.
    """
    if not isinstance(channel, discord.TextChannel):
        return True
    member = channel.guild.get_member(me)
    if member is None:
        return True
    ours = channel.permissions_for(member)
    return ours.create_public_threads and ours.send_messages_in_threads
