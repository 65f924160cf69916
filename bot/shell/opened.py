"""What the commands work on."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from bot.memories import Scope
from bot.memory.port import Memories
from bot.storage.threads import Threads

Scopes = Callable[[], AsyncIterator[Scope]]
"""All scopes that hold anything."""


@dataclass(frozen=True, slots=True)
class Opened:
    """The store, ready."""

    memories: Memories
    threads: Threads
    scopes: Scopes


Opener = Callable[[bool], AbstractAsyncContextManager[Opened]]
"""Opens the store that the settings name, and closes it; told whether tokens are counted.

Raises StoreError.
"""
