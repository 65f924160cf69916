"""Medians, 95th percentiles, and tables of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Spread:
    """What a set of measurements comes to; not a number where there were none."""

    median: float
    p95: float
    count: int

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """The spread of `values`."""
        return cls(quantile(values, 0.5), quantile(values, 0.95), len(values))


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which `share` of them lie, interpolated; not a number for none at all."""
    if not values:
        return math.nan
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    low, high = ordered[math.floor(place)], ordered[math.ceil(place)]
    return low + (high - low) * (place - math.floor(place))


def duration(seconds: float) -> str:
    """Seconds as people read them: `120 µs`, `8.3 ms`, `83 ms`, `1.25 s`."""
    if math.isnan(seconds):
        return "–"
    if abs(seconds) >= 1:
        return f"{seconds:.1f} s" if abs(seconds) >= 10 else f"{seconds:.2f} s"
    if abs(seconds) < 0.001:
        return f"{seconds * 1e6:.0f} µs"
    milliseconds = seconds * 1000
    return f"{milliseconds:.1f} ms" if abs(milliseconds) < 10 else f"{milliseconds:.0f} ms"


def both(spread: Spread) -> str:
    """Median and 95th percentile of some durations."""
    return f"{duration(spread.median)} / {duration(spread.p95)}"


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; all columns but the first are aligned to the right."""
    rule = "|".join("---" if number == 0 else "---:" for number in range(len(header)))
    lines = [_line(header), f"|{rule}|", *map(_line, rows)]
    return "\n".join(lines)


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
