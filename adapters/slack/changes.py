"""From what Slack tells of edits and deletions to what the engine takes. Pure.

Slack repeats a message when it gets a preview, and when we edit our own; an edit is one that gives
a person's message other words. A deleted message that has replies stays as a tombstone, which comes
as an edit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from adapters.slack.translate import (
    as_spoken,
    event_id_of,
    id_in,
    is_joint,
    is_ours,
    position_of,
    text_in,
)
from adapters.slack.values import PLATFORM, Own, Said, fields
from bot.chat import Removal, ThreadKey

EDITED = "message_changed"
DELETED = "message_deleted"
TOMBSTONE = "tombstone"

CHANNELS = ("channel_deleted", "group_deleted")
PERSON = "user_change"
DEPARTED = "member_left_channel"
EVENTS = (*CHANNELS, PERSON)
"""Events about changes that are not messages."""


@dataclass(frozen=True, slots=True)
class Edit:
    """A message as it reads now; `at` orders its edits, seconds since the epoch."""

    said: Said
    at: float


def edit(body: Mapping[str, Any], own: Own) -> Edit | None:
    """What somebody else than us has edited, None for any other event.

    Raises:
        KeyError, TypeError, ValueError: The payload is malformed.
    """
    event = fields(body["event"])
    message = fields(event.get("message"))
    if event.get("subtype") != EDITED or message.get("subtype") == TOMBSTONE:
        return None
    if is_ours(message, own) or _same_words(message, fields(event.get("previous_message"))):
        return None
    channel = id_in(event, "channel")
    kind = event.get("channel_type") or ("im" if channel.startswith("D") else "")
    said = as_spoken(message, channel, own, direct=kind == "im")
    if said is None:
        return None
    # When it was edited is told in whole seconds; when we were told, exactly.
    return Edit(replace(said, joint=is_joint(body)), _seconds(event))


def removal(body: Mapping[str, Any], own: Own) -> Removal | None:
    """What was deleted, None for any other event.

    Raises:
        KeyError, TypeError, ValueError: The payload is malformed.
    """
    event = fields(body["event"])
    match event.get("type"), event.get("subtype"):
        case str(kind), _ if kind in CHANNELS:
            return Removal(PLATFORM, own.team, id_in(event, "channel"))
        case "user_change", _:
            return _person(event, own)
        case "message", "message_deleted":
            message = fields(event.get("previous_message"))
            return _message(event, text_in(event, "deleted_ts"), message, own)
        case "message", "message_changed":
            message = fields(event.get("message"))
            if message.get("subtype") == TOMBSTONE:
                return _message(event, text_in(message, "ts"), message, own)
            return None
        case _:
            return None


def departure(body: Mapping[str, Any], own: Own) -> tuple[str, str] | None:
    """The channel and who has left it or was taken out of it; None when it was the bot.

    Raises:
        KeyError, TypeError, ValueError: The payload is malformed.
    """
    event = fields(body["event"])
    user = id_in(event, "user")
    return None if user == own.user else (id_in(event, "channel"), user)


def _message(event: Mapping[str, Any], ts: str, message: Mapping[str, Any], own: Own) -> Removal:
    channel = id_in(event, "channel")
    position_of(ts)
    root: object = message.get("thread_ts") or ts
    if not isinstance(root, str):
        raise TypeError("a deleted message's thread is no text")
    position_of(root)
    thread = ThreadKey(PLATFORM, own.team, channel, root)
    return Removal(PLATFORM, own.team, channel, thread, (ts,), (event_id_of(channel, ts, own),))


def _person(event: Mapping[str, Any], own: Own) -> Removal | None:
    """Somebody of our workspace, or of our organisation, whose account was closed."""
    user = fields(event.get("user"))
    home: object = user.get("team_id")
    if own.team == own.enterprise:
        home = fields(user.get("enterprise_user")).get("enterprise_id")
    if user.get("deleted") is not True or home != own.team:
        return None
    return Removal(PLATFORM, own.team, person=id_in(user, "id"))


def _same_words(message: Mapping[str, Any], before: Mapping[str, Any]) -> bool:
    return bool(before) and all(
        (message.get(name) or None) == (before.get(name) or None) for name in ("text", "files")
    )


def _seconds(event: Mapping[str, Any]) -> float:
    ts = text_in(event, "event_ts" if event.get("event_ts") else "ts")
    position_of(ts)
    return float(ts)
