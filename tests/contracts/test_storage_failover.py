"""A primary is killed under load and its replica takes over: nothing is lost, nothing doubled.

Neither of what was said nor of what is remembered.
"""

from __future__ import annotations

import asyncio
import itertools
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest
from redis import Redis as Blocking
from redis.crc import key_slot

from bot.chat import Incoming, ThreadKey
from bot.ids import new_id
from bot.memories import Memory, MemoryText, Scope, Source, Via
from bot.records import Tally
from bot.storage.connect import Link, open_redis
from bot.storage.keys import ScopeKeys, ThreadKeys
from bot.storage.memories_writing import Actor, Answer, Outcome, Step
from bot.storage.patience import patiently
from bot.storage.threads import Threads
from bot.storage.topology import address_of
from bot.storage.types import Done, Turn
from tests.clusters import AT_ONCE, SLOTS, Node, until, valkey_cluster, valkey_sentinels
from tests.contracts.whole_store import BOBBIN, LOOKER, opened, shipped_users, store
from tests.servers import Valkey, free_port, lossy_proxy, valkey_server
from tests.units.storage.samples import THREAD, exchange, message, talk

TALKERS = 8
PATIENCE = 50.0


SOME_SECONDS = 8.0
"""From when there is a new primary."""


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="bobbin-test-") as path:
        yield Path(path)


@dataclass
class Load:
    """Threads in which turn follows upon turn, each with a memory, as they are acknowledged.

    `longest` is what the longest turn took, in seconds; `followed` is what somebody knows of the
    memories who asks after each for what has changed.
    """

    threads: Threads
    acknowledged: dict[ThreadKey, list[str]] = field(default_factory=dict)
    remembered: dict[ThreadKey, list[str]] = field(default_factory=dict)
    followed: dict[ThreadKey, list[str]] = field(default_factory=dict)
    longest: float = 0.0
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def talk(self, thread: ThreadKey) -> None:
        """One turn after the other, for ever; what fails is tried again with its nonce."""
        said = self.acknowledged.setdefault(thread, [])
        known = 0
        for number in itertools.count(1):
            began = time.monotonic()
            said += await self._turn(message(number, thread=thread))
            self.longest = max(self.longest, time.monotonic() - began)
            known = await self._remember(thread, number, known)
            async with self._changed:
                self._changed.notify_all()

    async def _turn(self, event: Incoming) -> list[str]:
        begin = partial(self.threads.begin, event, nonce=new_id())
        turn = await patiently(begin, PATIENCE)
        assert isinstance(turn, Turn), turn
        entries = exchange(turn, f"answer to {event.text}")
        end = partial(self.threads.commit, turn.lease, entries, Tally(1), {}, nonce=new_id())
        assert await patiently(end, PATIENCE) is Done.IDLE
        return [entry.text for entry in entries]

    async def _remember(self, thread: ThreadKey, number: int, known: int) -> int:
        """Add a memory and take in what is new since a version; returns the version then."""
        memories, scope, id = self.threads.memories(), Scope.of_thread(thread), f"mem_{number:06}"
        memory = Memory(id, MemoryText(f"fact {number}"), scope, Source(Via.COMMAND))
        add = Step("add", memory, f"digest{number}", "add")
        write = partial(memories.write, scope, [add], Actor(), key=new_id())
        assert await patiently(write, PATIENCE) == [Outcome(Answer.DONE, id)]
        self.remembered.setdefault(thread, []).append(id)
        changes = await patiently(partial(memories.changes, scope, known), PATIENCE)
        followed = self.followed.setdefault(thread, [])
        if changes.whole:
            followed.clear()
        followed += [memory.id for memory in changes.changed]
        return changes.version

    async def until_each_has(self, turns: int) -> None:
        """Wait until every thread has got so many more turns than now."""
        before = {thread: len(said) for thread, said in self.acknowledged.items()}
        async with asyncio.timeout(2 * PATIENCE), self._changed:
            await self._changed.wait_for(
                lambda: (
                    len(self.acknowledged) == TALKERS
                    and all(
                        len(said) >= before.get(thread, 0) + 2 * turns
                        for thread, said in self.acknowledged.items()
                    )
                )
            )


