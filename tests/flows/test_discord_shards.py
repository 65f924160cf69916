"""Processes that share the shards of one bot: one dies, one takes the place of another."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot.storage.connect import Link, open_redis
from tests.flows.process import Town, open_town
from tests.flows.program import PATIENCE, BotProcess
from tests.servers import Valkey
from tests.simulators.discord_sim import Channel, Message
from tests.simulators.openai_sim import Answer

BEGINNING = "This is only the beginning of it,"
OTHER = f"{BEGINNING} and this is another end."
COUNT = 2
SHARED = f"auto/{COUNT}"


@asynccontextmanager
async def open_rooms(server: Valkey, folder: Path) -> AsyncIterator[tuple[Town, list[Channel]]]:
    """A town with a server, and a channel in it, on every shard."""
    async with open_town(server, folder) as town:
        town.sim.world.max_concurrency = COUNT
        rooms: dict[int, Channel] = {}
        assert town.general.guild is not None
        rooms[(town.general.guild.id >> 22) % COUNT] = town.general
        while len(rooms) < COUNT:
            guild = await town.sim.add_guild("More")
            room = await town.sim.add_text_channel(guild)
            rooms.setdefault((guild.id >> 22) % COUNT, room)
        yield town, [rooms[shard] for shard in range(COUNT)]


async def ask(town: Town, room: Channel, text: str) -> Message:
    return await town.sim.say(room, town.ada, f"{town.sim.mention} {text}")


async def answered(town: Town, question: Message) -> Channel:
    """Wait until a question has its answer, and return its thread."""
    thread = await town.thread(question)
    text = question.content.partition(" ")[2]
    await town.sim.until(lambda: any(f"said: {text} " in each for each in town.said(thread)), 20)
    return thread


async def holders(server: Valkey) -> dict[str, str]:
    """Which worker holds which shard."""
    client = open_redis(server.url)
    try:
        link = Link(client)
        found: dict[str, str] = {}
        for shard in range(COUNT):
            held = await link.call("GET", f"bobbin:claim:discord:shard%3A{COUNT}%3A{shard}")
            if held is not None:
                found[str(shard)] = held.decode()
        return found
    finally:
        await client.aclose()


async def until_all_listen(town: Town) -> None:
    """Wait until there is a session on every shard."""
    shards = {(shard, COUNT) for shard in range(COUNT)}
    await town.sim.until(lambda: {item.shard for item in town.sim.gateway.live} == shards, PATIENCE)


async def owner(town: Town, shard: int) -> BotProcess:
    """The process that has taken a shard last."""
    for process in town.bots:
        took = process.log.rfind(f"Took shard {shard}/")
        if process.running and took > process.log.rfind(f"Gave up shard {shard}/"):
            return process
    raise AssertionError("nobody has it")


async def test_each_process_hears_the_shard_that_it_is_told(server: Valkey, tmp_path: Path) -> None:
    async with open_rooms(server, tmp_path) as (town, rooms):
        for shard in range(COUNT):
            await town.bot("--shard", f"{shard}/{COUNT}")
        await until_all_listen(town)
        asked = [(item["shard"][0], item["shard"][1]) for item in town.sim.identifies]
        assert sorted(asked) == [(shard, COUNT) for shard in range(COUNT)]
        for room in rooms:
            await answered(town, await ask(town, room, "are you there?"))
        await town.bots[1].kill()
        late = await ask(town, rooms[1], "and you?")
        # The other one keeps to its own.
        await answered(town, await ask(town, rooms[0], "you still are?"))
        assert town.sim.thread_of(late) is None
        await town.bot("--shard", f"1/{COUNT}")
        await answered(town, late)


async def test_the_shards_of_a_killed_process_are_taken_over(
    server: Valkey, tmp_path: Path
) -> None:
    async with open_rooms(server, tmp_path) as (town, rooms):
        for _ in range(2):
            await town.bot(DISCORD_SHARDS=SHARED, BOBBIN_LEASE_SECONDS="2")
        for process in town.bots:
            await process.prints("Connected to Discord", log=True)
        await until_all_listen(town)
        for room in rooms:
            await answered(town, await ask(town, room, "hello"))
        held = Answer([BEGINNING, " and this is the end."]).hold(after=1)
        for answer in (held, Answer(OTHER)):
            town.stage.openai.on(lambda asked: "tell me" in asked.last_user_text, answer)
        dying = await owner(town, 1)
        [survivor] = [process for process in town.bots if process is not dying]
        # It still listens there if it has just given up the shard, and might answer itself.
        survivor.freeze()
        thread = await town.thread(await ask(town, rooms[1], "tell me"))
        await town.until_said(thread, BEGINNING)
        survivor.thaw()
        await dying.kill()
        missed = await ask(town, rooms[1], "who hears this?")
        # The survivor ends the answer by calls alone, whether it hears the server yet or not.
        await town.until_said(thread, OTHER)
        await answered(town, missed)
        await until_all_listen(town)
        async with asyncio.timeout(PATIENCE):
            held_by: dict[str, str] = {}
            while len(held_by) != COUNT or len(set(held_by.values())) != 1:
                held_by = await holders(server)
        await answered(town, await ask(town, rooms[1], "and now?"))
        assert len(town.said(town.sim.thread_of(missed))) == 1
        assert len(town.said(thread)) == 1


async def until_stopped(town: Town, rooms: list[Channel], stop: asyncio.Event) -> list[Message]:
    """Ask in one room after the other, each question once the last has a thread."""
    asked: list[Message] = []
    while not stop.is_set():
        question = await ask(town, rooms[len(asked) % len(rooms)], f"question {len(asked)}")
        asked.append(question)
        await town.thread(question)
    return asked


@pytest.mark.parametrize("shards", ["", SHARED], ids=["one-connection", "shared"])
async def test_a_new_process_takes_the_place_of_the_old_one_while_people_talk(
    server: Valkey, tmp_path: Path, shards: str
) -> None:
    """Nothing is lost, nothing is answered twice, and order is kept within a thread."""
    async with open_rooms(server, tmp_path) as (town, rooms):
        # Nobody dies here, so a lease may be long enough for a busy machine.
        calm = {"DISCORD_SHARDS": shards, "BOBBIN_LEASE_SECONDS": "10"}
        old = await town.bot(**calm)
        if shards:
            await until_all_listen(town)
        threads = [await answered(town, await ask(town, room, "hello")) for room in rooms]
        stop = asyncio.Event()
        talking = asyncio.create_task(until_stopped(town, rooms, stop))
        new = await town.bot(**calm)
        ending = asyncio.create_task(old.terminate())
        for thread in threads:
            await town.sim.say(thread, town.ada, "still there?")
        ended = await ending
        assert ended.code == 0
        if shards:
            await until_all_listen(town)
        stop.set()
        asked = await talking
        for question in asked:
            thread = await answered(town, question)
            assert len(town.said(thread)) == 1
        for thread in threads:
            await town.sim.until(lambda t=thread: len(town.said(t)) == 2, PATIENCE)
            assert "still there?" in town.said(thread)[1]
        assert len(asked) >= 3
        assert len(town.stage.openai.chats) == len(asked) + 2 * len(threads)
        assert (await new.terminate()).code == 0
        assert await holders(server) == {}
