"""/remember: something is kept for later, said for whom, and can be taken back."""

from __future__ import annotations

import re
from dataclasses import replace

from bot.audience import Grant
from bot.chat import TAKE_BACK, CommandCall, CommandReply, EarlierMessage, MessageRef, ThreadKey
from bot.commands import memory_texts, texts
from bot.commands.memory_places import FOR, HERE, ME, SAME, Grants, scope_meant
from bot.ignoring import is_ignored
from bot.memories import (
    LONGEST_CONTENT,
    LONGEST_TAG,
    MOST_TAGS,
    Memory,
    MemoryText,
    ScopeKind,
    Source,
    Via,
    Written,
    Wrote,
)
from bot.memory.port import Memories, NewMemory
from bot.storage.threads import Threads

_TAG = re.compile(rf"(?<!\S)#(\w[\w-]{{0,{LONGEST_TAG - 1}}})(?!\S)")
_SHARED = (ScopeKind.THREAD, ScopeKind.CHANNEL, ScopeKind.WORKSPACE)

MOST_SIMILAR = 3
MOST_SIGNS = 20
"""How often somebody can have one message remembered by a sign and take that back, in a day."""


class Remembering:
    """Keeps what people want to have remembered.

    Args:
        memories: Where it is kept.
        threads: Tells which conversation a message belongs to.
        grants: Tells what the caller may do.
    """

    def __init__(self, memories: Memories, threads: Threads, grants: Grants) -> None:
        self._memories = memories
        self._threads = threads
        self._grants = grants

    async def remember(self, call: CommandCall) -> CommandReply:
        """Remember a text, or the message that the command was called on."""
        about, written = call.about, call.options.get("text", "").strip()
        if about is not None and is_ignored(about.text):
            return _told(texts.IGNORED)
        said = written or (_quoted(about) if about is not None else "")
        content, tags = tagged(said)
        if not content:
            return _told(texts.NO_WORDS if about is not None else memory_texts.NO_TEXT)
        whom = call.options.get("for", HERE)
        whom = SAME.get(whom, whom)
        if self._grants.alone(call) and whom not in (HERE, ME):
            return _told(memory_texts.ALONE)
        if whom not in FOR:
            return _told(memory_texts.NO_SUCH_FOR)
        given = await self._grants.of(call)
        scope = scope_meant(given, whom)
        if scope is None:
            return _told(memory_texts.NOT_THERE[whom])
        new = NewMemory(
            MemoryText(content, tags=tags, event_at=about.at if about is not None else 0.0),
            await self._source(call, given),
            scope,
        )
        result = await self._kept(call, given, new)
        if call.act == TAKE_BACK:
            return await self._taken_back(given, new, result)
        return reply_to(result)

    async def _kept(self, call: CommandCall, given: Grant, new: NewMemory) -> Written:
        """Keep it once for each call.

        Signs on a message have the same id each time, by which it is found what one of them has
        kept; a sign that comes back after that was undone is a new call, and so is one that comes
        back after others have kept it in the same words.
        """
        key = f"{call.platform}:{call.event_id}"
        written = await self._memories.add(given, new, key=key)
        for time in range(1, MOST_SIGNS if call.reacted else 1):
            memory = written.memory
            if written.result not in (Wrote.CREATED, Wrote.TOUCHED):
                break
            if memory is not None and _is_wanted_by(memory, given):
                break
            written = await self._memories.add(given, new, key=f"{key}:{time}")
        return written

    async def _taken_back(self, given: Grant, new: NewMemory, found: Written) -> CommandReply:
        """What the same call has remembered before is given back by it, and is undone."""
        memory = found.memory
        if memory is None or not (_rests_on(memory, new) or given.person in memory.source.also):
            return _told(memory_texts.GONE)
        undone = await self._memories.undo(given, memory.id)
        if undone.why:
            return _told(undone.why)
        return CommandReply(memory_texts.UNDONE, harmless=True, replaces=True)

    async def _source(self, call: CommandCall, given: Grant) -> Source:
        about = call.about
        if about is None:
            return Source(given.via, given.person, call.thread, confined=call.confined)
        thread = call.thread or await self._holding(call, about.ref)
        via = Via.REACTION if call.reacted else Via.COMMAND
        said = (about.ref.message,)
        return Source(via, given.person, thread, said, confined=call.confined)

    async def _holding(self, call: CommandCall, ref: MessageRef) -> ThreadKey:
        """The conversation of a message; one that begins with it if there is none yet."""
        loose = await self._threads.thread_of(call.platform, call.space, ref)
        return loose or ThreadKey(call.platform, call.space, ref.channel, ref.message)


def reply_to(written: Written) -> CommandReply:
    """What is said once something was to be remembered."""
    memory = written.memory
    if written.result is Wrote.FULL:
        return _told(written.why or memory_texts.FULL)
    if memory is None or written.result not in (Wrote.CREATED, Wrote.TOUCHED):
        return _told(written.why or memory_texts.REFUSED)
    # Nobody is told more than was said in this place already, and whom it is for.
    harmless = memory.scope.kind in _SHARED
    if written.result is Wrote.TOUCHED:
        return CommandReply(memory_texts.known(memory), harmless=harmless)
    similar = written.similar[:MOST_SIMILAR]
    text = memory_texts.remembered(memory)
    return CommandReply(
        f"{text}\n\n{memory_texts.SIMILAR}" if similar else text,
        harmless=harmless,
        entries=memory_texts.similar(similar, memory),
        buttons=(memory_texts.undo(memory),),
    )


def tagged(text: str) -> tuple[str, tuple[str, ...]]:
    """A text without the tags in it, and the tags; "#1" and headings are none."""
    found = [tag.casefold() for tag in _TAG.findall(text) if not tag.isdecimal()]
    rest = _TAG.sub(lambda match: match[0] if match[1].isdecimal() else "", text)
    return " ".join(rest.split()), tuple(dict.fromkeys(found))[:MOST_TAGS]


def _is_wanted_by(memory: Memory, given: Grant) -> bool:
    """The one who acts has asked for it, or nobody else could."""
    source = memory.source
    return memory.scope.kind not in _SHARED or given.person in (source.author, *source.also)


def _rests_on(memory: Memory, new: NewMemory) -> bool:
    """It was made by the very call that would make `new`."""
    return replace(memory.source, also=()) == new.source


def _quoted(about: EarlierMessage) -> str:
    """A message as something to remember: who said it, and what."""
    said = about.text if about.from_bot else f"{about.author.name}: {about.text}"
    return memory_texts.cut(said, LONGEST_CONTENT - 2)


def _told(text: str) -> CommandReply:
    return CommandReply(text, harmless=True)
