"""/forget: a conversation, one memory or all about somebody, once they have seen what goes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from bot.chat import EVERYTHING, SURE, CommandCall, CommandReply, ThreadKey
from bot.command_spec import Completion
from bot.commands import forget_texts, memory_texts, texts
from bot.commands.memory_buttons import Act, Verb
from bot.commands.memory_places import Grants, is_own
from bot.engine.changes import Changes
from bot.engine.running import Ending, Running
from bot.memory.port import Memories
from bot.storage.patience import patiently
from bot.storage.threads import Threads
from bot.storage.types import Erased

FORGET_SECONDS = 20.0
"""How long /forget tries to reach a store that is away."""

MOST_SHOWN = 5
MOST_COMPLETED = 25
"""Memories that are offered while somebody types."""

MOST_LOOKED_AT = 500
"""The newest ones, among which what is typed is looked for as it stands."""

LOOKED_THROUGH = 50
"""Entries in which whoever began a conversation is looked for; some may have been struck."""


@dataclass(frozen=True, slots=True)
class _Mine:
    """Conversations that somebody began, and those of others.

    In `joined` they have written, in `used` only pressed something.
    """

    begun: Sequence[ThreadKey]
    joined: Sequence[ThreadKey]
    used: Sequence[ThreadKey]

    @property
    def counted(self) -> forget_texts.Conversations:
        return forget_texts.Conversations(len(self.begun), len(self.joined), len(self.used))


class Forgetting:
    """Tells what would go, and erases it.

    Args:
        threads: Where conversations are kept.
        memories: Where memories are.
        grants: Tells what the caller may do.
        running: Turns of this process, which end with their conversation.
        changes: Forgets somebody in a conversation that others go on with.
        new_id: Makes nonces.
    """

    def __init__(
        self,
        threads: Threads,
        memories: Memories,
        grants: Grants,
        running: Running,
        changes: Changes,
        new_id: Callable[[], str],
    ) -> None:
        self._threads = threads
        self._memories = memories
        self._running = running
        self._grants = grants
        self._changes = changes
        self._new_id = new_id

    async def thread(self, call: CommandCall, thread: ThreadKey) -> CommandReply:
        """Erase a conversation; whoever has not said that they are sure is told what goes."""
        if not await self._may_erase(call, thread):
            return CommandReply(texts.NOT_BEGUN_BY_YOU, harmless=True)
        if SURE not in call.options:
            return await self._thread_asked(call, thread)
        erased, memories = await self._erase(thread)
        if erased == Erased() and not memories:
            # Pressed twice at once, what is said of the first time stays.
            return CommandReply(texts.NOTHING_STORED, harmless=True)
        text = forget_texts.erased_text(erased, memories)
        return CommandReply(text, harmless=True, replaces=bool(call.act))

    async def _may_erase(self, call: CommandCall, thread: ThreadKey) -> bool:
        """It has the words of others, too, so only whoever began it may, or an admin."""
        return call.author.is_admin or await self._began(call.author.id, thread)

    async def _began(self, user: str, thread: ThreadKey) -> bool:
        """Whether somebody said its first words, was answered first, or is alone in it."""
        if await self._threads.authors(thread) <= {user}:
            return True
        entries = await self._threads.entries_after(thread, 0, LOOKED_THROUGH)
        first = next((each.author_id for each in entries if each.author_id), "")
        answered = (
            before.author_id for before, after in pairwise(entries) if after.role == "assistant"
        )
        return user in (first, next(answered, ""))

    async def _erase(self, thread: ThreadKey) -> tuple[Erased, int]:
        """Erase a conversation with all that was made from it; what, and how many memories."""
        nonce = self._new_id()
        erased = await patiently(lambda: self._threads.forget(thread, nonce=nonce), FORGET_SECONDS)
        self._running.end(thread, Ending.FORGOTTEN)
        return erased, await self._memories.forget_thread(thread)

    async def _thread_asked(self, call: CommandCall, thread: ThreadKey) -> CommandReply:
        conversation = await self._threads.take_window(thread)
        goes = forget_texts.Goes(
            messages=await self._threads.count(thread),
            summary=bool(conversation.summary.text),
            names=len(conversation.names),
            kept=await self._memories.kept_of(thread),
        )
        return CommandReply(
            forget_texts.thread_goes(goes),
            harmless=True,
            buttons=forget_texts.sure_of_thread(thread, call.author.id),
        )

    async def everything(self, call: CommandCall) -> CommandReply:
        """Erase what is about the caller in this space, and all of their memories.

        Conversations that they began go whole; in those of others only what they said goes, an
        admin's, too.
        """
        mine = await self._mine(call)
        if SURE not in call.options:
            return await self._everything_asked(call, mine)
        memories = 0
        for thread in mine.begun:
            _, made = await self._erase(thread)
            memories += made
        user = call.author.id
        for thread in (*mine.joined, *mine.used):
            await patiently(lambda each=thread: self._changes.forget_in(each, user), FORGET_SECONDS)
        memories += await self._memories.forget_person(self._grants.person(call))
        text = forget_texts.all_erased_text(mine.counted, memories)
        # Pressed twice, what is said of the first time stays.
        done = bool(mine.begun or mine.joined or mine.used or memories)
        return CommandReply(text, harmless=True, replaces=bool(call.act) and done)

    async def _mine(self, call: CommandCall) -> _Mine:
        """All are found first: what is erased meanwhile must not let the search miss others."""
        begun: list[ThreadKey] = []
        joined: list[ThreadKey] = []
        used: list[ThreadKey] = []
        user = call.author.id
        async for each in self._threads.all_of(call.platform, call.space, user):
            if not each.wrote:
                used.append(each.thread)
            elif await self._began(user, each.thread):
                begun.append(each.thread)
            else:
                joined.append(each.thread)
        return _Mine(begun, joined, used)

    async def _everything_asked(self, call: CommandCall, mine: _Mine) -> CommandReply:
        kept = await self._memories.kept_of(self._grants.person(call))
        vectors = await self._threads.count_vectors(mine.begun)
        return CommandReply(
            forget_texts.all_goes(
                mine.counted,
                replace(kept, vectors=kept.vectors + vectors),
            ),
            harmless=True,
            buttons=forget_texts.sure_of_all(call.author.id),
        )

    async def memory(self, call: CommandCall) -> CommandReply:
        """Find the memory that is meant, and offer to delete it."""
        wanted = call.options.get(forget_texts.MEMORY, "").strip()
        if not wanted:
            return CommandReply(memory_texts.NONE, harmless=True)
        given = await self._grants.of(call)
        exact = await self._memories.get(given, wanted)
        if exact is not None:
            found = [exact]
        else:
            hits = await self._memories.search(given, wanted, limit=MOST_SHOWN, said=False)
            found = [hit.memory for hit in hits if hit.memory is not None]
        act = Act(Verb.LIST, query="" if exact is not None else wanted)
        if not found:
            return CommandReply(memory_texts.NOT_FOUND.format(query=wanted))
        return CommandReply(
            forget_texts.WHICH,
            entries=tuple(memory_texts.deletable(each, given, act) for each in found),
        )

    async def completions(self, call: CommandCall) -> Sequence[Completion]:
        """Memories that the caller may delete and that have all words typed so far.

        Those in which the words stand as they are come first, the newest before others; then those
        that a search finds.
        """
        typed = call.options.get(forget_texts.MEMORY, "").casefold()
        given = await self._grants.of(call)
        page = await self._memories.page(given, limit=MOST_LOOKED_AT)
        found = [
            each
            for each in page.memories
            if all(word in each.text.content.casefold() for word in typed.split())
        ]
        if typed and len(found) < MOST_COMPLETED:
            hits = await self._memories.search(given, typed, limit=MOST_COMPLETED, said=False)
            found += [hit.memory for hit in hits if hit.memory is not None]
        mine = {each.id: each for each in found if is_own(each, given)}
        return [
            Completion(" ".join(each.text.content.split()), each.id)
            for each in list(mine.values())[:MOST_COMPLETED]
        ]


@dataclass(frozen=True, slots=True)
class Meant:
    """A call of /forget with what its button said put into options, or what is said instead."""

    call: CommandCall
    told: CommandReply | None = None


def meant(call: CommandCall) -> Meant:
    """What is to be forgotten: a button says it in a word, and only whom it was shown to may.

    An admin may press in their place, but for what is about the one who presses.
    """
    if not call.act:
        return Meant(call)
    said = forget_texts.read(call.act, call.author.id)
    of_all = said.verb == forget_texts.ALL
    if not said.to_them and (of_all or not call.author.is_admin):
        return Meant(call, CommandReply(texts.NOT_ASKED, harmless=True))
    if of_all:
        return Meant(replace(call, options={SURE: "true", EVERYTHING: "true"}))
    if said.verb == forget_texts.YES:
        return Meant(replace(call, options={SURE: "true"}))
    return Meant(call, CommandReply(forget_texts.KEPT, harmless=True, replaces=True))
