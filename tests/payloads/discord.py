"""Payloads of Discord: what the gateway dispatches."""

from __future__ import annotations

from typing import Any

BOT = "1100000000000000001"
BOT_ROLE = "1100000000000000002"
GUILD = "1100000000000000003"
GENERAL = "1100000000000000004"
VOICE = "1100000000000000005"
THREAD = "1100000000000000006"
OWN_THREAD = "1100000000000000007"
DIRECT = "1100000000000000008"
ELSEWHERE = "1100000000000000009"
ADA = "1100000000000000010"
BEN = "1100000000000000011"
FIRST = "1310000000000000001"
SECOND = "1310000000000000002"


def user(id_: str, name: str, **changes: Any) -> dict[str, Any]:
    """A user object."""
    return {
        "id": id_,
        "username": name,
        "global_name": name.title(),
        "discriminator": "0",
        "avatar": None,
        "bot": False,
        "public_flags": 0,
        "primary_guild": None,
        "avatar_decoration_data": None,
        **changes,
    }


def member(**changes: Any) -> dict[str, Any]:
    """A member object as messages carry it, without its user."""
    return {
        "nick": None,
        "avatar": None,
        "roles": [],
        "joined_at": "2024-03-01T09:30:00+00:00",
        "premium_since": None,
        "communication_disabled_until": None,
        "deaf": False,
        "mute": False,
        "flags": 0,
        "pending": False,
        **changes,
    }


def thread(id_: str, owner: str) -> dict[str, Any]:
    """A thread object."""
    return {
        "id": id_,
        "type": 11,
        "guild_id": GUILD,
        "parent_id": GENERAL,
        "owner_id": owner,
        "name": "shafts",
        "last_message_id": None,
        "message_count": 2,
        "total_message_sent": 2,
        "member_count": 2,
        "rate_limit_per_user": 0,
        "flags": 0,
        "thread_metadata": {
            "archived": False,
            "auto_archive_duration": 1440,
            "archive_timestamp": "2026-11-20T10:00:00+00:00",
            "locked": False,
            "create_timestamp": "2026-11-20T10:00:00+00:00",
        },
    }


def channel(id_: str, kind: int, name: str) -> dict[str, Any]:
    """A channel of a server."""
    return {
        "id": id_,
        "type": kind,
        "guild_id": GUILD,
        "name": name,
        "position": 0,
        "parent_id": None,
        "topic": None,
        "nsfw": False,
        "rate_limit_per_user": 0,
        "permission_overwrites": [],
        "last_message_id": None,
        "flags": 0,
        "bitrate": 64000,
        "user_limit": 0,
        "rtc_region": None,
    }


def role(id_: str, name: str, **changes: Any) -> dict[str, Any]:
    """A role."""
    return {
        "id": id_,
        "name": name,
        "color": 0,
        "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
        "hoist": False,
        "position": 0,
        "permissions": "1071698529857",
        "managed": False,
        "mentionable": False,
        "flags": 0,
        **changes,
    }


READY: dict[str, Any] = {
    "v": 10,
    "user": user(BOT, "bobbin", bot=True, discriminator="0001"),
    "guilds": [{"id": GUILD, "unavailable": True}],
    "session_id": "5e551on",
    "resume_gateway_url": "wss://gateway.example",
    "application": {"id": BOT, "flags": 565248},
    "user_settings": {},
    "relationships": [],
    "private_channels": [],
}

GUILD_CREATE: dict[str, Any] = {
    "id": GUILD,
    "name": "Weavers",
    "icon": None,
    "splash": None,
    "discovery_splash": None,
    "owner_id": BEN,
    "afk_channel_id": None,
    "afk_timeout": 300,
    "verification_level": 0,
    "default_message_notifications": 0,
    "explicit_content_filter": 0,
    "roles": [
        role(GUILD, "@everyone"),
        role(BOT_ROLE, "Bobbin", managed=True, tags={"bot_id": BOT}, position=1),
    ],
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
    "preferred_locale": "en-US",
    "public_updates_channel_id": None,
    "nsfw_level": 0,
    "premium_progress_bar_enabled": False,
    "joined_at": "2024-03-01T09:30:00+00:00",
    "large": False,
    "unavailable": False,
    "member_count": 3,
    "voice_states": [],
    "members": [member(user=user(BOT, "bobbin", bot=True), roles=[BOT_ROLE])],
    "channels": [channel(GENERAL, 0, "general"), channel(VOICE, 2, "looms")],
    "threads": [thread(THREAD, ADA), thread(OWN_THREAD, BOT)],
    "presences": [],
    "stage_instances": [],
    "guild_scheduled_events": [],
    "soundboard_sounds": [],
}


def message(content: str, **changes: Any) -> dict[str, Any]:
    """A MESSAGE_CREATE in #general by Ada."""
    return {
        "id": SECOND,
        "channel_id": GENERAL,
        "guild_id": GUILD,
        "type": 0,
        "author": user(ADA, "ada"),
        "member": member(nick="Ada L"),
        "content": content,
        "timestamp": "2026-11-20T10:00:00.123000+00:00",
        "edited_timestamp": None,
        "tts": False,
        "pinned": False,
        "flags": 0,
        "mentions": [],
        "mention_roles": [],
        "mention_everyone": False,
        "attachments": [],
        "embeds": [],
        "components": [],
        "nonce": "1310000000000000003",
        "channel_type": 0,
        **changes,
    }


