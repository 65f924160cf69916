"""What each command does."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from bot.adapter import Adapter
from bot.budgets import Payer
from bot.chat import (
    EVERYTHING,
    Author,
    CommandCall,
    CommandReply,
    EarlierMessage,
    File,
    Overview,
    ThreadKey,
)
from bot.command_spec import CommandSpec, Completion
from bot.commands import forget_texts, texts
from bot.commands.forgetting import FORGET_SECONDS, Forgetting, meant
from bot.commands.memory import MemoryCommands
from bot.commands.overview import Overviews
from bot.commands.place_settings import PlaceSettings, place_called
from bot.commands.specs import offered
from bot.commands.stopping import Stopped, stop
from bot.engine.allowance import Allowance
from bot.engine.asking import Asking, Question
from bot.engine.budget import Budget
from bot.engine.excerpts import Excerpts
from bot.engine.folding import Folding
from bot.engine.imagining import Imagining
from bot.engine.running import Running
from bot.errors import BobbinError, ModelError
from bot.ignoring import is_ignored
from bot.presence import audience_of_call
from bot.records import NO_SUMMARY, Entry
from bot.storage.patience import patiently
from bot.storage.threads import Threads
from bot.transfer import ThreadRecord, export_json, export_markdown

logger = logging.getLogger(__name__)

Command = Callable[[CommandCall, ThreadKey], Awaitable[CommandReply]]
Anywhere = Callable[[CommandCall], Awaitable[CommandReply]]

EXPORT_MOST = 20_000
"""Messages that /export hands over at most, so that one command can't fill the memory."""

NOWHERE = "-"
"""Stands for the thread where something belongs to a channel alone."""

PARTS_SHOWN = 3
"""A private answer of more messages than that is handed over as a file."""

BEGINNING = 600
"""Characters of it that are shown beside the file."""

STOPPED: Mapping[Stopped, str] = {
    Stopped.STOPPING: texts.STOPPING,
    Stopped.NOT_RUNNING: texts.NOTHING_RUNNING,
    Stopped.NOT_ASKED: texts.NOT_ASKED,
}


