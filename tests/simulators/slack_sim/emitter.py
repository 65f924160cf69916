"""Which events a change causes, and their way into Socket Mode."""

from __future__ import annotations

import re
from typing import Any

from tests.simulators.slack_sim.events import (
    changed_event,
    deleted_event,
    event_callback,
    mention_event,
    message_event,
    reaction_event,
    tombstone_event,
)
from tests.simulators.slack_sim.manifest import EVENT_SCOPES
from tests.simulators.slack_sim.model import Channel, Message, User, Version, Workspace
from tests.simulators.slack_sim.sockets import EVENTS, Envelope, Sockets
from tests.simulators.slack_sim.state import State


class Emitter:
    """Sends the events that the app subscribed to, has the scope for, and is present for."""

    def __init__(self, state: State, sockets: Sockets) -> None:
        self._state = state
        self._sockets = sockets
        self.mention_order = "random"

    def emit(
        self,
        workspace: Workspace,
        subscription: str,
        event: dict[str, Any],
        *,
        channel: Channel | None = None,
        event_id: str | None = None,
        retry: int = 0,
    ) -> Envelope | None:
        """Send one event; ``None`` when Slack would not send it to this app."""
        if subscription not in workspace.app.events or not workspace.installed or workspace.revoked:
            return None
        scope = EVENT_SCOPES.get(subscription)
        if scope is not None and scope not in workspace.scopes:
            return None
        if channel is not None and workspace.bot.id not in channel.members:
            return None
        shared = channel is not None and channel.shared
        return self.send(workspace, event, event_id=event_id, retry=retry, shared=shared)

    def send(
        self,
        workspace: Workspace,
        event: dict[str, Any],
        *,
        event_id: str | None = None,
        retry: int = 0,
        shared: bool = False,
    ) -> Envelope:
        """Send an event whatever the app subscribed to."""
        payload = event_callback(self._state, workspace, event, event_id=event_id, shared=shared)
        envelope = self._sockets.send(workspace.app, EVENTS, payload, first_retry=retry)
        if retry:
            envelope.reason = "timeout"
        return envelope

    def posted(self, channel: Channel, message: Message, *, retry: int = 0) -> list[Envelope]:
        """Send what a new message causes: ``message.*``, and ``app_mention`` where it applies."""
        workspace = self._state.workspace_of(channel)
        events = [(channel.event, message_event(self._state, channel, message))]
        own = message.user == workspace.bot.id
        mentioned = re.search(rf"<@{workspace.bot.id}(\|[^<>]*)?>", message.text) is not None
        if mentioned and channel.kind != "im" and not own:
            events.append(("app_mention", mention_event(self._state, channel, message)))
            if self._mention_first():
                events.reverse()
        envelopes = [
            self.emit(workspace, subscription, event, channel=channel, retry=retry)
            for subscription, event in events
        ]
        return [envelope for envelope in envelopes if envelope is not None]

    def _mention_first(self) -> bool:
        if self.mention_order == "random":
            return self._state.random.random() < 0.5
        return self.mention_order == "mention_first"

    def changed(self, channel: Channel, message: Message, before: Version) -> Envelope | None:
        """Send ``message_changed``."""
        event = changed_event(self._state, channel, message, before)
        return self.emit(self._state.workspace_of(channel), channel.event, event, channel=channel)

    def deleted(self, channel: Channel, message: Message) -> Envelope | None:
        """Send ``message_deleted``; a message with replies becomes a tombstone instead."""
        replies = [m for m in self._state.in_thread(channel.id, message.ts) if m is not message]
        make = tombstone_event if replies and not message.is_reply else deleted_event
        event = make(self._state, channel, message)
        return self.emit(self._state.workspace_of(channel), channel.event, event, channel=channel)

    def reacted(
        self, channel: Channel, message: Message, user: User, name: str, *, added: bool
    ) -> Envelope | None:
        """Send ``reaction_added`` or ``reaction_removed``."""
        event = reaction_event(self._state, channel, message, user, name, added=added)
        workspace = self._state.workspace_of(channel)
        return self.emit(workspace, str(event["type"]), event, channel=channel)
