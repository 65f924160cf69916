"""What each command does."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime

from bot.budgets import Payer
from bot.chat import (
    EVERYWHERE,
    Adapter,
    Author,
    CommandCall,
    CommandReply,
    File,
    Overview,
    ThreadKey,
)
from bot.commands import texts
from bot.commands.overview import Overviews
from bot.engine.allowance import Allowance
from bot.engine.budget import Budget
from bot.engine.folding import Folding
from bot.engine.running import Ending, Running
from bot.errors import BobbinError, StoreUnavailable
from bot.records import Entry
from bot.storage.patience import patiently
from bot.storage.threads import Threads
from bot.storage.types import Erased
from bot.transfer import ThreadRecord, export_json, export_markdown

Command = Callable[[CommandCall, ThreadKey], Awaitable[CommandReply]]

EXPORT_MOST = 20_000
"""Messages that /export hands over at most, so that one command can't fill the memory."""

FORGET_SECONDS = 20.0
"""How long /forget tries to reach a store that is away."""


class Commands:
    """Runs commands; one object serves every platform."""

    def __init__(
        self,
        threads: Threads,
        folding: Folding,
        running: Running,
        budget: Budget,
        allowance: Allowance,
        adapters: Mapping[str, Adapter],
        clock: Callable[[], float],
        new_id: Callable[[], str],
    ) -> None:
        self._threads = threads
        self._folding = folding
        self._running = running
        self._budget = budget
        self._allowance = allowance
        self._adapters = adapters
        self._clock = clock
        self._new_id = new_id
        self._overviews = Overviews(threads, allowance)
        self._by_name: Mapping[str, Command] = {
            "summary": self._summary,
            "forget": self._forget,
            "stop": self._stop,
            "usage": self._usage,
            "export": self._export,
        }

    async def run(self, call: CommandCall) -> CommandReply:
        """Run one command. Failures come back as a reply."""
        try:
            return await self._run(call)
        except BobbinError as error:
            return _told(error.user_text)

    async def overview(self, platform: str, space: str, author: Author) -> Overview:
        """See `bot.chat.Inbox`."""
        return await self._overviews.of(platform, space, author)

    async def _run(self, call: CommandCall) -> CommandReply:
        if call.name == "help":
            adapter = self._adapters[call.platform]
            return _told(texts.help_text(adapter.capabilities.slash_in_threads))
        command = self._by_name.get(call.name)
        if command is None:
            return _told(texts.UNKNOWN)
        if call.name == "forget" and call.thread is None and EVERYWHERE in call.options:
            return await self._overviews.forget_all(call, self._erase)
        if call.thread is None:
            return await self._which(call)
        if not within_reach(call, call.thread):
            return _told(texts.OUT_OF_REACH)
        authors = await self._threads.authors(call.thread)
        if not authors:
            return _told(texts.NOTHING_STORED)
        if call.author.id not in authors and not call.author.is_admin:
            return _told(texts.NOT_YOURS)
        return await command(call, call.thread)

    async def _which(self, call: CommandCall) -> CommandReply:
        choices = await self._threads.recent(
            call.platform, call.space, call.channel, call.author.id
        )
        if not choices:
            return _told(texts.NO_THREAD)
        return CommandReply(texts.WHICH, choices=tuple(choices))

    async def _forget(self, call: CommandCall, thread: ThreadKey) -> CommandReply:
        return _told(texts.erased_text(await self._erase(thread)))

    async def _erase(self, thread: ThreadKey) -> Erased:
        nonce = self._new_id()
        erased = await patiently(lambda: self._threads.forget(thread, nonce=nonce), FORGET_SECONDS)
        self._running.end(thread, Ending.FORGOTTEN)
        return erased

    async def _stop(self, call: CommandCall, thread: ThreadKey) -> CommandReply:
        here = self._running.end(thread, Ending.STOPPED)
        try:
            asked = await self._threads.ask_stop(thread)
        except StoreUnavailable:
            if not here:
                raise
            asked = True
        return _told(texts.STOPPING if asked or here else texts.NOTHING_RUNNING)

    async def _summary(self, call: CommandCall, thread: ThreadKey) -> CommandReply:
        text = await self._folding.summarise(thread, call.author)
        if text is None:
            return _told(texts.NOTHING_TO_SUM_UP)
        return CommandReply(text, private="share" not in call.options)

    async def _usage(self, call: CommandCall, thread: ThreadKey) -> CommandReply:
        conversation = await self._threads.take_window(thread)
        used = texts.usage_text(
            messages=await self._threads.count(thread),
            window=sum(entry.tokens for entry in conversation.window),
            budget=self._budget.configured,
            summarised=bool(conversation.summary.text),
            tally=conversation.tally,
        )
        standing = await self._allowance.standing(Payer.of(thread, call.author))
        return CommandReply(f"{used}\n\n{standing}")

    async def _export(self, call: CommandCall, thread: ThreadKey) -> CommandReply:
        conversation = await self._threads.take_window(thread)
        entries: deque[Entry] = deque(maxlen=EXPORT_MOST)
        total = 0
        async for entry in self._threads.entries(thread):
            entries.append(entry)
            total += 1
        left_out = total - len(entries)
        record = ThreadRecord(
            thread,
            conversation.summary,
            conversation.names,
            conversation.tally,
            tuple(entries),
        )
        stamp = datetime.fromtimestamp(self._clock(), UTC).strftime("%Y-%m-%d-%H%M%S")
        note = f" The oldest {left_out:,} are left out; `bobbin export` gives all." * (left_out > 0)
        return CommandReply(
            f"This conversation, {len(record.entries):,} messages.{note}",
            files=await asyncio.to_thread(_files, f"bobbin-{stamp}", record),
        )


def within_reach(call: CommandCall, thread: ThreadKey) -> bool:
    """Whether a command may touch a thread, whatever the caller's client made of a link or list.

    It has to be of the caller's own platform and space, and where the command was called, unless
    the adapter has made sure that the caller sees its channel.
    """
    if (thread.platform, thread.space) != (call.platform, call.space):
        return False
    return call.visible or call.channel in (thread.channel, thread.thread)


def _told(text: str) -> CommandReply:
    """A sentence of our own, without a word of the conversation."""
    return CommandReply(text, harmless=True)


def _files(name: str, record: ThreadRecord) -> tuple[File, ...]:
    """Both forms of a conversation; takes a second for twenty thousand messages."""
    return (
        _file(f"{name}.md", export_markdown(record), "text/markdown"),
        _file(f"{name}.json", export_json(record), "application/json"),
    )


def _file(name: str, text: str, media_type: str) -> File:
    return File(name, text.encode("utf-8", "replace"), media_type)
