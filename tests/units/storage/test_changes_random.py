"""Whatever is said, edited, deleted, summed up and forgotten in whatever order: of what people
deleted or wrote otherwise not one word is left in any key, and what they say now is what is kept.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from bot.chat import Incoming, MessageRef
from bot.records import Entry, Summary, Tally
from bot.storage.connect import open_redis
from bot.storage.threads import Threads
from bot.storage.types import Done, Draft, Revised, Turn
from tests.examples import examples
from tests.servers import Valkey
from tests.units.storage.samples import ADA, BEN, THREAD, Clock, end_lease, message
from tests.units.storage.test_changes import everything, rewording

BEGUN = [("say", 1), ("commit", 0), ("say", 2), ("commit", 0), ("say", 3), ("fold", 0)]
"""A conversation with a summary, in which a turn runs."""

STEPS = st.tuples(
    st.sampled_from(
        "say say again edit edit late delete delete commit commit begin fold takeover draft leave "
        "forget".split()
    ),
    st.integers(0, 5),
)


@dataclass
class Talk:
    """One thread, and what people see of it."""

    client: Any
    threads: Threads
    says: dict[int, str] = field(default_factory=dict)
    deleted: set[int] = field(default_factory=set)
    dead: set[str] = field(default_factory=set)
    first: dict[int, Incoming] = field(default_factory=dict)
    turn: Turn | None = None
    stale: Summary = field(default_factory=Summary)
    words: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    edits: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def word(self) -> str:
        return f"word{next(self.words)}word"

    async def say(self, _: int) -> None:
        """Somebody says something, if it was not deleted before it could be delivered."""
        await self.again(len(self.first) + 1)

    async def again(self, number: int) -> None:
        """A message is delivered, perhaps once more, and perhaps after it was deleted."""
        if number > len(self.first) + 1 or number == 0:
            return
        if number not in self.first:
            author = ADA if number % 2 else BEN
            self.first[number] = message(number, text=self.word(), author=author)
            if number in self.deleted:
                self.dead.add(self.first[number].text)
            else:
                self.says[number] = self.first[number].text
        begun = await self.threads.begin(self.first[number], nonce=f"n{number}{next(self.words)}")
        if isinstance(begun, Turn):
            self.turn = begun

    async def edit(self, number: int) -> None:
        if number not in self.says:
            return
        self.dead.add(self.says[number])
        self.says[number] = self.word()
        at = float(next(self.edits))
        now = replace(self.first[number], text=self.says[number], edited=at)
        await self.threads.amend(now, rewording)

    async def late(self, number: int) -> None:
        """An edit that is older than any, told only now."""
        if number in self.first:
            old = self.word()
            self.dead.add(old)
            before = replace(self.first[number], text=old, edited=-1.0)
            await self.threads.amend(before, rewording)

    async def delete(self, number: int) -> None:
        if number in self.says:
            self.dead |= {self.says.pop(number), f"note{number}note"}
        self.deleted.add(number)
        await self.threads.strike(THREAD, [f"m{number}"], [f"e{number}"])

    async def commit(self, _: int) -> None:
        turn, self.turn = self.turn, None
        if turn is None:
            return
        mail, revised = turn.mail, turn.revised
        after: object = None
        while after is None or isinstance(after, Revised):
            entries = [_entry(event) for event in mail]
            answer = Entry("assistant", "answer", 0.0, message_ids=(f"a{turn.lease.turn}",))
            after = await self.threads.commit(
                turn.lease, [*entries, answer], Tally(turns=1), {}, revised=revised
            )
            if isinstance(after, Revised):
                mail, revised = after.mail, after.revised
        if after is Done.WITHDRAWN:
            if await self.threads.unanswered(turn.lease):
                await self.threads.park(turn.lease)
                after = await self.threads.reclaim(THREAD)
            else:
                after = await self.threads.rollback(turn.lease)
        self.turn = after if isinstance(after, Turn) else None

    async def begin(self, _: int) -> None:
        """Begin to sum up: what is read now is stored by the next fold, if it may be."""
        self.stale = (await self.threads.take_window(THREAD)).summary

    async def fold(self, _: int) -> None:
        now = await self.threads.take_window(THREAD)
        if len(now.window) > 1:
            old = now.window[:-1]
            text = " ".join([now.summary.text, *(entry.text for entry in old), "sum"])
            made = Summary(text, old[-1].seq, now.summary.version + 1, "model")
            await self.threads.fold(THREAD, now.summary, made)
        if self.dead and self.stale.upto < (await self.threads.count(THREAD)):
            late = Summary(" ".join(self.dead), self.stale.upto + 1, self.stale.version + 1)
            current = (await self.threads.take_window(THREAD)).summary
            if current.version != self.stale.version:
                assert not await self.threads.fold(THREAD, self.stale, late)

    async def takeover(self, _: int) -> None:
        await end_lease(self.client)
        self.turn = await self.threads.reclaim(THREAD) or self.turn

    async def draft(self, _: int) -> None:
        """The answer is there, and waits for the platform."""
        if self.turn is not None and all(each.position in self.says for each in self.turn.mail):
            note = "stop\n" + " ".join(f"note{each.position}note" for each in self.turn.mail)
            mine = Draft(refs=(MessageRef("t1", "a1"),), note=note)
            await self.threads.renew(self.turn.lease, mine)

    async def leave(self, _: int) -> None:
        await self.threads.leave(THREAD)

    async def forget(self, _: int) -> None:
        await self.threads.forget(THREAD)
        self.dead |= set(self.says.values())
        self.says.clear()
        self.turn = None

    async def check(self) -> None:
        stored = await everything(self.client)
        left = [word for word in self.dead if word in stored]
        assert not left, (left, stored)
        kept: dict[str, list[str]] = {}
        async for entry in self.threads.entries(THREAD):
            for name in entry.message_ids:
                kept.setdefault(name, []).append(entry.text)
        for name, texts in kept.items():
            assert len(texts) == 1
            if name.startswith("m"):
                assert texts[0] == self.says[int(name[1:])]


def _entry(event: Incoming) -> Entry:
    return Entry(
        "user", event.text, event.at, event.author.id, "Ada", (event.ref.message,),
        edited=event.edited,
    )  # fmt: skip


async def _play(url: str, steps: Sequence[tuple[str, int]]) -> None:
    client: Any = open_redis(url)
    try:
        await client.flushall()
        ids = itertools.count(1)
        threads = Threads(
            client, worker="w", clock=Clock(), new_id=lambda: f"id{next(ids)}", max_attempts=99
        )
        talk = Talk(client, threads)
        for name, number in [*BEGUN, *steps]:
            await getattr(talk, name)(number)
            await talk.check()
    finally:
        await client.aclose()


@examples(20, suppress_health_check=list(HealthCheck))
@given(st.lists(STEPS, max_size=25))
def test_not_one_word_is_left(server: Valkey, steps: list[tuple[str, int]]) -> None:
    asyncio.run(_play(server.url, steps))
