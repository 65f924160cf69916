"""What the ids in a message are called.

Discord shows each reader only the names of channels that he may see. The model answers to
everybody in a place, so it is told only those that all of them see.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import cast

import discord

from adapters.discord.values import Names

PRIVATE = "private-channel"
"""Stands for the name of a channel that somebody who reads along may not see."""

_CHANNEL = re.compile(r"<#(\d{1,20})>")


def name_of(user: discord.abc.User) -> str:
    """What somebody is called; by the id when Discord tells no name."""
    # The SDK hands on what came, whatever its types say.
    name = cast("object", user.display_name)
    return name if isinstance(name, str) and name else str(user.id)


def names_in(message: discord.Message, text: str) -> Names:
    """The names for what is mentioned in `text`, which stands in `message`."""
    guild = message.guild
    found = {} if guild is None else dict(_channels(guild, message.channel.id, text))
    return Names(
        users={str(user.id): name_of(user) for user in message.mentions},
        roles={str(role.id): role.name for role in message.role_mentions},
        channels=found,
    )


def _channels(guild: discord.Guild, place: int, text: str) -> Iterable[tuple[str, str]]:
    here = guild.get_channel_or_thread(place)
    for number in dict.fromkeys(_CHANNEL.findall(text)):
        channel = guild.get_channel_or_thread(int(number))
        if channel is not None:
            yield number, channel.name if all_see(channel, here) else PRIVATE


def all_see(channel: object, here: object) -> bool:
    """Whether everybody who reads `here` may see `channel`, as far as that is certain."""
    above, place = _around(channel), _around(here)
    if isinstance(channel, discord.Thread) and channel.is_private():
        return isinstance(here, discord.Thread) and here.id == channel.id
    if above is None:
        return False
    let_in = viewers(above)
    if place is not None and (above.id == place.id or let_in == viewers(place)):
        return True
    nobody_kept_out = all(allowed for _, allowed in let_in)
    return nobody_kept_out and above.permissions_for(above.guild.default_role).view_channel


def _around(channel: object) -> discord.abc.GuildChannel | None:
    """The channel whose permissions count."""
    if isinstance(channel, discord.Thread):
        return channel.parent
    return channel if isinstance(channel, discord.abc.GuildChannel) else None


def viewers(channel: discord.abc.GuildChannel) -> frozenset[tuple[int, bool]]:
    """Who is let in or kept out, on top of what counts in the whole server."""
    return frozenset(
        (target.id, settings.view_channel)
        for target, settings in channel.overwrites.items()
        if settings.view_channel is not None
    )
