"""Every figure that a process shows at /metrics: its name, what it means, by what it is told apart.

Labels have few values and never an id. The same table makes docs/operations/metrics.md, and a test
holds the dashboard and the alert rules to it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

BRIEF = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Bounds for what should take milliseconds, in seconds."""

LONG = (0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 3.0, 5.0, 8.0, 13.0, 20.0, 30.0, 60.0, 120.0, 300.0)
"""Bounds for what people wait for, in seconds."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One metric.

    Attributes:
        name: As Prometheus shows it; counters end in _total, times are in seconds.
        kind: Its type.
        meaning: One sentence.
        labels: By what it is told apart.
        buckets: Upper bounds, for a histogram.
    """

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    meaning: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()


def _counter(name: str, meaning: str, *labels: str) -> Figure:
    return Figure(name, "counter", meaning, labels)


def _gauge(name: str, meaning: str, *labels: str) -> Figure:
    return Figure(name, "gauge", meaning, labels)


def _seconds(name: str, meaning: str, *labels: str, buckets: tuple[float, ...] = LONG) -> Figure:
    return Figure(name, "histogram", meaning, labels, buckets)


INFO = _gauge("bobbin_info", "Always 1; the label names the version.", "version")
READY = _gauge(
    "bobbin_ready",
    "1 while a part is ready (process, store, model, each platform); /readyz wants all of them.",
    "part",
)
CONNECTIONS = _gauge(
    "bobbin_connections",
    "Connections to a platform: those that stand (up) and those that are meant to (wanted).",
    "platform",
    "state",
)
LOOP_LAG = _seconds(
    "bobbin_event_loop_lag_seconds",
    "How late a timer of the event loop came, looked at twice a second.",
    buckets=BRIEF,
)

ACK = _seconds(
    "bobbin_ack_seconds",
    "From an event's arrival until it was stored and acknowledged.",
    "platform",
    buckets=BRIEF,
)
MALFORMED = _counter(
    "bobbin_malformed_events_total", "Events that could not be read and were left out.", "platform"
)
HELD = _gauge(
    "bobbin_held_messages", "Messages kept in this process until the store takes them.", "platform"
)
DROPPED = _counter(
    "bobbin_dropped_messages_total",
    "Messages that were held for the store and gave way to newer ones, for want of room.",
    "platform",
)
OVERFULL = _counter(
    "bobbin_overfull_messages_total",
    "Messages that were not taken, for so many waited in their conversation.",
    "platform",
)
RECONNECTS = _counter(
    "bobbin_reconnects_total", "Connections lost or replaced.", "platform", "reason"
)
LIMITED = _counter(
    "bobbin_platform_rate_limited_total",
    "Times the platform asked to wait (429), by kind of call.",
    "platform",
    "route",
)
INVALID = _counter(
    "bobbin_invalid_requests_total",
    "Calls that a platform counts against us, by HTTP status; Discord bars who makes 10,000 in ten "
    "minutes.",
    "platform",
    "status",
)
LATENCY = _gauge(
    "bobbin_connection_latency",
    "Seconds a platform took to answer the latest sign of life, by part of the connection.",
    "platform",
    "part",
)
CALL = _seconds(
    "bobbin_platform_call_seconds",
    "Calls for answers (open, post, edit, delete, status, history, respond) and how they ended.",
    "platform",
    "call",
    "outcome",
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 15.0),
)
PACER_WAITING = _gauge(
    "bobbin_pacer_waiting_calls", "Calls that wait for a slot of the platform's limits.", "platform"
)
FALLBACKS = _counter(
    "bobbin_fallbacks_total",
    "Things done in the second-best way: an answer's end posted anew (reposted), a summary without "
    "the model (summary_extract), and what adapters name.",
    "platform",
    "kind",
)

