"""What a run comes to, as a table and as one line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from tests.chaos.ledger import VIOLATIONS, Verdict
from tests.chaos.plan import PLATFORMS, Platform


@dataclass(frozen=True, slots=True)
class Figures:
    """One platform's share of a run; times in seconds, `waits` one for each answered message."""

    messages: int
    deliveries: int
    refused: int
    faults: int
    upsets: int
    requests: int
    waits: Sequence[float]

    @property
    def longest(self) -> float:
        """The longest time to an answer."""
        return max(self.waits, default=0.0)

    @property
    def middle(self) -> float:
        """Half of the messages were answered within this time."""
        return median(self.waits) if self.waits else 0.0


@dataclass(frozen=True, slots=True)
class Result:
    """A whole run.

    Attributes:
        kills: Processes that were killed.
        restarts: Of the store.
        model_faults: Faults of the model.
        seconds: How long it took.
        trouble: What the processes or simulators complained of.
    """

    seed: int
    kills: int
    restarts: int
    model_faults: int
    seconds: float
    figures: dict[Platform, Figures]
    verdict: Verdict
    trouble: Sequence[str] = ()

    @property
    def good(self) -> bool:
        """Nothing was found."""
        return not self.verdict.violations and not self.trouble


def table(result: Result) -> str:
    """A row for each figure, a column for each platform."""
    verdict = result.verdict
    rows: list[tuple[str, ...]] = [("", *PLATFORMS)]

    def row(name: str, *cells: object) -> None:
        rows.append((name, *(str(cell) for cell in cells)))

    each = [result.figures[platform] for platform in PLATFORMS]
    row("messages", *(one.messages for one in each))
    row("deliveries", *(one.deliveries for one in each))
    row("answers", *(verdict.answers.get(platform, 0) for platform in PLATFORMS))
    row("429s given", *(one.refused for one in each))
    row("other faults", *(one.faults for one in each))
    row("connections upset", *(one.upsets for one in each))
    for kind in VIOLATIONS:
        row(kind, *(verdict.count(platform, kind) for platform in PLATFORMS))
    row("broken off by the model", *(verdict.excused.get(p, 0) for p in PLATFORMS))
    row("told to ask again", *(verdict.told.get(p, 0) for p in PLATFORMS))
    row("told of an outage", *(verdict.notices.get(p, 0) for p in PLATFORMS))
    row("overtaken on the way", *(verdict.overtaken.get(p, 0) for p in PLATFORMS))
    asked = [
        f"{one.requests / max(1, verdict.answers.get(platform, 0)):.2f}"
        for platform, one in zip(PLATFORMS, each, strict=True)
    ]
    row("requests to the model per answer", *asked)
    row("median time to an answer, s", *(f"{one.middle:.1f}" for one in each))
    row("longest time to an answer, s", *(f"{one.longest:.1f}" for one in each))
    widths = [max(len(cells[place]) for cells in rows) for place in range(3)]
    lines = [
        f"| {cells[0]:<{widths[0]}} | {cells[1]:>{widths[1]}} | {cells[2]:>{widths[2]}} |"
        for cells in rows
    ]
    rule = f"| {'-' * widths[0]} | {'-' * (widths[1] - 1)}: | {'-' * (widths[2] - 1)}: |"
    return "\n".join([lines[0], rule, *lines[1:]])


def line(result: Result) -> str:
    """One line for one seed."""
    verdict, figures = result.verdict, result.figures.values()
    found = ", ".join(
        f"{kind} {count}"
        for kind in VIOLATIONS
        if (count := sum(verdict.count(platform, kind) for platform in PLATFORMS))
    )
    if result.trouble:
        found = ", ".join(part for part in (found, f"{len(result.trouble)} complaint(s)") if part)
    return (
        f"seed {result.seed}: {'passed' if result.good else 'FAILED: ' + found}; "
        f"{sum(one.messages for one in figures)} messages, "
        f"{sum(one.deliveries for one in figures)} deliveries, "
        f"{sum(verdict.answers.values())} answers, {result.kills} kills, "
        f"{result.restarts} restarts, {sum(one.refused for one in figures)} 429s, "
        f"{result.model_faults + sum(one.faults for one in figures)} faults, "
        f"{sum(verdict.excused.values()) + sum(verdict.told.values())} broken off by the model, "
        f"median {median([each for one in figures for each in one.waits] or [0.0]):.1f} s, "
        f"longest {max(one.longest for one in figures):.1f} s, {result.seconds:.0f} s"
    )
