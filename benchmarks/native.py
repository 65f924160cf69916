"""Slack's own streams beside edits, in direct messages: calls per answer, delay of its end."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.conversations import ANSWER_LIMIT
from benchmarks.figures import Spread, both, table
from benchmarks.scene import Conversation, Pace
from benchmarks.stage import Stage, open_stage

MODES = ("native", "edit")
WARM_UP = 50
"""Number of the first question, whose asker is none of the others."""

STREAMING = ("chat.startStream", "chat.appendStream", "chat.stopStream")
EDITING = ("chat.postMessage", "chat.update")

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Crowd:
    """Answers in direct messages that were asked for at once.

    Attributes:
        mode: How people saw them grow.
        size: How many at once.
        answers: How many in all.
        whole: How many of them came whole.
        calls: Calls per answer, by method.
        refused: Calls that Slack refused with 429.
        first: From the question to the first words.
        landing: From the model's last token to the whole answer.
    """

    mode: str
    size: int
    answers: int
    whole: int
    calls: Mapping[str, float]
    refused: int
    first: Spread
    landing: Spread


async def measure(sizes: Mapping[int, int], pace: Pace, tell: Tell) -> list[Crowd]:
    """Measure both ways for each number of answers at once; the values are rounds."""
    crowds: list[Crowd] = []
    for size, rounds in sizes.items():
        for mode in MODES:
            crowds.append(await _crowd(mode, size, rounds, pace))
            tell(f"{mode}, {size} at once: {crowds[-1].whole} of {crowds[-1].answers} whole")
    return crowds


async def _crowd(mode: str, size: int, rounds: int, pace: Pace) -> Crowd:
    calls: Counter[str] = Counter()
    refused = 0
    pairs: list[tuple[Conversation, float]] = []
    asked = 0
    # What a workspace has for a minute is used up by a crowd, so each round has a fresh one.
    for _ in range(rounds):
        async with open_stage("slack", pace, {"SLACK_STREAMING": mode}) as stage:
            await _ask(stage, WARM_UP, 1, pace)
            seen = await _ask(stage, 0, size, pace)
            spoken = await stage.spoken()
            calls.update(seen["calls"])
            refused += sum(seen["refused"].values())
            for each in (Conversation(**found) for found in seen["conversations"]):
                asked += 1
                if each.final is not None and each.number in spoken:
                    pairs.append((each, spoken[each.number].last))
    return Crowd(
        mode,
        size,
        asked,
        len(pairs),
        {method: count / asked for method, count in calls.items()},
        refused,
        Spread.of([(each.first_text or 0.0) - each.asked for each, _ in pairs]),
        Spread.of([(each.final or 0.0) - last for each, last in pairs]),
    )


async def _ask(stage: Stage, first: int, count: int, pace: Pace) -> Any:
    seen: dict[str, Any] = await stage.platform.order(
        "ask", first=first, count=count, tokens=pace.tokens, patience=ANSWER_LIMIT, direct=True
    )
    # The end of a session comes after the answer.
    await asyncio.sleep(1.0)
    if seen["violations"]:
        raise RuntimeError(f"the platform complains: {seen['violations'][:3]}")
    return seen


def report(crowds: Sequence[Crowd]) -> str:
    """The figures as Markdown."""
    header = (
        "direct messages at once",
        "whole answers",
        "calls per answer",
        "start / add / stop",
        "post / edit",
        "429s",
        "question → first words",
        "last token → whole text",
    )
    rows = [
        (
            f"{crowd.size}, {crowd.mode}",
            f"{crowd.whole} of {crowd.answers}",
            f"{sum(crowd.calls.values()):.1f}",
            _some(crowd, STREAMING),
            _some(crowd, EDITING),
            str(crowd.refused),
            both(crowd.first),
            both(crowd.landing),
        )
        for crowd in crowds
    ]
    return table(header, rows)


def _some(crowd: Crowd, methods: Sequence[str]) -> str:
    return " / ".join(f"{crowd.calls.get(method, 0.0):.1f}" for method in methods)
