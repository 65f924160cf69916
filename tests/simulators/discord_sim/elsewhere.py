"""Places the bot is no member of, into which people bring it along when they use its commands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.simulators.discord_sim.model import EPHEMERAL, Channel, ChannelType, Guild, User
from tests.simulators.discord_sim.permissions import may
from tests.simulators.discord_sim.world import World

IN_GUILD, WITH_BOT, BETWEEN_PEOPLE = 0, 1, 2
BY_GUILD, BY_USER = 0, 1

FOLLOW_UPS = 5
"""Further answers to an interaction of somebody who has brought the bot along."""

# What Discord documents for the partial channel of an interaction.
_PARTIAL = frozenset(
    "id name type permissions last_message_id last_pin_timestamp nsfw parent_id guild_id flags "
    "rate_limit_per_user topic position thread_metadata recipients owner_id".split()
)


def foreign_guild(world: World, name: str) -> Guild:
    """Return a guild with everybody there is as a member, but not the bot."""
    guild = world.add_guild(name)
    role = next(each for each in guild.roles.values() if each.bot_id == world.bot.id)
    del guild.roles[role.id]
    del guild.members[world.bot.id]
    guild.gone = True
    return guild


def foreign_channel(world: World, guild: Guild, name: str) -> Channel:
    """Return a channel of such a guild."""
    return world.add_channel(guild, ChannelType.TEXT, name)


def private_channel(world: World, people: tuple[User, ...]) -> Channel:
    """Return direct messages between two people, or a group of more."""
    kind = ChannelType.DM if len(people) == 2 else ChannelType.GROUP_DM
    channel = Channel(world.new_id(), kind, "", people=people, owner_id=people[0].id)
    world.channels[channel.id] = channel
    return channel


def is_member(world: World, channel: Channel) -> bool:
    """Whether the bot itself is where a channel is."""
    if channel.guild is None:
        return not channel.people
    return world.bot.id in channel.guild.members


def context_of(channel: Channel) -> int:
    """Return the kind of place that an interaction comes from."""
    if channel.guild is not None:
        return IN_GUILD
    return BETWEEN_PEOPLE if channel.people else WITH_BOT


def owners_of(world: World, channel: Channel, user: User) -> dict[str, str]:
    """Return who has brought the bot: the guild ("0" in its direct messages), the user, or both."""
    owners: dict[str, str] = {}
    if is_member(world, channel):
        owners[str(BY_GUILD)] = str(channel.guild.id) if channel.guild else "0"
    if user.id in world.installed_by:
        owners[str(BY_USER)] = str(user.id)
    return owners


def check_offered(world: World, command: Mapping[str, Any], channel: Channel, user: User) -> None:
    """Check that a client would offer a command.

    Raises:
        LookupError: not in such a place, or the bot is not there and nobody brings it along.
    """
    contexts = command.get("contexts")
    if contexts is None and command.get("dm_permission") is False:
        contexts = [IN_GUILD]
    if contexts is not None and context_of(channel) not in contexts:
        raise LookupError(f"{command['name']} is not offered here")
    types = command.get("integration_types") or [BY_GUILD]
    by_guild = is_member(world, channel) and BY_GUILD in types
    by_user = user.id in world.installed_by and BY_USER in types
    if not by_guild and not by_user:
        raise LookupError(f"{command['name']} is not offered to {user.name} here")


def is_personal(world: World, channel: Channel) -> bool:
    """Whether an interaction from there stands on its caller's own installation alone."""
    return not is_member(world, channel)


def forced_flags(world: World, channel: Channel, user: User) -> int:
    """Return the flags that every answer there gets, whatever the bot says."""
    foreign = channel.guild is not None and not is_member(world, channel)
    hidden = foreign and not may(channel, user.id, "use_external_apps")
    return EPHEMERAL if hidden else 0


def partial_channel(payload: Mapping[str, Any], *, known: bool) -> dict[str, Any]:
    """Return the fields of a channel that an interaction carries.

    Threads of guilds that the bot is not in come without their owner.
    """
    fields = _PARTIAL if known else _PARTIAL - {"owner_id"}
    return {name: value for name, value in payload.items() if name in fields}
