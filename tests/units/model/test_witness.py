"""Single requests as somebody else sees them."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import aclosing, contextmanager

import pytest

from bot.errors import (
    ContextTooLong,
    ModelBusy,
    ModelError,
    ModelMisconfigured,
    ModelRefused,
    QuotaExhausted,
)
from bot.model.create import create_model
from bot.model.port import TextDelta
from bot.model.witness import Request, kind_of
from tests.simulators.openai_sim import Answer, Cut, OpenAISimulator
from tests.units.model.asking import ask, prompt, settings_for

BUSY = {"error": {"message": "slow down", "code": "rate_limit_exceeded"}}


class Onlooker:
    """Keeps every request as it ended, and how often one spoke."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.spoken = 0

    @contextmanager
    def request(self, request: Request) -> Generator[Callable[[], None]]:
        try:
            yield self._spoke
        finally:
            self.requests.append(request)

    def _spoke(self) -> None:
        self.spoken += 1

    @property
    def outcomes(self) -> list[str]:
        return [request.outcome for request in self.requests]


async def test_every_try_is_seen_and_every_retry_counted(sim: OpenAISimulator) -> None:
    seen, retried = Onlooker(), list[ModelBusy]()
    model = create_model(settings_for(sim), witness=seen, retried=retried.append)
    sim.faults.add("/v1/chat/completions", status=429, body=BUSY, headers={"Retry-After": "0.01"})
    sim.faults.add("/v1/chat/completions", drop=True)
    await ask(model)
    sim.script.append(Answer(["Hel", Cut()]))
    await ask(model)
    await model.close()
    assert seen.outcomes == ["rate_limited", "fault", "stop", "cut"]
    assert seen.spoken == 2
    assert [kind_of(fault) for fault in retried] == ["rate_limited", "fault"]


async def test_an_answer_that_nobody_reads_on(sim: OpenAISimulator) -> None:
    seen = Onlooker()
    model = create_model(settings_for(sim), witness=seen)
    async with aclosing(model.stream(prompt())) as events:
        async for event in events:
            assert isinstance(event, TextDelta)
            break
    await model.close()
    assert seen.outcomes == ["ended"]


async def test_the_demo_is_seen_too() -> None:
    seen = Onlooker()
    model = create_model(None, witness=seen)
    async with aclosing(model.stream(prompt())) as events:
        await anext(events)
    assert seen.outcomes == ["ended"]


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ModelBusy("x", retry_after=0.0), "rate_limited"),
        (ModelBusy("x", overloaded=True), "overloaded"),
        (ModelBusy("x"), "fault"),
        (QuotaExhausted("x"), "quota"),
        (ContextTooLong("x"), "too_long"),
        (ModelMisconfigured("x"), "misconfigured"),
        (ModelRefused("x"), "refused"),
        (ModelError("x"), "refused"),
    ],
)
def test_faults_in_one_word(error: ModelError, kind: str) -> None:
    assert kind_of(error) == kind
