"""The bot in one workspace: who it is there, and what it makes calls with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from adapters.slack.answers import Answers
from adapters.slack.calls import Calls
from adapters.slack.marks import Marks
from adapters.slack.names import Directory
from adapters.slack.status import StatusLine
from adapters.slack.values import Own, Timing


@dataclass(frozen=True, slots=True, eq=False)
class Workspace:
    """Everything that belongs to one installation and to no other.

    Attributes:
        own: Who we are there.
        calls: Makes calls with the token of the installation.
        names: Tells what ids are called there.
        status: Shows the status line.
        answers: Shows what commands say.
        marks: Shows that messages wait.
    """

    own: Own
    calls: Calls
    names: Directory
    status: StatusLine
    answers: Answers
    marks: Marks

    async def close(self) -> None:
        """Ask no more."""
        await self.names.close()
        await self.calls.close()


def workspace_of(
    own: Own,
    calls: Calls,
    timing: Timing,
    clock: Callable[[], float],
    groups: frozenset[str] = frozenset(),
) -> Workspace:
    """Build it.

    Args:
        own: Who we are there.
        calls: Makes its calls.
        timing: Time-outs.
        clock: Seconds, never going back.
        groups: User groups whose members are told apart.
    """
    names = Directory(calls, own, clock, groups)
    status, answers = StatusLine(calls, timing), Answers(calls)
    return Workspace(own, calls, names, status, answers, Marks(calls))
