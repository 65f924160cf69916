"""Which part of the servers a connection hears. Pure, without the SDK.

Discord spreads a bot's servers over shards by their ids; each shard is a connection of its own.
Direct messages come over shard 0 alone.
"""

from __future__ import annotations

from dataclasses import dataclass

from adapters.discord.values import DIRECT_SPACE


@dataclass(frozen=True, slots=True, order=True)
class Shard:
    """One of `count` parts, counted from 0."""

    id: int = 0
    count: int = 1

    def __str__(self) -> str:
        return f"{self.id}/{self.count}"

    @property
    def part(self) -> str:
        """What its connection is called among others; empty for the only one."""
        return f"shard {self}" if self.count > 1 else ""

    def covers(self, space: str) -> bool:
        """Whether the events of a server (its id), or direct messages, come over this shard."""
        if space == DIRECT_SPACE:
            return self.id == 0
        return (int(space) >> 22) % self.count == self.id


@dataclass(frozen=True, slots=True)
class Shared:
    """All shards, shared out among the processes.

    Attributes:
        count: How many there are; None for as many as Discord recommends.
    """

    count: int | None = None


Plan = Shard | Shared
"""What a process is to hear."""

ALONE = Shard()
"""Everything over one connection."""


def read_plan(text: str) -> Plan:
    """The plan that a setting like "3/8", "auto" or "auto/8" means; empty for one connection.

    Raises:
        ValueError: There is no such shard.
    """
    if not text:
        return ALONE
    name, _, number = text.partition("/")
    count = int(number) if number else None
    if name == "auto":
        return Shared(count)
    shard = Shard(int(name), count or 1)
    if shard.id >= shard.count:
        raise ValueError(f"there is no shard {shard}")
    return shard


def is_plan(text: str) -> bool:
    """Whether `read_plan` can read it."""
    try:
        read_plan(text)
    except ValueError:
        return False
    return True
