"""Figures: counted once, told apart by few words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import generate_latest

from bot.ops import figures
from bot.ops.health import Health
from bot.ops.meters import PlatformMeter
from bot.ops.metrics import MOST_WORDS, OTHER, Metrics
from bot.records import Tally
from bot.report import Outcome, TurnReport

REPORT = TurnReport(
    turn="t1",
    platform="discord",
    outcome=Outcome.ANSWERED,
    attempt=1,
    mail=2,
    lag=0.4,
    first_token=0.5,
    first_text=0.7,
    whole_text=3.0,
    total=3.2,
    edits=4,
    posts=1,
    skipped=30,
    reposted=1,
    tally=Tally(turns=1, prompt=100, cached=60, completion=20, cost_micros=1500),
)


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(name, labels)


def test_a_turn_is_counted() -> None:
    metrics = Metrics()
    metrics.turn(REPORT)
    on = {"platform": "discord"}
    assert value(metrics, "bobbin_turns_total", outcome="answered", **on) == 1
    assert value(metrics, "bobbin_messages_total", **on) == 2
    assert value(metrics, "bobbin_queue_lag_seconds_sum", **on) == 0.4
    assert value(metrics, "bobbin_first_token_seconds_sum", **on) == 0.5
    assert value(metrics, "bobbin_first_text_seconds_sum", **on) == 0.7
    assert value(metrics, "bobbin_whole_text_seconds_sum", **on) == 3.0
    assert value(metrics, "bobbin_edits_skipped_total", **on) == 30
    assert value(metrics, "bobbin_fallbacks_total", kind="reposted", **on) == 1
    tokens = {"purpose": "reply", **on}
    assert value(metrics, "bobbin_tokens_total", kind="cached", **tokens) == 60
    assert value(metrics, "bobbin_cost_dollars_total", **tokens) == 0.0015


def test_what_did_not_happen_is_not_observed() -> None:
    metrics = Metrics()
    metrics.turn(TurnReport("t", "slack", Outcome.LOST, 1, 1, error="LeaseLost"))
    assert value(metrics, "bobbin_lease_losses_total", platform="slack") == 1
    assert value(metrics, "bobbin_turn_errors_total", platform="slack", error="LeaseLost") == 1
    assert value(metrics, "bobbin_first_text_seconds_count", platform="slack") is None


def test_a_platform_is_shown_before_anything_happens() -> None:
    metrics = Metrics()
    metrics.platform("slack")
    assert value(metrics, "bobbin_turns_total", platform="slack", outcome="failed") == 0
    assert value(metrics, "bobbin_takeovers_total", platform="slack", after="lost") == 0


def test_what_memory_does_is_counted() -> None:
    metrics = Metrics()
    metrics.recalled("found")
    metrics.embedding("failed")
    metrics.captured(2, 3)
    assert value(metrics, "bobbin_recalls_total", outcome="found") == 1
    assert value(metrics, "bobbin_embeddings_total", outcome="failed") == 1
    assert value(metrics, "bobbin_captures_total", outcome="kept") == 2
    assert value(metrics, "bobbin_captures_total", outcome="dropped") == 3


def test_each_process_has_a_registry_of_its_own() -> None:
    one, two = Metrics(), Metrics()
    one.taken_over("discord", 1)
    labels = {"platform": "discord", "after": "lost"}
    assert value(one, "bobbin_takeovers_total", **labels) == 1
    assert value(two, "bobbin_takeovers_total", **labels) is None


@pytest.mark.parametrize(
    "route",
    [
        "POST /channels/1234567890/messages",
        "https://hooks.slack.com/actions/T1/2/abc",
        "xoxb-1?x=1",
        "x" * 61,
        "",
        "two\nlines",
    ],
)
def test_what_looks_like_an_id_is_no_label(route: str) -> None:
    metrics = Metrics()
    metrics.add(figures.LIMITED, 1, "discord", route)
    found = value(metrics, "bobbin_platform_rate_limited_total", platform="discord", route=OTHER)
    assert found == 1


@given(st.lists(st.text(max_size=80), max_size=200))
def test_labels_stay_few_whatever_they_are_given(words: list[str]) -> None:
    metrics = Metrics()
    for word in words:
        metrics.add(figures.RECONNECTS, 1, "slack", word)
    lines = generate_latest(metrics.registry).decode().splitlines()
    series = [line for line in lines if line.startswith("bobbin_reconnects_total{")]
    assert len(series) <= MOST_WORDS + 1
    assert sum(float(line.rsplit(" ", 1)[1]) for line in series) == len(words)


def test_gauges_are_read_when_somebody_looks() -> None:
    metrics = Metrics()
    running = [1]
    metrics.read(figures.RUNNING, lambda: len(running))
    running.append(2)
    assert value(metrics, "bobbin_running_turns") == 2


def test_what_an_adapter_counts_is_shown_by_words_that_are_no_ids() -> None:
    metrics = Metrics()
    meter = PlatformMeter("discord", metrics, Health(lambda: 0.0))
    for status in (401, 403, 403):
        meter.invalid(status)
    meter.refused("POST channels/messages shared")
    meter.latency(0.25)
    meter.latency(0.5, "shard 3 of 8")
    name = "bobbin_invalid_requests_total"
    assert value(metrics, name, platform="discord", status="HTTP 403") == 2
    assert value(metrics, name, platform="discord", status="HTTP 401") == 1
    limited = "bobbin_platform_rate_limited_total"
    route = "POST channels/messages shared"
    assert value(metrics, limited, platform="discord", route=route) == 1
    latency = "bobbin_connection_latency"
    assert value(metrics, latency, platform="discord", part="all") == 0.25
    assert value(metrics, latency, platform="discord", part="shard 3 of 8") == 0.5
