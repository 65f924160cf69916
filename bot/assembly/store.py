"""The store that the settings name: a Redis of the operator's, or the bundled server."""

from __future__ import annotations

import contextlib
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

from bot.ids import new_id
from bot.settings import Settings
from bot.storage.connect import Observe, open_redis, wait_until_ready
from bot.storage.embedded import EmbeddedServer
from bot.storage.patience import patiently
from bot.storage.threads import Threads
from bot.timing import TIMING, Timing


@asynccontextmanager
async def open_threads(
    settings: Settings,
    timing: Timing = TIMING,
    observe: Observe = lambda what, seconds, error: None,
) -> AsyncGenerator[Threads]:
    """The store that the settings name, ready and checked; `observe` is told of every operation.

    Raises:
        StoreUnavailable: It did not answer in time, or refuses the password.
        StoreMismatch: It was written by an incompatible version.
    """
    async with contextlib.AsyncExitStack() as stack:
        url = settings.text("REDIS_URL")
        erased: Callable[[], None] = _leave_it_to_redis
        if url is None:
            server = EmbeddedServer(settings.data_dir)
            url = await stack.enter_async_context(server)
            erased = server.compact
        client = open_redis(url, timing.store)
        stack.push_async_callback(client.aclose)
        await wait_until_ready(client, timing.store_at_start, waits=timing.store)
        threads = Threads(
            client,
            worker=new_id(),
            clock=time.time,
            new_id=new_id,
            lease_seconds=settings.lease_seconds,
            retention_days=settings.retention_days,
            import_retention_days=settings.import_retention_days,
            silence_hours=settings.silence_hours,
            # The engine gives up by itself, since it has people to tell.
            max_attempts=1_000,
            bot_messages=settings.bot_messages,
            most_waiting=settings.most_waiting,
            erased=erased,
            waits=timing.store,
            observe=observe,
        )
        # It may go away again right after it was there.
        await patiently(threads.check_schema, timing.store_at_start)
        yield threads


def _leave_it_to_redis() -> None:
    """When a Redis of the operator's rewrites its files is the operator's to say."""