class Commands:
    """Runs commands; one object serves every platform."""

    def __init__(
        self,
        threads: Threads,
        folding: Folding,
        asking: Asking,
        excerpts: Excerpts,
        settings: PlaceSettings,
        forgetting: Forgetting,
        running: Running,
        budget: Budget,
        allowance: Allowance,
        adapters: Mapping[str, Adapter],
        clock: Callable[[], float],
        new_id: Callable[[], str],
        imagining: Imagining | None = None,
        memory: MemoryCommands | None = None,
    ) -> None:
        self._threads = threads
        self._folding = folding
        self._asking = asking
        self._excerpts = excerpts
        self._imagining = imagining
        self._forgetting = forgetting
        self._running = running
        self._budget = budget
        self._allowance = allowance
        self._adapters = adapters
        self._clock = clock
        self._memory = memory
        self._new_id = new_id
        self._overviews = Overviews(threads, allowance)
        self._by_name: Mapping[str, Command] = {
            "summary": self._summary,
            "forget": forgetting.thread,
            "stop": self._stop,
            "usage": self._usage,
            "export": self._export,
            "leave": self._leave,
        }
        self._anywhere: Mapping[str, Anywhere] = {
            "help": self._help,
            "ask": self._ask,
            "imagine": self._imagine,
            "settings": lambda call: settings.settings(call, self._sign(call)),
            "persona": lambda call: settings.persona(call, self._sign(call)),
            **(memory.by_name if memory is not None else {}),
        }

    @property
    def offered(self) -> Sequence[CommandSpec]:
        """The commands that this deployment offers."""
        return offered(self._imagining is not None)

    @property
    def of_conversations(self) -> Collection[str]:
        """Names of those that are about one conversation."""
        return self._by_name.keys()

    async def run(self, call: CommandCall) -> CommandReply:
        """Run one command. Failures come back as a reply."""
        try:
            reply = await self._run(call)
        except BobbinError as error:
            if isinstance(error, ModelError):
                kind = type(error).__name__
                logger.warning("command %s: %s: %s (%s)", call.name, kind, error, error.hint)
            return _told(error.user_text)
        return reply if self._memory is None else await self._memory.news.with_news(call, reply)

    async def complete(self, call: CommandCall, option: str) -> Sequence[Completion]:
        """See `bot.inbox.Inbox`."""
        if (call.name, option) != ("forget", forget_texts.MEMORY):
            return ()
        return await self._forgetting.completions(call)

    async def overview(self, platform: str, space: str, author: Author) -> Overview:
        """See `bot.inbox.Inbox`."""
        overview = await self._overviews.of(platform, space, author)
        memories = self._anywhere.get("memories")
        if memories is None:
            return overview
        # Their own page is seen by nobody else, as a direct message is.
        call = CommandCall("", "memories", author, platform, space, "", direct=True)
        return replace(overview, memories=await memories(call))

    async def _run(self, call: CommandCall) -> CommandReply:
        if (anywhere := self._anywhere.get(call.name)) is not None:
            return await anywhere(call)
        command = self._by_name.get(call.name)
        if command is None:
            return _told(texts.UNKNOWN)
        if call.name == "forget":
            said = meant(call)
            if said.told is not None:
                return said.told
            call = said.call
            if EVERYTHING in call.options:
                return await self._forgetting.everything(call)
            if call.options.get(forget_texts.MEMORY):
                return await self._forgetting.memory(call)
        thread = await self._meant(call)
        if thread is None:
            return await self._which(call)
        if not within_reach(call, thread):
            return _told(texts.OUT_OF_REACH)
        authors = await self._threads.authors(thread)
        own = call.author.id in authors or (call.author.is_admin and bool(authors))
        if call.name == "summary" and call.about is not None:
            return await self._summary_since(call, call.about, thread, own)
        if not authors:
            return _told(texts.NOTHING_STORED)
        return await command(call, thread) if own else _told(texts.NOT_YOURS)

    async def _meant(self, call: CommandCall) -> ThreadKey | None:
        """The thread that a command is about: a message stands for the one that it belongs to."""
        if call.thread is not None or call.about is None:
            return call.thread
        ref = call.about.ref
        loose = await self._threads.thread_of(call.platform, call.space, ref)
        # A thread has the id of the message that it was started from.
        return loose or ThreadKey(call.platform, call.space, ref.channel, ref.message)

    async def _help(self, call: CommandCall) -> CommandReply:
        alone = self._adapters[call.platform].capabilities.alone
        return _told(texts.help_text(self._sign(call) == "/", self.offered, alone=alone))

    def _sign(self, call: CommandCall) -> str:
        """What stands in front of commands where people type them in a conversation."""
        return "/" if self._adapters[call.platform].capabilities.slash_in_threads else "!"

    async def _ask(self, call: CommandCall) -> CommandReply:
        about, asked = call.about, call.options.get("question", "").strip()
        if not asked and about is None:
            return _told(texts.NO_QUESTION)
        if about is not None and not about.text.strip():
            return _told(texts.NO_WORDS)
        if about is not None and is_ignored(about.text):
            return _told(texts.IGNORED)
        thread = call.thread
        nobody = ThreadKey(*place_called(call), NOWHERE)
        within = thread is not None and await self._sees(call, thread)
        question = Question(
            call.author,
            asked or texts.EXPLAIN,
            thread if thread and within else nobody,
            within,
            about,
            audience_of_call(
                replace(call, thread=thread if within else None, channel=nobody.channel),
                self._adapters[call.platform].capabilities,
            ),
        )
        answer = await self._asking.answer(question)
        if about is not None and about.attached:
            answer += f"\n\n{texts.not_read(about.attached)}"
        return self._handed_over(call, answer)

    async def _imagine(self, call: CommandCall) -> CommandReply:
        prompt = call.options.get("prompt", "").strip()
        if self._imagining is None:
            return _told(texts.UNKNOWN)
        if not prompt:
            return _told(texts.NO_PROMPT)
        place = ThreadKey(*place_called(call), NOWHERE)
        made = await self._imagining.image(prompt, call.author, place)
        name = f"image-{self._new_id()[:8]}.{made.extension}"
        return CommandReply(
            quoted(shortened(prompt, BEGINNING)),
            private="only_me" in call.options,
            files=(File(name, made.content, made.media_type),),
        )

    async def _sees(self, call: CommandCall, thread: ThreadKey) -> bool:
        """Whether a thread may be read for the caller: within reach, and one they took part in."""
        return within_reach(call, thread) and call.author.id in await self._threads.authors(thread)

    def _handed_over(self, call: CommandCall, answer: str) -> CommandReply:
        """A private answer; one of many parts as a file with its beginning in front."""
        adapter = self._adapters[call.platform]
        if adapter.measure(answer) <= PARTS_SHOWN * adapter.capabilities.max_chars:
            return CommandReply(answer)
        return CommandReply(
            f"{quoted(shortened(answer, BEGINNING))}\n\n{texts.AS_FILE}",
            files=(_file("answer.md", answer, "text/markdown"),),
        )

    async def _which(self, call: CommandCall) -> CommandReply:
        choices = await self._threads.recent(
            call.platform, call.space, call.channel, call.author.id
        )
        if not choices:
            return _told(texts.NO_THREAD)
        said = texts.WHICH.format(sign=self._sign(call), command=call.name)
        return CommandReply(said, choices=tuple(choices))

    async def _stop(self, call: CommandCall, thread: ThreadKey) -> CommandReply:
        return _told(STOPPED[await stop(self._threads, self._running, thread, call.author)])

    async def _leave(self, call: CommandCall, thread: ThreadKey) -> CommandReply:
        if call.direct:
            return _told(texts.ALWAYS_HERE)
        nonce = self._new_id()
        left = await patiently(lambda: self._threads.leave(thread, nonce=nonce), FORGET_SECONDS)
        stopped = await stop(self._threads, self._running, thread, call.author)
        if not left and stopped is Stopped.NOT_RUNNING:
            return _told(texts.NOT_IN_IT)
        # Whoever else is in the thread would wonder.
        text = texts.LEAVING if stopped is Stopped.NOT_ASKED else texts.LEFT
        return CommandReply(text, private=False, harmless=True)

    async def _summary(self, call: CommandCall, thread: ThreadKey) -> CommandReply:
        text = await self._folding.summarise(thread, call.author)
        if text is None:
            return _told(texts.NOTHING_TO_SUM_UP)
        return CommandReply(text, private="share" not in call.options)

    async def _summary_since(
        self, call: CommandCall, about: EarlierMessage, thread: ThreadKey, own: bool
    ) -> CommandReply:
        """From a message on: of what is stored, else of what the caller sees on the platform."""
        if about.ref.channel != call.channel and not call.visible:
            return _told(texts.OUT_OF_REACH)
        adapter = self._adapters[call.platform]
        said = await self._excerpts.stored(thread, about.ref) if own else None
        said = said or await self._excerpts.shown(adapter, thread, about)
        payer = Payer.of(thread, call.author)
        text = await self._folding.sum_up(thread, NO_SUMMARY, said.entries, payer)
        if text is None:
            return _told(texts.NOTHING_TO_SUM_UP)
        notes = [
            *([texts.first_of_it(len(said.entries))] if said.partial else ()),
            *([texts.without(said.withheld)] if said.withheld else ()),
        ]
        return CommandReply("\n\n".join((text, *notes)), private="share" not in call.options)

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


def shortened(text: str, most: int) -> str:
    """The beginning of a text, with a sign when it goes on."""
    return text if len(text) <= most else f"{text[:most].rstrip()} …"


def quoted(text: str) -> str:
    """Somebody's words as a quotation, in which no half-open markup reaches beyond its line."""
    return "\n".join(f"> {line}" for line in text.splitlines())


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