TURNS = _counter("bobbin_turns_total", "Turns that ended, by outcome.", "platform", "outcome")
TURN_ERRORS = _counter(
    "bobbin_turn_errors_total",
    "Turns that an error ended, by its class (docs: bot/errors.py).",
    "platform",
    "error",
)
MESSAGES = _counter(
    "bobbin_messages_total",
    "Messages that turns dealt with; several may share one.",
    "platform",
)
QUEUE_LAG = _seconds(
    "bobbin_queue_lag_seconds",
    "From when a turn's oldest message was written until the turn began.",
    "platform",
)
FIRST_TOKEN = _seconds(
    "bobbin_first_token_seconds", "From a turn's begin to the model's first text.", "platform"
)
FIRST_TEXT = _seconds(
    "bobbin_first_text_seconds", "From a turn's begin until its first text was visible.", "platform"
)
WHOLE_TEXT = _seconds(
    "bobbin_whole_text_seconds",
    "From a turn's begin until the platform had taken the whole answer.",
    "platform",
)
POSTS = _counter("bobbin_posts_total", "Messages posted for answers.", "platform")
EDITS = _counter("bobbin_edits_total", "Edits made for answers.", "platform")
SKIPPED = _counter(
    "bobbin_edits_skipped_total",
    "Texts that a newer one overtook before they could be shown.",
    "platform",
)
RUNNING = _gauge("bobbin_running_turns", "Threads being answered in this process.")
STRANDED = _gauge(
    "bobbin_stranded_turns",
    "Threads with work left and nobody at it, over all processes, at this process's last look.",
)
LEASE_LOSSES = _counter(
    "bobbin_lease_losses_total", "Turns that another process had taken meanwhile.", "platform"
)
TAKEOVERS = _counter(
    "bobbin_takeovers_total",
    "Turns taken over from a process that had handed them on at its end (parked), or that died "
    "or was away for too long (lost).",
    "platform",
    "after",
)

RATED = _counter(
    "bobbin_feedback_total",
    "What people think of answers (good, bad), by the controls under them; a change counts again.",
    "platform",
    "rating",
)

TOKENS = _counter(
    "bobbin_tokens_total",
    "Tokens: prompt (of them cached) and completion, by what they were for.",
    "platform",
    "purpose",
    "kind",
)
COST = _counter(
    "bobbin_cost_dollars_total",
    "Estimated cost of models with a known price.",
    "platform",
    "purpose",
)
UNPRICED = _counter(
    "bobbin_unpriced_requests_total", "Answers and summaries of models with no known price."
)
REQUESTS = _counter(
    "bobbin_model_requests_total",
    "Single requests to the model: how the answer ended (stop, length, filtered, cut), what they "
    "failed with, or that nobody read on (ended).",
    "purpose",
    "outcome",
)
REQUEST = _seconds("bobbin_model_request_seconds", "Length of single requests.", "purpose")
REQUEST_FIRST = _seconds(
    "bobbin_model_first_text_seconds", "From a single request to its first text.", "purpose"
)
RETRIES = _counter(
    "bobbin_model_retries_total", "Requests made again after a passing fault.", "cause"
)
GATE_WIDTH = _gauge("bobbin_model_gate_width", "Requests that may run at once, as learned so far.")
GATE_ACTIVE = _gauge("bobbin_model_gate_active", "Requests that run.")
GATE_QUEUED = _gauge("bobbin_model_gate_queued", "Requests that wait for their turn.")

RECALLS = _counter(
    "bobbin_recalls_total",
    "Questions for which long-term memory was looked through: with what came of it (found, "
    "nothing), or asked without it (slow, error).",
    "outcome",
)
CAPTURES = _counter(
    "bobbin_captures_total",
    "What a model proposed to remember unasked: kept, or dropped by the rules.",
    "outcome",
)
EMBEDDINGS = _counter(
    "bobbin_embeddings_total",
    "Calls for vectors (done, failed), and searches by words alone because of failures (rested) or "
    "of a budget that is used up (spared).",
    "outcome",
)

STORE = _seconds(
    "bobbin_store_seconds",
    "Operations on Redis with all their tries, by script.",
    "script",
    buckets=BRIEF,
)
STORE_ERRORS = _counter(
    "bobbin_store_errors_total",
    "Operations on Redis that failed, by script and cause.",
    "script",
    "error",
)

FIGURES: tuple[Figure, ...] = (
    INFO, READY, CONNECTIONS, LOOP_LAG,
    ACK, MALFORMED, HELD, DROPPED, OVERFULL, RECONNECTS, LIMITED, INVALID, LATENCY, CALL,
    PACER_WAITING, FALLBACKS,
    TURNS, TURN_ERRORS, MESSAGES, QUEUE_LAG, FIRST_TOKEN, FIRST_TEXT, WHOLE_TEXT, POSTS, EDITS,
    SKIPPED, RUNNING, STRANDED, LEASE_LOSSES, TAKEOVERS, RATED,
    TOKENS, COST, UNPRICED, REQUESTS, REQUEST, REQUEST_FIRST, RETRIES,
    GATE_WIDTH, GATE_ACTIVE, GATE_QUEUED, RECALLS, CAPTURES, EMBEDDINGS,
    STORE, STORE_ERRORS,
)  # fmt: skip
"""All of them, in the order of the page."""
