"""What every Web API method gets to work with, and the checks that many of them share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.simulators.slack_sim.emitter import Emitter
from tests.simulators.slack_sim.errors import ApiError
from tests.simulators.slack_sim.model import App, Channel, Message, Workspace
from tests.simulators.slack_sim.sockets import Sockets
from tests.simulators.slack_sim.state import State


@dataclass(slots=True)
class Call:
    """One authenticated call: the world, who calls, and the way to cause events."""

    state: State
    sockets: Sockets
    emitter: Emitter
    app: App
    installed: Workspace | None
    method: str
    repeat_root: bool = False
    history_limit: int | None = None

    @property
    def workspace(self) -> Workspace:
        """The workspace of the bot token."""
        if self.installed is None:
            raise ApiError("not_allowed_token_type", violation="app token on a bot method")
        return self.installed

    def serves(self, team: str) -> bool:
        """Whether the token is good for a team: its own, or one of its organisation."""
        own, other = self.workspace, self.state.workspaces.get(team)
        whole = own.whole and other is not None and other.enterprise_id == own.enterprise_id
        return team == own.id or whole

    def require(self, *scopes: str) -> None:
        """Refuse the call unless one of the scopes was granted."""
        granted = self.workspace.scopes
        if not granted.intersection(scopes):
            needed = ",".join(scopes)
            raise ApiError(
                "missing_scope",
                detail={"needed": needed, "provided": ",".join(sorted(granted))},
                violation=f"missing scope {needed}",
            )

    def channel(self, channel_id: str) -> Channel:
        """Find a conversation that the app may know of."""
        channel = self.state.channels.get(channel_id)
        if channel is None or not self.serves(channel.team):
            raise ApiError("channel_not_found")
        if channel.kind != "channel" and self.workspace.bot.id not in channel.members:
            raise ApiError("channel_not_found")
        return channel

    def writable(self, channel_id: str) -> Channel:
        """Find a conversation that the app may write to."""
        channel = self.channel(channel_id)
        if channel.archived:
            raise ApiError("is_archived")
        if self.workspace.bot.id not in channel.members:
            if "chat:write.public" not in self.workspace.scopes:
                raise ApiError("not_in_channel")
        return channel

    def readable(self, channel_id: str) -> Channel:
        """Find a conversation whose messages the app may read."""
        channel = self.channel(channel_id)
        self.require(f"{channel.scope_prefix}:history")
        if self.workspace.bot.id not in channel.members:
            raise ApiError("not_in_channel")
        return channel

    def message(self, channel: Channel, ts: str) -> Message:
        """Find an existing message."""
        message = self.state.message(channel.id, ts)
        if message is None:
            raise ApiError("message_not_found")
        return message


def page(items: list[Any], cursor: str | None, limit: int) -> tuple[list[Any], str]:
    """Cut one page out of ``items``; the second value is the next cursor, or an empty string."""
    start = 0
    if cursor:
        kind, _, number = cursor.partition("-")
        if kind != "next" or not number.isdecimal():
            raise ApiError("invalid_cursor", violation="a cursor that was not handed out")
        start = int(number)
    end = start + limit
    return items[start:end], f"next-{end}" if end < len(items) else ""
