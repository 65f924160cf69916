"""Indexes of what was said in channels and conversations, brought up to date before each search."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from functools import partial

from bot.chat import ThreadKey
from bot.memory.cache import Cache
from bot.memory.embeddings import Meaning
from bot.memory.index_work import IndexWork
from bot.recall.talk import Heard, Talk, hear, text_of
from bot.recall.words import Words
from bot.records import Entry
from bot.storage.keys import Place, place_of
from bot.storage.spoken import Changed, Mark
from bot.storage.threads import Threads

MANY = 30
"""Turns whose reading takes some milliseconds."""

THREADS_AT_ONCE = 100
FILLED_AT_ONCE = 64
"""Texts that an embedder is given in one call."""

LONGEST_EMBEDDED = 2_000
"""Characters of a turn that an embedder is given; models read little more."""

Held = Place | ThreadKey


class ConversationIndexes:
    """What was said, as far as a process holds it; arguments as of `MemoryIndexes`.

    A channel's index has the conversations that everybody there reads, and no other ones.
    """

    def __init__(
        self,
        threads: Threads,
        words: Words,
        meaning: Meaning,
        work: IndexWork,
        *,
        most_bytes: int,
        most: int,
    ) -> None:
        self._threads = threads
        self._words = words
        self._meaning = meaning
        self._work = work
        self._cache: Cache[Held, Talk] = Cache(most_bytes, most)

    @property
    def bytes(self) -> int:
        """About how much memory all of them take."""
        return self._cache.bytes

    async def current(self, places: Sequence[Place], threads: Sequence[ThreadKey]) -> list[Talk]:
        """What was said in channels and single conversations, as it stands in the store now.

        Nothing is in two of them. One round trip when nothing has changed. Raises StoreUnavailable
        or StoreMismatch.
        """
        since = {place: self._stamp(place) for place in places}
        changed, marks = await self._threads.changed(since, threads)
        found = [
            await self._of_place(place, since[place], changes) for place, changes in changed.items()
        ]
        for thread, mark in marks.items():
            if not any(thread in talk for talk in found):
                found.append(await self._of_thread(thread, mark))
        return found

    async def catch_up(self, threads: Iterable[ThreadKey] | None = None) -> None:
        """Hold nothing of these conversations, or of any, that the store has no longer.

        One round trip where something of them is held. Raises as `current` does.
        """
        if threads is None:
            among: Iterable[Held] = self._cache.keys
        else:
            among = {key for thread in threads for key in (thread, place_of(thread))}
        held = [key for key in among if key in self._cache]
        if held:
            places = [key for key in held if not isinstance(key, ThreadKey)]
            await self.current(places, [key for key in held if isinstance(key, ThreadKey)])

    def clear(self) -> None:
        """Hold nothing any longer."""
        self._cache.clear()

    def fill(self, keys: Iterable[Held]) -> None:
        """Have vectors made of turns that have none yet, beside everything else."""
        for key in keys:
            talk = self._cache.get(key)
            if talk is not None and talk.without_vector(1):
                self._work.fill(key, partial(self.fill_some, key))

    async def fill_some(self, key: Held, most: int = FILLED_AT_ONCE) -> int:
        """Make vectors of some turns that have none; returns of how many.

        Raises StoreUnavailable or StoreMismatch.
        """
        talk = self._cache.get(key)
        if talk is None or not (missing := talk.without_vector(most)):
            return 0
        wanted: dict[ThreadKey, list[int]] = {}
        for thread, seq in missing:
            wanted.setdefault(thread, []).append(seq)
        marks = {thread: mark for thread in wanted if (mark := talk.mark(thread)) is not None}
        entries = await self._threads.entries_at(wanted)
        texts = [text_of(entry)[:LONGEST_EMBEDDED] for entry in entries.values()]
        vectors = await self._meaning.of_texts(texts)
        made: dict[ThreadKey, dict[int, bytes]] = {}
        for (thread, seq), vector in zip(entries, vectors, strict=False):
            made.setdefault(thread, {})[seq] = vector

        def take(thread: ThreadKey) -> int:
            return talk.put_vectors(thread, marks[thread], made[thread])

        kept = 0
        await self._work.run(lambda: talk.make_room(vectors), long=False)
        for thread, some in made.items():
            # What was reworked meanwhile is read anew before the next search.
            if await self._threads.put_turn_vectors(
                thread, marks[thread], self._meaning.name, some
            ):
                kept += await self._work.run(partial(take, thread), long=False)
        if kept and self._cache.get(key) is talk:
            self._cache.put(key, talk)
        return kept

    def _stamp(self, place: Place) -> int:
        talk = self._cache.get(place)
        return 0 if talk is None else talk.stamp

    async def _of_place(self, place: Place, since: int, changes: Changed) -> Talk:
        talk = self._cache.get(place)
        if not changes.count:
            self._cache.drop(place)
            return Talk()
        if talk is not None and talk.stamp == changes.stamp and len(talk.threads) == changes.count:
            return talk
        return await self._work.in_line(
            f"talk {place}", lambda: self._renewed(place, since, changes)
        )

    async def _renewed(self, place: Place, since: int, changes: Changed) -> Talk:
        talk = self._cache.get(place)
        if talk is not None and since <= changes.stamp < talk.stamp:
            # Somebody who asked later was served first.
            return talk
        if talk is None or talk.stamp < since or since > changes.stamp:
            # It was dropped meanwhile, or all of the channel was deleted and something new said.
            talk = Talk(self._meaning.new_near())
            if since:
                changes = (await self._threads.changed({place: 0}, ()))[0][place]
        await self._take_in(talk, changes.threads)
        if len(talk.threads) != changes.count:
            there = await self._threads.searchable(place)
            gone = talk.threads - there
            await self._work.run(lambda: talk.drop(gone), long=bool(gone))
        talk.stamp = changes.stamp
        self._cache.put(place, talk)
        return talk

    async def _of_thread(self, thread: ThreadKey, mark: Mark) -> Talk:
        talk = self._cache.get(thread)
        if not mark.newest:
            self._cache.drop(thread)
            return Talk()
        if talk is not None and talk.mark(thread) == mark:
            return talk
        return await self._work.in_line(f"talk {thread}", lambda: self._renewed_thread(thread))

    async def _renewed_thread(self, thread: ThreadKey) -> Talk:
        talk = self._cache.get(thread) or Talk(self._meaning.new_near())
        await self._take_in(talk, (thread,))
        self._cache.put(thread, talk)
        return talk

    async def _take_in(self, talk: Talk, threads: Sequence[ThreadKey]) -> None:
        """Bring some conversations up to date, a hundred at a time."""
        for first in range(0, len(threads), THREADS_AT_ONCE):
            marks = await self._threads.marks(threads[first : first + THREADS_AT_ONCE])
            known = {thread: talk.mark(thread) for thread in marks}
            news = {
                thread: _first_new(known[thread], mark)
                for thread, mark in marks.items()
                if known[thread] != mark
            }
            entries = await self._threads.spans(
                (thread, begin, marks[thread].newest) for thread, begin in news.items()
            )
            many = sum(map(len, entries.values())) > MANY
            heard = await self._heard(entries, many)

            def take(
                news: Mapping[ThreadKey, int] = news,
                marks: Mapping[ThreadKey, Mark] = marks,
                heard: Mapping[ThreadKey, Sequence[Heard]] = heard,
            ) -> None:
                anew = [thread for thread, begin in news.items() if begin == 1]
                talk.drop(anew)
                for thread in news:
                    talk.put(thread, marks[thread], heard[thread])

            await self._work.run(take, long=many or len(talk) > 1_000)
            await self._take_vectors(
                talk, {thread: [each.entry.seq for each in said] for thread, said in heard.items()}
            )

    async def _take_vectors(self, talk: Talk, wanted: Mapping[ThreadKey, Sequence[int]]) -> None:
        """Take in those vectors that some process has made already."""
        if talk.near is None:
            return
        kept = await self._threads.turn_vectors(self._meaning.name, wanted)

        def take() -> None:
            for thread, vectors in kept.items():
                if (mark := talk.mark(thread)) is not None:
                    talk.put_vectors(thread, mark, vectors)

        await self._work.run(take, long=sum(map(len, kept.values())) > MANY)

    async def _heard(
        self, entries: Mapping[ThreadKey, Sequence[Entry]], many: bool
    ) -> Mapping[ThreadKey, Sequence[Heard]]:
        def read() -> Mapping[ThreadKey, Sequence[Heard]]:
            return {thread: hear(self._words, said) for thread, said in entries.items()}

        return await asyncio.to_thread(read) if many else read()


def _first_new(known: Mark | None, now: Mark) -> int:
    """The first entry that has to be read; 1 for all of them anew."""
    if known is None or known.epoch != now.epoch or known.reworked != now.reworked:
        return 1
    return known.newest + 1 if now.newest >= known.newest else 1
