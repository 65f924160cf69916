"""What searching costs at a thousand, ten thousand and a hundred thousand entries in one scope.

Everything goes the way that it goes in the bot: what is searched lies in a real server, each search
asks it whether something has changed, and turns that are shown are read from it.
"""

from __future__ import annotations

import asyncio
import random
import struct
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.figures import Spread, both, duration, table
from bot.audience import Grant
from bot.budgets import Payer
from bot.chat import ThreadKey
from bot.context.tokens import estimate
from bot.ids import new_id
from bot.memories import Memory, MemoryText, Person, Scope, Source, Via
from bot.memory.searching import Searching
from bot.records import Entry, Summary, Tally
from bot.storage.connect import open_redis
from bot.storage.memories import MemoryStore
from bot.storage.memories_writing import Actor, Answer, Step
from bot.storage.threads import Threads
from bot.storage.types import Restored
from tests.servers import valkey_server

SIZES = (1_000, 10_000, 100_000)
SEARCHES = 100
WRITES = 20
DIMENSIONS = 384
TURNS_OF_A_THREAD = 100
WORDS_OF_A_TEXT = (6, 22)
VOCABULARY = 30_000
EVERY = 0.002
"""Seconds between two looks at the clock."""

ADA = Person("discord", "@", "1")
CHANNEL = Scope.of_channel("discord", "1", "1")
PLACE = ("discord", "1", "1")
MEMORIES = Grant(ADA, (CHANNEL,))
TURNS = Grant(ADA, (), channels=(PLACE,))


@dataclass(frozen=True, slots=True)
class Cost:
    """What searches of one kind came to; times in seconds.

    Attributes:
        what: Which kind.
        size: Entries in the scope.
        first: The first search of a process, which reads everything.
        late: How late the event loop was at most meanwhile.
        searches: Each search after that.
        after_write: Each search after something else was written.
        memory: Bytes that the index reckons it takes.
    """

    what: str
    size: int
    first: float
    late: float
    searches: Sequence[float]
    after_write: Sequence[float]
    memory: int


class Texts:
    """Texts of made-up words, few of which are frequent, as in any language; the same each time."""

    def __init__(self) -> None:
        self._random = random.Random(1)
        signs = "bcdfghklmnprstvw", "aeiou"
        self._words = [
            "".join(self._random.choice(signs[place % 2]) for place in range(4 + number % 7))
            for number in range(VOCABULARY)
        ]
        self._weights = [1 / (number + 20) for number in range(VOCABULARY)]

    def text(self) -> str:
        """A sentence or two."""
        count = self._random.randint(*WORDS_OF_A_TEXT)
        return " ".join(self._random.choices(self._words, self._weights, k=count))

    def question(self, of: str) -> str:
        """Some of a text's words and some that may be anywhere."""
        own = self._random.sample(of.split(), 3)
        return " ".join((*own, *self._random.choices(self._words, self._weights, k=3)))


class RandomEmbedder:
    """Vectors at no cost, so that the search alone is measured."""

    name = "random"
    dimensions = DIMENSIONS

    async def embed(
        self, texts: Sequence[str], *, query: bool = False, payer: Payer | None = None
    ) -> Sequence[bytes]:
        """See `bot.recall.embedding.Embedder`."""
        return [vector_of(text) for text in texts]

    async def close(self) -> None:
        """Nothing is held."""


