"""How soon Slack has its acknowledgement, over sockets and by HTTP, and what a kill -9 costs.

    python -m benchmarks.acknowledging

The processes are as anybody runs them, on one real server, with the demo model; Slack is simulated
in this process, with its own figures for waiting and repeating. Every mention is delivered as two
events, and each has to be in the store before it is acknowledged.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from adapters.slack.manifest import manifest
from adapters.slack.seats import SEATS
from adapters.slack.socket import CONNECTIONS
from benchmarks.figures import Spread, duration, quantile, table
from benchmarks.processes import Worker, worker
from bot.storage.claims import SharedClaims
from bot.storage.connect import Link, open_redis
from tests.servers import free_port, valkey_server
from tests.simulators.slack_sim import Message, SlackSimulator
from tests.simulators.slack_sim.sockets import Envelope

ADDRESS = "https://bobbin.example.com/slack/events"
PEOPLE = 20
EACH = 0.05
"""Seconds between two mentions."""
MENTIONS = 200
PATIENCE = 60.0


@dataclass(frozen=True, slots=True)
class Loom:
    """A simulated workspace, and what its bots need to find it and the store."""

    sim: SlackSimulator
    url: str
    folder: Path
    stack: AsyncExitStack

    async def bot(self, connections: int = CONNECTIONS) -> Worker:
        """Start a process, and return when it has its connections, or listens."""
        sim, port = self.sim, free_port()
        number = sim.sockets.accepted
        listens = {"SLACK_HTTP_PORT": str(port)} if sim.http else {}
        started = await self.start(**listens)
        if sim.http:
            await sim.listened(port, PATIENCE)
        else:
            await sim.until(lambda: sim.sockets.accepted == number + connections, PATIENCE)
        return started

    async def start(self, **extra: str) -> Worker:
        """Start a process; nothing is waited for."""
        env = {"REDIS_URL": self.url, **self.sim.environment(), **extra}
        log = self.folder / "log"
        return await self.stack.enter_async_context(
            worker("bot", "run", env=env, folder=self.folder, log=log)
        )


@asynccontextmanager
async def loom(*, http: bool) -> AsyncIterator[Loom]:
    """A workspace without any bot."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bobbin-ack-")))
        server = stack.enter_context(valkey_server(folder, persist=True))
        sim = SlackSimulator(manifest=manifest(ADDRESS if http else ""), limits=False)
        await stack.enter_async_context(sim)
        yield Loom(sim, server.url, folder, stack)


async def mention(sim: SlackSimulator, count: int, each: float) -> list[Message]:
    """Mention the bot so many times, in different channels."""
    people = [user for user in sim.state.users.values() if not user.is_bot]
    people = people or [sim.add_user(f"weaver{number}") for number in range(PEOPLE)]
    said: list[Message] = []
    for number in range(count):
        channel = sim.add_channel(f"loom-{len(sim.state.channels)}")
        said.append(sim.say(channel, people[number % PEOPLE], f"{sim.mention} how are you?"))
        await asyncio.sleep(each)
    return said


def about(sim: SlackSimulator, said: Sequence[Message]) -> list[Envelope]:
    """The events about these messages."""
    stamps = {message.ts for message in said}
    return [e for e in sim.envelopes if e.payload.get("event", {}).get("ts") in stamps]


async def latency(*, http: bool, processes: int) -> list[float]:
    """Seconds to the acknowledgement of each event of a steady stream of mentions."""
    async with loom(http=http) as made:
        for _ in range(processes):
            await made.bot()
        # Names are asked for once, which is part of the first mention of each person only.
        await mention(made.sim, PEOPLE, EACH)
        await made.sim.settled(PATIENCE)
        said = await mention(made.sim, MENTIONS, EACH)
        await made.sim.settled(PATIENCE)
        found = about(made.sim, said)
        assert made.sim.violations == [] and made.sim.sockets.lost == []
        return [envelope.ack.latency for envelope in found if envelope.ack is not None]


@dataclass(frozen=True, slots=True)
class Killed:
    """What killing one of two processes cost: events, those repeated, and the longest wait.

    `longest` is the time from an event's first delivery to its acknowledgement, in seconds.
    """

    events: int
    repeated: int
    longest: float


async def killed(*, http: bool) -> Killed:
    """Kill one of two processes when twenty mentions have just come, and go on with others."""
    async with loom(http=http) as made:
        first = await made.bot()
        await made.bot()
        await mention(made.sim, PEOPLE, EACH)
        await made.sim.settled(PATIENCE)
        said = await mention(made.sim, 20, 0)
        first.kill()
        said += await mention(made.sim, 20, EACH)
        await made.sim.settled(2 * PATIENCE)
        events = about(made.sim, said)
        repeated = [event for event in events if event.attempts > 1]
        waits = [event.until - event.at for event in events if event.until is not None]
        assert made.sim.sockets.lost == []
        return Killed(len(events), len(repeated), max(waits))


async def stood_by() -> float:
    """Seconds from the kill of a process to the connection of one that stood by for its seat."""
    async with loom(http=False) as made:
        client = open_redis(made.url)
        others = SharedClaims(Link(client), "slack", "others", str)
        for number in range(1, SEATS):
            await others.claim(f"socket:{made.sim.workspace.bot.id}:{number}", 600.0)
        await client.aclose()
        first = await made.bot(connections=1)
        await made.start()
        log = made.folder / "log"
        async with asyncio.timeout(PATIENCE):
            while "Waiting for a connection" not in await asyncio.to_thread(log.read_text):
                pass
        accepted = made.sim.sockets.accepted
        loop = asyncio.get_running_loop()
        first.kill()
        began = loop.time()
        await made.sim.until(lambda: made.sim.sockets.accepted > accepted, PATIENCE)
        return loop.time() - began


async def report() -> str:
    """All of it, as tables."""
    rows: list[list[str]] = []
    for http in (False, True):
        for processes in (1, 2):
            times = await latency(http=http, processes=processes)
            spread = Spread.of(times)
            rows.append(
                [
                    f"{'HTTP' if http else 'sockets'}, {processes}",
                    str(spread.count),
                    duration(spread.median),
                    duration(quantile(times, 0.99)),
                    duration(max(times)),
                ]
            )
    acks = table(("transport, processes", "events", "p50", "p99", "longest"), rows)
    kills = table(
        ("one of two killed", "events", "repeated", "longest wait"),
        [
            [name, str(cost.events), str(cost.repeated), duration(cost.longest)]
            for name, cost in (
                ("sockets", await killed(http=False)),
                ("HTTP", await killed(http=True)),
            )
        ],
    )
    spare = duration(await stood_by())
    return f"{acks}\n\n{kills}\n\nStanding by for the seat of a killed process: {spare}."


if __name__ == "__main__":
    print(asyncio.run(report()))
