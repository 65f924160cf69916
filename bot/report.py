"""One report per turn: what it took and how it ended, for the log and the counters."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from enum import StrEnum

from bot.records import NO_TALLY, Tally

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
        window_tokens: Estimated prompt tokens.
        first_token: When the model's first text came.
        first_text: When the first text was visible.
        total: When the turn was over.
        edits: Edits made on the platform.
        posts: Messages posted.
        busy: Times the platform asked to wait.
        tally: Tokens and cost.
        error: Class of the error that ended it, empty for none.
    """

    turn: str
    platform: str
    outcome: Outcome
    attempt: int
    mail: int
    window_tokens: int = 0
    first_token: float | None = None
    first_text: float | None = None
    total: float = 0.0
    edits: int = 0
    posts: int = 0
    busy: int = 0
    tally: Tally = NO_TALLY
    error: str = ""


class Unmeasured:
    """`bot.chat.Meter` for those who count nothing."""

    def acknowledged(self, seconds: float) -> None:
        """See `bot.chat.Meter`."""

    def refused(self, route: str) -> None:
        """See `bot.chat.Meter`."""

    def reconnected(self, reason: str) -> None:
        """See `bot.chat.Meter`."""


def log_report(report: TurnReport) -> None:
    """One line per turn, without a word of what was said."""
    level = logging.WARNING if report.outcome is Outcome.FAILED else logging.INFO
    logger.log(
        level,
        "turn %s on %s %s%s: attempt %d, %d message(s), window %d tokens, first token %s, "
        "first text %s, total %.2f s, %d post(s), %d edit(s), %d time(s) told to wait, "
        "%d + %d tokens",
        report.turn,
        report.platform,
        report.outcome,
        f" ({report.error})" if report.error else "",
        report.attempt,
        report.mail,
        report.window_tokens,
        _seconds(report.first_token),
        _seconds(report.first_text),
        report.total,
        report.posts,
        report.edits,
        report.busy,
        report.tally.prompt,
        report.tally.completion,
    )


def _seconds(value: float | None) -> str:
    return "none" if value is None else f"{value:.2f} s"
