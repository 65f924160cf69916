"""What the tests of the model have in common: asking, and turning the clock by hand."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

import pytest

from bot.model.port import Finished, Message, Model, ModelEvent, Prompt, Purpose, TextDelta
from bot.model.settings import ModelSettings
from tests.simulators.openai_sim import OpenAISimulator

MODEL = "gpt-6-luna"


def prompt(text: str = "Ada: hello", *, purpose: Purpose = Purpose.REPLY, **more: Any) -> Prompt:
    """A short prompt with one message from a person."""
    messages = (Message("system", "You are Bobbin."), Message("user", text))
    return Prompt(messages, purpose=purpose, **more)


def settings_for(sim: OpenAISimulator, **more: Any) -> ModelSettings:
    """The settings that reach a simulator."""
    env = sim.environment()
    base: dict[str, Any] = {
        "name": MODEL,
        "api_key": env["OPENAI_API_KEY"],
        "base_url": env["OPENAI_BASE_URL"],
    }
    return ModelSettings(**(base | more))


async def ask(model: Model, asked: Prompt | None = None) -> list[ModelEvent]:
    """All events of one answer."""
    async with aclosing(model.stream(asked or prompt())) as events:
        return [event async for event in events]


def text_of(events: list[ModelEvent]) -> str:
    """The text of an answer."""
    return "".join(event.text for event in events if isinstance(event, TextDelta))


def end_of(events: list[ModelEvent]) -> Finished:
    """The last event, which must be the only one of its kind."""
    *others, last = events
    assert isinstance(last, Finished)
    assert not any(isinstance(event, Finished) for event in others)
    return last


async def settle() -> None:
    """Let everything happen that needs no time: data already written on loopback is read."""
    for _ in range(50):
        await asyncio.sleep(0)


async def until(holds: Callable[[], bool]) -> None:
    """Wait until something is true; nobody reports changes."""
    async with asyncio.timeout(50):
        while not holds():  # noqa: ASYNC110
            await asyncio.sleep(0)


class Shift:
    """Lets the running loop's clock jump, so that long time-outs end at once."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        loop = asyncio.get_running_loop()
        real, self._by = loop.time, 0.0
        monkeypatch.setattr(loop, "time", lambda: real() + self._by)

    def forward(self, seconds: float) -> None:
        """Jump ahead."""
        self._by += seconds


@dataclass(order=True)
class HandTimer:
    """A timer of `HandClock`."""

    when: float
    number: int
    callback: Callable[[], None] = field(compare=False)
    cancelled: bool = field(default=False, compare=False)

    def cancel(self) -> None:
        self.cancelled = True


class HandClock:
    """A clock that stands still until the test moves its hands."""

    def __init__(self) -> None:
        self._now = 1000.0
        self._timers: list[HandTimer] = []
        self._numbers = itertools.count()

    def now(self) -> float:
        return self._now

    def call_at(self, when: float, callback: Callable[[], None]) -> HandTimer:
        timer = HandTimer(when, next(self._numbers), callback)
        heapq.heappush(self._timers, timer)
        return timer

    @property
    def armed(self) -> list[float]:
        """Seconds until each timer that was not cancelled."""
        return sorted(timer.when - self._now for timer in self._timers if not timer.cancelled)

    def stall(self, seconds: float) -> None:
        """Move on as a loop does that is busy: what falls due is called late, by `forward`."""
        self._now += seconds

    def forward(self, seconds: float) -> None:
        """Move on, making the calls that fall due on the way."""
        end = self._now + seconds
        while self._timers and self._timers[0].when <= end:
            timer = heapq.heappop(self._timers)
            if not timer.cancelled:
                self._now = max(self._now, timer.when)
                timer.callback()
        self._now = end
