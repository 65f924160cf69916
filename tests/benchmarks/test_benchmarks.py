"""The benchmarks still run. What they measure is not looked at here."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path

import pytest

from benchmarks import (
    conversations,
    enclosing,
    indexes,
    page,
    patience,
    renderer,
    scene,
    sharing,
    splitter,
    store,
    topologies,
    watching,
)
from benchmarks.__main__ import BENCHMARKS, main
from benchmarks.figures import Spread, both, duration, quantile, table

QUICKEST = scene.Pace(first_token=0.01, rate=0, tokens=60)

linux = pytest.mark.skipif(sys.platform != "linux", reason="CPU and memory are read from /proc")


def test_quantiles_are_interpolated() -> None:
    assert quantile([3.0, 1.0, 2.0], 0.5) == 2.0
    assert quantile([0.0, 10.0], 0.95) == pytest.approx(9.5)
    assert Spread.of([5.0]) == Spread(5.0, 5.0, 1)
    assert both(Spread.of([])) == "– / –"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.00012, "120 µs"), (0.0083, "8.3 ms"), (0.0834, "83 ms"), (1.254, "1.25 s"), (71, "71.0 s")],
)
def test_durations_are_readable(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_the_answer_is_as_long_as_it_should_be_and_fits_one_message() -> None:
    assert len(scene.pieces(400)) == 400
    assert len(scene.answer(400)) < 1950
    assert scene.number_in(f"{scene.question(7)}\n{scene.question(12)}") == 12


def test_figures_go_between_their_markers(tmp_path: Path) -> None:
    text = page.PAGE.read_text(encoding="utf-8")
    for name in BENCHMARKS:
        assert "fresh figures" in page.replaced(text, name, "fresh figures")
    file = tmp_path / "page.md"
    file.write_text("\n".join(("before", *page.markers("store"), "after")))
    for figures in ("old", "new"):
        page.write({"store": figures}, date(2026, 11, 21), file)
    found = file.read_text()
    assert found.startswith("before\n") and found.endswith("\nafter")
    assert "new" in found and "old" not in found
    with pytest.raises(ValueError, match="no place for 'slack'"):
        page.replaced(found, "slack", "new")


def test_the_splitter() -> None:
    cost = splitter.measure(3_000)
    assert cost.parts == 2
    assert cost.token.count > 500
    assert len(splitter.report((500,)).splitlines()) == 3


async def test_attachments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(enclosing, "samples", lambda megabytes: {"a text": b"warp and weft\n" * 99})
    quiet, text = await enclosing.measure(1, rounds=1)
    assert (quiet.size, text.size) == (0, 1386)
    assert quiet.late
    assert len(enclosing.report([quiet, quiet]).splitlines()) == 4


@pytest.mark.parametrize("platform", renderer.PLATFORMS)
def test_the_renderer(platform: str) -> None:
    cost = renderer.measure(platform, 2_500)
    assert cost.parts == {"Discord": 2, "Slack": 1}[platform]
    assert cost.token.count == 625
    assert len(renderer.report((300,)).splitlines()) == 4


async def test_the_store() -> None:
    costs = await store.measure((40,), turns=4, real=0)
    assert [cost.stored for cost in costs] == [40]
    assert costs[0].turn.count == 4
    assert costs[0].turn.median > 0
    assert "| 40 | –" in store.report(costs)


@linux
async def test_searching() -> None:
    costs = await indexes.measure((120,), lambda _: None)
    assert [cost.what for cost in costs] == ["memories", "memories, vectors as well", "turns"]
    assert all(len(cost.searches) == indexes.SEARCHES and cost.memory > 0 for cost in costs)
    assert len(indexes.report(costs).splitlines()) == 5


@linux
async def test_processes_and_topologies() -> None:
    measured = await topologies.measure(0.3, processes=(), failovers=0, tell=lambda _: None)
    assert [each.processes for each in measured.throughputs] == [1, 1]
    assert all(each.rate > 0 for each in measured.throughputs)
    assert measured.weight.whole > measured.weight.lasting > 0
    assert "B that stay" in topologies.report(measured)


@linux
async def test_round_trips_are_counted() -> None:
    (cost,) = await store.measure((12,), turns=1, real=1)
    assert cost.trips["begin"] == cost.trips["commit"] == 1
    assert cost.trips["renew"] >= 1
    recalling = {"HGET", "HMGET", "ZSCORE"}
    assert set(cost.trips) <= {"begin", "renew", "commit", "reserve", "exchange"} | recalling
    assert sum(cost.trips[name] for name in recalling) <= 4


@linux
async def test_the_price_of_shared_limits() -> None:
    prices = await sharing.measure(5)
    assert prices.call[1].wall.median > prices.call[0].wall.median > 0
    assert len(sharing.report(prices).splitlines()) == 5


def test_a_crowd_at_a_model_that_takes_few_requests() -> None:
    crowd = patience.Crowd(2, 100, 98, 120, 20, Spread.of([1.0, 3.0]), 11.04)
    assert "| 2 | 98 of 100 | 1.22 | 20 | 2.00 s / 2.90 s | 11.0 s |" in patience.report([crowd])


@linux
@pytest.mark.parametrize(("platform", "size"), [("discord", 1), ("slack", 2)])
async def test_conversations(platform: str, size: int) -> None:
    told: list[str] = []
    measured = await conversations.measure(platform, {size: 1}, QUICKEST, told.append)
    (crowd,) = measured.crowds
    assert len(crowd.pairs()) == size
    assert crowd.per_answer(conversations.CALLS[platform][conversations.POST]) >= 1
    assert crowd.refused() == 0
    assert crowd.cpu_per_token() > 0
    assert crowd.bare_per_token() > 0
    assert crowd.peak >= crowd.idle > 0
    assert measured.first.answers == (1 if size == 1 else 0)
    assert f"{size} of {size}" in conversations.latency_table(measured, QUICKEST)
    assert len(told) == 1


def test_quick_figures_are_not_written_down(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--quick", "--write"])
    assert "quick figures" in capsys.readouterr().err
    assert table(("a", "b"), [("1", "2")]).splitlines() == ["| a | b |", "|---|---:|", "| 1 | 2 |"]


async def test_being_seen() -> None:
    unseen, seen = await watching.turn_costs(rounds=2, turns=2)
    assert len(unseen) == len(seen) == 2
    times, size = await watching.scrape_costs(looks=2)
    assert len(times) == 2 and size > 10_000
