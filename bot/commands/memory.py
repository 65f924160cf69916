"""The commands about long-term memory, put together."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from bot.adapter import Adapter
from bot.chat import CommandCall, CommandReply
from bot.commands.connecting import Connecting
from bot.commands.link_news import LinkNews
from bot.commands.linking import LinkCommand
from bot.commands.memories import Browsing
from bot.commands.memory_places import Grants
from bot.commands.recalling import Recalling
from bot.commands.remembering import Remembering
from bot.memory.port import Memories
from bot.storage.threads import Threads


class MemoryCommands:
    """What is offered about memories.

    Args:
        memories: The memory.
        threads: Where conversations, links and tokens are kept.
        grants: Tells what the caller may do.
        adapters: The platforms.
        clock: Seconds since the epoch.
        random: Gives so many random bytes.
        new_id: Names tries.

    Attributes:
        by_name: What each command does.
        news: What people are told of the use of their link codes.
    """

    def __init__(
        self,
        memories: Memories,
        threads: Threads,
        grants: Grants,
        adapters: Mapping[str, Adapter],
        clock: Callable[[], float],
        random: Callable[[int], bytes],
        new_id: Callable[[], str],
    ) -> None:
        remembering = Remembering(memories, threads, grants)
        browsing = Browsing(memories, grants)
        recalling = Recalling(memories, threads, grants, adapters)
        self.news = LinkNews(threads.links, grants, adapters, threads.claims("bobbin"), new_id)
        linking = LinkCommand(threads.links, grants, self.news, adapters, random)
        connecting = Connecting(threads.tokens, grants, clock, random)
        self.by_name: Mapping[str, Callable[[CommandCall], Awaitable[CommandReply]]] = {
            "remember": remembering.remember,
            "memories": browsing.memories,
            "recall": recalling.recall,
            "link": linking.link,
            "connect": connecting.connect,
        }
