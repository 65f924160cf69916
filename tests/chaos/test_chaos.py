"""A short storm with fixed seeds, as a part of every test run; `make chaos` is the long one."""

from __future__ import annotations

import asyncio

import pytest

from tests.chaos.plan import FULL, SHORT, Kill, Restart, Say, make_plan
from tests.chaos.run import run
from tests.chaos.table import line, table

SEEDS = (1, 2)


def test_a_seed_repeats_its_plan_to_the_last_event() -> None:
    assert make_plan(7, FULL) == make_plan(7, FULL)
    assert make_plan(7, FULL) != make_plan(8, FULL)


def test_a_full_plan_is_as_large_as_it_says() -> None:
    plan = make_plan(7, FULL)
    said = [event for event in plan.events if isinstance(event, Say)]
    kills = [event for event in plan.events if isinstance(event, Kill)]
    assert len(said) == 2000
    assert {event.thread for event in said} == set(range(100))
    assert 0.27 < sum(event.again is not None for event in said) / 2000 < 0.33
    assert len(kills) == 50
    assert sum(isinstance(event, Restart) for event in plan.events) == 3


@pytest.mark.timeout(180)
async def test_nothing_is_lost_or_doubled_in_a_short_storm() -> None:
    outcomes = await asyncio.gather(*(run(make_plan(seed, SHORT)) for seed in SEEDS))
    for outcome in outcomes:
        result = outcome.result
        found = [*map(str, result.verdict.violations), *result.trouble]
        assert result.good, "\n".join(
            [line(result), table(result), *found, *outcome.transcripts.values(), *outcome.deaths]
        )
