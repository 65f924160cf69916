"""`bobbin memory …`: the store is opened for it as the settings say."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import partial

from bot.assembly.memory import open_memories
from bot.assembly.store import open_threads
from bot.context.tokens import Tokenizer, load_tokenizer
from bot.settings import Settings
from bot.shell.command import Typed
from bot.shell.configured import configured
from bot.shell.memory import run_memory
from bot.shell.opened import Opened
from bot.timing import BRIEF


async def run(typed: Typed) -> int:
    """Read or change what is remembered."""
    opener = partial(_memory, configured(typed))
    return await run_memory(typed.arguments, opener, typed.specs, time.time())


@asynccontextmanager
async def _memory(settings: Settings, counted: bool) -> AsyncGenerator[Opened]:
    """Long-term memory; with `counted` tokens are counted, which takes a moment to make ready."""
    model = settings.text("OPENAI_MODEL") or ""
    tokenizer = await asyncio.to_thread(load_tokenizer, model) if counted else Tokenizer()
    async with (
        open_threads(settings, BRIEF) as threads,
        open_memories(settings, threads, tokenizer.count) as memories,
    ):
        yield Opened(memories, threads, threads.memories().scopes)
