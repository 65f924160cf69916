"""Forgetting long-term memory: what people delete, what has expired, what is gone elsewhere."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import cast

from bot.chat import ThreadKey
from bot.memories import (
    EVERY_SPACE,
    Kept,
    Memory,
    Person,
    Scope,
    ScopeKind,
    Source,
    Status,
    Via,
)
from bot.storage.base import DAY_SECONDS
from bot.storage.codec import to_bytes, to_text
from bot.storage.connect import Command
from bot.storage.deletions import DELETED_SECONDS, marks
from bot.storage.keys import BUCKETS, MemoryBucket, ScopeKeys
from bot.storage.memories_codec import digest_in, load_memory
from bot.storage.memories_reading import PAGE
from bot.storage.memories_removal import TRIES, MemoryRemoval
from bot.storage.memories_writing import Actor, Answer, Step, next_version, trails
from bot.storage.scripts import SCRIPTS

AUDIT_DAYS = 90
BY_ITSELF = Actor()
QUIET_SECONDS = 3_600


class MemoryErasure(MemoryRemoval):
    """The part of `MemoryStore` that forgets; see there for the arguments."""

    async def forget_thread(self, thread: ThreadKey) -> int:
        """Remove what lies in a conversation's scope and what came from it; safe to repeat.

        Returns:
            How many memories. Raises StoreUnavailable or StoreMismatch.
        """
        return await self._erase(Scope.of_thread(thread))

    async def forget_messages(
        self, thread: ThreadKey, messages: Sequence[str], *, unasked: bool = False
    ) -> int:
        """Remove what rests on nothing but these messages; of others they are no source any more.

        With `unasked` only what was remembered unasked and kept by nobody since, as of messages
        that were edited; else they were deleted, and `lately_deleted` tells of them for a while.
        Safe to repeat. Two round trips where nothing came from the conversation, or one.

        Returns:
            How many were removed. Raises StoreUnavailable or StoreMismatch.
        """
        deleted = frozenset(messages)
        gone = 0
        if messages and not unasked:
            # First: whoever remembers something of them sees it afterwards, or is seen below.
            await self._link.run(
                SCRIPTS["keep_off"],
                marks(thread, messages),
                (to_bytes(self._new_id()), DELETED_SECONDS),
            )
        for memory in await self._from(Scope.of_thread(thread)):
            if unasked and not (memory.source.via is Via.AUTO and not memory.confirmed):
                continue
            if memory.source.thread == thread and deleted.intersection(memory.source.message_ids):
                gone += await self._strike(memory, deleted)
        return gone

    async def lately_deleted(self, sources: Sequence[Source]) -> Sequence[frozenset[str]]:
        """For each, the ids of its messages that were deleted within ten minutes.

        One round trip, none without messages. Raises StoreUnavailable.
        """
        known = [
            (place, message, mark)
            for place, source in enumerate(sources)
            if source.thread is not None
            for message, mark in zip(
                source.message_ids, marks(source.thread, source.message_ids), strict=True
            )
        ]
        marked = await self._link.batch([("EXISTS", mark) for _, _, mark in known])
        found: list[set[str]] = [set() for _ in sources]
        for (place, message, _), there in zip(known, marked, strict=True):
            if there:
                found[place].add(message)
        return [frozenset(each) for each in found]

    async def forget_overtaken(self, written: Iterable[Memory]) -> frozenset[str]:
        """Remove what was forgotten while it was being written, and could not be found then.

        Whoever forgets a conversation or a person strikes out what is noted there. A memory that
        was on its way had been noted before it came, and is not any more.

        Args:
            written: Memories that were stored just now, with all that they came from noted.

        Returns:
            Ids of those that had been overtaken; somebody else may have asked for one, too. Raises
            StoreUnavailable or StoreMismatch.
        """
        named = [
            (origin, each.scope, each.id, name)
            for each in written
            for origin, names in trails(each.scope, [each]).items()
            for name in names
        ]
        noted = await self._link.batch(
            [("SISMEMBER", ScopeKeys(origin).trail, name) for origin, *_, name in named]
        )
        overtaken: set[str] = set()
        for (origin, scope, id, _), there in zip(named, noted, strict=True):
            if not there:
                overtaken.add(id)
                await self._remove_named(origin, [(scope, id)])
        return frozenset(overtaken)

    async def forget_person(self, person: Person, space: str = "") -> int:
        """Remove what is somebody's own, and what they had remembered elsewhere; safe to repeat.

        With `space` only what lies in this server or workspace. Lines of the audit about them go,
        too.

        Returns:
            How many memories. Raises StoreUnavailable or StoreMismatch.
        """
        own = Scope.of_person(person)
        gone = 0
        if space in ("", person.space):
            gone += await self._erase(own)
        else:
            there = [each async for each in self._trail(own) if each[0].space == space]
            gone += await self._remove_named(own, there)
        async for scope in self.scopes():
            if scope.platform != person.platform or space not in ("", scope.space):
                continue
            if scope.kind is ScopeKind.DM and _is_with(scope, person):
                gone += await self._erase(scope)
            else:
                await self._forget_deeds(scope, person)
        return gone

    async def kept_of(self, of: Person | ThreadKey) -> Kept:
        """What `forget_person` or `forget_thread` would remove now.

        Raises StoreUnavailable or StoreMismatch.
        """
        if isinstance(of, ThreadKey):
            scopes = [Scope.of_thread(of)]
        else:
            scopes = [Scope.of_person(of)]
            async for scope in self.scopes():
                with_them = scope.kind is ScopeKind.DM and _is_with(scope, of)
                if with_them and scope.platform == of.platform:
                    scopes.append(scope)
        found = {each.id: each for scope in scopes for each in await self._from(scope)}
        if isinstance(of, Person):
            found = {id: each for id, each in found.items() if _goes_with(each, of, scopes)}
        own = sum(each.scope in scopes for each in found.values())
        return Kept(own, len(found) - own, await self._vectors_of(found.values()))

    async def _vectors_of(self, memories: Iterable[Memory]) -> int:
        found = 0
        for scope, ids in _grouped((each.scope, each.id) for each in memories).items():
            keys = ScopeKeys(scope)
            models = [to_text(name) for name in await self._link.call("SMEMBERS", keys.models)]
            for first in range(0, len(ids), PAGE):
                commands: list[Command] = []
                for id in ids[first : first + PAGE]:
                    commands += [("HEXISTS", keys.vectors, f"{name}|{id}") for name in models]
                if commands:
                    found += sum(map(int, await self._link.batch(commands)))
        return found

    async def forget_place(self, platform: str, space: str, channel: str = "") -> int:
        """Remove what lies in a channel with its threads, or in a whole space, and what came from
        there; safe to repeat.

        Returns:
            How many memories. Raises StoreUnavailable or StoreMismatch.
        """
        gone = 0
        async for scope in self.scopes():
            here = (scope.platform, scope.space) == (platform, space)
            if here and channel in ("", scope.channel):
                gone += await self._erase(scope)
        return gone

    async def sweep(self) -> int:
        """Remove what has expired and what is left over; call it now and then.

        Returns:
            How many memories have expired. Raises StoreUnavailable or StoreMismatch.
        """
        gone = await self._expire()
        before = round((self._clock() - AUDIT_DAYS * DAY_SECONDS) * 1000)
        # What was noted just now may be about a memory that is still on its way in.
        quiet = self._now_ms() - QUIET_SECONDS * 1000
        async for scope in self.scopes():
            keys = ScopeKeys(scope)
            _, held, trail, last = await self._link.batch(
                [
                    ("XTRIM", keys.audit, "MINID", "~", max(0, before)),
                    ("ZCARD", keys.order),
                    ("SCARD", keys.trail),
                    ("ZSCORE", keys.bucket.scopes, str(scope)),
                ]
            )
            if trail and float(last or 0) < quiet:
                await self._mend_trail(scope, quiet)
            if not (held or trail) and float(last or 0) < before:
                await self._run("erase_scope", scope)
        return gone

    async def audit(self, scope: Scope, most: int = 100) -> Sequence[Mapping[str, str]]:
        """The latest lines of a scope's audit, the newest first: at (ms), who, what, id, via.

        Raises StoreUnavailable.
        """
        lines = await self._link.call("XREVRANGE", ScopeKeys(scope).audit, "+", "-", "COUNT", most)
        return [{**line, "at": at.partition("-")[0]} for at, line in _lines(lines)]

    async def _expire(self) -> int:
        found = await self._link.each(
            [MemoryBucket(bucket).expires for bucket in range(BUCKETS)],
            *("ZRANGEBYSCORE", "-inf", self._now_ms()),
        )
        names = [_named(name) for each in cast("list[list[bytes]]", found) for name in each]
        gone = 0
        for scope, ids in _grouped(names).items():
            gone += await self.remove(await self._kept(scope, ids), BY_ITSELF, word="expire")
        return gone

    async def _erase(self, scope: Scope) -> int:
        """Remove a scope and what came from there."""
        gone = 0
        for _ in range(TRIES):
            gone += await self._remove_named(scope, [each async for each in self._trail(scope)])
            held = await self._held(scope)
            erased = int(await self._run("erase_scope", scope))
            await self._cut_trails(held)
            if erased >= 0:
                if erased:
                    self._erased()
                return gone + erased
        return gone

    async def _remove_named(self, origin: Scope, names: Iterable[tuple[Scope, str]]) -> int:
        """Remove what the trail of `origin` names, and strike it out there."""
        gone = 0
        for scope, ids in _grouped(names).items():
            for _ in range(TRIES):
                kept = await self._kept(scope, ids)
                if origin.kind is ScopeKind.USER:
                    person = Person(origin.platform, origin.space, origin.user)
                    kept = [each for each in kept if not await self._is_left(each, person)]
                if not kept:
                    break
                # Somebody else may ask for one of them meanwhile.
                gone += await self.remove(kept, BY_ITSELF, word="forget", as_read=True)
            for first in range(0, len(ids), PAGE):
                part = [to_bytes(f"{scope}/{id}") for id in ids[first : first + PAGE]]
                await self._run("trail", origin, ("cut", *part))
        return gone

    async def _is_left(self, memory: Memory, person: Person) -> bool:
        """Whether it stays without this person, who is named in it no longer then."""
        for _ in range(TRIES):
            raw = await self._link.call("HGET", ScopeKeys(memory.scope).memories, memory.id)
            if raw is None:
                return False
            now = load_memory(memory.scope, memory.id, raw)
            if not _is_named(now.source, person):
                return True
            source = _left(now.source, person)
            if source is None:
                return False
            changed, yields = next_version(now, source=source), now.status is Status.SUPERSEDED
            step = Step("set", changed, digest_in(raw), "strike", now.version, yields=yields)
            [outcome] = await self.write(memory.scope, [step], BY_ITSELF, makes_room=True)
            if outcome.answer is Answer.DONE:
                return True
        return False

    async def _trail(self, origin: Scope) -> AsyncIterator[tuple[Scope, str]]:
        """What came from a conversation or person and lies elsewhere: its scope and id."""
        for name in await self._link.call("SMEMBERS", ScopeKeys(origin).trail):
            yield _named(name)

    async def _from(self, origin: Scope) -> Sequence[Memory]:
        """What lies in a scope, and what came from there."""
        keys = ScopeKeys(origin)
        held, names = await self._link.batch([("ZCARD", keys.order), ("SMEMBERS", keys.trail)])
        found = list(await self._held(origin)) if held else []
        for scope, ids in _grouped(map(_named, names)).items():
            found += await self._kept(scope, ids)
        return found

    async def _held(self, scope: Scope) -> Sequence[Memory]:
        """Everything in a scope, what has expired included."""
        ids = await self._link.call("ZRANGE", ScopeKeys(scope).order, 0, -1)
        return await self._kept(scope, [to_text(id) for id in ids])

    async def _strike(self, memory: Memory, deleted: frozenset[str]) -> int:
        """Take messages away from what a memory rests on, and the memory with the last of them."""
        for _ in range(TRIES):
            raw = await self._link.call("HGET", ScopeKeys(memory.scope).memories, memory.id)
            if raw is None:
                return 0
            now = load_memory(memory.scope, memory.id, raw)
            left = tuple(each for each in now.source.message_ids if each not in deleted)
            if not left:
                return await self.remove([now], BY_ITSELF, word="forget")
            changed = next_version(now, source=replace(now.source, message_ids=left))
            yields = now.status is Status.SUPERSEDED
            step = Step("set", changed, digest_in(raw), "strike", now.version, yields=yields)
            [outcome] = await self.write(memory.scope, [step], BY_ITSELF, makes_room=True)
            if outcome.answer is not Answer.OLD:
                break
        return 0

    async def _forget_deeds(self, scope: Scope, person: Person) -> None:
        """Remove the lines of an audit that name somebody."""
        audit, name = ScopeKeys(scope).audit, str(person)
        lines = _lines(await self._link.call("XRANGE", audit, "-", "+"))
        if theirs := [at for at, line in lines if line.get("who") == name]:
            await self._link.call("XDEL", audit, *theirs)

    async def _mend_trail(self, origin: Scope, quiet: int) -> None:
        """Strike out what a trail names and is not there; a process died in between.

        Nothing is, once something was noted there since `quiet`, in ms: it may be one of them.
        """
        names = list(await self._link.call("SMEMBERS", ScopeKeys(origin).trail))
        for first in range(0, len(names), PAGE):
            part = cast("list[bytes]", names[first : first + PAGE])
            commands: list[Command] = []
            for scope, id in map(_named, part):
                commands.append(("HEXISTS", ScopeKeys(scope).memories, id))
            there = await self._link.batch(commands)
            gone = [name for name, is_there in zip(part, there, strict=True) if not is_there]
            if gone:
                await self._run("trail", origin, (str(quiet), *gone))


def _goes_with(memory: Memory, person: Person, own: Sequence[Scope]) -> bool:
    """Whether it goes once somebody is forgotten: it is theirs, and nobody else asked for it."""
    source = memory.source
    return memory.scope in own or (_is_named(source, person) and _left(source, person) is None)


def _is_named(source: Source, person: Person) -> bool:
    return person in (source.author, *source.former, *source.also)


def _left(source: Source, person: Person) -> Source | None:
    """What is left of a source without somebody; None where it goes with them."""
    return None if person in source.former else source.without_wish(person)


def _is_with(scope: Scope, person: Person) -> bool:
    """Whether direct messages are with this person."""
    return scope.user == person.user and person.space in (EVERY_SPACE, scope.space)


def _named(name: bytes) -> tuple[Scope, str]:
    scope, _, id = to_text(name).rpartition("/")
    return Scope.parse(scope), id


def _grouped(names: Iterable[tuple[Scope, str]]) -> Mapping[Scope, Sequence[str]]:
    found: dict[Scope, list[str]] = {}
    for scope, id in names:
        found.setdefault(scope, []).append(id)
    return found


def _lines(
    replies: Sequence[tuple[bytes, Mapping[bytes, bytes]]],
) -> Sequence[tuple[str, Mapping[str, str]]]:
    """Lines of a stream: when and where, and what they say."""
    return [
        (to_text(at), {to_text(name): to_text(value) for name, value in fields.items()})
        for at, fields in replies
    ]
