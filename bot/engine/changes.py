"""History follows the people: what they edit is amended, what they delete is forgotten."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from bot.access import Access
from bot.audience import person_of
from bot.chat import Incoming, Removal, ThreadKey
from bot.context.tokens import Tokenizer
from bot.engine.counting import as_it_reads_now
from bot.engine.folding import Folding
from bot.engine.running import Ending, Running
from bot.memory.port import Memories
from bot.storage.keys import Place
from bot.storage.threads import Threads
from bot.storage.types import Amended, Struck

logger = logging.getLogger(__name__)

REMEMBERED = 100
"""Entries whose messages are told of to who looks for what was deleted meanwhile."""


class Changes:
    """Carries changes into the store, and tells the turns and folds of this process of them.

    `per_space` tells whether people's ids belong to one space, by platform; `access` who is read.

    What runs in other processes hears of it from the store.
    """

    def __init__(
        self,
        threads: Threads,
        memories: Memories,
        tokenizer: Tokenizer,
        folding: Folding,
        running: Running,
        per_space: Callable[[str], bool],
        access: Access,
    ) -> None:
        self._threads = threads
        self._memories = memories
        self._per_space = per_space
        self._access = access
        self._tokenizer = tokenizer
        self._folding = folding
        self._running = running

    async def edited(self, event: Incoming) -> Amended:
        """Amend what is kept of a message. Raises StoreError."""
        messages = (event.ref.message,)
        # What somebody asked for stands as they put it; what was only found does not.
        forget = partial(self._memories.forget_messages, event.thread, messages, unasked=True)
        amended = await self._threads.amend(
            event,
            partial(as_it_reads_now, tokenizer=self._tokenizer),
            forget,
            elsewhere=not self._access.is_unread(event.author, event.thread.platform),
        )
        if amended is Amended.UNSUMMARISED:
            self._folding.anew(event.thread)
        if amended in (Amended.DONE, Amended.UNSUMMARISED):
            # Something may have been found in the old words meanwhile.
            await forget()
            await self._memories.let_go(event.thread)
        logger.debug("an edit on %s: %s", event.thread.platform, amended)
        return amended

    async def deleted(self, removal: Removal) -> None:
        """Forget what a removal names. Raises StoreError."""
        if removal.person:
            await self._person(removal)
        elif removal.messages:
            await self._messages(removal)
        elif removal.thread is not None:
            await self._thread(removal.thread)
        else:
            place = (removal.platform, removal.space, removal.channel)
            gone = await self._threads.forget_channel(place)
            self._end_in(place)
            await self._memories.forget_place(*place)
            logger.info("a channel on %s is gone: %d thread(s)", removal.platform, gone)

    async def forget_in(self, thread: ThreadKey, user: str) -> Struck:
        """Forget what somebody said in a conversation that others go on with. Raises StoreError."""
        struck = await self._threads.forget_in(thread, user)
        self._follow(thread, struck)
        return struck

    async def left(self, platform: str, space: str) -> int:
        """Forget a whole server or workspace; how many conversations. Raises StoreError."""
        gone = await self._threads.forget_space(platform, space)
        await self._memories.forget_place(platform, space)
        return gone

    async def departed(self, platform: str, space: str, channel: str, user: str) -> None:
        """Take a channel out of what the tokens of somebody open. Raises StoreError."""
        person = person_of(platform, space, user, per_space=self._per_space(platform))
        gone = await self._memories.shut_out(person, (platform, space, channel))
        if gone:
            logger.info("somebody left a channel on %s: %d token(s) reach less", platform, gone)

    async def remembered(self, thread: ThreadKey) -> Sequence[str]:
        """Ids of the messages that the newest entries hold. Raises StoreError."""
        return await self._threads.newest_messages(thread, REMEMBERED)

    async def _thread(self, thread: ThreadKey) -> None:
        erased = await self._threads.drop(thread)
        self._running.end(thread, Ending.FORGOTTEN)
        await self._memories.forget_thread(thread)
        logger.info("a thread on %s is gone: %d message(s)", thread.platform, erased.messages)

    def _end_in(self, place: Place) -> None:
        for thread in self._running.threads():
            if (thread.platform, thread.space, thread.channel) == place:
                self._running.end(thread, Ending.FORGOTTEN)

    async def _person(self, removal: Removal) -> None:
        found = await self._threads.forget_person(removal.platform, removal.space, removal.person)
        for thread, struck in found:
            self._follow(thread, struck)
        per_space = self._per_space(removal.platform)
        person = person_of(removal.platform, removal.space, removal.person, per_space=per_space)
        await self._memories.forget_person(person, removal.space)
        logger.info("somebody is gone from %s: %d thread(s)", removal.platform, len(found))

    async def _messages(self, removal: Removal) -> None:
        known = dict(zip(removal.messages, removal.events, strict=True))
        holders = await self._holders(removal)
        for message in removal.messages if removal.thread is None else ():
            # The conversation may be gone long since, or there was none.
            begun = ThreadKey(removal.platform, removal.space, removal.channel, message)
            if begun not in holders:
                await self._memories.forget_messages(begun, [message])
        for thread, messages in holders.items():
            # First: once a message is struck nothing tells any more which conversation had it.
            await self._memories.forget_messages(thread, messages)
            events = [known[message] for message in messages if message in known]
            struck = await self._threads.strike(thread, messages, events)
            if struck.unsummarised:
                # Something may have been remembered of its fold just before it was struck.
                await self._memories.forget_messages(thread, messages)
            await self._memories.let_go(thread)
            self._follow(thread, struck)
            if struck.entries or struck.mail:
                logger.info("deleted on %s: %s", thread.platform, struck)

    async def _holders(self, removal: Removal) -> Mapping[ThreadKey, Sequence[str]]:
        """The conversations that may hold the messages, each with those that it may hold."""
        if removal.thread is not None:
            return {removal.thread: removal.messages}
        place = (removal.platform, removal.space, removal.channel)
        return await self._threads.holders(place, removal.messages, removal.events)

    def _follow(self, thread: ThreadKey, struck: Struck) -> None:
        if struck.withdrawn:
            self._running.end(thread, Ending.WITHDRAWN)
        if struck.unsummarised:
            self._folding.anew(thread)
