"""A process's figures for Prometheus, in a registry of its own."""

from __future__ import annotations

import re
from collections.abc import Callable

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
)

from bot.ops import figures
from bot.ops.figures import FIGURES, Figure
from bot.records import Tally
from bot.report import Outcome, TurnReport

MOST_WORDS = 40
"""Different values that one label may have; further ones are counted together."""

OTHER = "other"

_FEW = re.compile(r"[A-Za-z][A-Za-z0-9_. /{}-]{0,59}")
_LIKE_AN_ID = re.compile(r"\d{5}")

_Metric = Counter | Gauge | Histogram


LOST, PARKED = "lost", "parked"
"""How a process left a turn that another one has taken over."""


class Metrics:
    """Counts what the other rooms tell; each of its methods fits what one of them wants to call.

    Attributes:
        registry: What /metrics shows.
    """

    def __init__(self, version: str = "") -> None:
        # When each series began is of no use here, and would double their number.
        disable_created_metrics()
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._made = {figure: _make(figure, self.registry) for figure in FIGURES}
        self._children: dict[tuple[str, ...], _Metric] = {}
        self._words: dict[tuple[Figure, int], set[str]] = {}
        self.set(figures.INFO, 1, version or "unknown")

    def platform(self, name: str) -> None:
        """Show a platform's counters from the start, so that their first event is a rise."""
        for outcome in Outcome:
            self.add(figures.TURNS, 0, name, str(outcome))
        for after in (LOST, PARKED):
            self.add(figures.TAKEOVERS, 0, name, after)
        for figure in FIGURES:
            if figure.labels == ("platform",) and figure.kind == "counter":
                self.add(figure, 0, name)

    def turn(self, report: TurnReport) -> None:
        """Count a turn that ended."""
        name = report.platform
        self.add(figures.TURNS, 1, name, str(report.outcome))
        if report.error:
            self.add(figures.TURN_ERRORS, 1, name, report.error)
        if report.outcome is Outcome.LOST:
            self.add(figures.LEASE_LOSSES, 1, name)
        self.add(figures.MESSAGES, report.mail, name)
        self.observe(figures.QUEUE_LAG, report.lag, name)
        for figure, seconds in (
            (figures.FIRST_TOKEN, report.first_token),
            (figures.FIRST_TEXT, report.first_text),
            (figures.WHOLE_TEXT, report.whole_text),
        ):
            if seconds is not None:
                self.observe(figure, seconds, name)
        self.add(figures.POSTS, report.posts, name)
        self.add(figures.EDITS, report.edits, name)
        self.add(figures.SKIPPED, report.skipped, name)
        if report.reposted:
            self.add(figures.FALLBACKS, report.reposted, name, "reposted")
        self._spent(name, "reply", report.tally)

    def taken_over(self, platform: str, losses: int) -> None:
        """Count a turn that is taken over; `losses` processes have left it without a word."""
        self.add(figures.TAKEOVERS, 1, platform, LOST if losses else PARKED)

    def summarised(self, platform: str, cost: Tally) -> None:
        """Count what a summary took."""
        self._spent(platform, "summary", cost)

    def beside(self, platform: str, purpose: str, cost: Tally) -> None:
        """Count what a request beside an answer took."""
        self._spent(platform, purpose, cost)

    def asked(self, platform: str, cost: Tally) -> None:
        """Count what a private answer took."""
        self._spent(platform, "private", cost)

    def imagined(self, platform: str, cost: Tally) -> None:
        """Count what an image took."""
        self._spent(platform, "image", cost)

    def embedded(self, cost: Tally) -> None:
        """Count what embeddings took; they belong to no platform."""
        self._spent("memory", "embedding", cost)

    def embedding(self, outcome: str) -> None:
        """Count a call for embeddings, or that there was none."""
        self.add(figures.EMBEDDINGS, 1, outcome)

    def recalled(self, outcome: str) -> None:
        """Count a question for which long-term memory was looked through."""
        self.add(figures.RECALLS, 1, outcome)

    def captured(self, kept: int, junk: int) -> None:
        """Count what was proposed to be remembered unasked."""
        self.add(figures.CAPTURES, kept, "kept")
        self.add(figures.CAPTURES, junk, "dropped")

    def extracted(self, platform: str) -> None:
        """Count a summary that was made without the model."""
        self.add(figures.FALLBACKS, 1, platform, "summary_extract")

    def rated(self, platform: str, rating: str) -> None:
        """Count what somebody thinks of an answer."""
        self.add(figures.RATED, 1, platform, rating)

    def store(self, what: str, seconds: float, error: str) -> None:
        """Count an operation on the store; see `bot.storage.connect.Observe`."""
        self.observe(figures.STORE, seconds, what)
        if error:
            self.add(figures.STORE_ERRORS, 1, what, error)

    def loop_late(self, seconds: float) -> None:
        """Count how late a timer of the event loop came."""
        self.observe(figures.LOOP_LAG, seconds)

    def add(self, figure: Figure, amount: float, *labels: str) -> None:
        """Raise a counter."""
        counter = self._child(figure, labels)
        assert isinstance(counter, Counter)
        counter.inc(amount)

    def set(self, figure: Figure, value: float, *labels: str) -> None:
        """Set a gauge."""
        gauge = self._child(figure, labels)
        assert isinstance(gauge, Gauge)
        gauge.set(value)

    def read(self, figure: Figure, value: Callable[[], float], *labels: str) -> None:
        """Have a gauge read from `value` whenever somebody looks."""
        gauge = self._child(figure, labels)
        assert isinstance(gauge, Gauge)
        gauge.set_function(value)  # pyright: ignore[reportUnknownMemberType]

    def observe(self, figure: Figure, value: float, *labels: str) -> None:
        """Add a value to a histogram."""
        histogram = self._child(figure, labels)
        assert isinstance(histogram, Histogram)
        histogram.observe(value)

    def _spent(self, platform: str, purpose: str, tally: Tally) -> None:
        for kind, tokens in (
            ("prompt", tally.prompt),
            ("cached", tally.cached),
            ("completion", tally.completion),
        ):
            self.add(figures.TOKENS, tokens, platform, purpose, kind)
        self.add(figures.COST, tally.cost_micros / 1e6, platform, purpose)
        if tally.unpriced:
            self.add(figures.UNPRICED, tally.unpriced)

    def _child(self, figure: Figure, labels: tuple[str, ...]) -> _Metric:
        key = (figure.name, *labels)
        found = self._children.get(key)
        if found is None:
            metric = self._made[figure]
            words = [self._word(figure, place, word) for place, word in enumerate(labels)]
            found = metric.labels(*words) if words else metric
            if tuple(words) == labels:
                self._children[key] = found
        return found

    def _word(self, figure: Figure, place: int, word: str) -> str:
        """The word as a label's value: what looks like an id, and too many words, are one."""
        known = self._words.setdefault((figure, place), set())
        if word in known:
            return word
        free = place == 0 and figure is figures.INFO
        fits = _FEW.fullmatch(word) and not _LIKE_AN_ID.search(word) and len(known) < MOST_WORDS
        if not (free or fits):
            return OTHER
        known.add(word)
        return word


def _make(figure: Figure, registry: CollectorRegistry) -> _Metric:
    match figure.kind:
        case "counter":
            return Counter(figure.name, figure.meaning, figure.labels, registry=registry)
        case "gauge":
            return Gauge(figure.name, figure.meaning, figure.labels, registry=registry)
        case "histogram":
            return Histogram(
                figure.name,
                figure.meaning,
                figure.labels,
                buckets=figure.buckets,
                registry=registry,
            )
