"""What each further process buys, and how soon one goes on for another that died."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.figures import Spread, both, duration, table
from benchmarks.processes import Worker, worker
from benchmarks.scene import Conversation, Pace
from tests.clusters import valkey_cluster
from tests.servers import valkey_server

SHORT = Pace(first_token=0.01, rate=0, tokens=5)
"""Answers that come at once, so that the bot is the slow part."""

LONG = Pace(first_token=0.2, rate=20.0, tokens=400)
"""Answers that still run when their process is killed."""

ANSWER_LIMIT = 180.0
SETTLE_SECONDS = 1.0
UNDER_WAY_SECONDS = 3.0

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Crew:
    """Processes of the bot on one store, in one Slack workspace."""

    bots: tuple[Worker, ...]
    platform: Worker
    model: Worker


@dataclass(frozen=True, slots=True)
class Throughput:
    """Questions that were all asked at once.

    Attributes:
        store: "one server" or "cluster of three".
        processes: Of the bot.
        asked: How many questions.
        whole: How many were answered whole.
        seconds: From the first question to the last answer.
        waits: Seconds from each question to its whole answer.
        cpu: CPU seconds of all processes of the bot together.
    """

    store: str
    processes: int
    asked: int
    whole: int
    seconds: float
    waits: Spread
    cpu: float


@dataclass(frozen=True, slots=True)
class TakeOver:
    """Answers whose process was killed while they were written.

    Attributes:
        lease: Seconds of a lease.
        killed: How many answers the process was writing.
        whole: How many of them came whole all the same.
        begun_again: Seconds from the kill to the model's next first token for the same question.
    """

    lease: float
    killed: int
    whole: int
    begun_again: Spread


@asynccontextmanager
async def crew(processes: int, redis_url: str, pace: Pace, **extra: str) -> AsyncIterator[Crew]:
    """Start all of it; every process is connected."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="bobbin-bench-")))
        model = await stack.enter_async_context(worker("benchmarks.host", "model"))
        platform = await stack.enter_async_context(worker("benchmarks.host", "slack"))
        await model.order("pace", **asdict(pace))
        environment = {
            **await model.order("environment"),
            **await platform.order("environment"),
            "REDIS_URL": redis_url,
            **extra,
        }
        bots: list[Worker] = []
        for number in range(processes):
            bot = await stack.enter_async_context(
                worker("bot", "run", env=environment, folder=folder, log=folder / f"log{number}")
            )
            bots.append(bot)
            await platform.order("connected", count=2 * (number + 1))
        await asyncio.sleep(SETTLE_SECONDS)
        yield Crew(tuple(bots), platform, model)


async def throughput(
    sizes: Sequence[int], questions: int, tell: Tell, *, cluster: bool
) -> list[Throughput]:
    """Turns per second with so many processes."""
    found: list[Throughput] = []
    name = "cluster of three" if cluster else "one server"
    with TemporaryDirectory(prefix="bobbin-bench-") as folder:
        opened = valkey_cluster if cluster else valkey_server
        with opened(Path(folder), "--appendonly", "yes") as store:
            for processes in sizes:
                async with crew(processes, store.url, SHORT) as running:
                    await running.platform.order(
                        "ask", first=10**6, count=4 * processes, tokens=SHORT.tokens, patience=60
                    )
                    one = await _asked(running, questions)
                found.append(_throughput(name, processes, *one))
                tell(f"{name}, {processes} process(es): {found[-1].whole} of {questions} answers")
    return found


async def _asked(running: Crew, questions: int) -> tuple[list[Conversation], float]:
    before = sum(bot.cpu_seconds() for bot in running.bots)
    seen: dict[str, Any] = await running.platform.order(
        "ask", first=0, count=questions, tokens=SHORT.tokens, patience=ANSWER_LIMIT
    )
    cpu = sum(bot.cpu_seconds() for bot in running.bots) - before
    if seen["violations"]:
        raise RuntimeError(f"the platform complains: {seen['violations'][:3]}")
    return [Conversation(**each) for each in seen["conversations"]], cpu


def _throughput(
    store: str, processes: int, conversations: Sequence[Conversation], cpu: float
) -> Throughput:
    ends = [each.final for each in conversations if each.final is not None]
    began = min(each.asked for each in conversations)
    return Throughput(
        store,
        processes,
        len(conversations),
        len(ends),
        max(ends, default=began) - began,
        Spread.of([c.final - c.asked for c in conversations if c.final is not None]),
        cpu,
    )


async def take_over(leases: Sequence[float], answers: int, tell: Tell) -> list[TakeOver]:
    """Kill one of two processes while they write `answers` answers, for each length of a lease."""
    found: list[TakeOver] = []
    for lease in leases:
        with (
            TemporaryDirectory(prefix="bobbin-bench-") as folder,
            valkey_server(Path(folder), persist=True) as store,
        ):
            settings = {"BOBBIN_LEASE_SECONDS": f"{lease:g}"}
            async with crew(2, store.url, LONG, **settings) as running:
                found.append(await _killed(running, lease, answers))
        tell(f"lease of {lease:g} s: {found[-1].whole} of {found[-1].killed} taken over")
    return found


async def _killed(running: Crew, lease: float, answers: int) -> TakeOver:
    asking = asyncio.create_task(
        running.platform.order(
            "ask", first=0, count=answers, tokens=LONG.tokens, patience=ANSWER_LIMIT
        )
    )
    await asyncio.sleep(UNDER_WAY_SECONDS)
    os.kill(running.bots[0].pid, signal.SIGKILL)
    at = time.monotonic()
    seen: dict[str, Any] = await asking
    begun: dict[str, list[float]] = await running.model.order("begun")
    again = {int(n): [t for t in times if t > at] for n, times in begun.items()}
    taken = {number: times[0] - at for number, times in again.items() if times}
    whole = {c["number"] for c in seen["conversations"] if c["final"] is not None}
    return TakeOver(lease, len(taken), len(whole & set(taken)), Spread.of(list(taken.values())))


def report(rates: Sequence[Throughput], takeovers: Sequence[TakeOver]) -> str:
    """Both tables."""
    first = table(
        ("store", "processes", "answers", "turns/s", "question → whole answer", "CPU per turn"),
        [
            (
                each.store,
                str(each.processes),
                f"{each.whole} of {each.asked}",
                f"{each.whole / each.seconds:.0f}" if each.seconds else "–",
                both(each.waits),
                duration(each.cpu / max(each.whole, 1)),
            )
            for each in rates
        ],
    )
    second = table(
        ("lease", "answers of the killed process", "whole in the end", "kill → begun again"),
        [
            (f"{each.lease:g} s", str(each.killed), str(each.whole), both(each.begun_again))
            for each in takeovers
        ],
    )
    return f"{first}\n\n{second}"
