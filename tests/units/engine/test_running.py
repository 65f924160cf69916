"""How running turns are found and ended."""

from __future__ import annotations

import asyncio

import pytest

from bot.chat import ThreadKey
from bot.engine.running import Control, Ending, Running

HERE = ThreadKey("x", "s", "c", "1")
THERE = ThreadKey("x", "s", "c", "2")


async def test_the_first_reason_counts() -> None:
    control = Control()
    assert control.ending is None
    waiting = asyncio.create_task(control.ended())
    control.end(Ending.STOPPED)
    control.end(Ending.LOST)
    assert control.ending is Ending.STOPPED
    assert await waiting is Ending.STOPPED


async def test_giving_up_the_wait_does_not_end_the_turn() -> None:
    control = Control()
    waiting = asyncio.create_task(control.ended())
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    control.end(Ending.STOPPED)
    assert await control.ended() is Ending.STOPPED


async def test_only_turns_that_run_here_are_ended() -> None:
    running = Running()
    assert not running.end(HERE, Ending.STOPPED)
    with running.control(HERE) as control:
        assert running.runs(HERE) and not running.runs(THERE)
        assert not running.end(THERE, Ending.STOPPED)
        assert running.end(HERE, Ending.FORGOTTEN)
        assert control.ending is Ending.FORGOTTEN
    assert not running.runs(HERE)
    assert not running.end(HERE, Ending.STOPPED)


async def test_all_are_ended_and_a_successor_is_kept() -> None:
    running = Running()
    with running.control(HERE) as first:
        with running.control(HERE) as second:
            assert second is not first
        assert not running.runs(HERE)
        with running.control(THERE) as other:
            running.end_all(Ending.SHUTDOWN)
            assert other.ending is Ending.SHUTDOWN
        assert first.ending is None
