"""Conversations at once: how soon people see text, what it takes, what it costs."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmarks.figures import Spread, both, duration, table
from benchmarks.scene import Conversation, Pace, Spoken
from benchmarks.stage import Bare, Stage, bare, open_stage, platform_call

ANSWER_LIMIT = 240.0
"""Seconds after which an answer that is not whole counts as lost."""

SHORT = Pace(first_token=0.01, rate=0, tokens=5)
WARM_UP = 1_000_000
"""Number of the first question, far from the others."""

NO_SPREAD = Spread.of(())
NO_BARE = Bare(0.0, ())

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Round:
    """Conversations that began at the same moment.

    Attributes:
        conversations: As the platform saw them.
        spoken: As the model saw them, by number.
        calls: Requests to the platform, by route or method.
        refused: Those answered with 429.
        cpu: Seconds of CPU that the bot took.
    """

    conversations: tuple[Conversation, ...]
    spoken: Mapping[int, Spoken]
    calls: Mapping[str, int]
    refused: Mapping[str, int]
    cpu: float


@dataclass(slots=True)
class Crowd:
    """Rounds of so many conversations on one platform.

    Attributes:
        platform: Its name.
        size: Conversations at once.
        tokens: Tokens of an answer.
        idle: MiB of the bot before the first of them.
        peak: The most it ever had.
        after: MiB after the last of them.
        bare: The openai package alone, with as many answers at once.
        call: One call to the platform, made by this process while nothing else goes on.
    """

    platform: str
    size: int
    tokens: int
    rounds: list[Round] = field(default_factory=list[Round])
    idle: float = 0.0
    peak: float = 0.0
    after: float = 0.0
    bare: Bare = NO_BARE
    call: Spread = NO_SPREAD

    def pairs(self) -> list[tuple[Conversation, Spoken]]:
        """Answers that came whole, with what the model said."""
        return [
            (each, a_round.spoken[each.number])
            for a_round in self.rounds
            for each in a_round.conversations
            if each.final is not None and each.number in a_round.spoken
        ]

    @property
    def answers(self) -> int:
        """Questions asked."""
        return sum(len(each.conversations) for each in self.rounds)

    def first_text(self) -> Spread:
        """From the question to the first visible text."""
        return Spread.of([(c.first_text or 0.0) - c.asked for c, _ in self.pairs()])

    def beyond_first_token(self, pace: Pace) -> Spread:
        """The same without the time that the model takes to its first token."""
        return Spread.of(
            [(c.first_text or 0.0) - c.asked - pace.first_token for c, _ in self.pairs()]
        )

    def beyond_readable(self, pace: Pace) -> Spread:
        """The same without the time that the model takes to its fourth word."""
        return Spread.of(
            [
                (c.first_text or 0.0) - c.asked - pace.first_token - (s.readable - s.first)
                for c, s in self.pairs()
            ]
        )

    def landing(self) -> Spread:
        """From the last token to the whole answer."""
        return Spread.of([(c.final or 0.0) - s.last for c, s in self.pairs()])

    def per_answer(self, call: str = "") -> float:
        """Calls per answer to this route or method; to all of them without one."""
        counted = sum(
            each.calls.get(call, 0) if call else sum(each.calls.values()) for each in self.rounds
        )
        return counted / self.answers

    def refused(self) -> float:
        """Refusals per answer."""
        return sum(sum(each.refused.values()) for each in self.rounds) / self.answers

    def cpu_per_token(self) -> float:
        """Seconds of CPU that the bot took for each token."""
        return sum(each.cpu for each in self.rounds) / (self.answers * self.tokens)

    def bare_per_token(self) -> float:
        """The same for the openai package alone."""
        return self.bare.cpu / (self.size * self.tokens)

    def bare_first_token(self, pace: Pace) -> Spread:
        """The same as `beyond_first_token` for the openai package alone."""
        return Spread.of([seconds - pace.first_token for seconds in self.bare.first_token])


POST, EDIT = "post", "edit"
CALLS: dict[str, dict[str, str]] = {
    "discord": {
        POST: "POST /channels/{channel_id}/messages",
        EDIT: "PATCH /channels/{channel_id}/messages/{message_id}",
    },
    "slack": {POST: "chat.postMessage", EDIT: "chat.update"},
}


@dataclass(frozen=True, slots=True)
class Measured:
    """A platform's crowds, and the very first answers of a process."""

    crowds: tuple[Crowd, ...]
    first: Crowd


