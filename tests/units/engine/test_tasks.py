"""Tasks in their order, and ending them for certain."""

from __future__ import annotations

import asyncio

import pytest

from bot.errors import StoreMismatch, StoreUnavailable
from bot.tasks import Lines, end, repeat, unless


async def test_a_task_that_loses_its_first_cancellation_is_ended() -> None:
    lost = 0

    async def stubborn() -> None:
        nonlocal lost
        while True:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                lost += 1
                if lost > 1:
                    raise

    task = asyncio.create_task(stubborn())
    await asyncio.sleep(0)
    await asyncio.wait_for(end(task), 50)
    assert task.cancelled()
    assert lost == 2


async def test_failures_and_results_are_nobodys_concern() -> None:
    async def fail() -> None:
        raise ValueError("of no concern")

    async def work() -> int:
        return 1

    done, failed = asyncio.create_task(work()), asyncio.create_task(fail())
    await end(done, failed)
    await end(done, failed)
    await end()
    assert done.done() and failed.done()


async def test_a_chore_that_hangs_in_its_first_round_has_been_heard_of() -> None:
    heard: list[str] = []
    begun = asyncio.Event()

    async def hang() -> None:
        begun.set()
        await asyncio.Event().wait()

    chore = asyncio.create_task(repeat(hang, 0.0, "a chore", heard.append))
    await asyncio.wait_for(begun.wait(), 50)
    assert heard == ["a chore"]
    await end(chore)


async def test_a_chore_goes_on_whatever_it_meets() -> None:
    met = [StoreUnavailable("away"), StoreMismatch("new"), ValueError("x"), KeyError("y")]
    done = asyncio.Event()

    async def work() -> None:
        if met:
            raise met.pop()
        done.set()

    chore = asyncio.create_task(repeat(work, 0.0, "a chore"))
    await asyncio.wait_for(done.wait(), 50)
    await end(chore)
    assert chore.cancelled()


async def test_work_that_is_done_before_the_event_counts() -> None:
    async def work() -> int:
        return 1

    async def fail() -> int:
        raise StoreUnavailable("away")

    never = asyncio.Event()
    assert await unless(never, work()) == 1
    with pytest.raises(StoreUnavailable):
        await unless(never, fail())


async def test_an_event_ends_the_work_once_it_has_tidied_up() -> None:
    event, begun, tidied = asyncio.Event(), asyncio.Event(), False

    async def work() -> None:
        nonlocal tidied
        try:
            begun.set()
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            tidied = True

    waiting = asyncio.create_task(unless(event, work()))
    await begun.wait()
    event.set()
    assert await asyncio.wait_for(waiting, 50) is None
    assert tidied


async def test_each_line_keeps_its_order() -> None:
    lines, gates, done = Lines(), [asyncio.Event(), asyncio.Event()], list[str]()

    async def stand(line: str, name: str, gate: asyncio.Event | None = None) -> None:
        async with lines.turn(line):
            if gate is not None:
                await gate.wait()
            done.append(name)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(stand("a", "first", gates[0]))
        tasks.create_task(stand("a", "second"))
        gone = tasks.create_task(stand("a", "gone"))
        other = tasks.create_task(stand("b", "elsewhere", gates[1]))
        gates[1].set()
        await other
        gone.cancel()
        assert done == ["elsewhere"]
        gates[0].set()
    assert done == ["elsewhere", "first", "second"]
    assert len(lines) == 0
