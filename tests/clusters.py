"""Several real servers on loopback: a cluster, and a primary with sentinels."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from redis import Redis

from bot.storage.binary import find_server
from tests.servers import BUS, PATIENCE, Valkey, free_port, valkey_server, wait_for_line

SLOTS = 16_384
AT_ONCE = ("--repl-diskless-sync-delay", "0", "--shutdown-timeout", "0")
"""A primary otherwise waits for five seconds for more replicas, and at its end for them."""


@dataclass(frozen=True, slots=True)
class Node:
    """A server that listens on a port of 127.0.0.1."""

    server: Valkey
    port: int

    @property
    def url(self) -> str:
        """For redis-py; the node alone."""
        return f"redis://127.0.0.1:{self.port}"


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster that serves all slots: its primaries, then a replica of the first if it has one."""

    nodes: Sequence[Node]

    @property
    def url(self) -> str:
        """For `open_redis`; one node is left out, since some are enough."""
        return self.url_for("")

    def url_for(self, credentials: str, scheme: str = "redis+cluster") -> str:
        """The same for a user: "name:password@"."""
        known = self.nodes[1:] or self.nodes
        hosts = ",".join(f"127.0.0.1:{node.port}" for node in known)
        return f"{scheme}://{credentials}{hosts}"


@contextmanager
def valkey_cluster(
    directory: Path,
    *flags: str,
    primaries: int = 3,
    replicas: int = 0,
    node_timeout_ms: int = 5000,
    user: tuple[str | None, str | None] = (None, None),
) -> Iterator[Cluster]:
    """Run a cluster in `directory`, which must have a short path; `replicas` are the first's.

    `user` and password are for whoever sets it up.
    """
    with ExitStack() as stack:
        nodes: list[Node] = []
        for number in range(primaries + replicas):
            folder = directory / f"n{number}"
            folder.mkdir()
            port = free_port()
            mine = ("--cluster-enabled", "yes", "--cluster-port", str(port + BUS))
            mine += ("--cluster-node-timeout", str(node_timeout_ms))
            # Otherwise a replica waits for longer before it stands for election.
            mine += ("--cluster-replica-validity-factor", "0")
            server = stack.enter_context(valkey_server(folder, *AT_ONCE, *mine, *flags, port=port))
            nodes.append(Node(server, port))
        _join(nodes, primaries, user)
        yield Cluster(tuple(nodes))


def _join(nodes: Sequence[Node], primaries: int, user: tuple[str | None, str | None]) -> None:
    name, password = user
    clients = [
        Redis(unix_socket_path=_socket(node.server), username=name, password=password, protocol=2)
        for node in nodes
    ]
    try:
        for number, client in enumerate(clients):
            client.execute_command("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
            if number < primaries:
                first, after = SLOTS * number // primaries, SLOTS * (number + 1) // primaries
                client.execute_command("CLUSTER", "ADDSLOTSRANGE", first, after - 1)
            for other in nodes[:number]:
                client.execute_command("CLUSTER", "MEET", "127.0.0.1", other.port, other.port + BUS)
        until(lambda: all(_known(client) == len(nodes) for client in clients))
        head = clients[0].execute_command("CLUSTER", "MYID").decode()
        for replica in clients[primaries:]:
            until(lambda replica=replica: _follows(replica, head))
        until(lambda: all(_serves(client) for client in clients))
        for replica in clients[primaries:]:
            until(lambda replica=replica: replica.info("replication")["master_link_status"] == "up")
    finally:
        for client in clients:
            client.close()


def _socket(server: Valkey) -> str:
    return server.url.removeprefix("unix://")


def _known(client: Redis) -> int:
    return int(client.execute_command("CLUSTER INFO")["cluster_known_nodes"])


def _serves(client: Redis) -> bool:
    told = client.execute_command("CLUSTER INFO")
    return told["cluster_state"] == "ok" and int(told["cluster_slots_ok"]) == SLOTS


def _follows(client: Redis, head: str) -> bool:
    try:
        client.execute_command("CLUSTER", "REPLICATE", head)
    except Exception as error:
        if "Unknown node" not in str(error):
            raise
        return False
    return True


def until(true: Callable[[], bool], seconds: float = PATIENCE) -> None:
    """Ask until it is true."""
    ends = time.monotonic() + seconds
    while not true():
        if time.monotonic() > ends:
            raise TimeoutError("it does not become true")
        time.sleep(0.02)


@dataclass(frozen=True, slots=True)
class Guarded:
    """A primary, a replica, and the sentinels that watch over them."""

    primary: Node
    replica: Node
    sentinels: Sequence[int]
    service: ClassVar[str] = "weavers"

    @property
    def url(self) -> str:
        """For `open_redis`."""
        hosts = ",".join(f"127.0.0.1:{port}" for port in self.sentinels)
        return f"redis+sentinel://{hosts}/0?service={self.service}"


@contextmanager
def valkey_sentinels(
    directory: Path, *flags: str, sentinels: int = 1, down_after_ms: int = 500, password: str = ""
) -> Iterator[Guarded]:
    """Run one primary, one replica and some sentinels; `password` is the sentinels' own."""
    with ExitStack() as stack:
        nodes: list[Node] = []
        for name in ("primary", "replica"):
            folder = directory / name
            folder.mkdir()
            port = free_port()
            server = stack.enter_context(valkey_server(folder, *AT_ONCE, *flags, port=port))
            nodes.append(Node(server, port))
        primary, replica = nodes
        with Redis(unix_socket_path=_socket(replica.server), protocol=2) as client:
            client.execute_command("REPLICAOF", "127.0.0.1", primary.port)
            until(lambda: client.info("replication")["master_link_status"] == "up")
        ports = [
            stack.enter_context(
                _sentinel(
                    directory / f"s{number}",
                    primary.port,
                    down_after_ms,
                    sentinels // 2 + 1,
                    password,
                )
            )
            for number in range(sentinels)
        ]
        guarded = Guarded(primary, replica, tuple(ports))
        for port in ports:
            with Redis(port=port, protocol=2, password=password or None) as client:
                # Who stood still for two seconds would do nothing for thirty.
                client.execute_command("SENTINEL", "DEBUG", "tilt-trigger", 60_000)
                until(lambda client=client: _sees_all(client, guarded))
        yield guarded


def _sees_all(sentinel: Redis, guarded: Guarded) -> bool:
    seen = sentinel.sentinel_master(guarded.service)
    return seen["num-slaves"] == 1 and seen["num-other-sentinels"] == len(guarded.sentinels) - 1


@contextmanager
def _sentinel(
    folder: Path, watched: int, down_after_ms: int, quorum: int, password: str
) -> Iterator[int]:
    folder.mkdir()
    port = free_port()
    lines = [
        f"port {port}",
        "bind 127.0.0.1",
        f"dir {folder}",
        f"sentinel monitor {Guarded.service} 127.0.0.1 {watched} {quorum}",
        f"sentinel down-after-milliseconds {Guarded.service} {down_after_ms}",
        f"sentinel failover-timeout {Guarded.service} 5000",
    ]
    if password:
        lines += [f"requirepass {password}", f"sentinel sentinel-pass {password}"]
    # A sentinel keeps what it learns in this file.
    config = folder / "sentinel.conf"
    config.write_text("\n".join(lines) + "\n")
    process = subprocess.Popen(
        [str(find_server()), str(config), "--sentinel"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        wait_for_line(process, b"+monitor master")
        yield port
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
