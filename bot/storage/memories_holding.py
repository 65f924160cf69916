"""Letting memories hold again once what has corrected them goes. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from bot.memories import Memory, Status
from bot.storage.memories_writing import Step


@dataclass(frozen=True, slots=True)
class Returning:
    """A memory that is to hold again.

    Attributes:
        memory: As it is to stand then, as its next version.
        digest: Of its content.
    """

    memory: Memory
    digest: str


def held_again(
    returning: Iterable[Returning], holders: Mapping[str, Memory], word: str, now: float
) -> Sequence[Step]:
    """Let each of them hold again, but no two with one content.

    One whose content another memory has by now gives way to that, which then knows of it: it comes
    back, or goes, with that one.

    Args:
        returning: Of one scope.
        holders: Who has a content now, by its digest, but for what is about to go.
        word: For the audit.
        now: Seconds since the epoch.
    """
    given_up: list[Step] = []
    standing: dict[str, Memory] = {}
    for each in returning:
        memory, digest = each.memory, each.digest
        holder = standing.get(digest) or holders.get(digest)
        if holder is None or holder.id == memory.id or holder.status is Status.SUPERSEDED:
            standing[digest] = memory
            continue
        yielding = replace(
            memory,
            status=Status.SUPERSEDED,
            superseded_by=holder.id,
            was_archived=memory.status is Status.ARCHIVED,
        )
        given_up.append(Step("set", yielding, digest, word, memory.version - 1, yields=True))
        known = standing.get(digest) or replace(holder, updated_at=now, version=holder.version + 1)
        standing[digest] = replace(
            known,
            status=Status.ACTIVE if memory.status is Status.ACTIVE else known.status,
            supersedes=(*known.supersedes, memory.id),
        )
    kept = [Step("set", each, digest, word, each.version - 1) for digest, each in standing.items()]
    return [*given_up, *kept]
