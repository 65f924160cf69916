"""Discord's weight: memory and processor of one process that hears thousands of servers.

Run it with `python -m benchmarks.weight`. The bot runs as anybody runs it, with the demo model and
a real store; the simulated Discord tells it of so many servers with their channels, roles and
threads, and then passes on messages that do not concern it, as most messages do not.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.shards import PATIENCE, bots, resident
from tests.servers import Valkey, valkey_server
from tests.simulators.discord_sim import Channel, DiscordSimulator, Guild
from tests.simulators.discord_sim.payloads import message_payload

GUILD_ID_STEP = 1 << 22
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Size:
    """What each server has beside its name."""

    servers: int
    channels: int = 50
    roles: int = 25
    threads: int = 15


@dataclass(frozen=True, slots=True)
class Weight:
    """What it takes.

    Attributes:
        mebibytes: Resident memory of the process.
        start: Processor seconds from its start until it knew all servers.
        message: Processor seconds for one message that does not concern it.
    """

    mebibytes: float
    start: float
    message: float


def processor(pid: int) -> float:
    """Processor seconds that a process has used; known on Linux only."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


async def template(sim: DiscordSimulator, size: Size) -> tuple[Guild, Channel]:
    """A server of that size, which all others are copies of."""
    guild = await sim.add_guild("Weavers of the northern valleys")
    channels = [
        await sim.add_text_channel(guild, f"channel-{number:03}") for number in range(size.channels)
    ]
    for number in range(size.roles - len(guild.roles)):
        await sim.add_role(guild, f"role {number}")
    someone = sim.add_user("ada", "Ada Lovelace")
    for number in range(size.threads):
        await sim.start_thread(channels[number], None, f"thread {number:03}", someone)
    return guild, channels[0]


async def weigh(server: Valkey, folder: Path, size: Size, messages: int) -> Weight:
    """Start a bot that hears so many servers, and let so many messages pass."""
    async with DiscordSimulator(limits=False) as sim:
        guild, channel = await template(sim, size)
        told = sim.gateway.guild_create(guild.id)
        for number in range(1, size.servers):
            copy = Guild(guild.id + number * GUILD_ID_STEP, guild.name, guild.owner_id)
            sim.world.guilds[copy.id] = copy
        sim.gateway.guild_create = lambda guild_id: {**told, "id": str(guild_id)}
        async with bots(server, sim, folder, 1) as (process,):
            await process.prints(f", in {size.servers} server", log=True)
            used = processor(process.pid)
            await _pass(sim, channel, messages)
            await _answered(sim, channel)
            each = (processor(process.pid) - used) / messages if messages else 0.0
            assert not sim.violations, sim.violations
            return Weight(resident(process.pid), used, each)


async def _pass(sim: DiscordSimulator, channel: Channel, count: int) -> None:
    """Send messages of people to each other."""
    ada = next(user for user in sim.world.users.values() if user.name == "ada")
    said = await sim.say(channel, ada, "has anybody seen the red yarn?", event=False)
    payload: dict[str, Any] = message_payload(said, sim.world.link, sim.bot.id, lambda _: True)
    payload |= {"guild_id": str(channel.guild.id) if channel.guild else None}
    for number in range(count):
        await sim.raw_event("MESSAGE_CREATE", {**payload, "id": str(sim.world.new_id())})
        if number % 200 == 0:
            await asyncio.sleep(0)


async def _answered(sim: DiscordSimulator, channel: Channel) -> None:
    """Ask something: the answer shows that all before it has been dealt with."""
    ada = next(user for user in sim.world.users.values() if user.name == "ada")
    asked = await sim.say(channel, ada, f"{sim.mention} are you there?")
    await sim.until(
        lambda: (thread := sim.thread_of(asked)) and sim.messages(thread, by=sim.bot), PATIENCE
    )


def shown(size: Size, weight: Weight) -> str:
    """One line."""
    return (
        f"{size.servers:,} servers: {weight.mebibytes:.0f} MiB, {weight.start:.1f} s of processor "
        f"until they were known, {weight.message * 1e6:.0f} µs for a message that does not concern "
        f"the bot ({weight.message * 1e5:.1f} % of a core for 1,000 a second)"
    )


async def measure(server: Valkey, folder: Path, sizes: tuple[int, ...], messages: int) -> None:
    """Measure everything and print it."""
    for servers in sizes:
        size = Size(servers)
        print(shown(size, await weigh(server, folder, size, messages)), flush=True)


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description="Memory and processor by servers.")
    parser.add_argument("--messages", type=int, default=20_000, help="messages that pass by")
    messages = parser.parse_args().messages
    with tempfile.TemporaryDirectory(prefix="bobbin-weight-") as name:
        folder = Path(name)
        with valkey_server(folder) as server:
            asyncio.run(measure(server, folder, (1, 2500), messages))


if __name__ == "__main__":
    main()
