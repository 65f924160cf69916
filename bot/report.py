"""One report per turn: what it took and how it ended, for the log and the counters."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from bot.records import NO_TALLY, Tally
from bot.services import Meter

logger = logging.getLogger(__name__)


class Outcome(StrEnum):
    """How a turn ended."""

    ANSWERED = "answered"
    GREETED = "greeted"
    STOPPED = "stopped"
    CUT = "cut"
    FAILED = "failed"
    REFUSED = "refused"
    """A budget did not allow it."""
    FORGOTTEN = "forgotten"
    LOST = "lost"
    PARKED = "parked"


@dataclass(frozen=True, slots=True)
class TurnReport:
    """Figures of one turn; times are seconds since the turn began, None if it never happened.

    Attributes:
        turn: The turn's id, in every log line about it.
        platform: Where it ran.
        outcome: See `Outcome`.
        attempt: 1, or more after a crash.
        mail: Messages answered together.
        lag: From when the first of them was written until the turn began, by two clocks.
        window_tokens: Estimated prompt tokens.
        first_token: When the model's first text came.
        first_text: When the first text was visible.
        whole_text: When the platform had accepted the whole answer.
        total: When the turn was over.
        edits: Edits made on the platform.
        posts: Messages posted.
        skipped: Texts that a newer one overtook before they could be shown.
        reposted: Times the end of the answer was posted anew because an edit was refused.
        busy: Times the platform asked to wait.
        tally: Tokens and cost.
        error: Class of the error that ended it, empty for none.
    """

    turn: str
    platform: str
    outcome: Outcome
    attempt: int
    mail: int
    lag: float = 0.0
    window_tokens: int = 0
    first_token: float | None = None
    first_text: float | None = None
    whole_text: float | None = None
    total: float = 0.0
    edits: int = 0
    posts: int = 0
    skipped: int = 0
    reposted: int = 0
    busy: int = 0
    tally: Tally = NO_TALLY
    error: str = ""


class IntakeMeter(Meter, Protocol):
    """What an adapter's `Inbox` counts, beside what the adapter does."""

    def malformed(self) -> None:
        """An event could not be read."""
        ...

    def dropped(self) -> None:
        """A message gave way to newer ones while the store was away."""
        ...

    def overfull(self) -> None:
        """A message was not taken, for so many waited in its conversation."""
        ...


class Unmeasured:
    """`IntakeMeter` for those who count nothing."""

    def acknowledged(self, seconds: float) -> None:
        """See `bot.services.Meter`."""

    def refused(self, route: str) -> None:
        """See `bot.services.Meter`."""

    def invalid(self, status: int) -> None:
        """See `bot.services.Meter`."""

    def latency(self, seconds: float, part: str = "") -> None:
        """See `bot.services.Meter`."""

    def reconnected(self, reason: str) -> None:
        """See `bot.services.Meter`."""

    def connected(self, up: bool | None, part: str = "") -> None:
        """See `bot.services.Meter`."""

    def fell_back(self, what: str) -> None:
        """See `bot.services.Meter`."""

    def malformed(self) -> None:
        """See `IntakeMeter`."""

    def dropped(self) -> None:
        """See `IntakeMeter`."""

    def overfull(self) -> None:
        """See `IntakeMeter`."""


def log_report(report: TurnReport) -> None:
    """One line per turn, without a word of what was said."""
    logger.info("turn", extra=report_fields(report))


REPORT_FIELDS = (
    "turn",
    "platform",
    "outcome",
    "error",
    "attempt",
    "messages",
    "lag",
    "first_token",
    "first_text",
    "whole_text",
    "total",
    "window_tokens",
    "prompt_tokens",
    "cached_tokens",
    "completion_tokens",
    "cost_micros",
    "posts",
    "edits",
    "skipped",
    "reposted",
    "busy",
)
"""What a log line about a turn may hold, beside its text."""


def report_fields(report: TurnReport) -> dict[str, str | int | float]:
    """What the log tells of a turn: times in seconds, what did not happen left out."""
    figures: dict[str, str | int | float | None] = {
        "turn": report.turn,
        "platform": report.platform,
        "outcome": str(report.outcome),
        "error": report.error or None,
        "attempt": report.attempt,
        "messages": report.mail,
        "lag": _rounded(report.lag),
        "first_token": _rounded(report.first_token),
        "first_text": _rounded(report.first_text),
        "whole_text": _rounded(report.whole_text),
        "total": _rounded(report.total),
        "window_tokens": report.window_tokens,
        "prompt_tokens": report.tally.prompt,
        "cached_tokens": report.tally.cached,
        "completion_tokens": report.tally.completion,
        "cost_micros": report.tally.cost_micros,
        "posts": report.posts,
        "edits": report.edits,
        "skipped": report.skipped,
        "reposted": report.reposted or None,
        "busy": report.busy,
    }
    return {name: value for name, value in figures.items() if value is not None}


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)
