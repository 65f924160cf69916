"""The simulation behind the figures on prompt caching."""

from __future__ import annotations

from benchmarks.prefix import compare, table
from bot.context.tokens import Tokenizer


def test_the_simulation_is_deterministic_and_shows_what_the_window_is_for(
    tokenizer: Tokenizer,
) -> None:
    figures = compare(80, 4000, 3, tokenizer)
    assert compare(80, 4000, 3, tokenizer) == figures
    full, sliding, steps = figures
    assert (full.policy, sliding.policy, steps.policy) == ("full", "sliding", "steps")
    assert full.sent > sliding.sent > steps.sent
    assert full.peak > 4000 >= max(sliding.peak, steps.peak)
    assert steps.summaries > 2
    assert full.summaries == sliding.summaries == 0
    assert full.cached / full.sent > 0.9
    assert steps.cached / steps.sent > 0.6 > sliding.cached / sliding.sent
    assert steps.paid < min(full.paid, sliding.paid)
    for figure in figures:
        assert 0 < figure.marked <= figure.cached < figure.sent


def test_the_table_has_a_line_for_each_policy(tokenizer: Tokenizer) -> None:
    lines = table(compare(5, 4000, 3, tokenizer)).splitlines()
    assert len(lines) == 5
    assert len({line.count("|") for line in lines}) == 1
