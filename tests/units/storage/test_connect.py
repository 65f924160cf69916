"""The connection: errors name their cause and never a password."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from redis import exceptions as sdk
from redis.asyncio import Redis
from redis.asyncio.connection import SSLConnection

from bot.errors import StoreUnavailable
from bot.redis_url import Topology
from bot.storage.connect import Link, open_redis, wait_until_ready
from bot.storage.faults import may_pass, store_errors
from bot.storage.scripts import SCRIPTS
from bot.storage.threads import Threads
from bot.storage.topology import Waits
from bot.storage.types import Turn
from tests.servers import Valkey, free_port
from tests.units.storage.samples import message

WHERE = "redis.example:6379"


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Redis]:
    client = open_redis(url)
    try:
        yield client
    finally:
        await client.aclose()


@pytest.mark.parametrize(
    ("error", "hint"),
    [
        (sdk.AuthenticationError("invalid username-password pair"), "password"),
        (sdk.ResponseError("WRONGPASS invalid username-password pair"), "password"),
        (sdk.AuthenticationError("NOAUTH Authentication required."), "password"),
        (sdk.NoPermissionError("this user has no permissions"), "permission"),
        (sdk.OutOfMemoryError("command not allowed when used memory"), "out of memory"),
        (sdk.ReadOnlyError("You can't write against a read only replica."), "replica"),
        (sdk.BusyLoadingError("Redis is loading the dataset in memory"), "loading"),
        (sdk.ResponseError("MISCONF Redis is configured to save"), "disk"),
        (sdk.ResponseError("NOREPLICAS Not enough good replicas"), "replicas"),
        (sdk.ConnectionError("max number of clients reached"), "maxclients"),
        (sdk.ConnectionError("CERTIFICATE_VERIFY_FAILED"), "ssl_ca_certs"),
        (sdk.MaxConnectionsError("Too many connections"), "too slowly"),
        (sdk.TimeoutError("Timeout reading from redis"), WHERE),
        (sdk.ConnectionError("Connection refused"), WHERE),
        (ConnectionResetError("reset"), WHERE),
        (sdk.ResponseError("WRONGTYPE Operation"), "WRONGTYPE"),
        (sdk.MovedError("7 other.example:6379"), "redis+cluster://"),
        (sdk.ConnectionError("No master found for 'x'"), "No sentinel names"),
        (sdk.ConnectionError("No master found: AuthenticationError('x')"), "sentinel_password"),
        (sdk.ClusterDownError("CLUSTERDOWN The cluster is down"), "CLUSTERDOWN"),
        (sdk.MasterDownError("MASTERDOWN Link with MASTER is down"), "CLUSTER INFO"),
        (sdk.RedisClusterException("All slots are not covered after query"), "CLUSTER NODES"),
        (sdk.SlotNotCoveredError('Slot "7" not covered by the cluster.'), "CLUSTER NODES"),
        (sdk.ClusterError("TTL exhausted."), "MOVED, ASK or TRYAGAIN"),
        (
            sdk.RedisClusterException("EVALSHA - all keys must map to the same key slot"),
            "A fault of Bobbin's",
        ),
        (sdk.RedisClusterException("Cluster mode is not enabled on this node"), "redis://"),
    ],
)
def test_errors_name_their_cause(error: Exception, hint: str) -> None:
    with pytest.raises(StoreUnavailable) as caught, store_errors(WHERE):
        raise error
    assert hint in caught.value.hint
    assert caught.value.__cause__ is error


async def test_a_closed_port_is_named_without_the_password() -> None:
    port = free_port()
    async with opened(f"redis://user:sesame@127.0.0.1:{port}/0") as client:
        with pytest.raises(StoreUnavailable) as caught:
            await wait_until_ready(client, 0.2, pause=0.01)
    told = f"{caught.value} {caught.value.hint}"
    assert f"127.0.0.1:{port}" in told
    assert "sesame" not in told


async def test_a_silent_port_is_given_up() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    async with server, opened(f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}") as client:
        with pytest.raises(StoreUnavailable):
            await wait_until_ready(client, 0.2)


async def test_waiting_ends_when_the_server_comes(server: Valkey) -> None:
    target = server.url.removeprefix("unix://")
    arrived = asyncio.Event()

    async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream, out = await asyncio.open_unix_connection(target)

        async def copy(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
            while data := await source.read(4096):
                sink.write(data)
            sink.close()

        arrived.set()
        await asyncio.gather(copy(reader, out), copy(upstream, writer))

    port = free_port()
    async with opened(f"redis://127.0.0.1:{port}") as client:
        waiting = asyncio.create_task(wait_until_ready(client, 20, pause=0.01))
        listener = await asyncio.start_server(forward, "127.0.0.1", port)
        await waiting
        assert arrived.is_set()
        await client.aclose()
        listener.close()


@pytest.mark.parametrize("url", ["redis://host:port", "http://host", "nonsense", "redis://h?db=x"])
def test_unreadable_addresses_are_told(url: str) -> None:
    with pytest.raises(StoreUnavailable) as caught:
        open_redis(url)
    assert "REDIS_URL" in caught.value.hint


async def test_scripts_are_taught_again_after_a_flush(threads: Threads, client: Redis) -> None:
    first = await threads.begin(message(1))
    assert isinstance(first, Turn)
    await client.script_flush()
    assert await threads.ask_stop(first.lease.thread)
    known = await Link(client).everywhere("SCRIPT", "EXISTS", SCRIPTS["stop"].sha)
    assert [True] in known.values()


async def test_a_full_server_refuses_writes_with_a_hint(client: Redis, threads: Threads) -> None:
    await client.config_set("maxmemory", "1")
    try:
        with pytest.raises(StoreUnavailable) as caught:
            await threads.begin(message(1))
    finally:
        await client.config_set("maxmemory", "0")
    assert "out of memory" in caught.value.hint
    assert isinstance(await threads.begin(message(1)), Turn)


async def test_a_batch_tells_its_first_error(client: Redis) -> None:
    link = Link(client)
    assert await link.batch([]) == []
    await link.call("SET", "text", "x")
    with pytest.raises(StoreUnavailable, match="refused"):
        await link.batch([("GET", "text"), ("HGET", "text", "field")])


async def test_a_command_about_many_keys_is_answered_as_in_a_batch(client: Redis) -> None:
    link = Link(client)
    assert await link.each([], "GET") == []
    await link.batch([("SET", "a", "1"), ("SET", "c", "3"), ("ZADD", "z", 2, "two", 1, "one")])
    keys = ("a", "b", "c")
    assert await link.each(keys, "GET") == [b"1", None, b"3"]
    assert await link.each(keys, "EXISTS") == [1, 0, 1]
    ranged = ("ZRANGEBYSCORE", "-inf", "+inf", "WITHSCORES", "LIMIT", 0, 5)
    name, *rest = ranged
    assert await link.each(("y", "z"), *ranged) == [[], [b"one", b"1", b"two", b"2"]]
    assert await link.batch([(name, key, *rest) for key in ("y", "z")]) == [
        [],
        [b"one", b"1", b"two", b"2"],
    ]
    with pytest.raises(StoreUnavailable, match="refused"):
        await link.each(("a", "z"), "GET")


async def test_no_cancellation_is_swallowed(client: Redis) -> None:
    """Python 3.11 drops one that comes when a write is done, and a task would go on for ever."""
    link = Link(client)

    async def ask_for_ever() -> None:
        while True:
            await link.call("GET", "x")

    for steps in range(40):
        tasks = [asyncio.create_task(ask_for_ever()) for _ in range(4)]
        for _ in range(steps):
            await asyncio.sleep(0)
        for task in tasks:
            task.cancel()
        _, left = await asyncio.wait(tasks, timeout=50)
        assert not left


@pytest.mark.parametrize(
    "error", [AttributeError("'NoneType' object"), KeyError(7), IndexError("list index")]
)
async def test_stumbles_of_the_cluster_client_are_told(error: Exception) -> None:
    """It trips when it is used while it learns a new map of the slots."""
    assert may_pass(error, Topology.CLUSTER)
    with pytest.raises(StoreUnavailable), store_errors(WHERE, Topology.CLUSTER):
        raise error
    with pytest.raises(type(error)), store_errors(WHERE):
        raise error


@pytest.mark.parametrize("scheme", ["redis+cluster", "redis+sentinel"])
async def test_nobody_is_there(scheme: str) -> None:
    port = free_port()
    waits = Waits(alone=0.1, failover=0.1)
    client = open_redis(f"{scheme}://user:sesame@127.0.0.1:{port}", waits)
    try:
        with pytest.raises(StoreUnavailable) as caught:
            await wait_until_ready(client, 0.2, pause=0.01, waits=waits)
    finally:
        await client.aclose()
    told = f"{caught.value} {caught.value.hint}"
    assert f"127.0.0.1:{port}" in told
    assert "sesame" not in told


def test_tls_is_spoken_with_sentinels_too() -> None:
    client = open_redis("rediss+sentinel://u:p@s?sentinel_password=g&ssl_ca_certs=/ca.pem")
    assert isinstance(client, Redis)
    pool: Any = client.connection_pool
    assert issubclass(pool.connection_class, SSLConnection)
    (sentinel,) = pool.sentinel_manager.sentinels
    assert issubclass(sentinel.connection_pool.connection_class, SSLConnection)
    for kwargs, password in (
        (pool.connection_kwargs, "p"),
        (sentinel.connection_pool.connection_kwargs, "g"),
    ):
        assert (kwargs["ssl_ca_certs"], kwargs["password"]) == ("/ca.pem", password)
