"""What keeping limits costs: by this process's own count, and together with other processes."""

from __future__ import annotations

import tempfile
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path

from benchmarks.figures import Spread, both, duration, table
from benchmarks.processes import cpu_of
from bot.capabilities import Limit
from bot.ids import new_id
from bot.model.gate import Gate
from bot.model.gated import GatedModel
from bot.model.port import Finished, FinishReason, Message, ModelEvent, Prompt, TextDelta
from bot.reply.pacing import LoopClock, Pacer
from bot.reply.slots import Urgency
from bot.storage.connect import Link, open_redis
from bot.storage.limits import SharedExchange, SharedLedger
from tests.servers import valkey_server

CALLS = 10
"""Calls to a platform that a turn takes."""

WARM_UP = 50
CHANNELS = 50

LIMITS = (
    Limit(frozenset({"edit"}), "channel", 100_000, 1.0),
    Limit(frozenset({"edit"}), "adapter", 100_000, 1.0),
)
"""As Discord's, but never reached."""

PROMPT = Prompt((Message("user", "hello"),))


@dataclass(frozen=True, slots=True)
class Price:
    """What something takes once.

    Attributes:
        wall: Seconds.
        cpu: Seconds of this process's CPU.
        server: Seconds of the store's CPU.
    """

    wall: Spread
    cpu: float
    server: float


@dataclass(frozen=True, slots=True)
class Prices:
    """A request to the model and a call to a platform, alone and shared."""

    request: tuple[Price, Price]
    call: tuple[Price, Price]


class Instant:
    """A model that answers at once."""

    name = "instant"

    async def stream(self, _prompt: Prompt) -> AsyncGenerator[ModelEvent, None]:
        """See `bot.model.port.Model`."""
        yield TextDelta("hello")
        yield Finished(FinishReason.STOP, None, self.name)

    async def close(self) -> None:
        """See `bot.model.port.Model`."""


async def measure(times: int) -> Prices:
    """Measure each so many times, one after the other."""
    with (
        tempfile.TemporaryDirectory(prefix="bobbin-bench-") as folder,
        valkey_server(Path(folder)) as server,
    ):
        client = open_redis(server.url)
        link = Link(client)
        exchange = SharedExchange(link, "bench", "w")
        ledger = SharedLedger(link, "bench", "w", new_id)
        models = (
            GatedModel(Instant(), Gate()),
            GatedModel(Instant(), Gate(), exchange=exchange),
        )
        pacers = (Pacer(LIMITS, LoopClock()), Pacer(LIMITS, LoopClock(), ledger))
        try:
            requests = [
                await _price(lambda _, model=model: _ask(model), times, server.pid)
                for model in models
            ]
            calls = [
                await _price(lambda number, pacer=pacer: _call(pacer, number), times, server.pid)
                for pacer in pacers
            ]
            await models[1].close()
        finally:
            await client.aclose()
    return Prices((requests[0], requests[1]), (calls[0], calls[1]))


async def _price(work: Callable[[int], Awaitable[None]], times: int, server: int) -> Price:
    for number in range(WARM_UP):
        await work(number)
    walls: list[float] = []
    cpu, there = time.process_time(), cpu_of(server)
    for number in range(times):
        began = time.perf_counter()
        await work(number)
        walls.append(time.perf_counter() - began)
    cpu, there = time.process_time() - cpu, cpu_of(server) - there
    return Price(Spread.of(walls), cpu / times, there / times)


async def _ask(model: GatedModel) -> None:
    async with aclosing(model.stream(PROMPT)) as events:
        async for _ in events:
            pass


async def _call(pacer: Pacer, number: int) -> None:
    channel = f"c{number % CHANNELS}"
    with (
        pacer.reply(channel, "space"),
        await pacer.acquire("edit", channel, "space", Urgency.PART),
    ):
        pass


def report(prices: Prices) -> str:
    """The figures as Markdown."""
    rows = [
        _row("a request to the model", *prices.request),
        _row("a call to a platform", *prices.call),
    ]
    turn = [
        request.cpu + CALLS * call.cpu
        for request, call in zip(prices.request, prices.call, strict=True)
    ]
    wall = [
        request.wall.median + CALLS * call.wall.median
        for request, call in zip(prices.request, prices.call, strict=True)
    ]
    there = prices.request[1].server + CALLS * prices.call[1].server
    rows.append(
        (
            f"a turn (1 + {CALLS})",
            duration(wall[0]),
            duration(turn[0]),
            duration(wall[1]),
            duration(turn[1]),
            duration(there),
        )
    )
    header = ("", "alone", "CPU", "shared", "CPU", "CPU of the store")
    return table(header, rows)


def _row(what: str, alone: Price, shared: Price) -> tuple[str, ...]:
    return (
        what,
        both(alone.wall),
        duration(alone.cpu),
        both(shared.wall),
        duration(shared.cpu),
        duration(shared.server),
    )
