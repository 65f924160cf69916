"""What a file brings, as it may be stored: nothing in it passes itself off as somebody else's."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence, Set

from bot.audience import Grant
from bot.chat import ThreadKey
from bot.memories import Memory, Scope
from bot.memory.placing import keeps_ids, renamed, vouched
from bot.storage.keys import place_of
from bot.storage.memories import MemoryStore
from bot.storage.memories_reading import PAGE

Confined = Callable[[Sequence[ThreadKey]], Awaitable[Set[ThreadKey]]]


async def admitted(
    store: MemoryStore, grant: Grant, memories: Sequence[Memory], confined: Confined, now: float
) -> Sequence[Memory]:
    """Memories of a file as this importer may bring them, in their order.

    Args:
        store: Where they are to go.
        grant: Who imports.
        memories: As the file has them, in scopes that they are to go to.
        confined: Tells which of some conversations fewer people may read than their channel.
        now: Seconds since the epoch.

    Raises StoreUnavailable or StoreMismatch.
    """
    if not grant.admin:
        readable = await _readable(grant, memories, confined)
        memories = [vouched(each, grant, readable, now) for each in memories]
    kept = [each for each in memories if keeps_ids(grant, each.scope)]
    others: dict[Scope, list[Memory]] = {}
    for memory in memories:
        if not keeps_ids(grant, memory.scope):
            others.setdefault(memory.scope, []).append(memory)
    strange = await _lying_elsewhere(store, grant, kept)
    for scope, each in others.items():
        strange[scope] = await _unknown(store, scope, each)
    return await asyncio.to_thread(_all_renamed, memories, strange, now)


async def _readable(
    grant: Grant, memories: Sequence[Memory], confined: Confined
) -> frozenset[ThreadKey]:
    """Conversations named in memories that may be read."""
    named = {each.source.thread for each in memories if each.source.thread is not None}
    readable = named.intersection(grant.threads)
    in_channels = sorted(
        (each for each in named - readable if place_of(each) in grant.channels), key=str
    )
    if in_channels:
        readable |= set(in_channels) - await confined(in_channels)
    return frozenset(readable)


def _all_renamed(
    memories: Sequence[Memory], strange: Mapping[Scope, Set[str]], now: float
) -> Sequence[Memory]:
    return [renamed(each, strange.get(each.scope, frozenset()), now) for each in memories]


async def _lying_elsewhere(
    store: MemoryStore, grant: Grant, memories: Sequence[Memory]
) -> dict[Scope, Set[str]]:
    """Ids that, in a scope, are another's: the importer sees them in another scope, not in this.

    Of memories that have one id in several scopes, and are new, the first one keeps it.
    """
    scopes = tuple(dict.fromkeys((*grant.readable, *grant.writable)))
    found = await store.find(scopes, [memory.id for memory in memories])
    first: dict[str, Scope] = {}
    doubtful: dict[Scope, list[str]] = {}
    for there, memory in zip(found, memories, strict=True):
        keeper = there.scope if there is not None else first.setdefault(memory.id, memory.scope)
        if keeper != memory.scope:
            doubtful.setdefault(memory.scope, []).append(memory.id)
    strange: dict[Scope, Set[str]] = {}
    for scope, ids in doubtful.items():
        own = await store.find([scope], ids)
        strange[scope] = {id for id, there in zip(ids, own, strict=True) if there is None}
    return strange


async def _unknown(store: MemoryStore, scope: Scope, memories: Sequence[Memory]) -> frozenset[str]:
    """Ids that memories of a scope have or name, and that do not lie there."""
    named = {name for each in memories for name in (each.id, *each.supersedes, each.superseded_by)}
    ids = sorted(named - {""})
    unknown: set[str] = set()
    for first in range(0, len(ids), PAGE):
        part = ids[first : first + PAGE]
        found = await store.find([scope], part)
        unknown.update(id for id, there in zip(part, found, strict=True) if there is None)
    return frozenset(unknown)
