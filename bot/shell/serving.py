"""`bobbin api` and `bobbin mcp`: memories for other programs, without any platform."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from bot.assembly.api import offer_stdio, offered
from bot.assembly.memory import open_memories
from bot.assembly.store import open_threads
from bot.context.tokens import load_tokenizer
from bot.errors import Problem, SettingsError
from bot.memory.port import Memories
from bot.ops.alive import alive_folder, answering
from bot.settings import Settings
from bot.shell.command import Typed
from bot.shell.configured import configured
from bot.signals import stop_at_signal
from bot.storage.threads import Threads


async def mcp(typed: Typed) -> int:
    """Serve until the input ends. Raises BobbinError: the token opens nothing."""
    settings = configured(typed)
    token = settings.text("BOBBIN_TOKEN")
    if not token:
        fix = "Make one with `bobbin tokens create`."
        raise SettingsError([Problem("BOBBIN_TOKEN", "is not set.", fix)])
    async with _opened(settings) as (threads, memories):
        await offer_stdio(settings, threads, memories, token)
    return 0


async def api(typed: Typed) -> int:
    """Serve until a signal ends it. Raises SettingsError where the port is unset or taken."""
    settings = configured(typed)
    if settings.integer("BOBBIN_API_PORT") is None:
        problem = Problem("BOBBIN_API_PORT", "is not set.", "Set it to a free port, such as 8090.")
        raise SettingsError([problem])
    async with _opened(settings) as (threads, memories):
        return await _serve(settings, threads, memories)


async def _serve(settings: Settings, threads: Threads, memories: Memories) -> int:
    stop = asyncio.Event()
    stop_at_signal(stop.set)
    async with (
        answering(alive_folder(), os.getpid(), dict),
        offered(settings, threads, memories) as served,
    ):
        assert served is not None
        waiting = asyncio.create_task(stop.wait())
        await asyncio.wait({waiting, served.task}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        return 0 if stop.is_set() else 1


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncGenerator[tuple[Threads, Memories]]:
    """The store, and memory over it."""
    name = settings.text("OPENAI_MODEL") or ""
    count = (await asyncio.to_thread(load_tokenizer, name)).count
    async with (
        open_threads(settings) as threads,
        open_memories(settings, threads, count) as memories,
    ):
        yield threads, memories
