"""The JSON shapes of what exists."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from tests.simulators.discord_sim.model import (
    HAS_SNAPSHOT,
    REPLY,
    THREAD_STARTER,
    Attachment,
    Channel,
    ChannelType,
    Guild,
    Message,
    Role,
    User,
)

DISCORD_EPOCH = 1_420_070_400_000

LinkTo = Callable[[Channel, Attachment], str]


def timestamp(snowflake: int) -> str:
    """Return the ISO 8601 time inside an id."""
    milliseconds = (snowflake >> 22) + DISCORD_EPOCH
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat()


def user_payload(user: User) -> dict[str, Any]:
    """Return a user object."""
    return {
        "id": str(user.id),
        "username": user.name,
        "global_name": user.display_name,
        "discriminator": f"{user.id % 10000:04}" if user.bot else "0",
        "avatar": None,
        "bot": user.bot,
        "public_flags": 0,
    }


def member_payload(guild: Guild, user: User, *, with_user: bool = True) -> dict[str, Any]:
    """Return a guild member object; messages carry it without its user."""
    payload: dict[str, Any] = {
        "nick": guild.nicks.get(user.id),
        "avatar": None,
        "roles": [str(role) for role in sorted(guild.members.get(user.id, ()))],
        "joined_at": timestamp(guild.id),
        "premium_since": None,
        "deaf": False,
        "mute": False,
        "flags": 0,
        "pending": False,
    }
    if with_user:
        payload["user"] = user_payload(user)
    return payload


def role_payload(role: Role, position: int) -> dict[str, Any]:
    """Return a role object."""
    payload: dict[str, Any] = {
        "id": str(role.id),
        "name": role.name,
        "color": 0,
        "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
        "hoist": False,
        "position": position,
        "permissions": str(role.permissions),
        "managed": role.bot_id is not None,
        "mentionable": role.mentionable,
        "flags": 0,
    }
    if role.bot_id is not None:
        payload["tags"] = {"bot_id": str(role.bot_id)}
    return payload


def _last_message_id(channel: Channel) -> str | None:
    return str(max(channel.messages)) if channel.messages else None


def thread_payload(channel: Channel, viewer_id: int) -> dict[str, Any]:
    """Return a thread object, with the membership of the viewer if there is one."""
    count = sum(
        not message.deleted and message.type != THREAD_STARTER and message.id != channel.id
        for message in channel.messages.values()
    )
    payload: dict[str, Any] = {
        "id": str(channel.id),
        "type": int(channel.type),
        "guild_id": str(channel.guild.id) if channel.guild else None,
        "parent_id": str(channel.parent.id) if channel.parent else None,
        "owner_id": str(channel.owner_id),
        "name": channel.name,
        "last_message_id": _last_message_id(channel),
        "message_count": count,
        "total_message_sent": count,
        "member_count": min(50, len(channel.members)),
        "rate_limit_per_user": channel.slowmode,
        "flags": 0,
        "thread_metadata": {
            "archived": channel.archived,
            "auto_archive_duration": channel.auto_archive,
            "archive_timestamp": timestamp(channel.id),
            "locked": channel.locked,
            "create_timestamp": timestamp(channel.id),
        },
    }
    if channel.type is ChannelType.PRIVATE_THREAD:
        payload["thread_metadata"]["invitable"] = True
    if viewer_id in channel.members:
        payload["member"] = {
            "id": str(channel.id),
            "user_id": str(viewer_id),
            "join_timestamp": timestamp(channel.id),
            "flags": 0,
        }
    return payload


def channel_payload(channel: Channel, viewer_id: int, position: int = 0) -> dict[str, Any]:
    """Return a channel object of whatever kind."""
    if channel.is_thread:
        return thread_payload(channel, viewer_id)
    payload: dict[str, Any] = {
        "id": str(channel.id),
        "type": int(channel.type),
        "last_message_id": _last_message_id(channel),
        "flags": 0,
    }
    if channel.guild is None:
        others = channel.people or filter(None, [channel.recipient])
        payload["recipients"] = [user_payload(other) for other in others]
        if channel.type is ChannelType.GROUP_DM:
            payload |= {"name": None, "icon": None, "owner_id": str(channel.owner_id)}
        return payload
    payload.update(
        guild_id=str(channel.guild.id),
        name=channel.name,
        position=position,
        parent_id=None,
        topic=None,
        nsfw=False,
        rate_limit_per_user=channel.slowmode,
        permission_overwrites=[
            {
                "id": str(target),
                "type": 0 if target in channel.guild.roles else 1,
                "allow": str(allowed),
                "deny": str(denied),
            }
            for target, (allowed, denied) in channel.overwrites.items()
        ],
    )
    if channel.threads_archive is not None:
        payload["default_auto_archive_duration"] = channel.threads_archive
    if channel.type in (ChannelType.VOICE, ChannelType.STAGE):
        payload.update(bitrate=64000, user_limit=0, rtc_region=None)
    if channel.type in (ChannelType.FORUM, ChannelType.MEDIA):
        payload.update(
            available_tags=[],
            default_reaction_emoji=None,
            default_sort_order=None,
            default_forum_layout=0,
        )
    return payload


def guild_payload(guild: Guild) -> dict[str, Any]:
    """Return a guild object as GET /guilds gives it."""
    return {
        "id": str(guild.id),
        "name": guild.name,
        "icon": None,
        "splash": None,
        "discovery_splash": None,
        "owner_id": str(guild.owner_id),
        "afk_channel_id": None,
        "afk_timeout": 300,
        "verification_level": 0,
        "default_message_notifications": 0,
        "explicit_content_filter": 0,
        "roles": [role_payload(role, at) for at, role in enumerate(guild.roles.values())],
        "emojis": [],
        "stickers": [],
        "features": [],
        "mfa_level": 0,
        "application_id": None,
        "system_channel_id": None,
        "system_channel_flags": 0,
        "rules_channel_id": None,
        "vanity_url_code": None,
        "description": None,
        "banner": None,
        "premium_tier": 0,
        "premium_subscription_count": 0,
        "preferred_locale": "en-US",
        "public_updates_channel_id": None,
        "nsfw_level": 0,
        "premium_progress_bar_enabled": False,
    }


def guild_create_payload(
    guild: Guild, bot: User, channels: Iterable[Channel], threads: Iterable[Channel]
) -> dict[str, Any]:
    """Return the GUILD_CREATE payload; without the members intent it has only the bot as member."""
    return {
        **guild_payload(guild),
        "joined_at": timestamp(guild.id),
        "large": False,
        "unavailable": False,
        "member_count": len(guild.members),
        "voice_states": [],
        "members": [member_payload(guild, bot)],
        "channels": [channel_payload(item, bot.id, at) for at, item in enumerate(channels)],
        "threads": [thread_payload(item, bot.id) for item in threads],
        "presences": [],
        "stage_instances": [],
        "guild_scheduled_events": [],
        "soundboard_sounds": [],
    }


def attachment_payload(channel: Channel, attachment: Attachment, link: LinkTo) -> dict[str, Any]:
    """Return an attachment object with a freshly signed URL."""
    url = attachment.elsewhere or link(channel, attachment)
    size = len(attachment.data) if attachment.announced is None else attachment.announced
    payload: dict[str, Any] = {
        "id": str(attachment.id),
        "filename": attachment.filename,
        "size": size,
        "url": url,
        "proxy_url": url,
    }
    if attachment.content_type is not None:
        payload["content_type"] = attachment.content_type
    if attachment.description is not None:
        payload["description"] = attachment.description
    if attachment.seconds is not None:
        payload |= {"duration_secs": attachment.seconds, "waveform": "AAAA"}
    return payload


def message_payload(
    message: Message,
    link: LinkTo,
    viewer_id: int,
    readable: Callable[[Message], bool],
    *,
    depth: int = 1,
) -> dict[str, Any]:
    """Return a message object as the REST API gives it.

    Args:
        link: makes the URL of an attachment.
        viewer_id: the bot that sees it.
        readable: whether the viewer gets what the message content intent guards.
        depth: how many levels of referenced messages are included.
    """
    channel, content = message.channel, readable(message)
    payload: dict[str, Any] = {
        "id": str(message.id),
        "channel_id": str(channel.id),
        "type": message.type,
        "author": user_payload(message.author),
        "content": message.content if content else "",
        "timestamp": timestamp(message.id),
        "edited_timestamp": message.edited_at,
        "tts": False,
        "pinned": False,
        "flags": message.flags,
        "mentions": [user_payload(user) for user in message.mentions],
        "mention_roles": [str(role) for role in message.mention_roles],
        "mention_everyone": message.mention_everyone,
        "attachments": [
            attachment_payload(channel, item, link) for item in message.attachments if content
        ],
        "embeds": list(message.embeds) if content else [],
        "components": list(message.components) if content else [],
    }
    if message.stickers:
        payload["sticker_items"] = list(message.stickers)
    if message.poll is not None and content:
        payload["poll"] = message.poll
    if message.nonce is not None:
        payload["nonce"] = message.nonce
    if message.webhook_id is not None:
        payload["webhook_id"] = str(message.webhook_id)
    if message.interaction is not None:
        payload["interaction_metadata"] = message.interaction
        payload["application_id"] = payload["webhook_id"]
    if message.reactions:
        payload["reactions"] = [
            {
                "emoji": {"id": None, "name": emoji},
                "count": len(users),
                "count_details": {"burst": 0, "normal": len(users)},
                "burst_colors": [],
                "me": viewer_id in users,
                "me_burst": False,
            }
            for emoji, users in message.reactions.items()
        ]
    if message.thread is not None:
        payload["thread"] = thread_payload(message.thread, viewer_id)
    _add_references(payload, message, link, viewer_id, readable, depth)
    return payload


def _add_references(
    payload: dict[str, Any],
    message: Message,
    link: LinkTo,
    viewer_id: int,
    readable: Callable[[Message], bool],
    depth: int,
) -> None:
    target = message.reply_to or message.snapshot
    if target is None:
        return
    payload["message_reference"] = {
        "type": 1 if message.snapshot else 0,
        "message_id": str(target.id),
        "channel_id": str(target.channel.id),
    }
    if target.channel.guild is not None:
        payload["message_reference"]["guild_id"] = str(target.channel.guild.id)
    if message.snapshot is not None:
        payload["flags"] |= HAS_SNAPSHOT
        copied = message_payload(target, link, viewer_id, readable, depth=0)
        kept = ("type", "content", "embeds", "attachments", "timestamp", "edited_timestamp")
        kept += ("flags", "mentions", "mention_roles", "components")
        payload["message_snapshots"] = [{"message": {name: copied[name] for name in kept}}]
    elif message.type in (REPLY, THREAD_STARTER) and depth:
        payload["referenced_message"] = (
            None
            if target.deleted
            else message_payload(target, link, viewer_id, readable, depth=depth - 1)
        )
