"""Permission bits and who has which where."""

from __future__ import annotations

from collections.abc import Iterable

from tests.simulators.discord_sim.model import Channel, ChannelType, Guild

BITS: dict[str, int] = {
    name: 1 << bit
    for name, bit in {
        "administrator": 3,
        "manage_channels": 4,
        "manage_guild": 5,
        "add_reactions": 6,
        "view_channel": 10,
        "send_messages": 11,
        "manage_messages": 13,
        "embed_links": 14,
        "attach_files": 15,
        "read_message_history": 16,
        "mention_everyone": 17,
        "external_emojis": 18,
        "connect": 20,
        "speak": 21,
        "change_nickname": 26,
        "manage_roles": 28,
        "manage_webhooks": 29,
        "use_application_commands": 31,
        "manage_threads": 34,
        "create_public_threads": 35,
        "create_private_threads": 36,
        "send_messages_in_threads": 38,
        "use_external_apps": 50,
        "pin_messages": 51,
    }.items()
}
EVERYTHING = (1 << 53) - 1

# What everybody has in a new guild; it lets everybody mention @everyone, as on Discord.
NEW_GUILD = (
    "add_reactions view_channel send_messages embed_links attach_files read_message_history "
    "mention_everyone external_emojis connect speak change_nickname use_application_commands "
    "create_public_threads create_private_threads send_messages_in_threads use_external_apps"
).split()
DIRECT = (
    "add_reactions view_channel send_messages embed_links attach_files read_message_history "
    "external_emojis use_application_commands"
).split()


def bits(names: Iterable[str]) -> int:
    """Return the bits of some permissions by name.

    Raises:
        KeyError: there is no permission of that name.
    """
    value = 0
    for name in names:
        value |= BITS[name]
    return value


def guild_permissions(guild: Guild, user_id: int) -> int:
    """Return what a member may do in the guild, before channel overwrites."""
    if user_id == guild.owner_id:
        return EVERYTHING
    value = guild.roles[guild.id].permissions
    for role_id in guild.members.get(user_id, ()):
        value |= guild.roles[role_id].permissions
    return EVERYTHING if value & BITS["administrator"] else value


def channel_permissions(channel: Channel, user_id: int) -> int:
    """Return what a user may do in a channel; threads follow their parent."""
    if channel.guild is None:
        _, denied = channel.overwrites.get(user_id, (0, 0))
        return bits(DIRECT) & ~denied
    place = channel.parent if channel.is_thread and channel.parent else channel
    guild = channel.guild
    value = guild_permissions(guild, user_id)
    if value == EVERYTHING:
        return value
    if user_id not in guild.members:
        return 0
    allowed, denied = place.overwrites.get(guild.id, (0, 0))
    value = value & ~denied | allowed
    allowed = denied = 0
    for role_id in guild.members[user_id]:
        role_allowed, role_denied = place.overwrites.get(role_id, (0, 0))
        allowed, denied = allowed | role_allowed, denied | role_denied
    value = value & ~denied | allowed
    allowed, denied = place.overwrites.get(user_id, (0, 0))
    value = value & ~denied | allowed
    hidden = not value & BITS["view_channel"]
    if channel.type is ChannelType.PRIVATE_THREAD and user_id not in channel.members:
        hidden = hidden or not value & BITS["manage_threads"]
    return 0 if hidden else value


def may(channel: Channel, user_id: int, *names: str) -> bool:
    """Whether a user has all of some permissions in a channel."""
    wanted = bits(names)
    return channel_permissions(channel, user_id) & wanted == wanted