def vector_of(text: str) -> bytes:
    """Any vector, of length one."""
    numbers = [random.Random(text).gauss(0, 1) for _ in range(8)] * (DIMENSIONS // 8)
    length = sum(number * number for number in numbers) ** 0.5
    return struct.pack(f"<{DIMENSIONS}f", *(number / length for number in numbers))


@dataclass(frozen=True, slots=True)
class Desk:
    """A store to fill and to search."""

    threads: Threads
    store: MemoryStore

    def searching(self, embedder: RandomEmbedder | None = None) -> Searching:
        """The search of a process that has just started and may hold all of it."""
        return Searching(
            self.store,
            self.threads,
            count=estimate,
            clock=time.time,
            embedder=embedder,
            most_bytes=2**32,
        )


async def measure(sizes: Sequence[int], tell: Callable[[str], None]) -> list[Cost]:
    """Memories by words, the same by vectors as well, and turns, at each size."""
    found: list[Cost] = []
    for size in sizes:
        texts = Texts()
        said = [texts.text() for _ in range(size)]
        questions = [texts.question(said[number % size]) for number in range(SEARCHES)]
        async with _desk() as desk:
            await _remember(desk.store, said)
            tell(f"{size:,} memories")
            found.append(await _cost("memories", desk, None, MEMORIES, questions, size))
            await _vectorise(desk.store, said)
            found.append(
                await _cost(
                    "memories, vectors as well",
                    desk,
                    RandomEmbedder(),
                    MEMORIES,
                    questions,
                    size,
                )
            )
        async with _desk() as desk:
            await _say(desk.threads, said)
            tell(f"{size:,} turns")
            found.append(await _cost("turns", desk, None, TURNS, questions, size))
    return found


async def _cost(
    what: str,
    desk: Desk,
    embedder: RandomEmbedder | None,
    grant: Grant,
    questions: Sequence[str],
    size: int,
) -> Cost:
    searching = desk.searching(embedder)
    try:
        late: list[float] = []
        watch = asyncio.create_task(_watch(late))
        first = await _timed(searching, grant, questions[0])
        watch.cancel()
        await asyncio.wait([watch])
        each = [await _timed(searching, grant, question) for question in questions]
        after: list[float] = []
        for question in questions[:WRITES]:
            if grant is MEMORIES:
                await _remember(desk.store, [f"new {question}"], new_id())
            else:
                await _say(desk.threads, [f"new {question}"], new_id())
            after.append(await _timed(searching, grant, question))
        return Cost(what, size, first, max(late, default=0.0), each, after, searching.bytes)
    finally:
        await searching.close()


async def _timed(searching: Searching, grant: Grant, question: str) -> float:
    begun = time.perf_counter()
    if not await searching.search(grant, question):
        raise RuntimeError(f"nothing was found for {question!r}")
    return time.perf_counter() - begun


async def _watch(late: list[float]) -> None:
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + EVERY
        await asyncio.sleep(EVERY)
        late.append(loop.time() - due)


@asynccontextmanager
async def _desk() -> AsyncIterator[Desk]:
    with (
        tempfile.TemporaryDirectory(prefix="bobbin-bench-") as folder,
        valkey_server(Path(folder)) as server,
    ):
        client = open_redis(server.url)
        try:
            threads = Threads(client, worker="bench", clock=time.time, new_id=new_id)
            yield Desk(threads, threads.memories())
        finally:
            await client.aclose()


async def _remember(store: MemoryStore, texts: Sequence[str], name: str = "") -> None:
    for start in range(0, len(texts), 500):
        new = [
            _memory(f"{name}{start + place}", text)
            for place, text in enumerate(texts[start : start + 500])
        ]
        steps = [Step("add", memory, memory.id, "add") for memory in new]
        outcomes = await store.write(CHANNEL, steps, Actor())
        if any(outcome.answer is not Answer.DONE for outcome in outcomes):
            raise RuntimeError("a memory was not stored")


def _memory(name: str, text: str) -> Memory:
    source = Source(Via.API, ADA)
    return Memory(
        f"mem_{name}", MemoryText(text), CHANNEL, source, created_at=1.7e9, updated_at=1.7e9
    )


async def _vectorise(store: MemoryStore, texts: Sequence[str]) -> None:
    for start in range(0, len(texts), 500):
        vectors = {
            _memory(str(start + place), text).id: vector_of(text)
            for place, text in enumerate(texts[start : start + 500])
        }
        await store.put_vectors(CHANNEL, RandomEmbedder.name, vectors)


async def _say(threads: Threads, texts: Sequence[str], name: str = "t") -> None:
    """Conversations of a hundred turns each."""
    for start in range(0, len(texts), TURNS_OF_A_THREAD):
        entries = [
            Entry("user" if place % 2 else "assistant", text, 1.7e9 + place, seq=place)
            for place, text in enumerate(texts[start : start + TURNS_OF_A_THREAD], start=1)
        ]
        entries = [
            replace(entry, author_id="1", author="Ada") if entry.role == "user" else entry
            for entry in entries
        ]
        thread = ThreadKey(*PLACE, f"{name}{start}")
        done = await threads.restore(thread, entries, Summary(), Tally(), {}, confined=False)
        if done is not Restored.DONE:
            raise RuntimeError("a conversation was not stored")


def report(costs: Sequence[Cost]) -> str:
    """The figures as Markdown."""
    rows = [
        (
            cost.what,
            f"{cost.size:,}",
            both(Spread.of(cost.searches)),
            both(Spread.of(cost.after_write)),
            duration(cost.first),
            duration(cost.late),
            f"{cost.memory / 2**20:.0f} MB",
        )
        for cost in costs
    ]
    heads = (
        "searched",
        "entries",
        "search, median / p95",
        "after a write, median / p95",
        "first search",
        "loop late meanwhile",
        "memory",
    )
    return table(heads, rows)
