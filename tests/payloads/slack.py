"""Payloads of Slack: events as Socket Mode and HTTP carry them, commands, choices, people."""

from __future__ import annotations

from typing import Any

TEAM = "T0WEAVERS1"
BOT_USER = "U0BOBBIN01"
BOT_ID = "B0BOBBIN01"
APP = "A0BOBBIN01"
ADA = "U0ADALOOM1"
BEN = "U0BENSPIN1"
GENERAL = "C0GENERAL1"
DIRECT = "D0ADADIRE1"
GROUP = "G0MPIMGRP1"
ROOT = "1732700000.000100"
NEXT = "1732700060.000200"


def callback(event: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """The outer payload of an event."""
    return {
        "token": "verification-token",
        "team_id": TEAM,
        "context_team_id": TEAM,
        "context_enterprise_id": None,
        "api_app_id": APP,
        "event": event,
        "type": "event_callback",
        "event_id": "Ev0WEAVERS1",
        "event_time": 1732700000,
        "authorizations": [
            {
                "enterprise_id": None,
                "team_id": TEAM,
                "user_id": BOT_USER,
                "is_bot": True,
                "is_enterprise_install": False,
            }
        ],
        "is_ext_shared_channel": False,
        "event_context": "4-weavers",
        **changes,
    }


def message(text: str, **changes: Any) -> dict[str, Any]:
    """A `message` event in a channel."""
    return {
        "client_msg_id": "0f6a7a52-6f4f-4f1e-8a5c-0e0c3a0d9b11",
        "type": "message",
        "user": ADA,
        "text": text,
        "ts": NEXT,
        "team": TEAM,
        "blocks": [
            {
                "type": "rich_text",
                "block_id": "kd3",
                "elements": [
                    {
                        "type": "rich_text_section",
                        "elements": [
                            {"type": "user", "user_id": BOT_USER},
                            {"type": "text", "text": " how many shafts?"},
                        ],
                    }
                ],
            }
        ],
        "channel": GENERAL,
        "event_ts": NEXT,
        "channel_type": "channel",
        **changes,
    }


FILE: dict[str, Any] = {
    "id": "F0PATTERN1",
    "created": 1732700050,
    "name": "pattern.png",
    "title": "pattern",
    "mimetype": "image/png",
    "filetype": "png",
    "user": ADA,
    "size": 20481,
    "mode": "hosted",
    "url_private": "https://files.slack.com/files-pri/T0WEAVERS1-F0PATTERN1/pattern.png",
    "permalink": "https://weavers.slack.com/files/U0ADALOOM1/F0PATTERN1/pattern.png",
}

MENTION = callback(
    {
        "type": "app_mention",
        "user": ADA,
        "text": f"<@{BOT_USER}> how many *shafts* does <#{GENERAL}|general> need?",
        "ts": ROOT,
        "team": TEAM,
        "channel": GENERAL,
        "event_ts": ROOT,
    }
)
MESSAGE = callback(message(f"<@{BOT_USER}> how many shafts?"))
IN_THREAD = callback(
    message(
        f"and `code <@{BOT_USER}>` for <@{BEN}>?",
        thread_ts=ROOT,
        parent_user_id=BOT_USER,
        channel_type="group",
    )
)
IN_DIRECT = callback(message("just us two", channel=DIRECT, channel_type="im"))
IN_GROUP = callback(
    message(f"<!here> <@{BOT_USER}|bobbin>: see", channel=GROUP, channel_type="mpim")
)
WITH_FILES = callback(
    message(
        f"<@{BOT_USER}> look",
        subtype="file_share",
        upload=False,
        files=[FILE, {"id": "F0HIDDEN01", "mode": "file_access", "file_access": "check_file_info"}],
        attachments=[
            {
                "is_share": True,
                "is_msg_unfurl": True,
                "channel_id": GENERAL,
                "ts": ROOT,
                "author_id": BEN,
                "text": f"from <@{BEN}>: *old* news &amp; more",
                "fallback": "[an old message]",
                "mrkdwn_in": ["text"],
            }
        ],
    )
)
BROADCAST = callback(
    message(
        "for everybody",
        subtype="thread_broadcast",
        thread_ts=ROOT,
        root={"user": BEN, "type": "message", "ts": ROOT, "text": "root", "reply_count": 3},
    )
)
CHANGED = callback(
    {
        "type": "message",
        "subtype": "message_changed",
        "hidden": True,
        "channel": GENERAL,
        "channel_type": "channel",
        "ts": "1732700090.000400",
        "event_ts": "1732700090.000400",
        "message": message("edited", edited={"user": ADA, "ts": "1732700089.000000"}),
        "previous_message": message("before"),
    }
)
DELETED = callback(
    {
        "type": "message",
        "subtype": "message_deleted",
        "hidden": True,
        "channel": GENERAL,
        "channel_type": "channel",
        "deleted_ts": NEXT,
        "ts": "1732700095.000500",
        "event_ts": "1732700095.000500",
        "previous_message": message("gone"),
    }
)
BY_A_BOT = callback(
    message(
        f"<@{BOT_USER}> alarm",
        subtype="bot_message",
        bot_id="B0ALARM001",
        username="alarm",
        bot_profile={"id": "B0ALARM001", "name": "alarm", "app_id": "A0ALARM001"},
    )
)
BY_OURSELVES = callback(message("my own words", user=BOT_USER, bot_id=BOT_ID, thread_ts=ROOT))
SHARED = callback(
    message(f"<@{BOT_USER}> from afar", team="T0OTHERS01", user_team="T0OTHERS01"),
    is_ext_shared_channel=True,
)

EVENTS = (
    MENTION,
    MESSAGE,
    IN_THREAD,
    IN_DIRECT,
    IN_GROUP,
    WITH_FILES,
    BROADCAST,
    CHANGED,
    DELETED,
    BY_A_BOT,
    BY_OURSELVES,
    SHARED,
)

SLASH: dict[str, Any] = {
    "token": "verification-token",
    "team_id": TEAM,
    "team_domain": "weavers",
    "channel_id": GENERAL,
    "channel_name": "general",
    "user_id": ADA,
    "user_name": "ada",
    "command": "/bobbin",
    "text": f"forget https://weavers.slack.com/archives/{GENERAL}/p1732700000000100",
    "api_app_id": APP,
    "is_enterprise_install": "false",
    "response_url": "https://hooks.slack.com/commands/T0WEAVERS1/1/abc",
    "trigger_id": "1.2.abc",
}

CHOICE: dict[str, Any] = {
    "type": "block_actions",
    "user": {"id": ADA, "username": "ada", "name": "ada", "team_id": TEAM},
    "api_app_id": APP,
    "token": "verification-token",
    "container": {
        "type": "message",
        "message_ts": NEXT,
        "channel_id": GENERAL,
        "is_ephemeral": True,
    },
    "trigger_id": "1.3.abc",
    "team": {"id": TEAM, "domain": "weavers"},
    "enterprise": None,
    "is_enterprise_install": False,
    "channel": {"id": GENERAL, "name": "general"},
    "response_url": "https://hooks.slack.com/actions/T0WEAVERS1/1/abc",
    "actions": [
        {
            "type": "static_select",
            "action_id": "choose:forget:",
            "block_id": "b1",
            "selected_option": {
                "text": {"type": "plain_text", "text": "shafts"},
                "value": f"slack:{TEAM}:{GENERAL}:{ROOT}",
            },
            "action_ts": "1732700100.000000",
        }
    ],
}

PERSON: dict[str, Any] = {
    "id": ADA,
    "team_id": TEAM,
    "name": "ada",
    "deleted": False,
    "real_name": "Ada Loom",
    "tz": "Europe/Amsterdam",
    "profile": {
        "title": "",
        "real_name": "Ada Loom",
        "display_name": "Ada",
        "image_72": "https://avatars.slack-edge.com/ada_72.png",
        "team": TEAM,
    },
    "is_admin": False,
    "is_owner": False,
    "is_primary_owner": False,
    "is_restricted": False,
    "is_ultra_restricted": False,
    "is_bot": False,
    "is_app_user": False,
    "updated": 1732600000,
}

PAST: tuple[dict[str, Any], ...] = (
    {
        "type": "message",
        "user": BEN,
        "text": "the warp is &lt;down&gt;",
        "ts": ROOT,
        "thread_ts": ROOT,
        "reply_count": 2,
        "reply_users": [ADA],
        "latest_reply": NEXT,
    },
    {
        "subtype": "bot_message",
        "type": "message",
        "bot_id": "B0ALARM001",
        "username": "alarm",
        "text": "",
        "ts": NEXT,
        "thread_ts": ROOT,
        "attachments": [{"fallback": "loom at 100 %", "text": "loom at *100 %*", "id": 1}],
    },
    {
        "type": "message",
        "user": BOT_USER,
        "bot_id": BOT_ID,
        "app_id": APP,
        "text": "four shafts",
        "ts": NEXT,
        "thread_ts": ROOT,
        "metadata": {"event_type": "bobbin_turn", "event_payload": {"key": "abcp0"}},
    },
)
"""Messages as conversations.replies gives them."""

_BY: dict[str, Any] = {
    "team": {"id": TEAM, "domain": "weavers"},
    "user": {"id": ADA, "username": "ada", "name": "ada", "team_id": TEAM},
    "api_app_id": APP,
    "token": "verification",
    "trigger_id": "13345224609.738474920.8088930838d88f008e0",
    "enterprise": None,
    "is_enterprise_install": False,
}
_KEY = f"slack:{TEAM}:{GENERAL}:{ROOT}"
WINDOWS: tuple[dict[str, Any], ...] = (
    {
        **_BY,
        "type": "view_submission",
        "view": {
            "id": "VNHU13V36",
            "team_id": TEAM,
            "type": "modal",
            "callback_id": "bobbin_ask",
            "hash": "1732700061.abcdef12",
            "private_metadata": f'{{"thread":"{_KEY}","said":{{"channel":"{GENERAL}","ts":"{NEXT}",'
            f'"root":"{ROOT}","user":"{BEN}","text":"four shafts","direct":false,'
            '"mentioned":false,"files":[],"shared":[],"bot":null,"is_outside":false},'
            '"whole":true,"url":"https://hooks.slack.com/actions/T0/1/x","home":false}',
            "state": {
                "values": {
                    "question": {"question": {"type": "plain_text_input", "value": "why four?"}}
                }
            },
            "app_installed_team_id": TEAM,
        },
        "response_urls": [],
    },
    {
        **_BY,
        "type": "view_submission",
        "view": {
            "id": "VNHU13V37",
            "team_id": TEAM,
            "type": "modal",
            "callback_id": "bobbin_threads",
            "hash": "1732700061.abcdef13",
            "private_metadata": '{"thread":"","said":null,"whole":true,"url":"","home":false}',
            "state": {
                "values": {
                    "conversation": {
                        "conversation": {
                            "type": "static_select",
                            "selected_option": {
                                "text": {"type": "plain_text", "text": "shafts"},
                                "value": _KEY,
                            },
                        }
                    },
                    "deed": {
                        "deed": {
                            "type": "radio_buttons",
                            "selected_option": {
                                "text": {"type": "plain_text", "text": "Sum it up"},
                                "value": "summary",
                            },
                        }
                    },
                }
            },
        },
    },
    {
        **_BY,
        "type": "block_actions",
        "container": {"type": "view", "view_id": "VNHU13V38"},
        "view": {"id": "VNHU13V38", "type": "home", "callback_id": "home", "blocks": []},
        "actions": [
            {
                "type": "overflow",
                "action_id": "home:menu",
                "block_id": "b1",
                "selected_option": {
                    "text": {"type": "plain_text", "text": "Forget it …"},
                    "value": f"forget {_KEY}",
                },
                "action_ts": NEXT,
            }
        ],
    },
)
"""What windows and the Home tab send."""
