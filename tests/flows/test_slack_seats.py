"""Many processes and the ten connections that Slack takes from one app, over a real store."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import pytest

from adapters.slack.adapter import SlackAdapter
from adapters.slack.seats import SEATS
from bot.storage.claims import SharedClaims
from bot.storage.connect import Link, open_redis
from tests.contracts.slack_rig import QUICK, RecordingInbox, adapter_of, simulator
from tests.flows.test_outage_redis import Store, store
from tests.servers import Valkey
from tests.simulators.slack_sim import SlackSimulator

__all__ = ["store"]

DEAD = replace(QUICK, seat=0.4)
"""Seats of processes that have died come free soon."""


@dataclass(eq=False)
class Process:
    """One of many: an adapter with its own name in the store."""

    adapter: SlackAdapter
    inbox: RecordingInbox
    running: asyncio.Task[None]

    async def end(self) -> None:
        """End it as an operator does."""
        self.running.cancel()
        await asyncio.wait([self.running])
        await self.adapter.close()


@dataclass
class Fleet:
    """Processes at one Slack and one store."""

    sim: SlackSimulator
    server: Valkey
    processes: list[Process] = field(default_factory=list)

    def start(self, timing: object = QUICK) -> Process:
        """One more process."""
        number = len(self.processes)
        inbox = RecordingInbox(self.sim.state.signal.changed)
        client = open_redis(self.server.url)
        inbox.claims = SharedClaims(Link(client), "slack", f"w{number}", lambda: f"n{number}")
        adapter = adapter_of(self.sim, timing=timing)  # type: ignore[arg-type]

        async def run() -> None:
            try:
                await adapter.run(inbox)
            finally:
                await client.aclose()

        process = Process(adapter, inbox, asyncio.create_task(run()))
        self.processes.append(process)
        return process

    async def connected(self, count: int) -> None:
        """Wait until so many connections stand."""
        await self.sim.connected(count)

    def heard(self) -> int:
        """How many processes have been given anything."""
        return sum(bool(process.inbox.meter.acks) for process in self.processes)


@asynccontextmanager
async def fleet(server: Valkey) -> AsyncIterator[Fleet]:
    """A fleet without processes; what was started has ended when the block does."""
    async with simulator() as sim:
        made = Fleet(sim, server)
        try:
            yield made
        finally:
            for process in made.processes:
                await process.end()
        assert sim.violations == []
        assert sim.sockets.most <= SEATS


async def shares(made: Fleet) -> list[int]:
    """How many seats each process holds, by the store, the most first."""
    client = open_redis(made.server.url)
    try:
        keys = [key async for key in client.scan_iter("bobbin:claim:slack:*")]
        held = [await client.get(key) for key in keys if bytes(key)[-1:].isdigit()]
    finally:
        await client.aclose()
    workers = [bytes(worker).partition(b"/")[0] for worker in held if worker]
    return sorted((workers.count(worker) for worker in set(workers)), reverse=True)


async def until_shared(made: Fleet, wanted: Iterable[int]) -> None:
    """Wait until the seats are shared out like this; only the store tells."""
    expected = list(wanted)
    async with asyncio.timeout(50):
        while await shares(made) != expected:
            pass


async def test_one_process_has_two_connections_and_overlaps(server: Valkey) -> None:
    async with fleet(server) as made:
        made.start()
        await made.connected(2)
        old = made.sim.disconnect("refresh_requested", close=False)
        await made.sim.until(lambda: made.sim.sockets.accepted == 3)
        await made.sim.until(lambda: old not in made.sim.connections)
        assert made.sim.sockets.most == 3
        await until_shared(made, [2])
        assert made.processes[0].inbox.meter.reconnects == ["refresh_requested"]


async def test_ten_processes_have_one_each_and_the_eleventh_stands_by(server: Valkey) -> None:
    async with fleet(server) as made:
        for count in range(1, 6):
            made.start()
            await made.connected(2 * count)
        assert await shares(made) == [2] * 5
        for count in range(1, 6):
            made.start()
            await until_shared(made, [2] * (5 - count) + [1] * (2 * count))
            await made.connected(10)
        spare = made.start()
        await until_shared(made, [1] * 10)

        # Refreshing works without a further seat, and nobody gets more than his share.
        for connection in list(made.sim.connections)[:3]:
            made.sim.disconnect("warning", connection)
        await made.sim.until(lambda: made.sim.sockets.accepted >= 18)
        await made.connected(10)
        assert spare.inbox.meter.acks == []

        # The one that stands by connects when another goes.
        await made.processes[0].end()
        said = made.sim.add_user("Ada"), made.sim.add_channel("general")
        await made.connected(10)
        await until_shared(made, [1] * 10)
        async with asyncio.timeout(50):
            while not spare.inbox.meter.acks:
                made.sim.say(said[1], said[0], f"{made.sim.mention} hello")
                await made.sim.settled()
        assert made.heard() > 1


async def test_processes_that_start_together_come_to_a_fair_share(server: Valkey) -> None:
    async with fleet(server) as made:
        for _ in range(7):
            made.start()
        await until_shared(made, [2, 2, 2, 1, 1, 1, 1])
        await made.connected(10)
        for process in made.processes[:4]:
            await process.end()
        await until_shared(made, [2, 2, 2])
        await made.connected(6)


async def test_seats_of_a_dead_process_run_out(server: Valkey) -> None:
    async with fleet(server) as made:
        client = open_redis(server.url)
        dead = SharedClaims(Link(client), "slack", "dead", str)
        own = made.sim.workspace.bot.id
        for number in range(SEATS):
            assert await dead.claim(f"socket:{own}:{number}", 0.5) == 0
        process = made.start()
        await made.connected(2)
        assert process.inbox.meter.reconnects == []
        await client.aclose()


async def test_a_process_that_was_frozen_leaves_its_seat_to_its_new_owner(server: Valkey) -> None:
    async with fleet(server) as made:
        process = made.start()
        await made.connected(2)
        client = open_redis(server.url)
        own = made.sim.workspace.bot.id
        for key in [key async for key in client.scan_iter(f"bobbin:claim:slack:socket*{own}*")]:
            if bytes(key)[-1:].isdigit():
                await client.set(key, b"other/", px=10_000)
        await made.sim.until(lambda: process.inbox.meter.reconnects == ["taken", "taken"])
        await made.connected(2)
        await client.aclose()


async def test_too_many_connections_give_their_seat_back(
    server: Valkey, caplog: pytest.LogCaptureFixture
) -> None:
    """Another deployment has them, with a store of its own."""
    async with fleet(server) as made:
        made.start()
        await made.connected(2)
        old = made.sim.disconnect("too_many_websockets", close=False)
        await made.sim.until(lambda: made.sim.sockets.accepted == 3)
        assert old not in made.sim.connections
        await made.connected(2)
        assert "same SLACK_APP_TOKEN" in caplog.text
        assert made.processes[0].inbox.meter.reconnects == ["too_many_websockets"]


async def test_connections_stand_while_the_store_is_away(store: Store) -> None:
    server = store.start()
    async with fleet(server) as made:
        process = made.start(DEAD)
        await made.connected(2)
        before = made.sim.sockets.accepted
        store.crash(server)
        # Longer than a seat lasts, by what is asked of the store meanwhile.
        cut = made.sim.cut()
        await made.sim.until(lambda: made.sim.sockets.accepted == before + 1)
        assert cut not in made.sim.connections
        await made.connected(2)
        store.start()
        await until_shared(made, [2])
        assert process.inbox.meter.reconnects == ["cut"]
        made.start()
        await made.connected(4)
