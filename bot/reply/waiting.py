"""Waiting for one thing unless another comes first."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from bot.tasks import end

T = TypeVar("T")


async def unless(event: asyncio.Event, work: Coroutine[Any, Any, T]) -> T | None:
    """The result of `work`, or None when `event` is set first; `work` is cancelled then.

    Nothing is left running when this returns or is cancelled.
    """
    doing = asyncio.ensure_future(work)
    signal = asyncio.ensure_future(event.wait())
    try:
        await asyncio.wait({doing, signal}, return_when=asyncio.FIRST_COMPLETED)
        return doing.result() if doing.done() else None
    finally:
        await end(doing, signal)


async def settle(task: asyncio.Future[Any], limit: Coroutine[Any, Any, None]) -> bool:
    """Wait for `task`, but no longer than `limit` takes; whether it is done. Never cancels it."""
    timer = asyncio.ensure_future(limit)
    try:
        await asyncio.wait({task, timer}, return_when=asyncio.FIRST_COMPLETED)
        return task.done()
    finally:
        await end(timer)


async def stop(task: asyncio.Future[Any]) -> None:
    """Cancel a task of one's own and wait until it is gone."""
    await end(task)