async def measure(platform: str, sizes: Mapping[int, int], pace: Pace, tell: Tell) -> Measured:
    """Measure a platform.

    Args:
        platform: "discord" or "slack".
        sizes: Rounds for each number of conversations at once.
        pace: How the model answers.
        tell: Hears how far it is.
    """
    crowds: list[Crowd] = []
    first = Crowd(platform, 1, pace.tokens)
    for size, rounds in sizes.items():
        crowd = Crowd(platform, size, pace.tokens)
        # A round of many uses up what a workspace has for a minute, so it gets a fresh one.
        fresh = rounds if platform == "slack" and size > 1 else 1
        for _ in range(fresh):
            async with open_stage(platform, pace) as stage:
                crowd.idle = stage.bot.memory()
                # The first answer of a process opens connections and loads scripts.
                if size == 1:
                    first.rounds.append(await _round(stage, 1, WARM_UP, pace))
                    crowd.call = await platform_call(stage)
                else:
                    await stage.answer_with(SHORT)
                    await _round(stage, 1, WARM_UP, SHORT)
                    await stage.answer_with(pace)
                for number in range(rounds // fresh):
                    crowd.rounds.append(await _round(stage, size, number * size, pace))
                    tell(_progress(crowd))
                crowd.peak = stage.bot.memory("VmHWM")
                crowd.after = stage.bot.memory()
        crowd.bare = await bare(size, pace)
        crowds.append(crowd)
    return Measured(tuple(crowds), first)


async def _round(stage: Stage, size: int, first: int, pace: Pace) -> Round:
    before = stage.bot.cpu_seconds()
    seen: dict[str, Any] = await stage.platform.order(
        "ask", first=first, count=size, tokens=pace.tokens, patience=ANSWER_LIMIT
    )
    # What follows an answer (its commit, a status taken back) is part of its price.
    await asyncio.sleep(1.0)
    cpu = stage.bot.cpu_seconds() - before
    if seen["violations"]:
        raise RuntimeError(f"the platform complains: {seen['violations'][:3]}")
    return Round(
        tuple(Conversation(**each) for each in seen["conversations"]),
        await stage.spoken(),
        Counter(seen["calls"]),
        Counter(seen["refused"]),
        cpu,
    )


def _progress(crowd: Crowd) -> str:
    whole = len(crowd.pairs())
    return f"{crowd.platform}, {crowd.size} at once: {whole} of {crowd.answers} answers whole"


def latency_table(measured: Measured, pace: Pace) -> str:
    """How soon people see text."""
    header = (
        "at once",
        "whole answers",
        "mention → first text",
        "beyond first token",
        "openai package alone",
        "beyond four words",
        "last token → whole text",
    )
    rows = [
        (
            label,
            f"{len(crowd.pairs())} of {crowd.answers}",
            both(crowd.first_text()),
            both(crowd.beyond_first_token(pace)),
            both(crowd.bare_first_token(pace)),
            both(crowd.beyond_readable(pace)),
            both(crowd.landing()),
        )
        for label, crowd in (
            ("1, the first of a process", measured.first),
            *((str(crowd.size), crowd) for crowd in measured.crowds),
        )
        if crowd.answers
    ]
    call = next((crowd.call for crowd in measured.crowds if crowd.size == 1), NO_SPREAD)
    return f"{table(header, rows)}\n\nOne call to the platform here: {both(call)}."


def calls_table(crowds: Sequence[Crowd]) -> str:
    """What an answer takes of the platform."""
    rows = [
        (
            str(crowd.size),
            f"{crowd.per_answer(CALLS[crowd.platform][POST]):.1f}",
            f"{crowd.per_answer(CALLS[crowd.platform][EDIT]):.1f}",
            f"{crowd.per_answer():.1f}",
            f"{crowd.refused():.2f}",
        )
        for crowd in crowds
    ]
    return table(("at once", "posts", "edits", "all calls", "429s"), rows)


def cost_table(crowds: Sequence[Crowd]) -> str:
    """CPU beside the bare package, and memory."""
    rows = [
        (
            str(crowd.size),
            duration(crowd.cpu_per_token()),
            duration(crowd.bare_per_token()),
            f"{crowd.cpu_per_token() / crowd.bare_per_token():.2f}",
            f"{crowd.idle:.0f} MiB",
            f"{crowd.peak:.0f} MiB",
            f"{crowd.after:.0f} MiB",
            f"{1024 * (crowd.peak - crowd.idle) / crowd.size:,.0f} KiB",
        )
        for crowd in crowds
    ]
    header = (
        "at once",
        "CPU per token",
        "openai package alone",
        "ratio",
        "memory idle",
        "at most",
        "after",
        "per open conversation",
    )
    return table(header, rows)
