"""What is tried although nobody waits for it any more."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from adapters.slack.later import Later
from bot.errors import NotAllowed, PlatformBusy

TRIES = 3


class Work:
    """Fails so often, then is done; waits for `gate` if there is one."""

    def __init__(self, *faults: Exception, gate: asyncio.Event | None = None) -> None:
        self.faults = list(faults)
        self.gate = gate
        self.tries = 0
        self.done = asyncio.Event()

    async def __call__(self) -> None:
        self.tries += 1
        if self.gate is not None:
            await self.gate.wait()
        if self.faults:
            raise self.faults.pop(0)
        self.done.set()


def busy(times: int) -> list[Exception]:
    return [PlatformBusy(retry_after=0.001) for _ in range(times)]


async def test_it_is_tried_until_it_is_taken_but_not_for_ever(
    caplog: pytest.LogCaptureFixture,
) -> None:
    later: Later[str] = Later("It stays", 0.001, TRIES)
    works = Work(*busy(2)), Work(*busy(9)), Work(NotAllowed(), PlatformBusy())
    for name, work in zip("abc", works, strict=True):
        later.start(name, work)
    await later.close(5.0)
    assert [work.tries for work in works] == [3, TRIES, 1]
    assert works[0].done.is_set()
    assert "It stays: Slack has been busy all the while" in caplog.messages


@pytest.mark.parametrize("how", [Later[str].stop, Later[str].stopped])
async def test_one_at_a_time_which_can_be_stopped_and_begun_anew(
    how: Callable[[Later[str], str], Awaitable[None] | None],
) -> None:
    later: Later[str] = Later("It stays", 0.001, TRIES)
    first, second = Work(gate=asyncio.Event()), Work()
    later.start("a", first)
    later.start("a", second)
    await asyncio.sleep(0)
    assert (first.tries, second.tries) == (1, 0)
    stopping = how(later, "a")
    if stopping is not None:
        await stopping
    later.start("a", second)
    await later.close(5.0)
    assert second.done.is_set() and not first.done.is_set()


async def test_it_can_be_begun_anew_while_it_still_ends() -> None:
    """Whoever waits for the end may be cancelled meanwhile, and want it done all the same."""
    later: Later[str] = Later("It stays", 0.001, TRIES)
    ends, second = asyncio.Event(), Work()

    async def slow_to_end() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await ends.wait()

    later.start("a", slow_to_end)
    await asyncio.sleep(0)
    stopping = asyncio.create_task(later.stopped("a"))
    await asyncio.sleep(0)
    later.start("a", second)
    ends.set()
    await stopping
    await later.close(5.0)
    assert second.done.is_set()


async def test_at_the_end_nothing_goes_on() -> None:
    later: Later[str] = Later("It stays", 60.0, TRIES)
    work = Work(PlatformBusy())
    later.start("a", work)
    await later.close(0.01)
    assert work.tries == 1 and not work.done.is_set()
    await later.close(0.01)


async def test_while_slack_has_said_to_wait_nobody_else_tries() -> None:
    later: Later[str] = Later("It stays", 0.001, TRIES)
    first, second = Work(PlatformBusy(retry_after=30.0)), Work()
    later.start("a", first)
    later.start("b", second)
    for _ in range(5):
        await asyncio.sleep(0)
    assert later.busy and (first.tries, second.tries) == (1, 0)
    later.stop("a")
    await later.close(5.0)
    assert second.done.is_set() and not later.busy
