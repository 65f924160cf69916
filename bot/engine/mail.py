"""A turn's mail as log entries, with what was said before the bot was called."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

from bot.access import Access
from bot.adapter import Adapter
from bot.chat import Author, MessageRef, ThreadKey
from bot.context.render import earlier_left_out
from bot.context.speakers import unique_name
from bot.context.tokens import Tokenizer
from bot.engine.budget import Budget
from bot.engine.counting import counted
from bot.engine.enclosed import Enclosed
from bot.errors import PlatformError, StoreError
from bot.ignoring import is_kept_out
from bot.records import Entry, Role
from bot.storage.types import Turn

logger = logging.getLogger(__name__)

EARLIER_MESSAGES = 200
"""Messages read, once, of a thread that the bot is called into."""


Deleted = Callable[[ThreadKey, Sequence[str]], Awaitable[frozenset[str]]]
"""Tells which of some messages of a conversation were deleted lately. Raises StoreUnavailable."""


class MailReader:
    """Turns what people wrote into entries, under the names that the model knows them by."""

    def __init__(
        self,
        adapter: Adapter,
        tokenizer: Tokenizer,
        budget: Budget,
        access: Access,
        enclosed: Enclosed,
        deleted: Deleted,
    ) -> None:
        self._adapter = adapter
        self._enclosed = enclosed
        self._deleted = deleted
        self._access = access
        self._tokenizer = tokenizer
        self._budget = budget

    async def read(self, turn: Turn, names: dict[str, str]) -> tuple[Entry, ...]:
        """Earlier messages if the bot is called into a thread, then the mail itself.

        Args:
            turn: Whose mail it is.
            names: Names given so far; people who speak for the first time are added.

        Raises StoreUnavailable.
        """
        await self._enclosed.read()
        entries: list[Entry] = []
        for event in turn.mail:
            text, pieces = self._enclosed.said(event)
            if text:
                role: Role = "context" if event.aside else "user"
                entry = await self._entry(
                    role, turn, event.author, event.ref, text, event.at, names
                )
                entries.append(replace(entry, edited=event.edited, pieces=pieces))
        return (*await self._earlier(turn, names), *entries)

    async def _earlier(self, turn: Turn, names: dict[str, str]) -> tuple[Entry, ...]:
        call = next((event for event in turn.mail if event.joins), None)
        if call is None or not turn.joined:
            return ()
        try:
            history = await self._adapter.history(call, EARLIER_MESSAGES)
        except PlatformError as error:
            logger.warning("turn %s: earlier messages not read: %s", turn.lease.turn, error)
            gap = replace(earlier_left_out(call.at), turn=turn.lease.turn)
            return (await counted(gap, self._tokenizer),)
        known = {event.ref.message for event in turn.mail}
        # A platform may show for a moment longer what was deleted.
        seen = [message.ref.message for message in history.messages]
        try:
            known |= await self._deleted(turn.lease.thread, seen)
        except StoreError as error:
            # They are looked for again when it is stored.
            logger.warning("turn %s: deletions not looked for: %s", turn.lease.turn, error)
        entries: list[Entry] = []
        partial, room = history.partial, self._budget.configured // 2
        for message in reversed(history.messages):
            if message.at <= turn.forgotten:
                partial = True
                break
            if message.ref.message in known or message.from_bot or not message.text.strip():
                continue
            if is_kept_out(message.text):
                continue
            if self._access.is_unread(message.author, turn.lease.thread.platform):
                # It may be a member's after all.
                partial = partial or message.author.is_unknown
                continue
            entry = await self._entry(
                "context", turn, message.author, message.ref, message.text, message.at, names
            )
            room -= entry.tokens
            if room < 0:
                partial = True
                break
            entries.append(entry)
        if partial and entries:
            gap = replace(earlier_left_out(entries[-1].at), turn=turn.lease.turn)
            entries.append(await counted(gap, self._tokenizer))
        return tuple(reversed(entries))

    async def _entry(
        self,
        role: Role,
        turn: Turn,
        author: Author,
        ref: MessageRef,
        text: str,
        at: float,
        names: dict[str, str],
    ) -> Entry:
        names[author.id] = unique_name(names, author)
        entry = Entry(
            role=role,
            text=text,
            at=at,
            author_id=author.id,
            author=names[author.id],
            message_ids=(ref.message,),
            turn=turn.lease.turn,
        )
        return await counted(entry, self._tokenizer)
