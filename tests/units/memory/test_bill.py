"""What embeddings cost is added up before it is rounded."""

from __future__ import annotations

from bot.assembly.memory import Bill
from bot.model.port import Usage
from bot.records import Tally


def test_many_requests_that_cost_next_to_nothing_cost_something() -> None:
    told: list[Tally] = []
    bill = Bill(told.append)
    for _ in range(1000):
        bill.add("text-embedding-3-small", Usage(prompt=6, completion=0))
    # 6,000 tokens at two cents for a million.
    assert sum(each.cost_micros for each in told) == 120
    assert sum(each.prompt for each in told) == 6000
    assert not any(each.unpriced for each in told)


def test_a_model_without_a_price_is_counted_as_one() -> None:
    told: list[Tally] = []
    Bill(told.append).add("nomic-embed-text", Usage(prompt=6, completion=0))
    assert told == [Tally(prompt=6, unpriced=1)]
