from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import ContextTooLong, ModelBusy, ModelError, QuotaExhausted
from bot.limits import News, PushBack
from bot.model.gate import Gate, GateLimits, Ticket
from bot.model.pace import Pace
from bot.model.port import Purpose
from tests.units.model.asking import HandClock, settle

REPLY, SUMMARY = Purpose.REPLY, Purpose.SUMMARY


@dataclass
class Stage:
    """A gate with a clock that the test turns, and without chance."""

    clock: HandClock
    gate: Gate


def stage(*, start: int = 1, most: int = 64, widen: float = math.inf) -> Stage:
    clock = HandClock()
    limits = GateLimits(start, most, widen_seconds=widen)
    return Stage(clock, Gate(limits, clock=clock, jitter=lambda: 0.0))


def finish(ticket: Ticket) -> None:
    """A good answer from beginning to end."""
    assert ticket.granted
    with ticket:
        ticket.taken()
        ticket.good()


def fail(ticket: Ticket, error: ModelError) -> None:
    assert ticket.granted
    with ticket:
        ticket.failed(error)


async def test_replies_go_before_summaries_and_in_order() -> None:
    gate = stage().gate
    first = gate.ticket(REPLY)
    waiting = [gate.ticket(purpose) for purpose in (SUMMARY, REPLY, SUMMARY, REPLY)]
    assert not any(ticket.granted for ticket in waiting)
    order: list[int] = []
    fail(first, ModelBusy())
    for _ in waiting:
        (number,) = (n for n, ticket in enumerate(waiting) if ticket.granted)
        order.append(number)
        fail(waiting[number], ModelBusy())
    assert order == [1, 3, 0, 2]
    assert (gate.active, gate.queued) == (0, 0)


async def test_a_later_try_keeps_its_place() -> None:
    gate = stage().gate
    number = gate.number()
    blocker = gate.ticket(REPLY)
    other = gate.ticket(REPLY)
    again = gate.ticket(REPLY, number=number)
    fail(blocker, ModelBusy())
    assert again.granted
    assert not other.granted


async def test_concurrency_grows_with_good_answers_and_is_halved() -> None:
    scene = stage(start=2, most=16)
    gate = scene.gate
    for _ in range(6):
        finish(gate.ticket(REPLY))
    assert gate.width == 8
    tickets = [gate.ticket(REPLY) for _ in range(8)]
    scene.clock.forward(1)
    for ticket in tickets[:3]:
        fail(ticket, ModelBusy(overloaded=True))
    assert gate.width == 4
    scene.clock.forward(10)
    for ticket in tickets[3:]:
        finish(ticket)
    assert gate.width == 5
    for _ in range(1000):
        finish(gate.ticket(REPLY))
    assert gate.width == 16


async def test_a_crowd_is_let_in_within_moments() -> None:
    scene = stage(start=2, most=6, widen=0.01)
    tickets = [scene.gate.ticket(REPLY) for _ in range(8)]
    granted: list[int] = []
    for seconds in (0.0, 0.009, 0.001, 0.01, 0.01, 0.01, 0.01):
        scene.clock.forward(seconds)
        granted.append(sum(ticket.granted for ticket in tickets))
    assert granted == [2, 2, 3, 4, 5, 6, 6]
    finish(tickets[0])
    assert sum(ticket.granted for ticket in tickets) == 6


async def test_a_loop_that_is_late_lets_two_in_at_once() -> None:
    scene = stage(start=1, widen=0.01)
    tickets = [scene.gate.ticket(REPLY) for _ in range(8)]
    scene.clock.stall(1.0)
    scene.clock.forward(0.0)
    assert sum(ticket.granted for ticket in tickets) == 3


async def test_a_crowd_is_held_back_once_the_server_has_refused() -> None:
    scene = stage(start=4, most=64, widen=0.01)
    tickets = [scene.gate.ticket(REPLY) for _ in range(12)]
    for _ in range(2):
        scene.clock.forward(0.01)
    assert scene.gate.width == 6
    fail(tickets[0], ModelBusy(overloaded=True))
    scene.clock.forward(60)
    assert scene.gate.width == 3
    assert sum(ticket.granted for ticket in tickets) == 5


async def test_a_late_comer_finds_no_room_saved_up() -> None:
    scene = stage(start=1, widen=0.01)
    held = [scene.gate.ticket(REPLY) for _ in range(2)]
    scene.clock.forward(60)
    assert [ticket.granted for ticket in held] == [True, True]
    late = [scene.gate.ticket(REPLY) for _ in range(2)]
    assert not any(ticket.granted for ticket in late)
    scene.clock.forward(0.01)
    assert [ticket.granted for ticket in late] == [True, False]


