"""Any order of calls by several processes, against a model of what must be true.

The model keeps for every thread what a reader would write on paper: the log, who waits, who
answers. After every step the store must say the same: nothing is lost, doubled, out of order or
brought back. Calls are sometimes made twice with one nonce, as after a lost reply.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)

from bot.chat import Incoming, MessageRef, ThreadKey
from bot.records import Entry, Summary, Tally
from bot.storage.connect import open_redis
from bot.storage.threads import Threads
from bot.storage.types import Again, Begun, Done, Draft, Erased, NotAgain, Signal, Turn
from tests.clusters import Cluster
from tests.examples import examples
from tests.servers import Valkey
from tests.units.storage.samples import Clock, end_lease, exchange, message

T = TypeVar("T")
KEYS = [
    ThreadKey("p", "s", "c1", "t1"),
    ThreadKey("p", "s", "c1", "t2"),
    ThreadKey("p", "s", "c2", "t"),
]
threads_drawn = st.sampled_from(KEYS)
workers_drawn = st.integers(0, 2)
MAX_ATTEMPTS = 3


@dataclass
class Running:
    """The turn that a thread is in."""

    turn: Turn
    draft: Draft = field(default_factory=Draft)
    attempt: int = 1
    lost: set[int] = field(default_factory=set)
    """Fences of leases that ran out and whose holders were not heard of again."""
    held: bool = True
    parked: bool = False
    stopped: bool = False
    leaving: bool = False
    redo: bool = False


@dataclass
class Paper:
    """What is true of one thread."""

    log: list[str] = field(default_factory=list)
    waiting: list[Incoming] = field(default_factory=list)
    running: Running | None = None
    part: bool = False
    turns: int = 0
    upto: int = 0
    names: dict[str, str] = field(default_factory=dict)
    newest: int = 0
    first: int = 0
    forgotten_to: int = 0

    def settled(self) -> int:
        """So much of the log is there for good: an answer that is given anew is not."""
        return len(self.log) - (self.running is not None and self.running.redo)

    def takes_part(self) -> bool:
        return self.part or (self.running is not None and not self.running.leaving)


class Store(RuleBasedStateMachine):
    """Three processes, three threads, two of them in one channel."""

    url = ""
    leases = Bundle("leases")
    summaries = Bundle("summaries")

    @initialize()
    def connect(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.client: Any = open_redis(self.url)
        self.ids = itertools.count(1)
        self.positions = itertools.count(1)
        self.nonces = itertools.count(1)
        clock = Clock()
        self.stores = [
            Threads(
                self.client,
                worker=f"w{number}",
                clock=clock,
                new_id=lambda: f"id{next(self.ids)}",
                max_attempts=MAX_ATTEMPTS,
            )
            for number in range(3)
        ]
        self.paper = {key: Paper() for key in KEYS}
        self.found: dict[str, ThreadKey] = {}
        self.taken: list[Incoming] = []
        self.run(self.client.flushall())

    def run(self, work: Awaitable[T]) -> T:
        async def bounded() -> T:
            async with asyncio.timeout(50):
                return await work

        return self.loop.run_until_complete(bounded())

    def once_or_twice(self, twice: bool, call: Callable[[str], Awaitable[T]]) -> T:
        nonce = f"n{next(self.nonces)}"
        answer = self.run(call(nonce))
        if twice:
            assert self.run(call(nonce)) == answer
        return answer

    def teardown(self) -> None:
        if hasattr(self, "loop"):
            self.run(self.client.aclose())
            self.loop.close()

    def started(self, turn: Turn, mail: list[Incoming]) -> Turn:
        """A new turn was handed out: it holds all that waited, in the platform's order."""
        paper = self.paper[turn.lease.thread]
        assert turn.mail == tuple(sorted(mail, key=lambda event: event.position))
        assert (turn.attempt, turn.draft) == (1, Draft())
        self.agrees(turn, paper)
        paper.waiting = []
        paper.running = Running(turn)
        return turn

    def agrees(self, turn: Turn, paper: Paper) -> None:
        assert [entry.text for entry in turn.window] == paper.log[paper.upto : paper.settled()]
        assert turn.joined == (not paper.log)
        assert turn.summary.upto == paper.upto
        assert turn.tally.turns == paper.turns
        assert turn.names == paper.names

    @rule(
        target=leases,
        worker=workers_drawn,
        thread=threads_drawn,
        addressed=st.booleans(),
        loose=st.booleans(),
        twice=st.booleans(),
    )
    def say(
        self, worker: int, thread: ThreadKey, addressed: bool, loose: bool, twice: bool
    ) -> object:
        """A new message; positions do not rise in the order of arrival."""
        number = next(self.positions)
        event = message(number, thread=thread, addressed=addressed, loose=loose)
        event = Incoming(**{**fields_of(event), "position": number * 7919 % 1009})
        paper = self.paper[thread]
        store = self.stores[worker]
        answer = self.once_or_twice(twice, lambda nonce: store.begin(event, nonce=nonce))
        if event.position <= paper.forgotten_to:
            assert answer is Begun.DUPLICATE
            return multiple()
        if not paper.takes_part() or event.position < paper.first:
            if not addressed:
                assert answer is Begun.IGNORED
                return multiple()
            paper.first = event.position
        self.taken.append(event)
        paper.newest = max(paper.newest, event.position)
        if loose:
            self.found[event.ref.message] = thread
        if paper.running is not None:
            assert answer is Begun.QUEUED
            paper.waiting.append(event)
            return multiple()
        assert isinstance(answer, Turn)
        return self.started(answer, [event])

    @rule(target=leases, worker=workers_drawn, thread=threads_drawn, twice=st.booleans())
    def answer_anew(self, worker: int, thread: ThreadKey, twice: bool) -> object:
        """Somebody wants another answer in the place of the last one."""
        number, paper, store = next(self.positions), self.paper[thread], self.stores[worker]
        seen = self.run(store.take_window(thread))
        wish, draft = message(number, thread=thread), Draft(note="old")
        answer = self.once_or_twice(
            twice,
            lambda nonce: store.begin_again(
                f"click{number}", seen, Again.REGENERATE, (wish,), draft, frozenset(), nonce=nonce
            ),
        )
        if paper.running is not None:
            assert answer is NotAgain.RUNNING
            return multiple()
        if paper.upto == len(paper.log):
            assert answer is NotAgain.FOLDED
            return multiple()
        assert isinstance(answer, Turn)
        assert answer.answer is not None and answer.answer.text == paper.log[-1]
        assert (answer.mail, answer.attempt, answer.draft) == ((wish,), 1, draft)
        paper.running = Running(answer, draft, redo=True)
        self.agrees(answer, paper)
        return answer

    @precondition(lambda self: self.taken)
    @rule(worker=workers_drawn, data=st.data())
    def deliver_again(self, worker: int, data: st.DataObject) -> None:
        """A message that was taken before is a duplicate, whatever happened since."""
        event = data.draw(st.sampled_from(self.taken))
        assert self.run(self.stores[worker].begin(event)) is Begun.DUPLICATE

    def mine(self, turn: Turn) -> Running | None:
        running = self.paper[turn.lease.thread].running
        return running if running is not None and running.turn.lease == turn.lease else None

    @rule(worker=workers_drawn, turn=leases, write=st.booleans(), note=st.text("xyz", max_size=3))
    def renew(self, worker: int, turn: Turn, write: bool, note: str) -> None:
        reply = MessageRef(turn.lease.thread.channel, f"a-{turn.lease.turn}")
        draft = Draft(refs=(reply,), note=note) if write else None
        signal = self.run(self.stores[worker].renew(turn.lease, draft))
        running = self.mine(turn)
        if running is None or running.parked:
            assert signal is Signal.LOST
            now = self.paper[turn.lease.thread].running
            if now is not None and now.turn.lease.turn == turn.lease.turn:
                now.lost.discard(turn.lease.fence)
            return
        assert signal is (Signal.STOP if running.stopped else Signal.GO)
        running.held = True
        running.draft = draft or running.draft

    @rule(target=leases, worker=workers_drawn, turn=leases, twice=st.booleans())
    def commit(self, worker: int, turn: Turn, twice: bool) -> object:
        store, thread = self.stores[worker], turn.lease.thread
        entries = exchange(turn, f"answer of {turn.lease.turn}")
        if turn.answer is not None:
            entries = entries[-1:]
        names = {event.author.id: event.author.name for event in turn.mail}
        answer = self.once_or_twice(
            twice,
            lambda nonce: store.commit(turn.lease, entries, Tally(turns=1), names, nonce=nonce),
        )
        paper, running = self.paper[thread], self.mine(turn)
        if running is None or running.parked:
            assert answer is Done.LOST
            return multiple()
        paper.log[paper.settled() :] = [entry.text for entry in entries]
        paper.turns += 1
        paper.names |= names
        paper.part = paper.part or not (running.leaving or running.redo)
        return self.after(answer, paper)

    @rule(target=leases, worker=workers_drawn, turn=leases, twice=st.booleans())
    def rollback(self, worker: int, turn: Turn, twice: bool) -> object:
        store = self.stores[worker]
        answer = self.once_or_twice(twice, lambda nonce: store.rollback(turn.lease, nonce=nonce))
        paper, running = self.paper[turn.lease.thread], self.mine(turn)
        if running is None or running.parked:
            assert answer is Done.LOST
            return multiple()
        return self.after(answer, paper)

    def after(self, answer: Turn | Done, paper: Paper) -> object:
        """A turn is over: the next begins at once when something waits."""
        paper.running = None
        if not paper.waiting:
            assert answer is Done.IDLE
            return multiple()
        assert isinstance(answer, Turn)
        return self.started(answer, paper.waiting)

    @rule(worker=workers_drawn, turn=leases)
    def park(self, worker: int, turn: Turn) -> None:
        self.run(self.stores[worker].park(turn.lease))
        running = self.mine(turn)
        if running is not None:
            running.parked = True
            running.held = False

    @rule(thread=threads_drawn)
    def end_lease(self, thread: ThreadKey) -> None:
        """The holder has been silent for too long."""
        running = self.paper[thread].running
        if running is not None:
            self.run(end_lease(self.client, thread))
            running.held = False

    @rule(
        target=leases,
        worker=workers_drawn,
        thread=threads_drawn,
        late=st.booleans(),
        twice=st.booleans(),
    )
    def reclaim(self, worker: int, thread: ThreadKey, late: bool, twice: bool) -> object:
        """Somebody looks for abandoned turns; `late`, and this one was just abandoned."""
        if late:
            self.end_lease(thread)
        store, paper = self.stores[worker], self.paper[thread]
        answer = self.once_or_twice(twice, lambda nonce: store.reclaim(thread, nonce=nonce))
        running = paper.running
        if running is None or running.held:
            assert answer is None
            return multiple()
        if not running.parked:
            running.lost.add(running.turn.lease.fence)
        if len(running.lost) >= MAX_ATTEMPTS:
            paper.running = None
            if not paper.waiting:
                assert answer is None
                return multiple()
            assert answer is not None
            return self.started(answer, paper.waiting)
        assert answer is not None
        running.attempt += 1
        assert (answer.attempt, answer.draft) == (running.attempt, running.draft)
        assert answer.losses == len(running.lost)
        assert (answer.mail, answer.lease.turn) == (running.turn.mail, running.turn.lease.turn)
        assert (answer.again, answer.answer) == (running.turn.again, running.turn.answer)
        assert answer.lease.fence > running.turn.lease.fence
        self.agrees(answer, paper)
        running.turn, running.held, running.parked = answer, True, False
        return answer

    @rule(worker=workers_drawn, thread=threads_drawn, twice=st.booleans())
    def forget(self, worker: int, thread: ThreadKey, twice: bool) -> None:
        store, paper = self.stores[worker], self.paper[thread]
        answer = self.once_or_twice(twice, lambda nonce: store.forget(thread, nonce=nonce))
        running = paper.running
        messages = len(paper.log) + len(paper.waiting) + (len(running.turn.mail) if running else 0)
        assert answer == Erased(
            messages, paper.upto > 0, paper.part, running is not None, len(paper.names)
        )
        self.paper[thread] = Paper(forgotten_to=paper.newest or paper.forgotten_to)
        self.found = {ref: where for ref, where in self.found.items() if where != thread}

    @rule(worker=workers_drawn, thread=threads_drawn)
    def stop(self, worker: int, thread: ThreadKey) -> None:
        running = self.paper[thread].running
        assert self.run(self.stores[worker].ask_stop(thread)) == (running is not None)
        if running is not None:
            running.stopped = True

    @rule(worker=workers_drawn, thread=threads_drawn)
    def leave(self, worker: int, thread: ThreadKey) -> None:
        paper = self.paper[thread]
        assert self.run(self.stores[worker].leave(thread)) == paper.part
        paper.part = False
        paper.waiting.clear()
        if paper.running is not None:
            paper.running.leaving = True

    @rule(target=summaries, worker=workers_drawn, thread=threads_drawn)
    def look(self, worker: int, thread: ThreadKey) -> tuple[ThreadKey, Summary, int]:
        """A background task reads the thread, to summarise it sooner or later."""
        seen = self.run(self.stores[worker].take_window(thread))
        assert seen.running == (self.paper[thread].running is not None)
        assert seen.waiting == len(self.paper[thread].waiting)
        return thread, seen.summary, len(self.paper[thread].log)

    @rule(worker=workers_drawn, seen=summaries, twice=st.booleans())
    def fold(self, worker: int, seen: tuple[ThreadKey, Summary, int], twice: bool) -> None:
        thread, expected, seq = seen
        if not seq:
            return
        new = Summary(f"up to {seq}", seq, expected.version + 1, "model")
        store = self.stores[worker]
        current = self.run(store.take_window(thread)).summary
        done = self.once_or_twice(
            twice, lambda nonce: store.fold(thread, expected, new, nonce=nonce)
        )
        in_time = seq <= self.paper[thread].settled()
        assert done == (current.version == expected.version and in_time)
        if done:
            assert len(self.paper[thread].log) >= seq
            self.paper[thread].upto = seq

    @invariant()
    def the_store_says_what_the_paper_says(self) -> None:
        if not hasattr(self, "paper"):
            return
        store = self.stores[0]
        self.run(self.compare(store))

    async def compare(self, store: Threads) -> None:
        for thread, paper in self.paper.items():
            entries: list[Entry] = [entry async for entry in store.entries(thread, batch=3)]
            assert [entry.text for entry in entries] == paper.log
            assert [entry.seq for entry in entries] == list(range(1, len(paper.log) + 1))
            assert await store.takes_part(thread) == paper.takes_part()
        idle = {thread for thread, paper in self.paper.items() if stranded(paper)}
        assert set(await store.stranded()) == idle
        for name, thread in self.found.items():
            assert await store.thread_of("p", "s", MessageRef(thread.channel, name)) == thread


def stranded(paper: Paper) -> bool:
    return paper.running is not None and not paper.running.held


def fields_of(event: Incoming) -> dict[str, object]:
    return {name: getattr(event, name) for name in Incoming.__slots__}


@pytest.mark.parametrize(("where", "number"), [("server", 12), ("cluster", 3)])
def test_no_order_of_calls_breaks_the_store(
    request: pytest.FixtureRequest, where: str, number: int
) -> None:
    running: Valkey | Cluster = request.getfixturevalue(where)

    class Here(Store):
        url = running.url

    run_state_machine_as_test(
        Here,
        settings=examples(
            number,
            stateful_step_count=40,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        ),
    )
