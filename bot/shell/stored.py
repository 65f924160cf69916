"""`bobbin tokens` and `bobbin restored`: what needs the store and nothing else."""

from __future__ import annotations

import time

from bot.assembly.store import open_threads
from bot.shell.command import Typed
from bot.shell.configured import configured
from bot.shell.restored import run_restored
from bot.shell.tokens import run_tokens, to_stderr
from bot.timing import BRIEF


async def tokens(typed: Typed) -> int:
    """Make, list or revoke tokens."""
    async with open_threads(configured(typed), BRIEF) as threads:
        return await run_tokens(typed.arguments, threads.tokens, typed.specs, print, to_stderr)


async def restored(typed: Typed) -> int:
    """Leave alone what was said before a backup was put back."""
    async with open_threads(configured(typed), BRIEF) as threads:
        return await run_restored(typed.arguments, threads.notes("bobbin"), time.time(), print)
