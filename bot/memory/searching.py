"""Searching long-term memory and past conversations, and packing what is found."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from heapq import nlargest

from bot.audience import Grant
from bot.budgets import Payer
from bot.chat import ThreadKey
from bot.errors import StoreError
from bot.memories import Context, Filter, Found, Memory, Said, Scope
from bot.memory.conversation_indexes import ConversationIndexes
from bot.memory.embeddings import Meaning, always, unheard
from bot.memory.index_work import IndexWork
from bot.memory.memory_indexes import MemoryIndexes
from bot.memory.paying import payer_of
from bot.recall.embedding import Embedder
from bot.recall.fusion import PLAIN, best, worth
from bot.recall.lookup import BIG, Hit, Part, Question, effort, look_up
from bot.recall.packing import Packer
from bot.recall.shelf import Shelf, holds
from bot.recall.talk import Talk
from bot.recall.words import Words
from bot.records import Entry
from bot.storage.memories import MemoryStore
from bot.storage.threads import Threads

logger = logging.getLogger(__name__)

ANY = Filter()
MOST_BYTES = 192 * 2**20
"""Of the memory that indexes take in a process; two thirds are for memories."""

MOST_HELD = 2_000
"""Scopes, channels and conversations of which a process holds an index."""

PACKED_FROM = 60
"""Hits from which a context is packed."""

POOR = 0.2
"""What scores less, of the best hit's score, is not worth a model's attention."""

LONGEST_QUERY = 4_000
"""Characters of a query that are looked at."""

MOST_HITS = 200


@dataclass(frozen=True, slots=True)
class _Looked:
    """What a search looks at: memories, then turns, as parts of one index."""

    shelves: Sequence[Shelf]
    talks: Sequence[Talk]
    parts: Sequence[Part]

    def memory(self, hit: Hit) -> Memory | None:
        """The memory that was hit; None for a turn."""
        which, number = hit
        return self.shelves[which].memory(number) if which < len(self.shelves) else None

    def turn(self, hit: Hit) -> tuple[ThreadKey, int, float]:
        """The turn that was hit: its conversation, its place there, when it was said."""
        talk, number = self.talks[hit[0] - len(self.shelves)], hit[1]
        return *talk.where(number), talk.at(number)


class Searching:
    """Finds memories and turns of past conversations for those who may read them.

    What may be read is what a grant names: nothing else is looked at, not even for how frequent a
    word is. Every search asks the store first whether something has changed, so that each process
    sees at once what any of them has written or deleted.

    Args:
        memories: Where memories are.
        threads: Where logs of conversations are.
        count: Tokens of a text; quick for some hundred characters.
        clock: Seconds since the epoch.
        embedder: Makes vectors; None for searches by words alone. Stays the caller's to close.
        observe: Counts what `Meaning` tells.
        has_left: Whether somebody may still use an embedder that costs something.
        most_bytes: How much memory all indexes may take, about.
    """

    def __init__(
        self,
        memories: MemoryStore,
        threads: Threads,
        *,
        count: Callable[[str], int],
        clock: Callable[[], float],
        embedder: Embedder | None = None,
        observe: Callable[[str], None] = unheard,
        has_left: Callable[[Payer], Awaitable[bool]] = always,
        most_bytes: int = MOST_BYTES,
    ) -> None:
        self._store = memories
        self._threads = threads
        self._clock = clock
        self._words = Words()
        self._meaning = Meaning(embedder, observe, has_left)
        self._work = IndexWork()
        self._packer = Packer(self._words, count)
        shares = {"most_bytes": most_bytes * 2 // 3, "most": MOST_HELD}
        self._of_memories = MemoryIndexes(
            memories, self._words, self._meaning, self._work, **shares
        )
        shares["most_bytes"] = most_bytes - shares["most_bytes"]
        self._of_conversations = ConversationIndexes(
            threads, self._words, self._meaning, self._work, **shares
        )

    @property
    def bytes(self) -> int:
        """About how much memory all indexes take by now."""
        return self._of_memories.bytes + self._of_conversations.bytes

    async def search(
        self, grant: Grant, query: str, filter: Filter = ANY, *, limit: int = 10, said: bool = True
    ) -> Sequence[Found]:
        """See `bot.memory.port.Memories`.

        Turns are among the hits only where `filter` says nothing that is about memories alone.
        Raises StoreError.
        """
        return await self._found(grant, query, filter, {}, min(limit, MOST_HITS), said)

    async def context(
        self,
        grant: Grant,
        query: str = "",
        tags: Sequence[str] = (),
        *,
        max_tokens: int,
        said: bool = True,
        besides: Sequence[tuple[ThreadKey, int]] = (),
    ) -> Context:
        """See `bot.memory.port.Memories`; with `tags` only memories that have all of them.

        Counts what is packed as used. Raises StoreError.
        """
        filter = replace(ANY, tags=frozenset(tags))
        terms: tuple[str, ...] = ()
        if query.strip():
            view = dict(besides)
            hits = await self._found(grant, query, filter, view, PACKED_FROM, said)
            hits = [hit for hit in hits if hit.score >= POOR]
            terms = self._words.asked(query[:LONGEST_QUERY])
            hits.sort(key=lambda hit: hit.memory is None or not hit.memory.text.pinned)
        else:
            hits = await self._newest(grant, filter)
        if not hits:
            return Context("", (), 0, 0)
        packed = await asyncio.to_thread(self._packer.pack, hits, max_tokens, terms)
        await self._note_use(packed.found)
        return packed

    async def fill(self, grant: Grant) -> int:
        """Have vectors made of everything that a grant may read and that has none yet.

        Searches do that by themselves bit by bit. Returns of how many; raises StoreError.
        """
        await self._of_memories.current(grant.readable)
        await self._of_conversations.current(grant.channels, grant.threads)
        done = 0
        for scope in grant.readable:
            while made := await self._of_memories.fill_some(scope):
                done += made
        for key in (*grant.channels, *grant.threads):
            while made := await self._of_conversations.fill_some(key):
                done += made
        return done

    async def let_go(
        self,
        *,
        scopes: Iterable[Scope] | None = None,
        threads: Iterable[ThreadKey] | None = None,
    ) -> None:
        """See `bot.memory.port.Searching`."""
        try:
            await self._of_memories.catch_up(scopes)
            await self._of_conversations.catch_up(threads)
        except StoreError as error:
            logger.debug("all indexes are dropped, since nobody can say what is gone: %s", error)
            self.forget_all()

    def forget_all(self) -> None:
        """Hold nothing any longer."""
        self._of_memories.clear()
        self._of_conversations.clear()

    async def close(self) -> None:
        """End what goes on in the background."""
        await self._work.close()

    async def _found(
        self,
        grant: Grant,
        query: str,
        filter: Filter,
        besides: Mapping[ThreadKey, int],
        limit: int,
        said: bool,
    ) -> list[Found]:
        query = query[:LONGEST_QUERY]
        terms = self._words.asked(query)
        if limit <= 0 or not (terms or self._meaning.name):
            return []
        scopes = _scopes(grant, filter)
        listen = said and _is_about_all(filter)
        places, threads = (grant.channels, grant.threads) if listen else ((), ())
        shelves, talks, vector = await asyncio.gather(
            self._of_memories.current(scopes),
            self._of_conversations.current(places, threads),
            self._meaning.of_question(query, payer_of(grant)),
        )
        now = self._clock()
        looked = _Looked(shelves, talks, _parts(shelves, talks, filter, besides, now))
        question = Question(terms, vector)
        ranked = await self._work.run(
            lambda: _ranked(looked, question, limit, now),
            long=effort(looked.parts, question) > BIG,
        )
        self._of_memories.fill(scopes)
        self._of_conversations.fill((*places, *threads))
        return await self._told(ranked)

    async def _told(
        self, ranked: Sequence[tuple[float, Memory | tuple[ThreadKey, int]]]
    ) -> list[Found]:
        """The hits with what turns say, which only the store knows."""
        wanted: dict[ThreadKey, list[int]] = {}
        for _, hit in ranked:
            if not isinstance(hit, Memory):
                wanted.setdefault(hit[0], []).append(hit[1])
        entries = await self._threads.entries_at(wanted)
        found: list[Found] = []
        for score, hit in ranked:
            if isinstance(hit, Memory):
                found.append(Found(score, memory=hit))
            elif (entry := entries.get(hit)) is not None:
                found.append(Found(score, said=_said(hit[0], entry)))
        return found

    async def _newest(self, grant: Grant, filter: Filter) -> list[Found]:
        """What is pinned, and then what is newest."""
        shelves = await self._of_memories.current(_scopes(grant, filter))
        now = self._clock()

        def choose() -> list[Found]:
            meant = [
                memory
                for shelf in shelves
                for memory in shelf.all()
                if holds(memory, now) and filter.means(memory)
            ]
            meant.sort(key=lambda memory: (memory.text.pinned, memory.updated_at), reverse=True)
            return [Found(1.0, memory=memory) for memory in meant[:PACKED_FROM]]

        return await self._work.run(choose, long=sum(map(len, shelves)) > BIG)

    async def _note_use(self, found: Sequence[Found]) -> None:
        used: dict[Scope, list[str]] = {}
        for each in found:
            if each.memory is not None:
                used.setdefault(each.memory.scope, []).append(each.memory.id)
        if not used:
            return
        try:
            await self._store.count_use(used)
        except StoreError as error:
            # It is a figure that people may look at, and what was asked for is found.
            logger.debug("use was not counted: %s", error)


def _scopes(grant: Grant, filter: Filter) -> list[Scope]:
    kinds = filter.scope_kinds
    return [scope for scope in grant.readable if not kinds or scope.kind in kinds]


def _is_about_all(filter: Filter) -> bool:
    """It says nothing that a turn does not have."""
    return filter == replace(ANY, statuses=filter.statuses)


def _parts(
    shelves: Sequence[Shelf],
    talks: Sequence[Talk],
    filter: Filter,
    besides: Mapping[ThreadKey, int],
    now: float,
) -> Sequence[Part]:
    memories = [Part(shelf.index, shelf.allowed(filter, now), shelf.near) for shelf in shelves]
    turns = [Part(talk.index, talk.allowed(besides), talk.near, talk.beside) for talk in talks]
    return [*memories, *turns]


def _ranked(
    looked: _Looked, question: Question, limit: int, now: float
) -> list[tuple[float, Memory | tuple[ThreadKey, int]]]:
    """The best hits: memories, or where in which conversation something was said."""
    scores: dict[Hit, float] = {}
    ages: dict[Hit, float] = {}
    found = look_up(looked.parts, question, limit)
    # Nothing below that can come among them, whatever else speaks for it.
    least = min(nlargest(limit, found.values()), default=0.0) * PLAIN
    for hit, score in found.items():
        if score < least:
            continue
        memory = looked.memory(hit)
        if memory is None:
            ages[hit] = now - looked.turn(hit)[2]
            scores[hit] = score * worth(asked_for=False, pinned=False, age=ages[hit])
            continue
        ages[hit] = now - (memory.updated_at or memory.created_at)
        asked_for, pinned = memory.confirmed, memory.text.pinned
        scores[hit] = score * worth(asked_for=asked_for, pinned=pinned, age=ages[hit])
    ranked: list[tuple[float, Memory | tuple[ThreadKey, int]]] = []
    for hit, score in best(scores, limit, lambda hit: ages[hit]):
        memory = looked.memory(hit)
        ranked.append((score, memory if memory is not None else looked.turn(hit)[:2]))
    return ranked


def _said(thread: ThreadKey, entry: Entry) -> Said:
    return Said(
        thread, entry.seq, entry.role, entry.author, entry.text, entry.at, entry.message_ids
    )
