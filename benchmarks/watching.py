"""What it costs to be seen from outside: `python -m benchmarks.watching`.

The calls that one turn makes to figures, health and log are made with the real ones and with those
that do nothing, in turns, so that both see the same machine.
"""

from __future__ import annotations

import asyncio
import io
import logging
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import nullcontext

import aiohttp
from structlog.contextvars import bound_contextvars

from adapters.console.adapter import ConsoleAdapter
from adapters.console.seat import Seat
from benchmarks.figures import Spread, both, table
from bot.chat import MessageRef, Spot
from bot.controls import PLAIN, Presentation
from bot.model.port import Purpose
from bot.model.witness import Request
from bot.ops.adapter import MeteredAdapter
from bot.ops.health import Health
from bot.ops.logs import formatter
from bot.ops.meters import ModelMeter, PlatformMeter
from bot.ops.metrics import Metrics
from bot.ops.probes import listening
from bot.ops.redact import Redactor
from bot.records import Tally
from bot.report import Outcome, TurnReport
from bot.tracing import Untraced

ROUNDS, TURNS, LOOKS = 40, 100, 50
EDITS = 8
SCRIPTS = ("begin", "renew", "renew", "renew", "commit")

REPORT = TurnReport(
    turn="d4g2kq1rv8n0a3b5",
    platform="discord",
    outcome=Outcome.ANSWERED,
    attempt=1,
    mail=1,
    lag=0.2,
    window_tokens=800,
    first_token=0.6,
    first_text=0.7,
    whole_text=8.0,
    total=8.1,
    edits=EDITS,
    posts=1,
    skipped=300,
    tally=Tally(turns=1, prompt=900, cached=700, completion=400, cost_micros=900),
)


class Still(ConsoleAdapter):
    """An adapter whose calls return at once."""

    async def edit(self, ref: MessageRef, text: str, *, look: Presentation = PLAIN) -> None:
        """Nothing."""

    async def post(
        self,
        spot: Spot,
        text: str,
        *,
        key: str,
        again: bool = False,
        look: Presentation = PLAIN,
    ) -> MessageRef:
        """Nothing."""
        return MessageRef(spot.channel, key)


class Turn:
    """What one turn tells, to somebody or to nobody."""

    def __init__(self, seen: bool) -> None:
        self.metrics, self.health = Metrics("1"), Health(time.monotonic)
        bare = Still(Seat(None))
        spans, now = Untraced(), time.monotonic
        self._adapter = MeteredAdapter(bare, self.metrics, spans, now) if seen else bare
        self._model = ModelMeter(self.metrics, self.health, spans, now)
        self._meter = PlatformMeter("discord", self.metrics, self.health)
        self._seen = seen

    async def run(self) -> None:
        """One turn."""
        spot, ref = Spot("c"), MessageRef("c", "m")
        with bound_contextvars(turn="t") if self._seen else nullcontext():
            await self._adapter.post(spot, "x", key="k")
            for _ in range(EDITS):
                await self._adapter.edit(ref, "x")
            if not self._seen:
                return
            self._meter.acknowledged(0.004)
            for script in SCRIPTS:
                self.metrics.store(script, 0.0006, "")
            with self._model.request(Request("gpt-6-luna", Purpose.REPLY, True, "stop")) as spoke:
                spoke()
            self.metrics.turn(REPORT)


def line_cost(form: logging.Formatter) -> Callable[[], None]:
    """Write the line of one turn."""
    handler = logging.StreamHandler(io.StringIO())
    handler.setFormatter(form)
    record = logging.makeLogRecord(
        {
            "name": "bot.report",
            "levelno": logging.INFO,
            "levelname": "INFO",
            "msg": "turn",
            "outcome": "answered",
            "turn": "t",
            "platform": "discord",
            "attempt": 1,
            "first_text": 0.7,
            "total": 8.1,
            "edits": EDITS,
        }
    )
    return lambda: handler.handle(record)


def processor_seconds(work: Callable[[], object], times: int) -> float:
    """Processor time of one call."""
    began = time.process_time()
    for _ in range(times):
        work()
    return (time.process_time() - began) / times


async def turn_costs(rounds: int = ROUNDS, turns: int = TURNS) -> tuple[list[float], list[float]]:
    """Processor seconds of a turn's calls, unseen and seen."""
    found: tuple[list[float], list[float]] = ([], [])
    both_kinds = Turn(seen=False), Turn(seen=True)
    for _ in range(rounds):
        for turn, times in zip(both_kinds, found, strict=True):
            began = time.process_time()
            for _ in range(turns):
                await turn.run()
            times.append((time.process_time() - began) / turns)
    return found


async def scrape_costs(looks: int = LOOKS) -> tuple[list[float], int]:
    """Seconds of a look at /metrics over loopback, and its size."""
    turn = Turn(seen=True)
    for platform in ("discord", "slack"):
        turn.metrics.platform(platform)
    await turn.run()
    times: list[float] = []
    size = 0
    async with (
        listening("127.0.0.1", 0, turn.health, turn.metrics) as (host, port),
        aiohttp.ClientSession() as session,
    ):
        for _ in range(looks):
            began = time.perf_counter()
            async with session.get(f"http://{host}:{port}/metrics") as answer:
                size = len(await answer.read())
            times.append(time.perf_counter() - began)
    return times, size


def memory() -> tuple[int, int]:
    """Kibibytes at most resident after importing the bot: with its figures and log, and without."""
    code = "import resource{}; print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    sizes: list[int] = []
    for more in ("", ", structlog, prometheus_client, aiohttp.web, bot.ops.outside"):
        command = [
            sys.executable,
            "-c",
            "import aiohttp, openai, redis.asyncio;" + code.format(more),
        ]
        sizes.append(int(subprocess.run(command, capture_output=True, check=True).stdout))
    return sizes[1], sizes[0]


def report() -> str:
    """The figures as Markdown."""
    unseen, seen = asyncio.run(turn_costs())
    plain = line_cost(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    lines = {
        "as the standard library's text": plain,
        "as text": line_cost(formatter(True, Redactor())),
        "as JSON": line_cost(formatter(False, Redactor(["a-secret-token"] * 4))),
    }
    rows = [
        (f"one turn's calls ({EDITS} edits), unseen", both(Spread.of(unseen))),
        ("the same, counted", both(Spread.of(seen))),
    ]
    for name, work in lines.items():
        times = [processor_seconds(work, TURNS) for _ in range(ROUNDS)]
        rows.append((f"the turn's log line, {name}", both(Spread.of(times))))
    times, size = asyncio.run(scrape_costs())
    rows.append((f"a look at /metrics ({size / 1024:.0f} KiB)", both(Spread.of(times))))
    with_it, without = memory()
    rows.append(("memory of all of it", f"{(with_it - without) / 1024:.1f} MiB"))
    return table(("what", "median / 95 %"), rows)


if __name__ == "__main__":
    print(report())
