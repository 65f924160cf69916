from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing

import pytest

from bot.errors import ContextTooLong, ModelBusy, ModelError, ModelMisconfigured, QuotaExhausted
from bot.model.chat import ChatModel
from bot.model.gate import Gate, GateLimits
from bot.model.gated import GatedModel
from bot.model.port import FinishReason, ModelEvent, Prompt, Purpose, TextDelta, Waiting
from tests.simulators import openai_sim as wire
from tests.simulators.openai_sim import Answer, Cut, OpenAISimulator, RateLimit
from tests.units.model.asking import (
    HandClock,
    ask,
    end_of,
    prompt,
    settings_for,
    settle,
    text_of,
    until,
)

PEOPLE = 100


class Stage:
    """A gated model whose gate runs on the test's clock."""

    def __init__(self, chat: ChatModel, **limits: int) -> None:
        self.clock = HandClock()
        self.gate = Gate(GateLimits(start=1, **limits), clock=self.clock, jitter=lambda: 0.0)
        self.model = GatedModel(chat, self.gate)

    async def ask(self) -> list[ModelEvent]:
        """All events; whenever it has to wait the clock goes on by just that time."""
        events: list[ModelEvent] = []
        async with aclosing(self.model.stream(prompt())) as stream:
            async for event in stream:
                events.append(event)
                if isinstance(event, Waiting):
                    self.clock.forward(event.seconds)
        return events


@pytest.fixture
async def stage(model: ChatModel) -> AsyncIterator[Stage]:
    stage = Stage(model)
    yield stage
    assert (stage.gate.active, stage.gate.queued) == (0, 0)
    assert stage.clock.armed == []


async def test_a_good_answer_passes_through(sim: OpenAISimulator, stage: Stage) -> None:
    sim.script.append(Answer(["one ", "two"]))
    events = await stage.ask()
    assert events[:2] == [TextDelta("one "), TextDelta("two")]
    assert end_of(events).reason is FinishReason.STOP
    assert stage.model.name == "gpt-6-luna"


async def test_a_rate_limit_is_waited_for_and_told(sim: OpenAISimulator, stage: Stage) -> None:
    sim.script.extend([wire.rate_limited(retry_after=20), Answer("hello")])
    events = await stage.ask()
    assert events[0] == Waiting(pytest.approx(20.0), "busy")
    assert text_of(events) == "hello"
    assert len(sim.chats) == 2


@pytest.mark.parametrize(
    "fault", [wire.failure(500), wire.bad_gateway(), wire.dropped(), Answer([Cut()])]
)
async def test_passing_faults_are_tried_again(
    sim: OpenAISimulator, stage: Stage, fault: Answer
) -> None:
    sim.script.extend([fault, Answer("hello")])
    events = await stage.ask()
    assert isinstance(events[0], Waiting)
    assert text_of(events) == "hello"


@pytest.mark.parametrize(
    ("fault", "tries"), [(wire.failure(500), 3), (wire.rate_limited(retry_after=1), 8)]
)
async def test_tries_come_to_an_end(
    sim: OpenAISimulator, stage: Stage, fault: Answer, tries: int
) -> None:
    sim.on(lambda _request: True, fault, times=None)
    with pytest.raises(ModelBusy):
        await stage.ask()
    assert len(sim.chats) == tries


async def test_time_comes_to_an_end(sim: OpenAISimulator, stage: Stage) -> None:
    sim.on(lambda _request: True, wire.rate_limited(retry_after=50), times=None)
    with pytest.raises(ModelBusy) as caught:
        await stage.ask()
    assert caught.value.retry_after == 50
    assert len(sim.chats) == 3


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (wire.quota(), QuotaExhausted),
        (wire.context_overflow(), ContextTooLong),
        (wire.failure(401, "no", code="invalid_api_key"), ModelMisconfigured),
    ],
)
async def test_other_faults_are_not_tried_again(
    sim: OpenAISimulator, stage: Stage, fault: Answer, error: type[ModelError]
) -> None:
    sim.script.append(fault)
    with pytest.raises(error):
        await stage.ask()
    assert len(sim.chats) == 1


async def test_a_cut_answer_is_not_tried_again(sim: OpenAISimulator, stage: Stage) -> None:
    sim.script.append(Answer(["hel", Cut()]))
    events = await stage.ask()
    assert text_of(events) == "hel"
    assert end_of(events).reason is FinishReason.CUT
    assert len(sim.chats) == 1


async def test_without_credit_nothing_is_asked(sim: OpenAISimulator, stage: Stage) -> None:
    sim.script.append(wire.quota())
    for _ in range(3):
        with pytest.raises(QuotaExhausted):
            await stage.ask()
    assert len(sim.chats) == 1
    stage.clock.forward(60)
    assert text_of(await stage.ask())
    assert len(sim.chats) == 2


