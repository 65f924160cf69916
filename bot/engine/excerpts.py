"""What was said from one message on: as it is stored, or as the platform still shows it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from bot.access import Access
from bot.adapter import Adapter
from bot.chat import EarlierMessage, MessageRef, ThreadKey
from bot.context.speakers import unique_name
from bot.context.tokens import Tokenizer
from bot.engine.counting import counted
from bot.ignoring import is_kept_out
from bot.records import Entry
from bot.storage.threads import Threads

MOST = 500
"""Messages of an excerpt; each thousand or so of short ones is one more request to the model."""


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Messages in their order; `partial` if more come after them, `withheld` as in `History`."""

    entries: tuple[Entry, ...]
    partial: bool = False
    withheld: int = 0


class Excerpts:
    """Finds them.

    Args:
        threads: What is stored.
        tokenizer: Counts what is not stored.
        access: Who is never read.
    """

    def __init__(self, threads: Threads, tokenizer: Tokenizer, access: Access) -> None:
        self._threads = threads
        self._tokenizer = tokenizer
        self._access = access

    async def stored(self, thread: ThreadKey, first: MessageRef) -> Excerpt | None:
        """From the log, None when the message is not in it. Raises StoreUnavailable."""
        found: list[Entry] = []
        async for entry in self._threads.entries(thread):
            if found or first.message in entry.message_ids:
                if len(found) == MOST:
                    return Excerpt(tuple(found), partial=True)
                found.append(entry)
        return Excerpt(tuple(found)) if found else None

    async def shown(self, adapter: Adapter, thread: ThreadKey, first: EarlierMessage) -> Excerpt:
        """From the platform; the message itself at least, which the caller has before them.

        Raises PlatformError.
        """
        history = await adapter.since(first.ref, thread, MOST)
        if all(message.ref != first.ref for message in history.messages):
            # The platform may keep its words back from who was not shown it.
            history = replace(
                history,
                messages=(first, *history.messages),
                withheld=max(0, history.withheld - 1),
            )
        names: dict[str, str] = {}
        entries = [
            await self._entry(message, names)
            for message in history.messages
            if self._is_read(message, adapter.name)
        ]
        return Excerpt(tuple(entries), history.partial, history.withheld)

    def _is_read(self, message: EarlierMessage, platform: str) -> bool:
        unread = not message.from_bot and self._access.is_unread(message.author, platform)
        return bool(message.text.strip()) and not unread and not is_kept_out(message.text)

    async def _entry(self, message: EarlierMessage, names: dict[str, str]) -> Entry:
        author = message.author
        if message.from_bot:
            said = Entry("assistant", message.text, message.at)
        else:
            name = names[author.id] = unique_name(names, author)
            said = Entry("user", message.text, message.at, author.id, name)
        return await counted(said, self._tokenizer)
