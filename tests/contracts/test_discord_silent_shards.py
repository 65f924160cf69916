"""Processes that are alive and share shards, while Discord cannot be reached."""

from __future__ import annotations

import asyncio

from adapters.discord.shards import Shared
from tests.contracts.test_discord_shards import LEASE, deployment


async def test_a_process_that_cannot_reach_discord_leaves_its_shard_to_one_that_can() -> None:
    async with deployment(count=2) as bots:
        gateway = bots.sim.gateway
        cut_off = bots.process(Shared(2), silent=0.6)
        await bots.until_shared(2)
        other = bots.process(Shared(2), silent=30.0)
        await bots.until_shared(1, 1)
        # Until then what was given up is still listened to, and the other one may not be there.
        await bots.sim.until(lambda: len(bots.sim.identifies) == 3 and len(gateway.live) == 2)
        (shard,) = bots.shards(cut_off)
        gateway.refuse(1 << 30)
        gateway.drop(shard=shard)
        await bots.sim.until(lambda: bots.claims.holder(f"shard:2:{shard}") == other.name)
        gateway.refuse(0)
        await bots.sim.until(lambda: bots.shards(other) == [0, 1])
        await bots.say_everywhere("hello")
        await bots.sim.until(lambda: set(bots.heard("hello")) == set(bots.spaces))
        # It has a share again once others have gone first.
        await bots.until_shared(1, 1)


async def test_where_nobody_reaches_discord_every_shard_stays_where_it_is() -> None:
    async with deployment(count=3) as bots:
        holders: list[tuple[str, ...]] = []

        def held(after: float) -> bool:
            """Who holds them is looked at whenever somebody takes or keeps one."""
            names = [f"shard:3:{shard}" for shard in range(3)]
            now = tuple(bots.claims.holder(name) for name in names)
            if all(now) and now not in holders:
                holders.append(now)
            ends = [bots.claims.held.get(name, (0.0, ""))[0] for name in names]
            return all(now) and min(ends) > after + LEASE

        for _ in range(2):
            bots.process(Shared(3), silent=0.4)
        await bots.until_shared(1, 2)
        await bots.say_everywhere("hello")
        await bots.sim.until(lambda: set(bots.heard("hello")) == set(bots.spaces))
        # Whoever has one would take another, were it not for its silence.
        await bots.sim.until(lambda: "wish:3:1" in bots.claims.held)
        bots.sim.gateway.refuse(1 << 30)
        bots.sim.gateway.drop()
        # Both see to theirs for long after the time at which they would leave them to others.
        long_after = asyncio.get_running_loop().time() + 4 * 0.4
        await bots.sim.until(lambda: held(long_after))
        assert bots.sim.gateway.refused
        assert len(holders) == 1
        bots.sim.gateway.refuse(0)
        await bots.until_shared(1, 2)
