"""Reading long-term memory: what is there, what has changed, in which order."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any, cast

from bot.memories import Memory, Scope
from bot.storage.codec import to_bytes, to_text
from bot.storage.connect import Argument, Command, Link
from bot.storage.keys import BUCKETS, MemoryBucket, ScopeKeys
from bot.storage.memories_codec import load_memory
from bot.storage.scripts import SCRIPTS

PAGE = 500
"""Memories of one reply; reading them takes some 10 ms of a processor."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What an index of a scope has to take in.

    Attributes:
        version: Of the scope now; 0 when nothing is there.
        changed: Memories that are new or different, as they stand. Their use is as of now, and is
            no change of its own. One that expires (`text.expires_at`) may still be among them.
        gone: Ids of those that were removed.
        whole: What was known before is to be thrown away: `changed` is all there is.
    """

    version: int
    changed: tuple[Memory, ...] = ()
    gone: tuple[str, ...] = ()
    whole: bool = False


class MemoryReading:
    """The part of `MemoryStore` that reads; see there for the arguments."""

    def __init__(
        self,
        link: Link,
        *,
        clock: Callable[[], float],
        new_id: Callable[[], str],
        most: int = 0,
        erased: Callable[[], None] = lambda: None,
    ) -> None:
        self._link = link
        self._clock = clock
        self._new_id = new_id
        self._most = most
        self._erased = erased

    @property
    def most(self) -> int:
        """How many memories may hold in one scope, and how many corrected ones; 0: any number."""
        return self._most

    async def versions(self, scopes: Sequence[Scope]) -> Sequence[int]:
        """The version of each scope, in one round trip; 0 where nothing is.

        A version never comes twice with other contents. Raises StoreUnavailable.
        """
        replies = await self._link.batch(
            [("HGET", ScopeKeys(scope).meta, "version") for scope in scopes]
        )
        return [int(reply or 0) for reply in replies]

    async def changes(self, scope: Scope, since: int = 0) -> Changes:
        """What has changed since a version, 0 for all of it.

        One round trip for every 500 memories, none of which is long. Raises StoreUnavailable or
        StoreMismatch.
        """
        changed: dict[str, Memory] = {}
        gone: set[str] = set()
        known, anew = since, False
        while True:
            told, thrown, more, lost, found = await self._run(
                "read_changes", scope, (str(known), PAGE)
            )
            if int(thrown):
                changed.clear()
                gone.clear()
                anew = True
            for id in map(to_text, cast("list[bytes]", lost)):
                changed.pop(id, None)
                gone.add(id)
            for memory in await self._loaded(scope, cast("list[bytes]", found)):
                changed[memory.id] = memory
                gone.discard(memory.id)
            known = int(told)
            if not int(more):
                return Changes(known, tuple(changed.values()), () if anew else tuple(gone), anew)

    async def vectors(
        self, scope: Scope, model: str, ids: Sequence[str] | None = None
    ) -> Mapping[str, bytes]:
        """The vectors that `model` has made of memories, those of `ids` or all; by id.

        Raises StoreUnavailable.
        """
        keys = ScopeKeys(scope)
        if ids is None:
            ids = [to_text(id) for id in await self._link.call("ZRANGE", keys.order, 0, -1)]
        found: dict[str, bytes] = {}
        for first in range(0, len(ids), PAGE):
            part = ids[first : first + PAGE]
            fields = [to_bytes(f"{model}|{id}") for id in part]
            vectors = await self._link.call("HMGET", keys.vectors, *fields)
            found |= {id: vector for id, vector in zip(part, vectors, strict=True) if vector}
        return found

    async def put_vectors(self, scope: Scope, model: str, vectors: Mapping[str, bytes]) -> int:
        """Keep vectors of memories that are still there; they go with them. Safe to repeat.

        Returns:
            How many were kept. Raises StoreUnavailable.
        """
        kept = 0
        items = list(vectors.items())
        for first in range(0, len(items), PAGE):
            pairs = [part for pair in items[first : first + PAGE] for part in pair]
            kept += int(await self._run("vectors", scope, (to_bytes(model), *pairs)))
        return kept

    async def find(self, scopes: Sequence[Scope], ids: Sequence[str]) -> Sequence[Memory | None]:
        """Each memory from the first of the scopes that has it, in one round trip.

        None for what is in none of them, or has expired. Raises StoreUnavailable or StoreMismatch.
        """
        if not (scopes and ids):
            return [None] * len(ids)
        names = [to_bytes(id) for id in ids]
        keys = [ScopeKeys(scope) for scope in scopes]
        commands: list[Command] = [("HMGET", each.memories, *names) for each in keys]
        commands += [("HMGET", each.used, *names) for each in keys]
        replies = cast("list[list[bytes | None]]", await self._link.batch(commands))
        found: dict[str, Memory] = {}
        rows = zip(scopes, replies[: len(keys)], replies[len(keys) :], strict=True)
        for scope, kept, used in rows:
            for id, raw, use in zip(ids, kept, used, strict=True):
                if raw is not None and id not in found:
                    memory = load_memory(scope, id, raw, use)
                    if not self._is_over(memory):
                        found[id] = memory
        return [found.get(id) for id in ids]

    async def holders(
        self, scope: Scope, digests: Sequence[str], besides: Set[str]
    ) -> Mapping[str, Memory]:
        """The memories that have these contents in a scope, by digest, but for some, by their ids.

        Raises StoreUnavailable or StoreMismatch.
        """
        if not digests:
            return {}
        raw = await self._link.call("HMGET", ScopeKeys(scope).hashes, *digests)
        ids = [to_text(id or b"") for id in cast("list[bytes | None]", raw)]
        found = await self.find([scope], ids)
        return {
            digest: memory
            for digest, memory in zip(digests, found, strict=True)
            if memory is not None and memory.id not in besides
        }

    async def after(
        self, scopes: Sequence[Scope], id: str = "", *, most: int = PAGE, oldest: bool = False
    ) -> tuple[Sequence[Memory], str]:
        """Memories of the scopes after `id`, the newest first, or with `oldest` the oldest first.

        Returns:
            At most `most` of them, without those that have expired, and where to go on: the last
            id looked at, or "" at the end. Raises StoreUnavailable or StoreMismatch.
        """
        most = min(most, PAGE)
        command = "ZRANGEBYLEX" if oldest else "ZREVRANGEBYLEX"
        first = to_bytes(f"({id}") if id else ("-" if oldest else "+")
        last = "+" if oldest else "-"
        replies = await self._link.batch(
            [(command, ScopeKeys(scope).order, first, last, "LIMIT", 0, most) for scope in scopes]
        )
        lists = [[to_text(name) for name in names] for names in cast("list[list[bytes]]", replies)]
        merged = list(dict.fromkeys(heapq.merge(*lists, reverse=not oldest)))
        ids = merged[:most]
        ends = len(merged) < most
        found = [memory for memory in await self.find(scopes, ids) if memory is not None]
        return found, "" if ends or not ids else ids[-1]

    async def counts(self, scopes: Sequence[Scope]) -> Sequence[int]:
        """How many memories each scope holds, whatever their status. Raises StoreUnavailable."""
        replies = await self._link.batch([("ZCARD", ScopeKeys(each).order) for each in scopes])
        return [int(reply) for reply in replies]

    async def scopes(self) -> AsyncIterator[Scope]:
        """Every scope that holds anything, in no order, each once.

        Those that are there all the time are met, those that come or go meanwhile may be. Raises
        StoreUnavailable.
        """
        sizes = await self._link.each(
            [MemoryBucket(bucket).scopes for bucket in range(BUCKETS)], "ZCARD"
        )
        for bucket in (bucket for bucket, size in enumerate(sizes) if size):
            met: set[bytes] = set()
            cursor = 0
            while True:
                cursor, page = await self._link.call(
                    "ZSCAN", MemoryBucket(bucket).scopes, cursor, "COUNT", 500
                )
                for name, _ in cast("list[tuple[bytes, float]]", page):
                    if name not in met:
                        met.add(name)
                        yield Scope.parse(to_text(name))
                if not int(cursor):
                    break

    def _is_over(self, memory: Memory) -> bool:
        return 0 < memory.text.expires_at <= self._clock()

    def _now_ms(self) -> int:
        return round(self._clock() * 1000)

    async def _loaded(self, scope: Scope, found: Sequence[bytes]) -> Sequence[Memory]:
        """Id, memory and use of each; off the loop, since reading many takes its time."""
        if not found:
            return ()
        rows = list(zip(found[::3], found[1::3], found[2::3], strict=True))
        if len(rows) <= PAGE // 10:
            return _load_all(scope, rows)
        return await asyncio.to_thread(_load_all, scope, rows)

    async def _run(
        self,
        name: str,
        scope: Scope,
        arguments: Sequence[Argument] = (),
        keys: Sequence[str] = (),
    ) -> Any:
        """Run a script with the keys and arguments that scope.lua expects, then its own."""
        return await self._link.run(
            SCRIPTS[name],
            (*ScopeKeys(scope).all(), *keys),
            (str(scope), self._now_ms(), *arguments),
        )


def _load_all(scope: Scope, rows: Iterable[tuple[bytes, bytes, bytes]]) -> Sequence[Memory]:
    return [load_memory(scope, to_text(id), raw, use) for id, raw, use in rows if raw]
