"""Several Discord adapters that share one bot's servers, as processes do."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import pytest

from adapters.discord.adapter import DiscordAdapter, redirect
from adapters.discord.logins import RESERVE
from adapters.discord.shards import ALONE, Plan, Shard, Shared
from bot.chat import Followed, Incoming, Spot, ThreadKey
from bot.errors import NeedsOperator
from tests.contracts.discord_rig import (
    QUICK,
    MemoryNotes,
    RecordingInbox,
    SharedClaims,
    connected,
)
from tests.simulators.discord_sim import Channel, DiscordSimulator, User

LEASE = 10.0
COUNT = 4


@dataclass
class Process:
    """One process: its adapter, while it runs."""

    name: str
    adapter: DiscordAdapter
    inbox: RecordingInbox
    task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self.task = asyncio.create_task(self.adapter.run(self.inbox))

    async def stop(self) -> None:
        if self.task is not None:
            self.task.cancel()
            await asyncio.wait([self.task])
            self.task = None
        await self.adapter.close()


@dataclass
class Deployment:
    """A bot with a server on every shard, and its processes."""

    sim: DiscordSimulator
    ada: User
    rooms: list[Channel]
    claims: SharedClaims
    notes: MemoryNotes = field(default_factory=MemoryNotes)
    processes: list[Process] = field(default_factory=list[Process])

    def process(self, plan: Plan, **changes: float) -> Process:
        """Start another process."""
        name = f"process{len(self.processes)}"
        inbox = RecordingInbox(self.sim.signal.changed)
        inbox.claims, inbox.notes = self.claims.of(name), self.notes
        timing = replace(QUICK, **changes)
        adapter = DiscordAdapter(self.sim.world.token, timing, plan=plan, lease=LEASE)
        made = Process(name, adapter, inbox)
        made.start()
        self.processes.append(made)
        return made

    def shards(self, process: Process) -> list[int]:
        """The shards that a process holds by lease and listens to."""
        count = len(self.rooms)
        live = {session.shard for session in self.sim.gateway.live}
        return [
            shard
            for shard in range(count)
            if self.claims.holder(f"shard:{count}:{shard}") == process.name
            and (shard, count) in live
        ]

    async def until_shared(self, *sizes: int) -> None:
        """Wait until the processes hold so many shards each, in any order."""
        await self.sim.until(
            lambda: sorted(len(self.shards(each)) for each in self.processes) == sorted(sizes)
        )

    async def say_everywhere(self, text: str) -> None:
        """Mention the bot in every server."""
        for room in self.rooms:
            await self.sim.say(room, self.ada, f"{self.sim.mention} {text}")

    def heard(self, text: str) -> list[str]:
        """The servers from which a text came in, once for each time."""
        return sorted(
            event.thread.space
            for process in self.processes
            for event in process.inbox.messages
            if event.text == text
        )

    @property
    def spaces(self) -> list[str]:
        """All servers."""
        return sorted(str(room.guild.id) for room in self.rooms if room.guild)


@asynccontextmanager
async def deployment(
    sim: DiscordSimulator | None = None, count: int = COUNT
) -> AsyncIterator[Deployment]:
    async with sim or DiscordSimulator(identify_seconds=0.0) as running:
        redirect(running.environment())
        ada = running.add_user("ada", "Ada")
        rooms: dict[int, Channel] = {}
        while len(rooms) < count:
            guild = await running.add_guild(f"guild{len(rooms)}")
            shard = (guild.id >> 22) % count
            if shard in rooms:
                await running.leave_guild(guild)
            else:
                rooms[shard] = await running.add_text_channel(guild)
        claims = SharedClaims(running.signal.changed)
        found = Deployment(running, ada, [rooms[shard] for shard in range(count)], claims)
        try:
            yield found
        finally:
            for process in found.processes:
                await process.stop()


async def test_one_shard_hears_its_servers_and_answers_in_all() -> None:
    async with deployment(count=2) as bots:
        first, second = bots.process(Shard(0, 2)), bots.process(Shard(1, 2))
        await bots.sim.until_connected(2)
        await bots.say_everywhere("hello")
        direct = bots.sim.open_dm(bots.ada)
        await bots.sim.say(direct, bots.ada, "psst")
        await bots.sim.until(lambda: len(first.inbox.messages) == 2 and second.inbox.messages)
        assert [event.thread.space for event in second.inbox.messages] == [
            str(bots.rooms[1].guild.id) if bots.rooms[1].guild else ""
        ]
        assert {event.thread.space for event in first.inbox.messages} >= {"@me"}
        await _answer(bots, first, second.inbox.messages[0])
        assert bots.sim.violations == []


async def test_a_process_without_any_shard_takes_turns_over() -> None:
    async with deployment(count=1) as bots:
        busy = bots.process(Shared(1))
        await bots.until_shared(1)
        idle = bots.process(Shared(1))
        await bots.say_everywhere("hello")
        await bots.sim.until(lambda: busy.inbox.messages)
        await _answer(bots, idle, busy.inbox.messages[0])
        assert bots.shards(idle) == []
        assert bots.sim.violations == []


async def _answer(bots: Deployment, process: Process, event: Incoming) -> None:
    """Do all that a turn does."""
    adapter = process.adapter
    spot = await adapter.open(event, "A title")
    assert spot == Spot(event.thread.thread)
    await adapter.show_status(spot, "thinking")
    ref = await adapter.post(spot, "Half of", key="k1")
    await adapter.edit(ref, "Half of the answer, and all of it")
    thread = bots.sim.channel(spot.channel)
    assert [m.content for m in bots.sim.messages(thread, by=bots.sim.bot)] == [
        "Half of the answer, and all of it"
    ]
    joined = replace(event, ref=replace(event.ref, channel=spot.channel, message=str(1 << 62)))
    past = await adapter.history(joined, 10)
    assert [line.from_bot for line in past.messages] == [False, True]
    await adapter.delete(ref)


async def test_one_process_takes_all_shards_that_discord_recommends() -> None:
    async with deployment(count=3) as bots:
        bots.sim.world.recommended_shards = 3
        bots.process(Shared())
        await bots.sim.until_connected(3)
        await bots.say_everywhere("hello")
        await bots.sim.until(lambda: len(bots.heard("hello")) == 3)
        assert bots.heard("hello") == bots.spaces
        assert bots.sim.violations == []


async def test_processes_that_start_together_share() -> None:
    async with deployment() as bots:
        for _ in range(3):
            bots.process(Shared(COUNT))
        await bots.until_shared(1, 1, 2)
        await bots.say_everywhere("hello")
        await bots.sim.until(lambda: len(bots.heard("hello")) >= COUNT)
        assert bots.heard("hello") == bots.spaces


async def test_who_comes_later_is_given_a_share_and_nobody_moves_without_need() -> None:
    async with deployment() as bots:
        bots.process(Shared(COUNT))
        await bots.until_shared(4)
        bots.process(Shared(COUNT))
        await bots.until_shared(2, 2)
        before = len(bots.sim.identifies)
        assert before <= COUNT + 3
        await bots.say_everywhere("hello")
        await bots.sim.until(lambda: len(bots.heard("hello")) >= COUNT)
        assert sorted(set(bots.heard("hello"))) == bots.spaces
        assert len(bots.sim.identifies) == before


async def test_who_stops_gives_its_shards_away_at_once() -> None:
    async with deployment() as bots:
        leaving = bots.process(Shared(COUNT))
        staying = bots.process(Shared(COUNT))
        await bots.until_shared(2, 2)
        await leaving.stop()
        assert all(bots.claims.holder(f"shard:{COUNT}:{n}") != leaving.name for n in range(COUNT))
        await bots.sim.until(lambda: len(bots.shards(staying)) == COUNT)


async def test_a_shard_that_somebody_else_has_taken_is_let_go() -> None:
    async with deployment(count=1) as bots:
        frozen = bots.process(Shared(1))
        await bots.until_shared(1)
        bots.claims.held["shard:1:0"] = (asyncio.get_running_loop().time() + 60, "another/")
        await bots.sim.until(lambda: not bots.sim.gateway.live)
        assert frozen.task is not None and not frozen.task.done()


async def test_what_discord_refuses_for_good_ends_the_run() -> None:
    async with deployment(count=2) as bots:
        process = bots.process(Shared(2))
        await bots.sim.until_connected(2)
        bots.sim.gateway.close(4013)
        assert process.task is not None
        await asyncio.wait([process.task], timeout=10)
        assert isinstance(process.task.exception(), NeedsOperator)
        assert {bots.claims.holder(f"shard:2:{shard}") for shard in range(2)} == {""}


async def test_one_shard_that_is_lost_leaves_the_others_alone() -> None:
    async with deployment(count=2) as bots:
        bots.process(Shared(2))
        await bots.sim.until_connected(2)
        await bots.say_everywhere("before")
        await bots.sim.until(lambda: len(bots.heard("before")) == 2)
        bots.sim.gateway.drop(shard=1)
        await bots.say_everywhere("hello")
        await bots.sim.until(lambda: len(bots.heard("hello")) == 2)
        resumed = [each.payload["session_id"] for each in bots.sim.gateway.resumes]
        assert len(resumed) == 1
        assert len(bots.sim.identifies) == 2


async def test_while_the_store_is_away_everybody_keeps_what_he_has() -> None:
    async with deployment(count=2) as bots:
        process = bots.process(Shared(2))
        await bots.sim.until_connected(2)
        bots.claims.away = True
        bots.claims.held.clear()
        bots.sim.gateway.invalidate()
        await bots.sim.until(lambda: len(bots.sim.identifies) == 4)
        await bots.say_everywhere("hello")
        await bots.sim.until(lambda: len(bots.heard("hello")) == 2)
        bots.claims.away = False
        await bots.sim.until(lambda: len(bots.shards(process)) == 2)
        assert len(bots.sim.gateway.sessions) == 2


@pytest.mark.parametrize("concurrency", [1, 4])
async def test_log_ins_of_one_key_wait_for_each_other(concurrency: int) -> None:
    # Where nobody has to wait it may be long, so that a slow machine is not taken for a wait.
    apart = 0.15 if concurrency < COUNT else 2.0
    sim = DiscordSimulator(identify_seconds=apart)
    async with deployment(sim) as bots:
        sim.world.max_concurrency = concurrency
        bots.process(Shared(COUNT), identify=apart + 0.05)
        bots.process(Shared(COUNT), identify=apart + 0.05)
        await bots.until_shared(2, 2)
        assert sim.violations == []
        at = [each.at for each in sim.gateway.identifies]
    # One may move: who was quicker at first has to give a shard to the other.
    assert COUNT <= len(at) <= COUNT + 1
    together = at[COUNT - 1] - at[0] < apart * (COUNT - 1)
    assert together is (concurrency == COUNT)


async def test_log_ins_of_the_day_are_not_used_up() -> None:
    async with deployment(count=1) as bots:
        sim = bots.sim
        sim.world.session_starts_left = RESERVE
        sim.world.session_starts_reset = 0.5
        bots.process(ALONE)
        asked = "GET /gateway/bot"
        await sim.until(lambda: sim.calls_by_route()[asked] == 1)
        assert sim.identifies == []
        sim.world.session_starts_left = 1000
        await sim.until_connected()
        assert sim.calls_by_route()[asked] == 2


async def test_each_shard_reads_what_was_missed_in_its_own_servers() -> None:
    async with deployment() as bots:
        followed: list[Followed] = []
        for room in bots.rooms:
            old = await bots.sim.say(room, bots.ada, f"{bots.sim.mention} old")
            assert room.guild is not None
            key = ThreadKey("discord", str(room.guild.id), str(room.id), str(old.id))
            followed.append(Followed(key, old.id))
        bots.notes.texts["heard"] = str(time.time())
        await bots.say_everywhere("missed")
        for number in range(COUNT):
            process = bots.process(Shard(number, COUNT))
            process.inbox.followed = followed
        await bots.sim.until(lambda: len(bots.heard("missed")) >= COUNT)
        assert bots.heard("missed") == bots.spaces
        spaces = [{event.thread.space for event in p.inbox.messages} for p in bots.processes]
        assert [len(each) for each in spaces] == [1] * COUNT


async def test_who_wrote_what_was_missed_has_his_roles() -> None:
    async with connected(DiscordSimulator(identify_seconds=0.0)) as rig:
        role = await rig.sim.add_role(rig.guild, "weavers", "manage_threads")
        rig.sim.give_role(rig.guild, rig.ada, role)
        first = await rig.mentioned("heard")
        rig.inbox.followed = (Followed(first.thread, first.position),)
        rig.sim.gateway.drop()
        rig.sim.gateway.sessions.clear()
        for number in range(3):
            await rig.say(f"{rig.sim.mention} {number}")
        await rig.changed(lambda: len({event.event_id for event in rig.inbox.messages}) == 4)
        asked = rig.sim.calls_by_route()["GET /guilds/{guild_id}/members/{user_id}"]
    authors: Sequence[Incoming] = rig.inbox.messages
    assert {event.author.roles for event in authors} == {frozenset({str(role.id)})}
    assert all(event.author.is_admin for event in authors)
    assert asked == 1


async def test_servers_left_while_away_are_found_with_another_number_of_shards() -> None:
    async with deployment() as town:
        guilds = [room.guild for room in town.rooms if room.guild]
        ids = [str(guild.id) for guild in guilds]
        # Noted by the only shard, then by two, of which one has not been there since.
        town.notes.texts |= {"servers:0/1": json.dumps(ids), "servers:1/2": json.dumps(ids[1::2])}
        for guild in guilds[1:3]:
            await town.sim.leave_guild(guild)
        # All shards read them before any of them strikes its own.
        town.notes.together = COUNT
        town.process(Shared(COUNT))
        await town.until_shared(COUNT)
        expected = {f"servers:{shard}/{COUNT}": [ids[shard]] for shard in (0, 3)}
        expected |= {f"servers:{shard}/{COUNT}": [] for shard in (1, 2)}
        expected |= {"servers:0/1": [], "servers:1/2": []}
        await town.sim.until(lambda: noted(town) == expected)
        left = {space for process in town.processes for _, space in process.inbox.spaces_left}
        assert left == set(ids[1:3])


def noted(town: Deployment) -> Mapping[str, Sequence[str]]:
    """What the notes say of servers."""
    texts = town.notes.texts.items()
    return {name: json.loads(text) for name, text in texts if name.startswith("servers:")}
