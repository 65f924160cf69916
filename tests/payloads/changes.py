"""Edits and deletions as Discord and Slack tell of them."""

from __future__ import annotations

from typing import Any

from tests.payloads import discord, slack

EDITED_AT = "2026-11-20T10:00:00.123000+00:00"

EDITS = tuple({**message, "edited_timestamp": EDITED_AT} for message in discord.MESSAGES)
PREVIEW: dict[str, Any] = {
    "id": discord.FIRST,
    "channel_id": discord.GENERAL,
    "guild_id": discord.GUILD,
    "embeds": [{"type": "link", "url": "https://example.org"}],
}
PART: dict[str, Any] = {**PREVIEW, "edited_timestamp": EDITED_AT}
DELETED: dict[str, Any] = {
    "id": discord.FIRST,
    "channel_id": discord.THREAD,
    "guild_id": discord.GUILD,
}
DELETED_DIRECT: dict[str, Any] = {"id": discord.FIRST, "channel_id": discord.DIRECT}
BULK: dict[str, Any] = {
    "ids": [discord.FIRST, "1310000000000000009"],
    "channel_id": discord.GENERAL,
    "guild_id": discord.GUILD,
}
THREAD_GONE: dict[str, Any] = {
    "id": discord.THREAD,
    "guild_id": discord.GUILD,
    "parent_id": discord.GENERAL,
    "type": 11,
}
CHANNEL_GONE: dict[str, Any] = {
    **discord.channel(discord.GENERAL, 0, "general"),
    "guild_id": discord.GUILD,
}

DISCORD = (
    *(("MESSAGE_UPDATE", payload) for payload in (*EDITS, PREVIEW, PART)),
    ("MESSAGE_DELETE", DELETED),
    ("MESSAGE_DELETE", DELETED_DIRECT),
    ("MESSAGE_DELETE_BULK", BULK),
    ("THREAD_DELETE", THREAD_GONE),
)
"""Each with the name of its event."""

TOMBSTONE = slack.callback(
    {
        "type": "message",
        "subtype": "message_changed",
        "message": {
            "type": "message",
            "subtype": "tombstone",
            "user": "USLACKBOT",
            "text": "This message was deleted.",
            "hidden": True,
            "ts": slack.ROOT,
            "thread_ts": slack.ROOT,
            "reply_count": 1,
        },
        "previous_message": slack.message("so?", ts=slack.ROOT, thread_ts=slack.ROOT),
        "channel": slack.GENERAL,
        "channel_type": "channel",
        "hidden": True,
        "ts": slack.NEXT,
        "event_ts": slack.NEXT,
    }
)
OURS_DELETED = slack.callback(
    {
        "type": "message",
        "subtype": "message_deleted",
        "deleted_ts": slack.NEXT,
        "previous_message": {
            "type": "message",
            "user": slack.BOT_USER,
            "bot_id": slack.BOT_ID,
            "text": "four shafts",
            "ts": slack.NEXT,
            "thread_ts": slack.ROOT,
        },
        "channel": slack.GENERAL,
        "channel_type": "channel",
        "hidden": True,
        "ts": slack.NEXT,
        "event_ts": slack.NEXT,
    }
)
CHANNEL_DELETED = slack.callback(
    {"type": "channel_deleted", "channel": slack.GENERAL, "event_ts": slack.NEXT}
)
GROUP_DELETED = slack.callback(
    {"type": "group_deleted", "channel": slack.GENERAL, "event_ts": slack.NEXT}
)
ACCOUNT_CLOSED = slack.callback(
    {"type": "user_change", "user": {**slack.PERSON, "deleted": True}, "event_ts": slack.NEXT}
)
PROFILE_CHANGED = slack.callback(
    {"type": "user_change", "user": slack.PERSON, "event_ts": slack.NEXT}
)

SLACK = (
    slack.CHANGED,
    slack.DELETED,
    TOMBSTONE,
    OURS_DELETED,
    CHANNEL_DELETED,
    GROUP_DELETED,
    ACCOUNT_CLOSED,
    PROFILE_CHANGED,
)
