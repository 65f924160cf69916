"""A backup was put back: nobody is answered twice, and who was not answered is."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from redis.asyncio import Redis

from bot.storage.connect import open_redis
from tests.flows.program import run_bot
from tests.flows.test_discord_missed import delete_memory
from tests.flows.weavers import weavers
from tests.servers import Valkey
from tests.simulators.openai_sim import Answer

Copy = Mapping[bytes, tuple[int, bytes]]
"""Life in milliseconds, 0 for ever, and value of each key."""


async def copied(client: Redis) -> Copy:
    """What the store holds now."""
    found: dict[bytes, tuple[int, bytes]] = {}
    for key in await client.keys("*"):
        value: Any = await client.dump(key)
        found[key] = max(0, await client.pttl(key)), value
    return found


async def put_back(client: Redis, copy: Copy) -> None:
    """The store as it was then."""
    await client.flushall()
    for key, (life, value) in copy.items():
        await client.restore(key, life, value)


async def test_after_a_restore_nobody_is_answered_twice_and_who_was_not_answered_is(
    server: Valkey, tmp_path: Path
) -> None:
    client = open_redis(server.url)
    async with weavers(server) as place:
        thread = await place.conversation()
        assert await place.stage.stop() == 0
        copy = await copied(client)
        await place.stage.start()
        place.openai.script.append(Answer("Red."))
        await place.sim.say(thread, place.ada, "which colour for the warp?")
        await place.sim.until(lambda: len(place.said(thread)) == 2)
        other = await place.conversation("and a new thread?", "Here it is.")
        assert await place.stage.stop() == 0
        # The simulator's messages have been written at its start; what follows is later than now.
        place.sim.world.pass_time(60.0)
        stopped = datetime.now(UTC).isoformat()
        place.openai.script.append(Answer("Blue."))
        await place.sim.say(thread, place.ada, "and for the weft?")
        await put_back(client, copy)
        env = {"REDIS_URL": server.url}
        ended = await run_bot(tmp_path, "restored", "--since", stopped, env=env)
        assert (ended.code, ended.out[:20]) == (0, "What was said before"), ended.log
        await place.stage.start()
        await place.until_said(thread, "Hello Ada, how are you?", "Red.", "Blue.")
        await place.settled()
        assert place.said(other) == ["Here it is."]
        assert len(place.openai.chats) == 4
    await client.aclose()


async def test_after_a_restore_a_mark_from_before_brings_nothing_back_that_was_deleted(
    server: Valkey, tmp_path: Path
) -> None:
    client = open_redis(server.url)
    async with weavers(server) as place:
        await place.conversation()
        assert await place.stage.stop() == 0
        copy = await copied(client)
        await place.stage.start()
        marked = await place.sim.say(place.general, place.ben, "The weft is wool")
        await place.sim.react(marked, place.ada, "🧠")
        await place.sim.until(lambda: place.sim.bot.id in marked.reactions.get("✅", ()))
        await delete_memory(place, "wool")
        assert await place.stage.stop() == 0
        # The simulator's messages have been written at its start; what follows is later than now.
        place.sim.world.pass_time(60.0)
        stopped = datetime.now(UTC).isoformat()
        last = await place.sim.say(place.general, place.ben, "The loom is oak")
        await place.sim.react(last, place.ada, "🧠")
        await put_back(client, copy)
        env = {"REDIS_URL": server.url}
        ended = await run_bot(tmp_path, "restored", "--since", stopped, env=env)
        assert ended.code == 0, ended.log
        await place.stage.start()
        await place.sim.until(lambda: place.sim.bot.id in last.reactions.get("✅", ()))
        assert await place.stage.stop() == 0
        stored = await place.stored()
        assert "oak" in stored and "wool" not in stored
    await client.aclose()
