"""How the pace of requests recovers."""

from __future__ import annotations

import pytest

from bot.model.pace import QUIET_SECONDS, Pace


def pushed_while_slow() -> tuple[Pace, float]:
    """A pace that was pushed back when it had made one request in four seconds."""
    pace, now = Pace(4, 64), 100.0
    for _ in range(3):
        pace.started(now, None)
        pace.taken(now)
        now += 4.0
    assert pace.pushed(now, now, 1.0)
    return pace, now


def test_one_refusal_at_a_slow_pace_does_not_keep_it_slow() -> None:
    pace, pushed_at = pushed_while_slow()
    now, requests = pushed_at + 1.0, 0
    assert pace.interval > 3.0
    while now - pushed_at < 40.0:
        pace.started(now, None)
        pace.taken(now)
        requests += 1
        now += pace.interval
    assert pace.interval < 1.0
    assert requests > 15


def test_without_requests_it_recovers_as_well() -> None:
    pace, pushed_at = pushed_while_slow()
    before = pace.interval
    pace.started(pushed_at + QUIET_SECONDS / 2, None)
    assert pace.interval == pytest.approx(before / 2, rel=0.2)
    pace.started(pushed_at + QUIET_SECONDS + 1, None)
    assert pace.interval == 0.0
