"""What `bobbin memory …` does."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from bot.audience import Grant
from bot.memories import Filter, Kind, MemoryText, Scope, Source, Status, Via, Written, Wrote
from bot.memory.port import Change, Memories, NewMemory
from bot.shell import showing
from bot.shell.asking import sure
from bot.shell.grants import NotNamed, Scopes, operator_grant
from bot.shell.moving import bring_in, erase, take_out
from bot.storage.threads import Threads

GOOD = (Wrote.CREATED, Wrote.TOUCHED, Wrote.UPDATED, Wrote.DELETED, Wrote.UNCHANGED)


@dataclass(frozen=True, slots=True)
class Opened:
    """The store, ready: `scopes` lists all that hold anything."""

    memories: Memories
    threads: Threads
    scopes: Scopes


Opener = Callable[[], AbstractAsyncContextManager[Opened]]
"""Opens the store that the settings name. Raises StoreError."""


async def run_memory(arguments: argparse.Namespace, opener: Opener, now: float) -> int:
    """Carry out one command and return the exit code: 0 good, 1 failed, 2 wrong usage.

    Raises BobbinError.
    """
    if arguments.memory_command == "import":
        return await bring_in(arguments, opener, now)
    async with opener() as opened:
        if arguments.memory_command == "scopes":
            return await _scopes(opened, json=arguments.json)
        try:
            grant = await operator_grant(
                arguments.person, arguments.scope, arguments.all, opened.scopes
            )
        except NotNamed as error:
            print(error, file=sys.stderr)
            return 2
        return await _run(arguments, opened, grant)
