"""The commands about long-term memory, put together."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from bot.chat import Adapter, CommandCall, CommandReply
from bot.commands.memories import Browsing
from bot.commands.recalling import Recalling
from bot.commands.remembering import Remembering
from bot.memory.port import Memories
from bot.storage.threads import Threads


class MemoryCommands:
    """What is offered where there is a memory.

    Args:
        memories: The memory.
        threads: Where conversations are kept.
        adapters: The platforms.

    Attributes:
        by_name: What each command does.
    """

    def __init__(
        self, memories: Memories, threads: Threads, adapters: Mapping[str, Adapter]
    ) -> None:
        remembering = Remembering(memories, threads, adapters)
        browsing = Browsing(memories, adapters)
        recalling = Recalling(memories, threads, adapters)
        self.by_name: Mapping[str, Callable[[CommandCall], Awaitable[CommandReply]]] = {
            "remember": remembering.remember,
            "memories": browsing.memories,
            "recall": recalling.recall,
        }
