"""A crowd that asks at once a model which takes few requests a second."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.figures import Spread, both, table
from benchmarks.processes import Worker, worker
from benchmarks.scene import Pace
from benchmarks.stage import Stage, open_stage
from tests.servers import valkey_server

RATE = 10
"""Requests per second that the model takes."""

PACE = Pace(first_token=0.3, rate=100.0, tokens=60)
PATIENCE = 120.0
CONNECTED = "Connected to Discord"
LOOKS_SECONDS = 0.1

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Crowd:
    """What it came to.

    Attributes:
        bots: Processes that answered.
        people: Questions, all at once.
        whole: Answers that came whole.
        requests: Requests to the model, refused ones among them.
        refused: Those answered with 429.
        seconds: From a question to its whole answer.
        last: Until the last answer stood there.
    """

    bots: int
    people: int
    whole: int
    requests: int
    refused: int
    seconds: Spread
    last: float


async def measure(people: int, bots: Sequence[int], tell: Tell) -> list[Crowd]:
    """Let `people` ask at once, of as many processes as `bots` says, one crowd after the other."""
    crowds: list[Crowd] = []
    for number in bots:
        crowds.append(await _crowd(people, number))
        tell(f"{number} process(es): {crowds[-1].whole} of {people} answers whole")
    return crowds


async def _crowd(people: int, bots: int) -> Crowd:
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bobbin-bench-")))
        server = stack.enter_context(valkey_server(folder))
        extra = {"REDIS_URL": server.url}
        stage = await stack.enter_async_context(open_stage("discord", PACE, extra))
        for number in range(1, bots):
            log = folder / f"log{number}"
            more = await stack.enter_async_context(
                worker("bot", "run", env=stage.environment, folder=folder, log=log)
            )
            await _connected(more, log)
        await stage.model.order("limit", requests_per_second=RATE)
        seen: dict[str, Any] = await stage.platform.order(
            "ask", first=0, count=people, tokens=PACE.tokens, patience=PATIENCE
        )
        return await _counted(stage, bots, people, seen["conversations"])


async def _counted(
    stage: Stage, bots: int, people: int, conversations: Sequence[dict[str, Any]]
) -> Crowd:
    asked = await stage.model.order("asked")
    began = min(each["asked"] for each in conversations)
    whole = [each for each in conversations if each["final"] is not None]
    return Crowd(
        bots=bots,
        people=people,
        whole=len(whole),
        requests=asked["requests"],
        refused=asked["refused"],
        seconds=Spread.of([each["final"] - each["asked"] for each in whole]),
        last=max((each["final"] for each in whole), default=began) - began,
    )


async def _connected(bot: Worker, log: Path) -> None:
    while CONNECTED not in _text(log):
        if not bot.running:
            raise RuntimeError(f"the bot ended:\n{_text(log)}")
        await asyncio.sleep(LOOKS_SECONDS)


def _text(log: Path) -> str:
    return log.read_text()


def report(crowds: Sequence[Crowd]) -> str:
    """The figures as Markdown."""
    header = (
        "processes",
        "whole answers",
        "requests per answer",
        "429s",
        "question → whole answer",
        "the last one",
    )
    rows = [
        (
            str(crowd.bots),
            f"{crowd.whole} of {crowd.people}",
            f"{crowd.requests / max(crowd.whole, 1):.2f}",
            str(crowd.refused),
            both(crowd.seconds),
            f"{crowd.last:.1f} s",
        )
        for crowd in crowds
    ]
    return table(header, rows)
