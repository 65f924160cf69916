"""The app configuration a simulator starts with when a test passes none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

BOT_SCOPES = (
    "app_mentions:read",
    "assistant:write",
    "channels:history",
    "channels:read",
    "chat:write",
    "commands",
    "files:read",
    "files:write",
    "groups:history",
    "groups:read",
    "im:history",
    "im:read",
    "im:write",
    "mpim:history",
    "mpim:read",
    "reactions:read",
    "reactions:write",
    "usergroups:read",
    "users:read",
)
BOT_EVENTS = (
    "agent_session_stopped",
    "app_context_changed",
    "app_home_opened",
    "app_mention",
    "app_uninstalled",
    "channel_deleted",
    "group_deleted",
    "member_joined_channel",
    "member_left_channel",
    "message.channels",
    "message.groups",
    "message.im",
    "message.mpim",
    "reaction_added",
    "reaction_removed",
    "tokens_revoked",
    "user_change",
)
DEFAULT_MANIFEST: Mapping[str, Any] = {
    "display_information": {"name": "Bobbin"},
    "features": {
        "bot_user": {"display_name": "Bobbin"},
        "shortcuts": [
            {"type": "message", "callback_id": "bobbin_ask"},
            {"type": "message", "callback_id": "bobbin_remember"},
            {"type": "message", "callback_id": "bobbin_summary"},
            {"type": "message", "callback_id": "bobbin_minutes"},
            {"type": "message", "callback_id": "bobbin_forget"},
            {"type": "global", "callback_id": "bobbin_threads"},
        ],
        "slash_commands": [
            {"command": "/bobbin", "should_escape": True},
            {"command": "/remember", "should_escape": True},
            {"command": "/memories", "should_escape": True},
            {"command": "/recall", "should_escape": True},
            {"command": "/summary", "should_escape": True},
            {"command": "/forget", "should_escape": True},
        ],
    },
    "oauth_config": {"scopes": {"bot": list(BOT_SCOPES)}},
    "settings": {"event_subscriptions": {"bot_events": list(BOT_EVENTS)}},
}

# The scope without which Slack does not deliver an event, whatever the subscription says.
EVENT_SCOPES: Mapping[str, str] = {
    "app_mention": "app_mentions:read",
    "message.channels": "channels:history",
    "message.groups": "groups:history",
    "message.im": "im:history",
    "message.mpim": "mpim:history",
    "reaction_added": "reactions:read",
    "reaction_removed": "reactions:read",
    "member_joined_channel": "channels:read",
    "member_left_channel": "channels:read",
    "agent_session_stopped": "assistant:write",
    "app_context_changed": "assistant:write",
    "file_shared": "files:read",
    "channel_deleted": "channels:read",
    "group_deleted": "groups:read",
    "user_change": "users:read",
}
