"""Discord's shards: how long a start and a take-over take, and what one more shard weighs.

Run it with `python -m benchmarks.shards`. The bot runs in processes of its own, as anybody runs
it; the simulated Discord keeps Discord's five seconds between two log-ins of one key.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from benchmarks.figures import Spread
from bot.storage.connect import open_redis
from tests.flows.program import BotProcess, environment
from tests.servers import Valkey, valkey_server
from tests.simulators.discord_sim import DiscordSimulator

PATIENCE = 120.0


@asynccontextmanager
async def bots(
    server: Valkey, sim: DiscordSimulator, folder: Path, count: int, **extra: str
) -> AsyncIterator[list[BotProcess]]:
    """So many processes that share what `extra` says, ended with the block."""
    found = {"REDIS_URL": server.url, **sim.environment(), **extra}
    started: list[BotProcess] = []
    await emptied(server)
    try:
        for _ in range(count):
            started.append(await BotProcess.start(folder, "run", env=environment(folder, found)))
        yield started
    finally:
        for process in started:
            await process.close()


async def emptied(server: Valkey) -> None:
    """Forget what processes that were killed still hold."""
    client = open_redis(server.url)
    try:
        await client.flushall()
    finally:
        await client.aclose()


def resident(pid: int) -> float:
    """Resident memory of a process in MiB; known on Linux only."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise LookupError(pid)


async def until_live(sim: DiscordSimulator, shards: int) -> None:
    """Wait until there is a session on every shard."""
    await sim.until(lambda: len({each.shard for each in sim.gateway.live}) == shards, PATIENCE)


async def start(server: Valkey, folder: Path, shards: int, concurrency: int) -> tuple[float, float]:
    """Seconds from the first session to the last, and MiB of the process then."""
    async with DiscordSimulator() as sim:
        sim.world.max_concurrency = concurrency
        loop = asyncio.get_running_loop()
        async with bots(server, sim, folder, 1, DISCORD_SHARDS=f"auto/{shards}") as (process,):
            await until_live(sim, 1)
            began = loop.time()
            await until_live(sim, shards)
            took = loop.time() - began
            await process.prints("Connected to Discord", log=True)
            memory = resident(process.pid)
            assert not sim.violations, sim.violations
            return took, memory


async def take_over(server: Valkey, folder: Path, lease: float) -> float:
    """Seconds from `kill -9` of a process to the other one's session on its shard."""
    async with DiscordSimulator() as sim:
        sim.world.max_concurrency = 16
        loop = asyncio.get_running_loop()
        extra = {"DISCORD_SHARDS": "auto/2", "BOBBIN_LEASE_SECONDS": str(lease)}
        async with bots(server, sim, folder, 2, **extra) as (dying, staying):
            await until_live(sim, 2)
            for process in (dying, staying):
                await process.prints("of shard", log=True)
            # Longer than Discord's five seconds since the last log-in, as on any other day.
            await sim.until(lambda: len(sim.gateway.live) == 2, PATIENCE)
            await asyncio.sleep(6)
            assert len(sim.gateway.live) == 2
            began = loop.time()
            await dying.kill()
            await sim.until(lambda: len(sim.gateway.live) == 1, PATIENCE)
            await until_live(sim, 2)
            return loop.time() - began


async def measure(server: Valkey, folder: Path, rounds: int, sizes: Sequence[int]) -> None:
    """Measure everything and print it."""
    for lease in (15.0, 2.0):
        took = Spread.of([await take_over(server, folder, lease) for _ in range(rounds)])
        print(f"take-over, lease {lease:g} s: median {took.median:.1f} s, p95 {took.p95:.1f} s")
    for concurrency in (1, 16):
        seconds, _ = await start(server, folder, 8, concurrency)
        print(f"8 shards, max_concurrency {concurrency}: last {seconds:.1f} s after the first")
    weights = {size: (await start(server, folder, size, 16))[1] for size in sizes}
    least, most = min(sizes), max(sizes)
    each = (weights[most] - weights[least]) / (most - least)
    shown = ", ".join(f"{size}: {weight:.0f} MiB" for size, weight in weights.items())
    print(f"memory by shards: {shown}; {each:.2f} MiB for each")


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description="Start, take-over and weight of shards.")
    parser.add_argument("--rounds", type=int, default=3, help="take-overs for each lease")
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory(prefix="bobbin-shards-") as name:
        folder = Path(name)
        with valkey_server(folder) as server:
            asyncio.run(measure(server, folder, rounds, (1, 8, 16)))


if __name__ == "__main__":
    main()