async def test_the_slot_is_held_to_the_end(sim: OpenAISimulator, stage: Stage) -> None:
    sim.script.append(Answer(["one ", "two"]).hold(1))
    async with aclosing(stage.model.stream(prompt())) as first:
        await anext(first)
        assert stage.gate.active == 1
        async with aclosing(stage.model.stream(prompt())) as second:
            assert await anext(second) == Waiting(0.0, "queue")
            assert stage.gate.queued == 1
            assert len(sim.chats) == 1
        assert stage.gate.queued == 0
    assert stage.gate.active == 0
    await sim.until(lambda: sim.disconnects)


@pytest.mark.parametrize("pieces", [0, 1])
async def test_cancelling_gives_the_slot_back(
    sim: OpenAISimulator, stage: Stage, pieces: int
) -> None:
    sim.script.append(Answer(["one ", "two"]).hold(pieces))
    tasks = [asyncio.create_task(ask(stage.model)) for _ in range(3)]
    await sim.until(lambda: sim.chats and sim.chats[0].deltas_written == pieces)
    assert (stage.gate.active, stage.gate.queued) == (1, 2)
    tasks[1].cancel()
    tasks[0].cancel()
    assert text_of(await tasks[2])
    assert [task.cancelled() for task in tasks] == [True, True, False]


async def test_replies_go_before_summaries(sim: OpenAISimulator, model: ChatModel) -> None:
    # One at a time: of two that start together either may be at the server first.
    stage = Stage(model, most=1)
    blocker = Answer("one").hold()
    sim.script.append(blocker)
    tasks = [asyncio.create_task(ask(stage.model))]
    await sim.until(lambda: sim.open_streams)
    for purpose in (Purpose.SUMMARY, Purpose.REPLY):
        asked = prompt(purpose.value, purpose=purpose)
        tasks.append(asyncio.create_task(ask(stage.model, asked)))
    blocker.release_all()
    await asyncio.gather(*tasks)
    assert [request.last_user_text for request in sim.chats[1:]] == ["reply", "summary"]


async def test_a_second_try_goes_before_newcomers(sim: OpenAISimulator, stage: Stage) -> None:
    busy = Answer([wire.error_object("busy", code=429)]).hold()
    sim.script.append(busy)
    tasks = [asyncio.create_task(ask(stage.model, prompt("first")))]
    await sim.until(lambda: sim.open_streams)
    tasks.append(asyncio.create_task(ask(stage.model, prompt("second"))))
    await settle()
    assert (stage.gate.active, stage.gate.queued) == (1, 1)
    busy.release_all()
    await until(lambda: (stage.gate.active, stage.gate.queued) == (0, 2))
    stage.clock.forward(1)
    await asyncio.gather(*tasks)
    assert [request.last_user_text for request in sim.chats] == ["first", "first", "second"]


class Endless:
    """A model that notes when its stream is closed, after the await that this may take."""

    name = "endless"

    def __init__(self) -> None:
        self.closed = False

    async def stream(self, _prompt: Prompt) -> AsyncGenerator[ModelEvent, None]:
        try:
            while True:
                yield TextDelta("more ")
        finally:
            await asyncio.sleep(0)
            self.closed = True

    async def close(self) -> None:
        pass


async def test_the_inner_stream_is_closed_before_the_slot_is_free() -> None:
    inner, gate = Endless(), Gate()
    async with aclosing(GatedModel(inner, gate).stream(prompt())) as events:
        await anext(events)
        assert (gate.active, inner.closed) == (1, False)
    assert (gate.active, inner.closed) == (0, True)


async def crowd(sim: OpenAISimulator) -> list[str]:
    """A hundred people ask at once; the texts they got."""
    gate = Gate()
    model = GatedModel(ChatModel(settings_for(sim)), gate)
    async with asyncio.timeout(50):
        answers = await asyncio.gather(
            *(ask(model, prompt(f"P{number}: hello")) for number in range(PEOPLE))
        )
    await model.close()
    assert all(end_of(events).reason is FinishReason.STOP for events in answers)
    assert (gate.active, gate.queued) == (0, 0)
    return [text_of(events) for events in answers]


@pytest.mark.parametrize(
    ("limit", "most"),
    [
        pytest.param(RateLimit(requests_per_second=10), 1.3, id="honest"),
        pytest.param(RateLimit(requests_per_second=10, punish=False), 1.3, id="lenient"),
        pytest.param(RateLimit(requests_per_second=10, announce=False), 1.3, id="no retry-after"),
        # Two that a busy machine lets go close together are one too many for this one.
        pytest.param(RateLimit(requests_per_second=10, burst=1), 1.6, id="no burst"),
    ],
)
async def test_a_hundred_at_once_against_ten_a_second(limit: RateLimit, most: float) -> None:
    async with OpenAISimulator(scale=10, rate_limit=limit) as sim:
        texts = await crowd(sim)
        assert all(f"P{number} said" in text for number, text in enumerate(texts))
        served = [request for request in sim.chats if request.outcome == "finished"]
        assert len(served) == PEOPLE
        assert len(sim.chats) < most * PEOPLE
        assert sim.violations == []


async def test_a_hundred_at_once_against_four_slots() -> None:
    async with OpenAISimulator(max_concurrent=4, tokens_per_second=2000) as sim:
        await crowd(sim)
        assert len(sim.chats) < 1.8 * PEOPLE
        assert sim.peak_in_flight == 4
