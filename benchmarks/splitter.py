"""What one streamed token costs the splitter, for answers of growing length.

An answer of a thousand characters and one of a hundred thousand should cost the same per token:
parts that are complete are never looked at again.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from benchmarks.figures import Spread, both, duration, table
from benchmarks.scene import pieces
from bot.reply.readable import readable_prefix
from bot.reply.split import Splitter

LIMIT = 2000
LENGTHS = (1_000, 10_000, 100_000)


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds for each token of an answer of so many characters, and for all of it."""

    length: int
    parts: int
    token: Spread
    total: float


def measure(length: int) -> Cost:
    """Stream an answer of about `length` characters, token by token, all of them shown."""
    splitter = Splitter(LIMIT, len)
    text = ""
    times: list[float] = []
    for piece in _stream(length):
        text += piece
        began = time.perf_counter()
        splitter.parts(text)
        times.append(time.perf_counter() - began)
    shown = splitter.parts(text, final=True)
    if not readable_prefix(text) or any(len(part.text) > LIMIT for part in shown):
        raise RuntimeError("the answer was not split as it should be")
    return Cost(length, len(shown), Spread.of(times), sum(times))


def _stream(length: int) -> list[str]:
    tokens = pieces(max(10, length // 4))
    total = 0
    for number, piece in enumerate(tokens):
        total += len(piece)
        if total >= length:
            return tokens[: number + 1]
    return tokens


def report(lengths: tuple[int, ...] = LENGTHS) -> str:
    """The figures as Markdown."""
    rows = [
        (f"{cost.length:,}", str(cost.parts), both(cost.token), duration(cost.total))
        for cost in map(measure, lengths)
    ]
    return table(("characters", "messages", "per token", "whole answer"), rows)
