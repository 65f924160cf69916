"""Data that cannot be read harms nobody but the thread it is in."""

from __future__ import annotations

from dataclasses import replace

from bot.chat import ThreadKey
from bot.storage.connect import open_redis
from bot.storage.keys import BucketKeys, ThreadKeys
from tests.flows.stage import QUICK
from tests.flows.weavers import weavers
from tests.servers import Valkey
from tests.simulators.openai_sim import Answer

BEGINNING = "This is only the beginning of it,"
WHOLE = f"{BEGINNING} and this is the end."
WAITING = 4


async def test_the_other_turns_are_taken_over(server: Valkey) -> None:
    # So long a lease that there is one round of looking, at the start.
    timing, lease = replace(QUICK, grace=0.05, sweep=20.0), {"BOBBIN_LEASE_SECONDS": "60"}
    async with weavers(server, timing=timing, extra=lease) as here:
        here.openai.script.extend(Answer([BEGINNING, " …"]).hold(1) for _ in range(WAITING))
        threads = [
            await here.thread_of(await here.ask(here.ada, f"question {number}"))
            for number in range(WAITING)
        ]
        for thread in threads:
            await here.until_said(thread, BEGINNING)
        assert await here.stage.stop() == 0

        client = open_redis(server.url)
        broken, *rest = threads
        key = ThreadKey("discord", str(here.guild.id), str(here.general.id), str(broken.id))
        await client.hset(ThreadKeys(key).meta, "draft", "{not json")
        # All have been given back; the broken one is met before the others.
        found = await client.zrangebyscore(ThreadKeys(key).bucket.leases, 0, 0)
        assert len(found) == WAITING and found[0] == str(key).encode()
        await client.zadd(BucketKeys(0).leases, {"no thread": 0})
        await client.zadd(BucketKeys(0).threads, {"no thread": 0})

        here.openai.script.extend(Answer(WHOLE) for _ in rest)
        await here.stage.start(timing)
        for thread in rest:
            await here.until_said(thread, WHOLE)
        assert here.said(broken) == [BEGINNING]
        assert await client.zcard(BucketKeys(0).leases) == 0
        assert await here.stage.stop() == 0

        await client.hdel(ThreadKeys(key).meta, "draft")
        await client.zadd(ThreadKeys(key).bucket.leases, {str(key): 0})
        await client.hset(ThreadKeys(key).meta, "until", 0)
        here.openai.script.append(Answer("At last."))
        await here.stage.start(timing)
        await here.sim.until(lambda: here.said(broken)[-1] == "At last.")
        await client.aclose()
