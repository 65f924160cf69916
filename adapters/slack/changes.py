"""From what Slack tells of edits and deletions to what the engine takes. Pure.

Slack repeats a message when it gets a preview, and when we edit our own; an edit is one that gives
a person's message other words or files, or takes a file from it, of which a tombstone stays. A
deleted message that has replies stays as a tombstone, too, which comes as an edit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

from adapters.slack.shown import lacks_file
from adapters.slack.translate import (
    as_spoken,
    event_id_of,
    id_in,
    is_joint,
    is_ours,
    position_of,
    text_in,
)
from adapters.slack.values import PLATFORM, Own, Said, fields, objects
from bot.chat import Removal, ThreadKey

EDITED = "message_changed"
DELETED = "message_deleted"
TOMBSTONE = "tombstone"

CHANNELS = ("channel_deleted", "group_deleted")
PERSON = "user_change"
DEPARTED = "member_left_channel"
TURNED_PRIVATE = "channel_convert_to_private"
"""Subtype of the message that tells of it. None is needed of the reverse, which hides nothing."""
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
    if is_ours(message, own):
        return None
    if _same_words(message, fields(event.get("previous_message"))) and not lacks_file(message):
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


def account(body: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Somebody whose account has changed, None for any other event.

    Raises:
        KeyError: The payload is malformed.
    """
    event = fields(body["event"])
    return fields(event.get("user")) if event.get("type") == PERSON else None


def narrowed(body: Mapping[str, Any]) -> str | None:
    """The channel that has become private, None for any other event.

    Raises:
        KeyError, TypeError, ValueError: The payload is malformed.
    """
    event = fields(body["event"])
    return id_in(event, "channel") if event.get("subtype") == TURNED_PRIVATE else None


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
    colleague = fields(user.get("enterprise_user"))
    # Within an organisation somebody may have an account in several workspaces.
    teams: object = colleague.get("teams")
    homes = [user.get("team_id"), *(cast("list[object]", teams) if isinstance(teams, list) else ())]
    if own.team == own.enterprise:
        homes = [colleague.get("enterprise_id")]
    if user.get("deleted") is not True or own.team not in homes:
        return None
    return Removal(PLATFORM, own.team, person=id_in(user, "id"))


def _same_words(message: Mapping[str, Any], before: Mapping[str, Any]) -> bool:
    """Slack repeats a message also when it has made a small picture of a file."""
    return bool(before) and _words(message) == _words(before)


def _words(message: Mapping[str, Any]) -> tuple[object, ...]:
    files = ((file.get("id"), file.get("mode")) for file in objects(message.get("files")))
    return (message.get("text") or None, *files)


def _seconds(event: Mapping[str, Any]) -> float:
    ts = text_in(event, "event_ts" if event.get("event_ts") else "ts")
    position_of(ts)
    return float(ts)
