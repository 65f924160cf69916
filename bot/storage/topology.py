"""The clients of redis-py: for one server, for a cluster, for a primary that sentinels name."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass
from typing import Any, cast

from redis.asyncio import BlockingConnectionPool, Connection, Redis, RedisCluster
from redis.asyncio.cluster import ClusterNode
from redis.asyncio.connection import SSLConnection, UnixDomainSocketConnection
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel, SentinelConnectionPool
from redis.backoff import NoBackoff

from bot.redis_url import RedisAddress, Topology

Client = Redis | RedisCluster
"""Sends commands; knows nothing of the store."""

CONNECTIONS = 64
"""Commands that are under way at once, and connections to one server."""

HEALTH_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Waits:
    """How long Redis is waited for, in seconds.

    Attributes:
        connect: For a connection.
        reply: For the reply to what was sent.
        alone: So long a server that stands alone is tried again. It will not be back within
            seconds, and people want to be told.
        failover: The same where a replica may take over, which takes some seconds.
        operation: The most that one call takes, all tries together.
    """

    connect: float = 3.0
    reply: float = 5.0
    alone: float = 1.5
    failover: float = 9.0
    operation: float = 10.0

    def trying(self, topology: Topology) -> float:
        """How long what failed is tried again."""
        return self.alone if topology is Topology.SINGLE else self.failover


WAITS = Waits()


class Sentinels(Sentinel):
    """Those that know the primary, of whom many may be asked at once.

    redis-py puts the one that answered first in the list that others are walking through, so that
    after a failover under load a sentinel would be forgotten, and its connections left open.
    """

    async def discover_master(self, service_name: str) -> tuple[str, int]:
        """Where the primary is. Raises redis-py's MasterNotFoundError."""
        asking = copy(self)
        asking.sentinels = list(self.sentinels)
        found = cast(tuple[str, int], await Sentinel.discover_master(asking, service_name))
        first = asking.sentinels[0]
        self.sentinels.sort(key=lambda sentinel: sentinel is not first)
        return found


class SentinelPool(SentinelConnectionPool):
    """A pool that closes its connections to the sentinels, too."""

    async def aclose(self) -> None:
        """End all of them."""
        await super().aclose()
        await cast(Sentinel, self.sentinel_manager).aclose()


def make_client(address: RedisAddress, waits: Waits) -> Client:
    """A client for `address`; nothing is sent yet.

    It tries nothing twice by itself: that is for `Link`, in the same way for all of them.
    """
    shared: dict[str, Any] = {
        "socket_timeout": waits.reply,
        "socket_connect_timeout": waits.connect,
        "health_check_interval": HEALTH_SECONDS,
        "protocol": 2,
        # Says nothing that anybody needs, takes a round trip, and a right of its own.
        "driver_info": None,
        "retry": Retry(NoBackoff(), 0),
    }
    tls: dict[str, Any] = {} if address.tls is None else {"ssl": True, **address.tls}
    own: dict[str, Any] = {"username": address.username, "password": address.password}
    if address.topology is Topology.CLUSTER:
        # The client counts connections for each node and does not wait for one: `Link` does.
        nodes = [ClusterNode(host, port) for host, port in address.hosts]
        return RedisCluster(
            startup_nodes=nodes,
            max_connections=4 * CONNECTIONS,
            # Every fifth MOVED would otherwise end all connections, those in use as well.
            reinitialize_steps=0,
            **shared,
            **own,
            **tls,
        )
    if address.topology is Topology.SENTINEL:
        theirs: dict[str, Any] = {
            "username": address.sentinel_username,
            "password": address.sentinel_password,
        }
        sentinel = Sentinels(
            list(address.hosts), sentinel_kwargs={**shared, **theirs, **tls}, **shared, **own
        )
        return sentinel.master_for(  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
            address.service, connection_pool_class=SentinelPool, db=address.db, **tls
        )
    where: dict[str, Any]
    if address.socket:
        where = {"connection_class": UnixDomainSocketConnection, "path": address.socket}
    else:
        ((host, port),) = address.hosts
        kind = Connection if address.tls is None else SSLConnection
        where = {"connection_class": kind, "host": host, "port": port, **(address.tls or {})}
    pool = BlockingConnectionPool(
        max_connections=CONNECTIONS, timeout=waits.reply, db=address.db, **shared, **own, **where
    )
    return Redis.from_pool(pool)


def topology_of(client: Client) -> Topology:
    """What a client talks to."""
    if isinstance(client, RedisCluster):
        return Topology.CLUSTER
    pool = client.connection_pool
    return Topology.SENTINEL if isinstance(pool, SentinelConnectionPool) else Topology.SINGLE


def address_of(client: Client) -> str:
    """Where a client connects to, without credentials."""
    if isinstance(client, RedisCluster):
        hosts = tuple((node.host, int(node.port)) for node in client.startup_nodes)
        return str(RedisAddress(Topology.CLUSTER, hosts))
    pool = client.connection_pool
    if isinstance(pool, SentinelConnectionPool):
        hosts = tuple(map(_host, cast(Sentinel, pool.sentinel_manager).sentinels))
        service = cast(str, pool.service_name)  # pyright: ignore[reportUnknownMemberType]
        return str(RedisAddress(Topology.SENTINEL, hosts, service=service))
    settings = _settings(client)
    if "path" in settings:
        return str(RedisAddress(Topology.SINGLE, socket=str(settings["path"])))
    return str(RedisAddress(Topology.SINGLE, (_host(client),)))


def _host(client: Redis) -> tuple[str, int]:
    settings = _settings(client)
    return str(settings.get("host", "localhost")), int(str(settings.get("port", 6379)))


def _settings(client: Redis) -> Mapping[str, object]:
    return cast(Mapping[str, object], client.connection_pool.connection_kwargs)