_MENTIONED = {**user(BOT, "bobbin", bot=True), "member": member(roles=[BOT_ROLE])}

MENTION = message(f"<@{BOT}> how many shafts for <#{GENERAL}>?", mentions=[_MENTIONED])
BY_ROLE = message(f"hey <@&{BOT_ROLE}> `<@{BOT}>`", mention_roles=[BOT_ROLE])
IN_THREAD = message("and **now**?", channel_id=THREAD, channel_type=11)
IN_OWN_THREAD = message("and further?", channel_id=OWN_THREAD, channel_type=11)
IN_VOICE = message(f"<@!{BOT}> loud?", channel_id=VOICE, channel_type=2, mentions=[_MENTIONED])
IN_DIRECT = {
    name: value
    for name, value in message("just us two", channel_id=DIRECT, channel_type=1).items()
    if name not in ("guild_id", "member")
}
REPLY = message(
    "what did you mean?",
    type=19,
    mentions=[_MENTIONED],
    message_reference={
        "type": 0,
        "message_id": FIRST,
        "channel_id": GENERAL,
        "guild_id": GUILD,
        "fail_if_not_exists": True,
    },
    referenced_message=message(
        "four shafts", id=FIRST, author=user(BOT, "bobbin", bot=True), member=member()
    ),
)
REPLY_TO_NOTHING = message(
    "what did you mean?",
    type=19,
    message_reference={"type": 0, "message_id": FIRST, "channel_id": GENERAL, "guild_id": GUILD},
    referenced_message=None,
)
FORWARD = message(
    "",
    flags=1 << 14,
    channel_id=OWN_THREAD,
    message_reference={"type": 1, "message_id": FIRST, "channel_id": ELSEWHERE},
    message_snapshots=[
        {
            "message": {
                "type": 0,
                "content": f"said <@{BEN}>",
                "mentions": [user(BEN, "ben")],
                "mention_roles": [],
                "attachments": [],
                "embeds": [],
                "timestamp": "2026-11-20T09:00:00+00:00",
                "edited_timestamp": None,
                "flags": 0,
                "components": [],
            }
        }
    ],
)
WITH_FILES = message(
    f"<@{BOT}> look",
    mentions=[_MENTIONED],
    attachments=[
        {
            "id": "1310000000000000004",
            "filename": "pattern.png",
            "size": 20481,
            "url": "https://cdn.discordapp.com/attachments/1/2/pattern.png?ex=1&is=2&hm=3",
            "proxy_url": "https://media.discordapp.net/attachments/1/2/pattern.png",
            "content_type": "image/png",
            "width": 16,
            "height": 16,
            "flags": 0,
        }
    ],
    sticker_items=[{"id": "1310000000000000005", "name": "wave", "format_type": 1}],
)
BY_A_BOT = message("alarm", author=user("1100000000000000012", "alarm", bot=True))
BY_A_WEBHOOK = message("hook", webhook_id="1100000000000000013", channel_id=OWN_THREAD)
BY_OURSELVES = message("mine", author=user(BOT, "bobbin", bot=True), channel_id=OWN_THREAD)
JOINED = message("", type=7)
STARTER = message("", type=21, channel_id=THREAD)

MESSAGES = (
    MENTION,
    BY_ROLE,
    IN_THREAD,
    IN_OWN_THREAD,
    IN_VOICE,
    IN_DIRECT,
    REPLY,
    REPLY_TO_NOTHING,
    FORWARD,
    WITH_FILES,
    BY_A_BOT,
    BY_A_WEBHOOK,
    BY_OURSELVES,
    JOINED,
    STARTER,
)

COMMAND: dict[str, Any] = {
    "id": "1310000000000000006",
    "application_id": BOT,
    "type": 2,
    "token": "interaction-token",
    "version": 1,
    "guild_id": GUILD,
    "channel_id": OWN_THREAD,
    "channel": {**thread(OWN_THREAD, BOT), "permissions": "1071698529857"},
    "member": member(user=user(ADA, "ada"), permissions="1071698529857"),
    "locale": "en-US",
    "guild_locale": "en-US",
    "app_permissions": "1071698529857",
    "attachment_size_limit": 10485760,
    "entitlements": [],
    "authorizing_integration_owners": {"0": GUILD},
    "context": 0,
    "data": {
        "id": "1310000000000000007",
        "name": "summary",
        "type": 1,
        "options": [{"name": "share", "type": 5, "value": True}],
    },
}
CHOICE: dict[str, Any] = {
    **COMMAND,
    "type": 3,
    "message": message("Which one?", author=user(BOT, "bobbin", bot=True)),
    "data": {
        "custom_id": "choose:summary:",
        "component_type": 3,
        "values": [f"discord:{GUILD}:{GENERAL}:{OWN_THREAD}"],
    },
}
INTERACTIONS = (COMMAND, CHOICE)

BUTTON: dict[str, Any] = {
    "type": 2,
    "id": 2,
    "style": 2,
    "label": "Regenerate",
    "custom_id": "control:regenerate:abcdefghijklmnop",
}
PRESS: dict[str, Any] = {
    **COMMAND,
    "type": 3,
    "message": message(
        "An answer.",
        author=user(BOT, "bobbin", bot=True),
        channel_id=OWN_THREAD,
        components=[{"type": 1, "id": 1, "components": [BUTTON]}],
    ),
    "data": {"custom_id": BUTTON["custom_id"], "component_type": 2, "id": 2},
}