async def test_faults_of_one_connection_concern_nobody_else() -> None:
    gate = stage(start=4).gate
    fail(gate.ticket(REPLY), ModelBusy())
    fail(gate.ticket(REPLY), ContextTooLong())
    assert gate.width == 4
    assert gate.ticket(REPLY).granted


async def test_one_cooldown_for_all() -> None:
    scene = stage(start=4)
    gate, clock = scene.gate, scene.clock
    fail(gate.ticket(REPLY), ModelBusy(retry_after=20))
    first, second = gate.ticket(REPLY), gate.ticket(REPLY)
    assert first.expected == (pytest.approx(20), "busy")
    clock.forward(19.9)
    assert not first.granted
    clock.forward(0.1)
    assert first.granted
    assert not second.granted, "starts are spread out after a rate limit"
    assert second.expected[1] == "queue"
    clock.forward(second.expected[0])
    assert second.granted


async def test_cooldowns_without_a_time_grow() -> None:
    scene = stage(start=8)
    waits: list[float] = []
    for _ in range(12):
        fail(scene.gate.ticket(REPLY), ModelBusy(overloaded=True))
        with scene.gate.ticket(REPLY) as ticket:
            waits.append(ticket.expected[0])
        scene.clock.forward(waits[-1])
    assert waits[:4] == pytest.approx([0.25, 0.5, 1.0, 2.0])
    assert max(waits) <= GateLimits().most_cooldown_seconds
    finish(scene.gate.ticket(REPLY))
    fail(scene.gate.ticket(REPLY), ModelBusy(overloaded=True))
    with scene.gate.ticket(REPLY) as ticket:
        assert ticket.expected[0] == pytest.approx(0.25)


async def test_an_endless_cooldown_is_cut_short() -> None:
    scene = stage()
    fail(scene.gate.ticket(REPLY), ModelBusy(retry_after=86_400))
    ticket = scene.gate.ticket(REPLY)
    scene.clock.forward(GateLimits().most_cooldown_seconds)
    assert ticket.granted


async def test_the_queue_has_an_end() -> None:
    scene = stage()
    blocker = scene.gate.ticket(REPLY)
    ticket = scene.gate.ticket(REPLY)
    impatient = scene.gate.ticket(REPLY, patience=5)
    scene.clock.forward(5)
    with pytest.raises(ModelBusy), impatient:
        await impatient.wait()
    assert scene.gate.queued == 1
    scene.clock.forward(85)
    with pytest.raises(ModelBusy), ticket:
        await ticket.wait()
    finish(blocker)
    assert (scene.gate.active, scene.gate.queued, scene.clock.armed) == (0, 0, [])


async def test_waiting_is_refused_when_it_is_hopeless() -> None:
    scene = stage()
    fail(scene.gate.ticket(REPLY), ModelBusy(retry_after=30))
    with pytest.raises(ModelBusy) as caught:
        scene.gate.ticket(REPLY, patience=10)
    assert caught.value.retry_after == pytest.approx(30)
    assert scene.gate.queued == 0


async def test_a_delayed_ticket_lets_others_pass() -> None:
    scene = stage()
    delayed = scene.gate.ticket(REPLY, delay=3)
    assert delayed.expected[1] == "busy"
    finish(scene.gate.ticket(REPLY))
    scene.clock.forward(2.9)
    assert not delayed.granted
    scene.clock.forward(0.1)
    assert delayed.granted


async def test_without_credit_nobody_asks() -> None:
    scene = stage(start=2)
    gate = scene.gate
    running, failing, waiting = (gate.ticket(REPLY) for _ in range(3))
    fail(failing, QuotaExhausted("empty"))
    with pytest.raises(QuotaExhausted), waiting:
        await waiting.wait()
    finish(running)
    scene.clock.forward(59)
    with pytest.raises(QuotaExhausted):
        gate.ticket(REPLY)
    scene.clock.forward(1)
    probe = gate.ticket(REPLY)
    assert probe.granted
    with pytest.raises(QuotaExhausted):
        gate.ticket(REPLY)
    fail(probe, QuotaExhausted())
    scene.clock.forward(59)
    with pytest.raises(QuotaExhausted):
        gate.ticket(REPLY)
    scene.clock.forward(1)
    finish(gate.ticket(REPLY))
    assert gate.ticket(REPLY).granted


