"""Writing long-term memory: one script for each scope, whatever a write is made of."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Literal

from bot.memories import Memory, Scope
from bot.storage.codec import to_bytes, to_text
from bot.storage.connect import Argument
from bot.storage.keys import ScopeKeys
from bot.storage.memories_codec import dump_memory
from bot.storage.memories_reading import MemoryReading

NONCE_SECONDS = 600
KEY_SECONDS = 86_400
AUDIT_MOST = 1_000
"""Lines of a scope's audit, about."""

NOBODY = "-"
"""Who did it, where it happened by itself."""


class Answer(StrEnum):
    """What became of one step."""

    DONE = "done"
    SAME = "same"
    """Not added: `id` has the same content."""
    THERE = "there"
    """Not added: a memory with this id is there."""
    FULL = "full"
    """Not added: the scope holds as many as it may."""
    MISSING = "missing"
    OLD = "old"
    """It has another version by now."""
    KEPT = "kept"
    """It could have been done, but another step of the same write could not."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The answer to one step, and the id of the memory that it is about."""

    answer: Answer
    id: str


@dataclass(frozen=True, slots=True)
class Actor:
    """Who writes, for the audit: a name of theirs, and how they act."""

    who: str = NOBODY
    via: str = NOBODY


@dataclass(frozen=True, slots=True)
class Step:
    """One part of a write.

    Attributes:
        what: Add `memory`, put it in the place of the one with its id, or remove that.
        memory: As it is to stand; of one that is removed, as it was read.
        digest: Of the content; no two active memories of a scope have the same. Empty for one that
            is to be removed.
        word: For the audit.
        version: Which it must have now; None for any.
        besides: Of what is added: a memory with the same content that does not count.
        yields: Another memory may have the same content from now on.
    """

    what: Literal["add", "set", "remove"]
    memory: Memory
    digest: str = ""
    word: str = ""
    version: int | None = None
    besides: str = ""
    yields: bool = False


def next_version(memory: Memory, **parts: object) -> Memory:
    """A memory with other parts, as its next version."""
    return replace(memory, version=memory.version + 1, **parts)  # pyright: ignore[reportArgumentType]