@asynccontextmanager
async def loaded(url: str) -> AsyncIterator[Load]:
    """Talk, and compare what stands there in the end."""
    async with opened(url) as client:
        # Longer than it takes until there is a new primary.
        lease = 4 * PATIENCE
        load = Load(
            Threads(client, worker="w", clock=time.time, new_id=new_id, lease_seconds=lease)
        )
        keys = [ThreadKey("discord", "g", f"c{number}", "t") for number in range(TALKERS)]
        async with asyncio.TaskGroup() as group:
            talkers = [group.create_task(load.talk(key)) for key in keys]
            await load.until_each_has(10)
            yield load
            for talker in talkers:
                talker.cancel()
        for key in keys:
            logged = [entry.text async for entry in load.threads.entries(key)]
            said = load.acknowledged[key]
            # The last turn may stand there without having been acknowledged.
            assert logged[: len(said)] == said
            assert len(logged) <= len(said) + 2
            memories, scope = load.threads.memories(), Scope.of_thread(key)
            kept = [memory.id for memory in (await memories.changes(scope)).changed]
            assert load.followed[key] == load.remembered[key][: len(load.followed[key])]
            assert load.remembered[key] == kept[: len(load.remembered[key])]
            lines = await memories.audit(scope, 100)
            assert [line["id"] for line in reversed(lines)] == kept[-100:]


async def until_primary(replica: Node) -> float:
    """Seconds until a replica has taken over, by its own word: how long is the servers' affair."""
    began = time.monotonic()

    def leads() -> bool:
        with admin(replica.server) as told:
            return told.info("replication")["role"] == "master"

    await asyncio.to_thread(until, leads, PATIENCE)
    return time.monotonic() - began


async def test_a_sentinels_primary_is_killed(folder: Path) -> None:
    with valkey_sentinels(folder, sentinels=3, down_after_ms=500) as running:
        async with loaded(running.url) as load:
            running.primary.server.kill()
            takes = await until_primary(running.replica)
            await load.until_each_has(10)
            assert 0.4 < load.longest < takes + SOME_SECONDS


async def test_no_sentinel_is_forgotten_when_many_are_looking_for_the_primary(folder: Path) -> None:
    with valkey_sentinels(folder) as running:
        hosts = (f"127.0.0.1:{free_port()}", *(f"127.0.0.1:{port}" for port in running.sentinels))
        url = f"redis+sentinel://{','.join(hosts)}/0?service={running.service}"
        client = open_redis(url)
        link = Link(client)
        await asyncio.gather(*(link.call("GET", f"{number}") for number in range(TALKERS)))
        known = address_of(client)
        await client.aclose()
        assert all(host in known for host in hosts), known


async def test_a_clusters_primary_is_killed(folder: Path) -> None:
    with valkey_cluster(folder, replicas=1, node_timeout_ms=1000) as running:
        async with loaded(running.url) as load:
            running.nodes[0].server.kill()
            takes = await until_primary(running.nodes[-1])
            await load.until_each_has(10)
            assert 0.8 < load.longest < takes + SOME_SECONDS
            turns = [ThreadKeys(key).meta for key in load.acknowledged]
            memories = [ScopeKeys(Scope.of_thread(key)).meta for key in load.acknowledged]
            for names in (turns, memories):
                slots = [key_slot(name.encode()) for name in names]
                assert min(slots) < SLOTS // 3 < max(slots)