@pytest.mark.parametrize("error", [None, ModelBusy()])
async def test_a_probe_without_a_verdict_makes_room_for_the_next(error: ModelError | None) -> None:
    scene = stage(start=4)
    fail(scene.gate.ticket(REPLY), QuotaExhausted())
    scene.clock.forward(60)
    with scene.gate.ticket(REPLY) as probe:
        if error is not None:
            probe.failed(error)
    with scene.gate.ticket(REPLY) as probe:
        with pytest.raises(QuotaExhausted):
            scene.gate.ticket(REPLY)
        probe.failed(ContextTooLong())
    assert scene.gate.ticket(REPLY).granted


def test_the_measured_rate() -> None:
    pace = Pace(start=8, most=64)
    pace.started(0.0, None)
    for _ in range(10):
        pace.taken()
    assert pace.pushed(0.5, 0.4, 0.5)
    assert pace.interval == pytest.approx(0.1 / 0.95)
    assert not pace.pushed(0.6, 0.45, 0.5)
    assert pace.interval == pytest.approx(0.1 / 0.95)
    pace.taken()
    assert pace.interval < 0.1 / 0.95
    pace.started(61.0, None)
    assert pace.interval == 0.0


def test_idle_time_is_not_measured() -> None:
    pace = Pace(start=8, most=64)
    pace.started(0.0, None)
    pace.taken()
    pace.started(3600.0, 5.0)
    for _ in range(10):
        pace.taken()
    pace.pushed(3600.5, 3600.4, 0.5)
    assert pace.interval == pytest.approx(0.1 / 0.95)


def test_what_was_let_in_before_a_push_back_belongs_to_what_was_measured() -> None:
    pace = Pace(start=8, most=64)
    pace.started(0.0, None)
    assert pace.pushed(0.5, 0.4, 0.5)
    assert pace.interval == pytest.approx(1.0 / 0.95)
    for _ in range(5):
        pace.taken(0.3)
    assert pace.interval == pytest.approx(0.2 / 0.95)
    pace.recount(5)
    assert (pace.interval, pace.known) == (pytest.approx(0.1 / 0.95), 10)
    for _ in range(10):
        pace.taken(1.5)
    assert pace.pushed(1.9, 1.8, 0.1)
    assert pace.interval == pytest.approx(0.1 / 0.95), "twenty in two seconds"


def test_a_push_back_of_another_process_is_as_if_it_had_happened_here() -> None:
    here, there = Pace(start=8, most=64), Pace(start=8, most=64)
    for pace in (here, there):
        pace.started(0.0, None)
    for _ in range(10):
        there.taken(0.0)
    there.pushed(0.5, 0.4, 0.5)
    here.told(0.7, PushBack(0.2, there.interval, there.known), 0.3)
    assert (here.interval, here.width) == (there.interval, there.width)
    assert not here.may_widen
    assert not here.pushed(0.8, 0.45, 0.5)
    for pace in (here, there):
        for _ in range(10):
            pace.taken(1.2)
        assert pace.pushed(1.9, 1.8, 0.1)
    assert here.interval == pytest.approx(there.interval)


def test_an_old_push_back_of_another_process_says_nothing() -> None:
    pace = Pace(start=8, most=64)
    pace.told(100.0, PushBack(61.0, 5.0, 3), 0.0)
    assert (pace.interval, pace.width) == (0.0, 8)


async def test_what_other_processes_were_told_holds_here() -> None:
    scene = stage(start=4)
    gate, clock = scene.gate, scene.clock
    gate.hear(News(wait=20.0, cooldown=20.0, pushed=PushBack(0.1, 0.5, 4)))
    assert gate.held
    assert gate.cooldown == pytest.approx(20)
    assert (gate.width, gate.spacing) == (2, (0, 0.5))
    with gate.ticket(REPLY) as first, gate.ticket(REPLY) as second:
        assert first.expected == (pytest.approx(20), "busy")
        clock.forward(20)
        assert (first.granted, second.granted, gate.held) == (True, False, False)
        clock.forward(0.5)
        assert second.granted


async def test_a_common_distance_is_kept_although_a_slot_was_granted() -> None:
    scene = stage(start=4)
    gate, clock = scene.gate, scene.clock
    with gate.ticket(REPLY) as granted:
        assert granted.granted
        gate.hear(News(wait=3.0))
    with gate.ticket(REPLY) as waiting:
        assert waiting.expected == (pytest.approx(3), "queue")
        clock.forward(3)
        assert waiting.granted