class MemoryWriting(MemoryReading):
    """The part of `MemoryStore` that writes; see there for the arguments."""

    async def answered(self, scope: Scope, key: str) -> Sequence[Outcome]:
        """What `write` with this key has carried out in a scope within a day, or nothing.

        Raises StoreUnavailable.
        """
        told = await self._link.call("GET", _done(scope, key))
        return _outcomes(told) if told else ()

    async def write(
        self,
        scope: Scope,
        steps: Sequence[Step],
        by: Actor,
        *,
        key: str = "",
        together: bool = False,
        capped: bool = True,
        makes_room: bool = False,
    ) -> Sequence[Outcome]:
        """Carry out steps in one scope, which every process sees at once.

        Args:
            scope: That of every memory in `steps`.
            steps: At most `MOST_AT_ONCE` or so.
            by: Who does it.
            key: With the same one a write is carried out once within a day, and gives the same
                answer: an `Outcome` may then name another id than its step.
            together: All of them or none.
            capped: The scope may not become larger than it may be.
            makes_room: Steps only take away, and name nobody anew: a full server takes them, too.

        Returns:
            One answer for each step. Raises StoreUnavailable.
        """
        if not steps:
            return ()
        nonce = key or self._new_id()
        if not makes_room:
            await self._add_trails(scope, [each.memory for each in steps if _is_named_anew(each)])
        arguments: list[Argument] = [
            KEY_SECONDS if key else NONCE_SECONDS,
            "all" if together else "",
            self._most if capped else 0,
            to_bytes(by.who),
            by.via,
            AUDIT_MOST,
        ]
        for step in steps:
            arguments += _step(step)
        done = _done(scope, nonce)
        name = "unmemorise" if makes_room else "memorise"
        outcomes = _outcomes(await self._run(name, scope, arguments, (done,)))
        removed = [
            step.memory
            for step, outcome in zip(steps, outcomes, strict=True)
            if step.what == "remove" and outcome.answer in (Answer.DONE, Answer.MISSING)
        ]
        if removed:
            await self._cut_trails(removed)
            self._erased()
        return outcomes

    async def count_use(self, ids: Mapping[Scope, Sequence[str]]) -> None:
        """Count that memories were recalled now. No version changes. Raises StoreUnavailable."""
        nonce = self._new_id()
        for scope, names in ids.items():
            done = ScopeKeys(scope).bucket.done(f"{scope} {nonce}")
            await self._run("use_memories", scope, (NONCE_SECONDS, *names), (done,))

    async def told(self, scope: Scope, name: str) -> str | None:
        """What was noted under a name within a day. Raises StoreUnavailable."""
        raw = await self._link.call("GET", _told(scope, name))
        return None if raw is None else to_text(raw)

    async def tell(self, scope: Scope, name: str, text: str) -> None:
        """Note something for a day; the name itself is not kept. Raises StoreUnavailable."""
        await self._link.call("SET", _told(scope, name), to_bytes(text), "EX", KEY_SECONDS)

    async def tell_first(self, scope: Scope, name: str, text: str) -> str:
        """As `tell`, unless something is noted under that name; what is noted now.

        Safe to repeat. Raises StoreUnavailable.
        """
        key = _told(scope, name)
        if await self._link.call("SET", key, to_bytes(text), "EX", KEY_SECONDS, "NX"):
            return text
        raw = await self._link.call("GET", key)
        return text if raw is None else to_text(raw)

    async def _add_trails(self, scope: Scope, memories: Iterable[Memory]) -> None:
        """Before they are added: what is noted too much does no harm, what is not noted does."""
        named = trails(scope, memories)
        await asyncio.gather(
            *(self._run("trail", each, ("add", *names)) for each, names in named.items())
        )

    async def _cut_trails(self, memories: Iterable[Memory]) -> None:
        by_scope: dict[Scope, list[Memory]] = {}
        for memory in memories:
            by_scope.setdefault(memory.scope, []).append(memory)
        for scope, removed in by_scope.items():
            for each, names in trails(scope, removed).items():
                await self._run("trail", each, ("cut", *names))


def _told(scope: Scope, name: str) -> str:
    return ScopeKeys(scope).bucket.done(f"told {scope} {name}")


def trails(scope: Scope, memories: Iterable[Memory]) -> Mapping[Scope, Sequence[bytes]]:
    """Where it is noted that memories came from there and lie in `scope`."""
    found: dict[Scope, list[bytes]] = {}
    for memory in memories:
        source = memory.source
        origins = [] if source.thread is None else [Scope.of_thread(source.thread)]
        origins += [] if source.author is None else [Scope.of_person(source.author)]
        origins += map(Scope.of_person, (*source.former, *source.also))
        for origin in origins:
            if origin != scope:
                found.setdefault(origin, []).append(to_bytes(f"{scope}/{memory.id}"))
    return found


def _is_named_anew(step: Step) -> bool:
    """It may come from somebody, or from somewhere, with whom this is not noted yet."""
    return step.what == "add" or (step.what == "set" and bool(step.memory.source.also))


def _done(scope: Scope, nonce: str) -> str:
    return ScopeKeys(scope).bucket.done(f"{scope} {nonce}")


def _outcomes(told: bytes) -> list[Outcome]:
    return [
        Outcome(Answer(answer), id)
        for answer, id in (each.split(":", 1) for each in to_text(told).split(","))
    ]


def _step(step: Step) -> Sequence[Argument]:
    memory = step.memory
    version = "" if step.version is None else str(step.version)
    return (
        step.what,
        memory.id,
        step.besides if step.what == "add" else version,
        "" if step.yields else step.digest,
        str(round(memory.text.expires_at * 1000)),
        step.word,
        b"" if step.what == "remove" else dump_memory(memory, step.digest),
        f"{memory.uses}|{round(memory.used_at * 1000)}" if memory.uses else "",
    )
