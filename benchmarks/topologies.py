"""What more processes and more servers buy, what a failover takes, what a message weighs."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from redis import Redis

from benchmarks.figures import Spread, both, duration, table
from benchmarks.processes import cpu_seconds, worker
from benchmarks.talkers import ANSWER, Spoken
from tests.clusters import Node, valkey_cluster, valkey_sentinels
from tests.servers import free_port, valkey_server

PROCESSES = (1, 2, 4)
CONVERSATIONS = 32
"""At once, over all processes."""

DOWN_AFTER_MS, NODE_TIMEOUT_MS = 1000, 2000


@dataclass(frozen=True, slots=True)
class Throughput:
    """Turns of the store alone.

    Attributes:
        where: The topology.
        processes: How many processes talk.
        conversations: How many conversations at once, over all of them.
        rate: Turns per second.
        cpu: Seconds on a core for each turn, of the processes that talk.
        redis_cpu: The same of all servers.
        begin: Seconds to take a message.
        note: Seconds to note where the answer is written.
        commit: Seconds to end the turn.
        turn: The three together.
    """

    where: str
    processes: int
    conversations: int
    rate: float
    cpu: float
    redis_cpu: float
    begin: Spread
    note: Spread
    commit: Spread
    turn: Spread


@dataclass(frozen=True, slots=True)
class Failover:
    """What the longest turn took when a primary was killed, in seconds, each time."""

    where: str
    stalls: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Weight:
    """Bytes of memory in Redis.

    Attributes:
        turns: How many were kept.
        characters: Of a question and its answer.
        whole: Of everything there is after them, per stored message.
        lasting: The same without what ends within a day: remembered events and answers.
    """

    turns: int
    characters: int
    whole: float
    lasting: float


@dataclass(frozen=True, slots=True)
class Measured:
    """All of it."""

    throughputs: Sequence[Throughput]
    failovers: Sequence[Failover]
    weight: Weight


async def measure(
    seconds: float = 5.0,
    processes: Sequence[int] = PROCESSES,
    failovers: int = 3,
    tell: Callable[[str], None] = print,
) -> Measured:
    """Talk for so many `seconds` in each case, and kill so many primaries of each kind."""
    throughputs: list[Throughput] = []
    weight = None
    for where in ("one server", "cluster of 3"):
        with _running(where) as (url, nodes):
            for count, conversations in ((1, 1), *((each, CONVERSATIONS) for each in processes)):
                before = _cpu(nodes)
                spoken = await _together(url, count, conversations, seconds)
                used = _cpu(nodes) - before
                throughputs.append(_throughput(where, count, conversations, seconds, spoken, used))
                tell(f"{where}, {count} process(es): {throughputs[-1].rate:.0f} turns/s")
                if weight is None:
                    weight = _weigh(nodes[0], len(spoken.commit))
    stalls = [
        Failover(where, tuple([await _stall(where) for _ in range(failovers)]))
        for where in (_SENTINELS, _REPLICAS)
        if failovers
    ]
    return Measured(throughputs, stalls, cast(Weight, weight))


@contextmanager
def _running(where: str) -> Iterator[tuple[str, Sequence[Node]]]:
    with tempfile.TemporaryDirectory(prefix="bobbin-bench-") as folder:
        durable = ("--appendonly", "yes")
        if where == "one server":
            port = free_port()
            with valkey_server(Path(folder), *durable, port=port) as server:
                node = Node(server, port)
                yield node.url, (node,)
        else:
            with valkey_cluster(Path(folder), *durable) as cluster:
                yield cluster.url, cluster.nodes


async def _together(url: str, processes: int, conversations: int, seconds: float) -> Spoken:
    """What all processes together have spoken."""
    share = str(conversations // processes)
    async with AsyncExitStack() as stack:
        talkers = [
            await stack.enter_async_context(
                worker("benchmarks.talkers", url, f"p{number}-{share}", share, str(seconds))
            )
            for number in range(processes)
        ]
        for talker in talkers:
            await talker.until_line("ready")
        for talker in talkers:
            await talker.write_line("go")
        found = [json.loads(await talker.read_all()) for talker in talkers]
    return Spoken(**{name: [one for each in found for one in each[name]] for name in found[0]})


def _cpu(nodes: Sequence[Node]) -> float:
    """Time on a core that the servers have used."""
    return sum(cpu_seconds(node.server.pid) for node in nodes)


def _throughput(
    where: str,
    processes: int,
    conversations: int,
    seconds: float,
    spoken: Spoken,
    redis_seconds: float,
) -> Throughput:
    turns = max(1, len(spoken.commit))
    return Throughput(
        where,
        processes,
        conversations,
        len(spoken.commit) / seconds,
        sum(spoken.cpu) / turns,
        redis_seconds / turns,
        Spread.of(spoken.begin),
        Spread.of(spoken.note),
        Spread.of(spoken.commit),
        Spread.of(spoken.turns()),
    )


_SENTINELS = f"sentinels (3, down after {DOWN_AFTER_MS / 1000:.0f} s)"
_REPLICAS = f"cluster of 3 with a replica (node timeout {NODE_TIMEOUT_MS / 1000:.0f} s)"


async def _stall(where: str) -> float:
    """Kill the primary while one process talks; what the longest turn took."""
    with tempfile.TemporaryDirectory(prefix="bobbin-bench-") as folder:
        if where == _SENTINELS:
            with valkey_sentinels(
                Path(folder), sentinels=3, down_after_ms=DOWN_AFTER_MS
            ) as guarded:
                return await _killed(guarded.url, guarded.primary)
        with valkey_cluster(Path(folder), replicas=1, node_timeout_ms=NODE_TIMEOUT_MS) as cluster:
            return await _killed(cluster.url, cluster.nodes[0])


async def _killed(url: str, victim: Node) -> float:
    async with worker("benchmarks.talkers", url, "p", "16", "10") as talker:
        await talker.until_line("ready")
        await talker.write_line("go")
        await asyncio.sleep(1)
        victim.server.kill()
        spoken = Spoken(**json.loads(await talker.read_all()))
    return max(spoken.turns())


def _weigh(node: Node, turns: int) -> Weight:
    """What `turns` turns have left behind in a server that held nothing before."""
    whole = lasting = 0
    with Redis(unix_socket_path=node.server.url.removeprefix("unix://"), protocol=2) as client:
        for key in client.scan_iter(count=1000):
            size = cast(int, client.memory_usage(key, samples=0))
            whole += size
            if b":event:" not in key and b":answer:" not in key:
                lasting += size
    stored = 2 * turns
    return Weight(
        turns, len("and what about 1000?") + len(ANSWER), whole / stored, lasting / stored
    )


def report(measured: Measured) -> str:
    """The figures as Markdown."""
    rows = [
        (
            each.where,
            f"{each.processes}",
            f"{each.conversations}",
            f"{each.rate:,.0f}",
            f"{duration(each.cpu)} + {duration(each.redis_cpu)}",
            both(each.begin),
            both(each.note),
            both(each.commit),
            both(each.turn),
        )
        for each in measured.throughputs
    ]
    header = ("Redis", "processes", "conversations", "turns/s", "CPU per turn, theirs + Redis")
    header = (*header, "begin", "note", "commit", "turn")
    parts = [table(header, rows)]
    if measured.failovers:
        stalls = [
            (each.where, " / ".join(duration(stall) for stall in each.stalls))
            for each in measured.failovers
        ]
        parts.append(table(("primary killed under load", "longest turn"), stalls))
    weight = measured.weight
    parts.append(
        f"Memory for each stored message ({weight.turns:,} turns, a question and an answer of "
        f"{weight.characters} characters together): {weight.lasting:.0f} B that stay, "
        f"{weight.whole:.0f} B with what is remembered of events for a day and of answers for ten "
        "minutes."
    )
    return "\n\n".join(parts)
