"""Whether a write would be taken: on one server, and on every primary of a cluster."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any

import pytest
from redis.asyncio import Redis
from redis.exceptions import MovedError

from bot.doctor import examine
from bot.errors import StoreUnavailable
from bot.plugins import find_adapters
from bot.spec import Finding
from bot.storage.keys import SCHEMA
from bot.storage.threads import Threads
from tests.clusters import Cluster
from tests.servers import Valkey, free_port


@asynccontextmanager
async def full(server: Valkey) -> AsyncIterator[None]:
    """The server has no memory left while the block lasts."""
    async with Redis.from_url(server.url, protocol=2) as admin:
        await admin.config_set("maxmemory", 1)
        try:
            yield
        finally:
            await admin.config_set("maxmemory", 0)


async def refused(threads: Threads) -> str:
    """What the operator is told."""
    with pytest.raises(StoreUnavailable) as caught:
        await threads.ping()
    return caught.value.hint


async def test_a_look_leaves_nothing_behind(client: Any, threads: Threads) -> None:
    await threads.ping()
    assert await client.keys() == []


async def test_a_full_server_is_told(server: Valkey) -> None:
    async with Redis.from_url(server.url, protocol=2) as client:
        threads = Threads(client, worker="w", clock=lambda: 1.0, new_id=lambda: "x")
        async with full(server):
            assert "is out of memory: raise maxmemory" in await refused(threads)
        await threads.ping()


async def test_a_replica_is_told(server: Valkey) -> None:
    async with Redis.from_url(server.url, protocol=2) as client:
        threads = Threads(client, worker="w", clock=lambda: 1.0, new_id=lambda: "x")
        await client.execute_command("REPLICAOF", "127.0.0.1", free_port())
        try:
            assert "is a replica" in await refused(threads)
        finally:
            await client.execute_command("REPLICAOF", "NO", "ONE")
        await threads.ping()


@pytest.mark.parametrize("url", ["cluster"], indirect=True)
async def test_every_primary_of_a_cluster_counts(cluster: Cluster, threads: Threads) -> None:
    for node in cluster.nodes:
        async with full(node.server):
            assert "is out of memory" in await refused(threads)
        await threads.ping()


async def test_the_doctor_looks_at_every_primary(cluster: Cluster) -> None:
    found: list[Finding] = []
    for node in cluster.nodes:
        async with Redis.from_url(node.server.url, protocol=2) as admin:
            if await _serves(admin, SCHEMA):
                continue
        async with full(node.server):
            async with aclosing(examine({"REDIS_URL": cluster.url}, find_adapters())) as findings:
                async for finding in findings:
                    if finding.subject == "store":
                        found.append(finding)
                        break
    assert [(one.ok, one.detail) for one in found] == [
        (False, "REDIS_URL: Redis is out of memory")
    ] * 2


async def _serves(client: Redis, key: str) -> bool:
    """Whether a key lies on this node of a cluster."""
    try:
        await client.exists(key)
    except MovedError:
        return False
    return True
