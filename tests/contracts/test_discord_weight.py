"""What thousands of servers take, and what passes by in them, through the real client.

`python -m benchmarks.weight` measures the same of a whole process, and its share of a core.
"""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import discord

from benchmarks.weight import GUILD_ID_STEP, Size, template
from tests.contracts.discord_rig import Rig, connected
from tests.simulators.discord_sim import DiscordSimulator

SERVERS = 2500
MOST_BYTES = 88 * 2**20
"""Of all of them, beside some 160 MiB that the process takes whatever it hears."""

SOUND = {"volume": 1.0, "emoji_id": None, "emoji_name": "🧶", "available": True}
UNHEARD: Mapping[str, Sequence[Mapping[str, Any]]] = {
    "soundboard_sounds": [
        {"sound_id": str(number), "name": f"sound {number}", **SOUND} for number in range(20)
    ]
}
"""What Discord tells of a server and nobody here asks for; topics of its channels beside it."""


@contextmanager
def traced() -> Iterator[None]:
    """Count what is allocated."""
    tracemalloc.start()
    try:
        yield
    finally:
        tracemalloc.stop()


async def held(rig: Rig) -> int:
    """Bytes that are in use once everything that was sent has been read."""
    await rig.mentioned()
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


async def test_2500_servers_take_less_than_88_mebibytes() -> None:
    """Of the size that they have on the average: 50 channels, 25 roles, 15 threads.

    Most names are those of other servers, too.
    """
    async with connected(DiscordSimulator(limits=False)) as rig:
        guild, _ = await template(rig.sim, Size(1))
        told: dict[str, Any] = {**rig.sim.gateway.guild_create(guild.id), **UNHEARD}
        for channel in told["channels"]:
            channel["topic"] = "Whatever has to do with wool. " * 5
        ids = iter(str(guild.id + number * GUILD_ID_STEP) for number in range(1, 100))
        with traced():
            # The first of them fill what is the same for all.
            for _ in range(3):
                await rig.sim.raw_event("GUILD_CREATE", {**told, "id": next(ids)})
            before = await held(rig)
            for _ in range(8):
                await rig.sim.raw_event("GUILD_CREATE", {**told, "id": next(ids)})
            each = (await held(rig) - before) / 8
    assert SERVERS * each < MOST_BYTES, f"{each / 1024:.1f} KiB a server"


def known() -> int:
    """How many people and messages the SDK keeps."""
    gc.collect()
    kept = (discord.Message, discord.User, discord.Member)
    return sum(isinstance(each, kept) for each in gc.get_objects())


async def test_what_people_say_to_each_other_costs_no_call_and_leaves_nothing_behind() -> None:
    async with connected(DiscordSimulator(limits=False)) as rig:
        people = [rig.sim.add_user(f"user{number}") for number in range(100)]
        await rig.mentioned()
        asked, calls, kept = len(rig.inbox.asked), rig.sim.calls_by_route(), known()
        for person in people:
            await rig.sim.say(rig.channel, person, "has anybody seen the red yarn?")
        await rig.mentioned()
        assert rig.sim.calls_by_route() == calls
        assert known() == kept
    assert (len(rig.inbox.messages), len(rig.inbox.asked)) == (2, asked)
