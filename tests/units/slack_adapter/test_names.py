"""Looking things up: once a day, once for many, and never for long."""

from __future__ import annotations

import asyncio

import pytest

from adapters.slack.remembered import (
    BUSY_SECONDS,
    KNOWN_SECONDS,
    UNKNOWN_SECONDS,
    Remembered,
)
from bot.errors import MessageGone, PlatformBusy


class World:
    """Answers look-ups, on a clock of its own."""

    def __init__(self) -> None:
        self.now = 0.0
        self.asked: list[str] = []
        self.begun = asyncio.Event()
        self.gate = asyncio.Event()
        self.gate.set()
        self.fault: Exception | None = None
        self.remembered = Remembered(self.look_up, lambda: self.now)

    async def look_up(self, id_: str) -> str:
        self.asked.append(id_)
        self.begun.set()
        await self.gate.wait()
        if self.fault is not None:
            raise self.fault
        return f"{id_}{len(self.asked)}"


async def test_names_are_kept_for_a_day() -> None:
    world = World()
    assert await world.remembered.get(["a"], 5) == {"a": "a1"}
    world.now = KNOWN_SECONDS - 1
    assert await world.remembered.get(["a", "b"], 5) == {"a": "a1", "b": "b2"}
    world.now = KNOWN_SECONDS + 1
    assert await world.remembered.get(["a"], 5) == {"a": "a3"}


async def test_many_who_ask_are_told_by_one_call() -> None:
    world = World()
    world.gate.clear()
    asking = [asyncio.create_task(world.remembered.get(["a"], 5)) for _ in range(5)]
    await asyncio.sleep(0)
    world.gate.set()
    assert await asyncio.gather(*asking) == [{"a": "a1"}] * 5
    assert world.asked == ["a"]


async def test_who_does_not_wait_gets_the_answer_the_next_time() -> None:
    world = World()
    world.gate.clear()
    assert await world.remembered.get(["a"], 0) == {}
    world.gate.set()
    assert await world.remembered.get(["a"], 5) == {"a": "a1"}
    assert world.asked == ["a"]


@pytest.mark.parametrize(
    ("fault", "seconds"),
    [
        (PlatformBusy("429", retry_after=1), BUSY_SECONDS),
        (MessageGone("user_not_found"), UNKNOWN_SECONDS),
        (KeyError("user"), UNKNOWN_SECONDS),
    ],
)
async def test_what_was_known_is_better_than_nothing(fault: Exception, seconds: float) -> None:
    world = World()
    await world.remembered.get(["a"], 5)
    world.now, world.fault = KNOWN_SECONDS + 1, fault
    assert await world.remembered.get(["a", "b"], 5) == {"a": "a1"}
    world.now += seconds - 1
    assert await world.remembered.get(["a", "b"], 5) == {"a": "a1"}
    assert sorted(world.asked) == ["a", "a", "b"]
    world.now, world.fault = world.now + 2, None
    assert set(await world.remembered.get(["a", "b"], 5)) == {"a", "b"}


async def test_what_changes_while_it_is_looked_up_is_looked_up_again() -> None:
    world = World()
    world.gate.clear()
    asking = [asyncio.create_task(world.remembered.get(["a"], 5)) for _ in range(2)]
    await world.begun.wait()
    world.remembered.forget("a")
    world.remembered.forget("a")
    world.gate.set()
    assert await asyncio.gather(*asking) == [{"a": "a2"}] * 2
    assert world.asked == ["a", "a"]
    assert not world.remembered.is_awaited("a")


async def test_a_fault_is_forgotten_with_what_it_was_about() -> None:
    world = World()
    world.fault = PlatformBusy("429", retry_after=1)
    assert await world.remembered.get(["a"], 5) == {}
    assert world.remembered.is_awaited("a")
    world.remembered.forget("a")
    assert not world.remembered.is_awaited("a")
    world.fault = None
    assert await world.remembered.get(["a"], 5) == {"a": "a2"}


async def test_closing_ends_what_is_asked() -> None:
    world = World()
    world.gate.clear()
    await world.remembered.get(["a"], 0)
    await world.remembered.close()
    assert len(asyncio.all_tasks()) == 1
