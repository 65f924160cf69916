"""The bot in one workspace: who it is there, and what it makes calls with."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from adapters.slack import StreamMode
from adapters.slack.answers import Answers
from adapters.slack.calls import Calls
from adapters.slack.files import Files
from adapters.slack.marks import Marks
from adapters.slack.messages import Messages
from adapters.slack.names import Directory
from adapters.slack.render import rendering
from adapters.slack.sessions import Sessions
from adapters.slack.slots import Slots
from adapters.slack.status import StatusLine
from adapters.slack.streams import Streams
from adapters.slack.values import Own, Timing
from bot.services import Claims


@dataclass(frozen=True, slots=True, eq=False)
class Workspace:
    """Everything that belongs to one installation and to no other.

    Attributes:
        own: Who we are there.
        calls: Makes calls with the token of the installation.
        names: Tells what ids are called there.
        status: Shows the status line.
        sessions: Show work in direct messages.
        streams: Messages that grow natively.
        messages: Writes messages.
        files: Hands files over.
        answers: Shows what commands say.
        marks: Shows that messages wait.
    """

    own: Own
    calls: Calls
    names: Directory
    status: StatusLine
    sessions: Sessions
    streams: Streams
    messages: Messages
    files: Files
    answers: Answers
    marks: Marks

    async def close(self) -> None:
        """Let what ends end, for some seconds, and ask no more."""
        await self.streams.close()
        await asyncio.gather(self.sessions.close(), self.status.close(), self.marks.close())
        await self.names.close()
        await self.calls.close()


@dataclass(frozen=True, slots=True)
class Common:
    """What all workspaces of an adapter have in common.

    Attributes:
        timing: Waits and time-outs.
        clock: Seconds, never going back.
        claims: What the processes agree on.
        groups: User groups whose members are told apart.
        streaming: How people see an answer grow.
        fell_back: Told in a word that something was done in a second-best way.
        stopped: Told channel and thread of an answer that somebody has stopped by Slack's button.
        render: Gives what is sent for a text.
    """

    timing: Timing
    clock: Callable[[], float]
    claims: Claims
    groups: frozenset[str] = frozenset()
    streaming: StreamMode = "auto"
    fell_back: Callable[[str], None] | None = None
    stopped: Callable[[Workspace, str, str], None] | None = None
    render: Callable[[str], str] = field(default_factory=rendering)


def workspace_of(own: Own, calls: Calls, common: Common) -> Workspace:
    """Build it.

    Args:
        own: Who we are there.
        calls: Makes its calls.
        common: What it shares with others.
    """
    timing, clock = common.timing, common.clock
    slots = Slots(common.claims, own.team)
    status = StatusLine(calls, timing)
    sessions = Sessions(calls, slots, timing)
    streams = Streams(calls, common.streaming, slots, sessions, timing, clock, common.render)
    made = Workspace(
        own,
        calls,
        Directory(calls, own, clock, common.groups),
        status,
        sessions,
        streams,
        Messages(calls, own, timing, streams, sessions, status, common.render),
        Files(calls, own, timing),
        Answers(calls),
        Marks(calls, timing),
    )
    if common.fell_back is not None:
        streams.fell_back = common.fell_back
    told = common.stopped
    if told is not None:
        streams.stopped = lambda channel, root: told(made, channel, root)
    return made
