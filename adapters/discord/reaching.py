"""What somebody may read in a server by now."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, cast

import discord
from discord.http import Route

from adapters.discord.calls import Calls
from adapters.discord.client import Client
from adapters.discord.faults import UnknownMember
from adapters.discord.places import Places, cached_channel
from adapters.discord.values import DIRECT_SPACE
from bot.chat import Reach
from bot.errors import MessageGone, NotAllowed


async def reach_of(
    calls: Calls,
    places: Places,
    client: Client,
    knowing: Client,
    space: str,
    user: str,
    asked: Collection[tuple[str, str]],
) -> Reach | None:
    """See `bot.adapter.Adapter.reach`.

    Of channels that this process has not heard of, and of roles in a server that it does not hear,
    nothing can be told.

    Args:
        calls: Makes the calls.
        places: Tells what a thread is.
        client: The one for calls.
        knowing: The client that hears the server, if there is one here.
        space: The server.
        user: Whose reach it is.
        asked: Channel and thread of what is asked about.

    Raises:
        PlatformError: It cannot be told now.
    """
    if space == DIRECT_SPACE or not (space.isdecimal() and user.isdecimal()):
        return None
    guild = knowing.get_guild(int(space))
    try:
        if guild is None or guild.unavailable:
            where: dict[str, Any] = {"guild_id": int(space), "user_id": int(user)}
            request = Route("GET", "/guilds/{guild_id}/members/{user_id}", **where)
            await calls.answer(lambda: client.http.request(request), patient=True)
            return Reach()
        member = await calls.result(lambda: guild.fetch_member(int(user)))
    except UnknownMember:
        return Reach(belongs=False, member=False, shut=frozenset(asked))
    except (NotAllowed, MessageGone):
        # The bot is not there itself.
        return None
    shut: set[tuple[str, str]] = set()
    for place in asked:
        channel, thread = place
        above = cached_channel(knowing, channel, space) if channel.isdecimal() else None
        if not isinstance(above, discord.abc.GuildChannel):
            continue
        rights = above.permissions_for(member)
        sees = rights.view_channel
        if sees and thread.isdecimal() and not rights.manage_threads:
            private = (await places.find(client, thread, space, knowing)).private
            sees = not private or await _is_in(calls, client, int(thread), member.id)
        if not sees:
            shut.add(place)
    return Reach(shut=frozenset(shut))


async def _is_in(calls: Calls, client: Client, thread: int, user: int) -> bool:
    where = cast("dict[str, Any]", {"channel_id": thread, "user_id": user})
    request = Route("GET", "/channels/{channel_id}/thread-members/{user_id}", **where)
    try:
        await calls.answer(lambda: client.http.request(request), patient=True)
    except UnknownMember:
        return False
    return True
