from __future__ import annotations

import asyncio
import os
import signal

import pytest

from bot.signals import interruptible, stop_at_signal


def test_a_second_interrupt_ends_the_loop_and_is_raised_in_no_task() -> None:
    met: list[type[BaseException]] = []

    async def run() -> None:
        stopped = asyncio.Event()
        stop_at_signal(stopped.set)
        os.kill(os.getpid(), signal.SIGINT)
        await stopped.wait()
        try:
            os.kill(os.getpid(), signal.SIGINT)
            await asyncio.Event().wait()
        except BaseException as error:
            met.append(type(error))
            raise

    with pytest.raises(KeyboardInterrupt):
        asyncio.run(run())
    assert met == [asyncio.CancelledError]


def test_what_waits_for_a_person_is_interrupted_at_once_and_nothing_after_it() -> None:
    async def run() -> None:
        with pytest.raises(KeyboardInterrupt), interruptible():
            os.kill(os.getpid(), signal.SIGINT)
        with pytest.raises(asyncio.CancelledError):
            os.kill(os.getpid(), signal.SIGINT)
            await asyncio.Event().wait()

    asyncio.run(run())
