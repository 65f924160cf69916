from __future__ import annotations

import json
from datetime import date

import pytest

from bot.model.port import Usage
from bot.model.prices import PriceList, cost_micros, retires_on


@pytest.mark.parametrize(
    ("model", "usage", "cost"),
    [
        ("gpt-6-luna", Usage(1_000_000 // 4, 0), 25_000),
        ("gpt-6-luna-2026-09-01", Usage(200_000, 1_000_000), 520_000),
        ("gpt-6.1-terra", Usage(10_000, 100, cached=4_000, written=5_000), 7_950),
        ("gpt-6.1-terra", Usage(10_000, 100, reasoning=60), 10_500),
        ("gpt-5.4", Usage(1000, 0, written=1000), 2500),
        ("gpt-6.1-terra", Usage(272_000, 0), 272_000),
        ("gpt-6.1-terra", Usage(272_001, 1000), 551_502),
        ("gpt-6.1-terra", Usage(300_000, 0, cached=100_000, written=200_000), 510_000),
        ("gpt-4o-mini", Usage(300_000, 0), 45_000),
        ("demo", Usage(1000, 1000), 0),
        ("llama3.3", Usage(1000, 1000), None),
        ("gpt-6-luna-preview", Usage(1, 1), None),
        ("", Usage(1, 1), None),
    ],
)
def test_cost(model: str, usage: Usage, cost: int | None) -> None:
    assert cost_micros(model, usage) == cost


@pytest.mark.parametrize(
    ("model", "day"),
    [
        ("gpt-5-mini", date(2026, 12, 11)),
        ("gpt-5-mini-2025-08-07", date(2026, 12, 11)),
        ("gpt-4o-2024-05-13", date(2026, 10, 23)),
        ("gpt-4o-2024-08-06", date(2027, 1, 14)),
        ("gpt-3.5-turbo", date(2026, 10, 23)),
        ("gpt-6-luna", None),
        ("llama3.3", None),
    ],
)
def test_retirement(model: str, day: date | None) -> None:
    assert retires_on(model) == day


@pytest.mark.parametrize(
    "models",
    [{"m": {"input": 1}}, {"m": {"input": "1", "output": 1}}, {"m": {"input": -1, "output": 1}}],
)
def test_a_list_with_a_figure_that_is_none(models: object) -> None:
    with pytest.raises(ValueError, match="price"):
        PriceList.parse(json.dumps({"models": models}))
