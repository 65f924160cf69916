"""How the window's budget learns."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.engine.budget import LEAST, Budget

SIZES = st.integers(min_value=1, max_value=2_000_000)


def test_it_begins_as_configured() -> None:
    budget = Budget(8000)
    assert (budget.high, budget.longest) == (8000, 4000)


def test_a_named_window_lowers_it_once() -> None:
    budget = Budget(8000)
    budget.learn(4000, 7000)
    assert budget.high == 3400
    budget.learn(100_000, 7000)
    assert budget.high == 3400
    assert budget.longest == 4000


def test_an_unnamed_window_is_guessed_from_the_prompt_that_failed() -> None:
    budget = Budget(8000)
    budget.learn(None, 6000)
    assert budget.high == 4200
    budget.learn(None, 3000)
    assert budget.high == 2100


def test_no_row_of_failures_makes_it_useless() -> None:
    budget = Budget(8000)
    for _ in range(20):
        budget.learn(None, 365)
    assert budget.high == LEAST
    budget.learn(1, 365)
    assert budget.high == LEAST


def test_a_provider_that_counts_more_gets_less() -> None:
    budget = Budget(8000)
    for _ in range(20):
        budget.observe(1000, 2000)
    assert budget.high < 8000
    assert budget.longest == 4000


@given(SIZES, st.lists(st.one_of(st.tuples(SIZES, SIZES), SIZES, st.none()), max_size=20))
def test_it_is_always_a_budget(configured: int, seen: list[tuple[int, int] | int | None]) -> None:
    budget = Budget(configured)
    for event in seen:
        if isinstance(event, tuple):
            budget.observe(*event)
        else:
            budget.learn(event, 1000)
        assert budget.high >= 1
