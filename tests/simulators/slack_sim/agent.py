"""Rules of the agent surface: what a workspace needs for it, and what people see of a session."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tests.simulators.slack_sim.calls import Call
from tests.simulators.slack_sim.errors import ApiError
from tests.simulators.slack_sim.model import Channel, Message, Session
from tests.simulators.slack_sim.state import State

MAX_STREAM = 12_000
"""Characters of one streamed message, all additions together."""

STOP_EVENT = "agent_session_stopped"


def check_messages_tab(call: Call, channel: Channel) -> None:
    """Refuse to write to a person whose Messages tab the app's settings switch off."""
    home = call.app.manifest.get("features", {}).get("app_home", {})
    if channel.kind == "im" and not home.get("messages_tab_enabled", True):
        raise ApiError("messages_tab_disabled")


def check_recipient(call: Call, channel: Channel, a: dict[str, Any]) -> None:
    """Refuse a stream that is for nobody, or for somebody who is not there."""
    given = [key for key in ("recipient_user_id", "recipient_team_id") if key in a]
    if channel.kind == "im" and not given:
        return
    for key in ("recipient_user_id", "recipient_team_id"):
        if key not in given:
            raise ApiError(f"missing_{key}", violation=f"stream without {key}")
    user = call.state.users.get(a["recipient_user_id"])
    if user is None or user.is_bot or user.deleted:
        raise ApiError("user_not_found", violation="stream for somebody who is no person")
    if channel.kind != "channel" and user.id not in channel.members:
        raise ApiError("user_not_in_channel", violation="stream for somebody who is not there")
    if a["recipient_team_id"] != (user.external_team or user.team):
        raise ApiError("team_not_found", violation="stream for somebody of another workspace")


def check_size(message: Message, more: str) -> None:
    """Refuse what would make a streamed message too long."""
    total = len(message.text) + len(more)
    if total > MAX_STREAM:
        raise ApiError("msg_too_long", violation=f"a stream of {total} characters")


def shows_stop(state: State, session: Session, events: Iterable[str]) -> bool:
    """Whether people see Slack's Stop button in a session's thread.

    It needs a session that is processing, an app that hears of the button, and no later status
    line: both have the same place in the client.
    """
    if session.status != "processing" or STOP_EVENT not in events:
        return False
    since, _ = session.history[-1]
    return not any(
        (status.channel, status.thread_ts) == (session.channel, session.thread_ts)
        and status.at > since
        and not status.ended_by
        for status in state.statuses
    )


def context_of(*channels: Channel) -> dict[str, Any]:
    """What a message to the app says of what its writer has open, the most relevant first."""
    entities = [
        {"type": "slack#/types/channel_id", "value": channel.id, "team_id": channel.team}
        for channel in channels
    ]
    return {"app_context": {"entities": entities}}