async def test_slots_move_under_load(folder: Path) -> None:
    """ASK, MOVED and TRYAGAIN: buckets go to another primary while they are written to.

    The deployed user has the rights for all of that.
    """
    users = ("--aclfile", str(shipped_users(folder)))
    with valkey_cluster(folder, *users, primaries=2, user=LOOKER) as running:
        async with loaded(running.url_for(BOBBIN)) as load:
            key = next(iter(load.acknowledged))
            for moved in (ThreadKeys(key).meta, ScopeKeys(Scope.of_thread(key)).meta):
                await asyncio.to_thread(move_slot, running.nodes, moved)
            await load.until_each_has(10)


async def test_an_address_moves_to_another_server(folder: Path) -> None:
    """Connections to a primary that has become a replica must not be kept."""
    (folder / "a").mkdir()
    (folder / "b").mkdir()
    port = free_port()
    with (
        valkey_server(folder / "a", *AT_ONCE) as old,
        valkey_server(folder / "b", *AT_ONCE, port=port) as new,
    ):
        async with lossy_proxy(old) as proxy, opened(proxy.url) as client:
            await talk(store(client), 1)
            with admin(old) as told:
                told.execute_command("REPLICAOF", "127.0.0.1", port)
            proxy.point_to(new)
            await talk(store(client, "w2"), 2)
            with admin(new) as told:
                assert told.exists(ThreadKeys(THREAD).meta)


async def test_all_nodes_of_a_cluster_get_new_addresses(folder: Path) -> None:
    """As pods do: what stays is the name in REDIS_URL."""
    with valkey_cluster(folder, primaries=1) as running:
        (node,) = running.nodes
        async with lossy_proxy(node.server) as before, lossy_proxy(node.server) as after:
            announce(node.server, before.port)
            async with opened(running.url) as client:
                await talk(store(client), 1)
                assert before.accepted
                announce(node.server, after.port)
                before.break_off()
                await talk(store(client, "w2"), 2)
                assert after.accepted


def announce(server: Valkey, port: int) -> None:
    """Let a cluster's node tell everybody that it is found there."""
    with admin(server) as told:
        told.config_set("cluster-announce-ip", "127.0.0.1")
        told.config_set("cluster-announce-client-port", port)


def admin(server: Valkey, user: tuple[str | None, str | None] = (None, None)) -> Blocking:
    """A connection of the operator's."""
    name, password = user
    path = server.url.removeprefix("unix://")
    return Blocking(unix_socket_path=path, username=name, password=password, protocol=2)


def move_slot(nodes: Sequence[Node], key: str) -> None:
    """Hand the slot of a key to the other of two primaries, as `redis-cli --cluster reshard` does.

    The slot is left half-way for a moment, so that commands meet it in that state.
    """
    with admin(nodes[0].server, LOOKER) as one, admin(nodes[1].server, LOOKER) as two:
        slot = int(one.execute_command("CLUSTER", "KEYSLOT", key))
        has = [int(each.execute_command("CLUSTER", "COUNTKEYSINSLOT", slot)) for each in (one, two)]
        source, target = (one, two) if has[0] else (two, one)
        source.config_resetstat()
        port = nodes[1 if has[0] else 0].port
        ids = [each.execute_command("CLUSTER", "MYID").decode() for each in (source, target)]
        target.execute_command("CLUSTER", "SETSLOT", slot, "IMPORTING", ids[0])
        source.execute_command("CLUSTER", "SETSLOT", slot, "MIGRATING", ids[1])
        while keys := source.execute_command("CLUSTER", "GETKEYSINSLOT", slot, 10):
            source.execute_command(
                "MIGRATE", "127.0.0.1", port, "", 0, 5000, "AUTH2", *LOOKER, "KEYS", *keys
            )
        # The last of it waits until somebody was told to try again.
        until(lambda: _redirected(source))
        for each in (target, source):
            each.execute_command("CLUSTER", "SETSLOT", slot, "NODE", ids[1])


def _redirected(client: Blocking) -> bool:
    return any(f"errorstat_{sign}" in client.info("errorstats") for sign in ("ASK", "TRYAGAIN"))
