"""Envelope payloads: events and interactions, with the fields bolt and Slack's apps rely on."""

from __future__ import annotations

from typing import Any

from tests.simulators.slack_sim.model import Channel, Message, User, Version, Workspace
from tests.simulators.slack_sim.render import message_json
from tests.simulators.slack_sim.state import State

CHANNEL_TYPES = {"channel": "channel", "group": "group", "im": "im", "mpim": "mpim"}


def event_callback(
    state: State,
    workspace: Workspace,
    event: dict[str, Any],
    *,
    event_id: str | None = None,
    shared: bool = False,
) -> dict[str, Any]:
    """Wrap an event the way the Events API does."""
    enterprise = workspace.enterprise_id
    body: dict[str, Any] = {
        "token": "verification-token",
        "team_id": workspace.id,
        "context_team_id": workspace.id,
        "context_enterprise_id": enterprise,
        "api_app_id": workspace.app.id,
        "event": event,
        "type": "event_callback",
        "event_id": event_id or state.next_id("Ev"),
        "event_time": state.unix_time,
        "authorizations": [
            {
                "enterprise_id": enterprise,
                "team_id": None if workspace.whole else workspace.id,
                "user_id": workspace.bot.id,
                "is_bot": True,
                "is_enterprise_install": workspace.whole,
            }
        ],
        "is_ext_shared_channel": shared,
        "event_context": f"4-{event.get('type')}-{workspace.id}",
    }
    if enterprise is not None:
        body["enterprise_id"] = enterprise
    return body


def message_event(state: State, channel: Channel, message: Message) -> dict[str, Any]:
    """Return the ``message`` event of a new message."""
    return {
        **message_json(state, message),
        "channel": channel.id,
        "channel_type": CHANNEL_TYPES[channel.kind],
        "event_ts": message.ts,
    }


def mention_event(state: State, channel: Channel, message: Message) -> dict[str, Any]:
    """Return the ``app_mention`` event of a message; it carries no channel type."""
    body = message_json(state, message)
    body.pop("subtype", None)
    return {**body, "type": "app_mention", "channel": channel.id, "event_ts": message.ts}


def changed_event(
    state: State, channel: Channel, message: Message, before: Version
) -> dict[str, Any]:
    """Return the ``message_changed`` event of an edit."""
    ts = state.next_ts()
    return {
        "type": "message",
        "subtype": "message_changed",
        "message": message_json(state, message),
        "previous_message": message_json(state, message, before),
        "channel": channel.id,
        "channel_type": CHANNEL_TYPES[channel.kind],
        "hidden": True,
        "ts": ts,
        "event_ts": ts,
    }


def deleted_event(state: State, channel: Channel, message: Message) -> dict[str, Any]:
    """Return the ``message_deleted`` event."""
    ts = state.next_ts()
    return {
        "type": "message",
        "subtype": "message_deleted",
        "deleted_ts": message.ts,
        "previous_message": message_json(state, message),
        "channel": channel.id,
        "channel_type": CHANNEL_TYPES[channel.kind],
        "hidden": True,
        "ts": ts,
        "event_ts": ts,
    }


def tombstone_json(state: State, message: Message) -> dict[str, Any]:
    """Return what stands in the place of a deleted message that has replies."""
    before = message_json(state, message)
    kept = ("ts", "thread_ts", "reply_count", "reply_users_count", "latest_reply", "reply_users")
    return {
        **{name: before[name] for name in kept if name in before},
        "type": "message",
        "subtype": "tombstone",
        "text": "This message was deleted.",
        "user": "USLACKBOT",
        "hidden": True,
        "is_locked": False,
    }


def tombstone_event(state: State, channel: Channel, message: Message) -> dict[str, Any]:
    """Return the ``message_changed`` event of a deleted message that has replies."""
    ts = state.next_ts()
    return {
        "type": "message",
        "subtype": "message_changed",
        "message": tombstone_json(state, message),
        "previous_message": message_json(state, message),
        "channel": channel.id,
        "channel_type": CHANNEL_TYPES[channel.kind],
        "hidden": True,
        "ts": ts,
        "event_ts": ts,
    }


def reaction_event(
    state: State, channel: Channel, message: Message, user: User, name: str, *, added: bool
) -> dict[str, Any]:
    """Return ``reaction_added`` or ``reaction_removed``."""
    return {
        "type": "reaction_added" if added else "reaction_removed",
        "user": user.id,
        "reaction": name,
        "item": {"type": "message", "channel": channel.id, "ts": message.ts},
        "item_user": message.user,
        "event_ts": state.next_ts(),
    }


def slash_payload(
    state: State,
    workspace: Workspace,
    channel: Channel,
    user: User,
    *,
    command: str,
    text: str,
    response_url: str,
    trigger_id: str,
) -> dict[str, Any]:
    """Return the payload of a slash command; note that it names no thread."""
    names = {"im": "directmessage", "group": "privategroup"}
    body: dict[str, Any] = {
        "token": "verification-token",
        "team_id": workspace.id,
        "team_domain": workspace.domain,
        "channel_id": channel.id,
        "channel_name": names.get(channel.kind, channel.name),
        "user_id": user.id,
        "user_name": user.name,
        "command": command,
        "text": text,
        "api_app_id": workspace.app.id,
        "is_enterprise_install": str(workspace.whole).lower(),
        "response_url": response_url,
        "trigger_id": trigger_id,
    }
    if workspace.enterprise_id is not None:
        body["enterprise_id"] = workspace.enterprise_id
        body["enterprise_name"] = workspace.name
    return body


def interaction(workspace: Workspace, user: User, kind: str, trigger_id: str) -> dict[str, Any]:
    """Return the fields that every interactive payload has."""
    enterprise = workspace.enterprise_id
    return {
        "type": kind,
        "team": {"id": workspace.id, "domain": workspace.domain},
        "enterprise": None if enterprise is None else {"id": enterprise, "name": workspace.name},
        "is_enterprise_install": workspace.whole,
        "user": {
            "id": user.id,
            "username": user.name,
            "name": user.name,
            "team_id": user.external_team or workspace.id,
        },
        "api_app_id": workspace.app.id,
        "token": "verification-token",
        "trigger_id": trigger_id,
    }
