"""What `bobbin doctor` wants to know of Redis: what it is, and whether it keeps what it gets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from bot.errors import StoreUnavailable
from bot.storage.connect import Link
from bot.storage.topology import Topology

Info = Mapping[str, Any]
"""The reply to INFO, taken apart by redis-py."""


OLDEST = 7
"""Of Redis: scripts may say there that they run on a full server, too."""


@dataclass(frozen=True, slots=True)
class Condition:
    """How a Redis is set up.

    Attributes:
        summary: Topology, program and version, persistence, memory; empty if it may not be known.
        dangers: What loses data, each with the fix.
        doubts: What may lose some, each with the fix.
    """

    summary: str = ""
    dangers: Sequence[tuple[str, str]] = ()
    doubts: Sequence[tuple[str, str]] = ()


async def condition_of(link: Link) -> Condition:
    """Look at every primary. What the user may not see is left out.

    Raises:
        StoreUnavailable: Redis is not there.
    """
    try:
        told = cast(Mapping[str, Info], await link.everywhere("INFO"))
    except StoreUnavailable as error:
        if "permission" in error.hint:
            return Condition()
        raise
    infos = list(told.values())
    return Condition(
        _summary(link.topology, infos),
        tuple(dict.fromkeys(danger for info in infos for danger in _dangers(info))),
        tuple(dict.fromkeys(doubt for info in infos for doubt in _doubts(info))),
    )


def _summary(topology: Topology, infos: Sequence[Info]) -> str:
    what = {
        Topology.SINGLE: "one server",
        Topology.CLUSTER: f"a cluster of {len(infos)} primaries",
        Topology.SENTINEL: "a primary that sentinels name",
    }[topology]
    replicas = sum(int(info.get("connected_slaves", 0)) for info in infos)
    used = sum(int(info.get("used_memory", 0)) for info in infos)
    parts = (
        f"{what} with {replicas} replica(s)" if replicas else what,
        " and ".join(sorted({_program(info) for info in infos})),
        f"{used / 2**20:.0f} MiB in use",
    )
    return ", ".join(parts)


def _program(info: Info) -> str:
    if "valkey_version" in info:
        return f"Valkey {info['valkey_version']}"
    return f"Redis {info.get('redis_version', 'of unknown version')}"


def _dangers(info: Info) -> Iterator[tuple[str, str]]:
    # Valkey calls itself Redis 7 here.
    version = str(info.get("redis_version", OLDEST))
    if int(version.partition(".")[0]) < OLDEST:
        yield (
            f"Redis {version} does not know all that the bot asks of it: it could not forget",
            f"Use Redis {OLDEST} or later, or Valkey.",
        )
    policy = str(info.get("maxmemory_policy", "noeviction"))
    if policy != "noeviction":
        yield (
            f"maxmemory-policy is {policy}: Redis would drop conversations when it is full",
            "Set maxmemory-policy to noeviction.",
        )
    if info.get("aof_last_write_status", "ok") != "ok":
        yield ("the append-only file cannot be written", "Look for a full disk and into its log.")


def _doubts(info: Info) -> Iterator[tuple[str, str]]:
    if not int(info.get("aof_enabled", 1)):
        yield (
            "appendonly is off: a crash of Redis loses what was said since its last snapshot",
            "Set appendonly to yes.",
        )