async def test_credit_that_another_process_found_missing_is_missing_here() -> None:
    scene = stage()
    blocker, waiting = scene.gate.ticket(REPLY), scene.gate.ticket(REPLY)
    scene.gate.hear(News(wait=60.0, exhausted=60.0))
    with pytest.raises(QuotaExhausted), waiting:
        await waiting.wait()
    finish(blocker)
    with pytest.raises(QuotaExhausted):
        scene.gate.ticket(REPLY)
    scene.clock.forward(60)
    assert scene.gate.ticket(REPLY).granted


async def test_answers_elsewhere_are_counted_unless_they_are_old_news() -> None:
    scene = stage(start=4)
    gate = scene.gate
    fail(gate.ticket(REPLY), ModelBusy(retry_after=5))
    before, _ = gate.measured
    gate.hear(News(taken=9))
    assert gate.measured[0] == before
    gate.hear(News(taken=9))
    assert gate.measured[0] < before
    between, known = gate.measured
    gate.hear(News(late=1 + known))
    assert gate.measured == (pytest.approx(between / max(1, 1 + 2 * known)), 1 + 2 * known)


STEP = st.one_of(
    st.tuples(st.just("ask"), st.sampled_from([0.0, 0.0, 0.7]), st.booleans()),
    st.tuples(st.just("good"), st.integers(0, 20), st.none()),
    st.tuples(
        st.just("fail"),
        st.integers(0, 20),
        st.sampled_from(
            [
                ModelBusy(),
                ModelBusy(retry_after=2.0),
                ModelBusy(overloaded=True),
                QuotaExhausted(),
                ContextTooLong(),
            ]
        ),
    ),
    st.tuples(st.just("cancel"), st.integers(0, 20), st.none()),
    st.tuples(st.just("late cancel"), st.integers(0, 20), st.none()),
    st.tuples(st.just("time"), st.sampled_from([0.1, 1.0, 10.0, 100.0]), st.none()),
)


class Caller:
    """A request as `GatedModel` makes it, ended by the test."""

    def __init__(self, gate: Gate, delay: float, summary: bool) -> None:
        self.end: asyncio.Future[ModelError | None] = asyncio.get_running_loop().create_future()
        self.inside = False
        self.task = asyncio.create_task(self._run(gate, delay, summary))

    async def _run(self, gate: Gate, delay: float, summary: bool) -> None:
        try:
            with gate.ticket(SUMMARY if summary else REPLY, delay=delay) as ticket:
                await ticket.wait()
                self.inside = True
                try:
                    error = await self.end
                    if error is None:
                        ticket.taken()
                        ticket.good()
                    else:
                        ticket.failed(error)
                finally:
                    self.inside = False
        except ModelError:
            pass


async def play(steps: list[tuple[str, float, object]]) -> None:
    clock = HandClock()
    gate = Gate(GateLimits(start=2, most=4), clock=clock, jitter=lambda: 0.5)
    callers: list[Caller] = []
    for kind, number, more in steps:
        live = [caller for caller in callers if not caller.task.done()]
        inside = [caller for caller in live if caller.inside]
        if kind == "ask":
            callers.append(Caller(gate, number, bool(more)))
        elif kind == "time":
            clock.forward(number)
        elif kind in ("good", "fail") and inside:
            end = inside[int(number) % len(inside)].end
            if not end.done():
                end.set_result(more if isinstance(more, ModelError) else None)
                continue
        elif kind in ("cancel", "late cancel") and live:
            if kind == "late cancel":
                clock.forward(1.0)
            live[int(number) % len(live)].task.cancel()
            continue
        await settle()
        holding = sum(caller.inside for caller in callers)
        assert gate.active == holding <= 4
        assert gate.queued == sum(not c.task.done() for c in callers) - holding
    for _ in range(3 * len(callers) + 3):
        await settle()
        for caller in callers:
            if caller.inside and not caller.end.done():
                caller.end.set_result(None)
        clock.forward(30)
    await asyncio.gather(*(caller.task for caller in callers), return_exceptions=True)
    assert (gate.active, gate.queued) == (0, 0)
    assert clock.armed == []


@given(st.lists(STEP, max_size=40))
async def test_no_slot_is_ever_lost(steps: list[tuple[str, float, object]]) -> None:
    await play(steps)
