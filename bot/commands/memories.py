"""/memories: what is remembered, to be looked through, corrected, shared and deleted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from bot.audience import Grant
from bot.chat import CommandCall, CommandReply
from bot.commands import memory_texts, texts
from bot.commands.memory_buttons import Act, Verb
from bot.commands.memory_places import Grants, channel_scope, is_own, may_share
from bot.commands.memory_texts import entry
from bot.commands.remembering import tagged
from bot.memories import LONGEST_CONTENT, Filter, Memory, Written, Wrote
from bot.memory.port import Change, Memories
from bot.panels import Button

PER_PAGE = 4
"""So many fit on a phone, with their buttons."""

MOST_READ = 100
"""Of one page of the store."""

LONGEST_SHOWN = 100
"""Characters of a search above what it has found."""


class Browsing:
    """Shows memories and does what their buttons say.

    Args:
        memories: Where they are kept.
        grants: Tells what the caller may do.
    """

    def __init__(self, memories: Memories, grants: Grants) -> None:
        self._memories = memories
        self._grants = grants

    async def memories(self, call: CommandCall) -> CommandReply:
        """The command, or one of its buttons or windows."""
        given = await self._grants.of(call)
        if not call.act:
            query = " ".join(call.options.get("query", "").split())
            return await self._list(given, Act(Verb.LIST, query=query))
        try:
            act = Act.parse(call.act)
        except ValueError:
            return _beside(memory_texts.GONE)
        return await self._done(call, given, act)

    async def _done(self, call: CommandCall, given: Grant, act: Act) -> CommandReply:
        if act.verb is Verb.LIST:
            return await self._list(given, act)
        if act.verb in (Verb.UNDO, Verb.UNDO_BELOW):
            return await self._undone(given, act)
        if act.verb is Verb.KEEP:
            return await self._kept(call, given, act)
        if act.verb in (Verb.MERGE, Verb.MERGE_BELOW):
            return await self._merged(call, given, act)
        memory = await self._memories.get(given, act.id)
        if memory is None:
            return await self._list(given, act, memory_texts.GONE)
        if not is_own(memory, given):
            return _beside(texts.NOT_ASKED)
        return await self._about(call, given, act, memory)

    async def _about(
        self, call: CommandCall, given: Grant, act: Act, memory: Memory
    ) -> CommandReply:
        match act.verb:
            case Verb.OPEN:
                return CommandReply("", window=memory_texts.window(memory, act))
            case Verb.ASK_DELETE:
                buttons = memory_texts.sure("Delete it", Verb.DELETE, act, memory)
                return _asked(memory_texts.SURE_DELETE, memory, buttons)
            case Verb.ASK_SHARE:
                buttons = memory_texts.sure("Share it", Verb.SHARE, act, memory)
                return _asked(memory_texts.SURE_SHARE, memory, buttons)
            case Verb.SAVE:
                return await self._saved(call, given, act, memory)
            case Verb.SHARE:
                return await self._shared(call, given, act, memory)
            case Verb.DELETE:
                ids = await self._with_older(given, memory)
                written, *_ = await self._memories.delete(given, ids, key=_key(call))
                said = _said(written, {Wrote.DELETED: memory_texts.DELETED})
                return await self._list(given, act, said)
            case _:
                pinned = act.verb is Verb.PIN
                written = await self._memories.update(
                    given, memory.id, Change(pinned=pinned), key=_key(call)
                )
                done = memory_texts.PINNED if pinned else memory_texts.UNPINNED
                said = _said(written, {Wrote.UPDATED: done, Wrote.UNCHANGED: done})
                return await self._list(given, act, said)

    async def _with_older(self, given: Grant, memory: Memory) -> Sequence[str]:
        """Its id and those of what it has corrected: whoever deletes it wants none of them left."""
        ids = [memory.id]
        older = list(memory.supersedes)
        while older and len(ids) < MOST_READ:
            before = await self._memories.get(given, older.pop())
            if before is not None and before.id not in ids:
                ids.append(before.id)
                older += before.supersedes
        return ids

    async def _saved(
        self, call: CommandCall, given: Grant, act: Act, memory: Memory
    ) -> CommandReply:
        content = " ".join(call.options.get("content", "").split())
        tags_given = call.options.get("tags", "")
        _, tags = tagged(" ".join(f"#{tag.lstrip('#')}" for tag in tags_given.split()))
        now = memory.text
        change = Change(
            content=content if content and content != now.content else None,
            tags=tags if tags != now.tags else None,
        )
        if change == Change():
            return await self._list(given, act, memory_texts.SAME)
        written = await self._memories.update(
            given, memory.id, change, version=act.version, key=_key(call)
        )
        corrected = (Wrote.UPDATED, Wrote.TOUCHED)
        said = _said(written, dict.fromkeys(corrected, memory_texts.CORRECTED))
        if written.result is Wrote.CONFLICT and written.memory is not None:
            shown = (entry(await self._now(given, written.memory), given, act),)
            return CommandReply(said, entries=shown, replaces=True)
        reply = await self._list(given, act, said)
        new = written.memory
        if written.result in corrected and new is not None and new.id != memory.id:
            return replace(reply, buttons=(memory_texts.undo(new, act), *reply.buttons))
        return reply

    async def _now(self, given: Grant, memory: Memory) -> Memory:
        """What has taken the place of a memory, the memory itself if nothing has."""
        seen = {memory.id}
        while memory.superseded_by and memory.superseded_by not in seen:
            seen.add(memory.superseded_by)
            newer = await self._memories.get(given, memory.superseded_by)
            if newer is None:
                break
            memory = newer
        return memory

    async def _shared(
        self, call: CommandCall, given: Grant, act: Act, memory: Memory
    ) -> CommandReply:
        to = channel_scope(given)
        if to is None or not may_share(memory, given):
            return await self._list(given, act, memory_texts.NOT_THERE["channel"])
        written = await self._memories.share(given, memory.id, to, key=_key(call))
        done = memory_texts.SHARED
        said = _said(written, {Wrote.CREATED: done, Wrote.TOUCHED: done})
        reply = await self._list(given, act, said)
        if written.result is Wrote.CREATED and written.memory is not None:
            undo = memory_texts.undo(written.memory, act)
            return replace(reply, buttons=(undo, *reply.buttons))
        return reply

    async def _kept(self, call: CommandCall, given: Grant, act: Act) -> CommandReply:
        change = Change(confirmed=True, expires_at=0.0)
        written = await self._memories.update(given, act.id, change, key=_key(call))
        kept = memory_texts.KEPT
        return _beside(_said(written, {Wrote.UPDATED: kept, Wrote.UNCHANGED: kept}))

    async def _undone(self, given: Grant, act: Act) -> CommandReply:
        memory = await self._memories.get(given, act.id)
        # One that is not there they may have undone before, which is told again.
        if memory is not None and not (is_own(memory, given) or given.person in memory.source.also):
            return _beside(texts.NOT_ASKED)
        written = await self._memories.undo(given, act.id)
        if written.result in (Wrote.MISSING, Wrote.REFUSED, Wrote.CONFLICT):
            return _beside(written.why or memory_texts.GONE)
        in_place = act.verb is Verb.UNDO
        return CommandReply(written.why or memory_texts.UNDONE, harmless=True, replaces=in_place)

    async def _merged(self, call: CommandCall, given: Grant, act: Act) -> CommandReply:
        """The new words take the place of the old ones, which can be had back by an undo."""
        old = await self._memories.get(given, act.id)
        new = await self._memories.get(given, act.query)
        if old is None or new is None or not (is_own(old, given) and is_own(new, given)):
            return _beside(memory_texts.GONE)
        written = await self._memories.merge(given, old.id, new.id)
        said = _said(written, {Wrote.UPDATED: memory_texts.MERGED})
        if written.memory is None or written.result is not Wrote.UPDATED:
            return _beside(said)
        text = f"{said}\n{memory_texts.quoted(written.memory)}"
        undo = memory_texts.undo(written.memory)
        return CommandReply(text, buttons=(undo,), replaces=act.verb is Verb.MERGE)

    async def _list(self, given: Grant, act: Act, note: str = "") -> CommandReply:
        """A page of all, or of what a search finds."""
        found = await self._found(given, act)
        page, start = act.page, act.page * PER_PAGE
        if not found[start:] and page:
            page = max(0, (len(found) - 1) // PER_PAGE)
            start = page * PER_PAGE
        act = replace(act, page=page)
        shown = found[start : start + PER_PAGE]
        return CommandReply(
            _heading(act, note, bool(shown)),
            replaces=True,
            entries=tuple(entry(memory, given, act) for memory in shown),
            buttons=memory_texts.pages(act, len(found) > start + PER_PAGE),
        )

    async def _found(self, given: Grant, act: Act) -> Sequence[Memory]:
        """As many as are needed to show the page, and to know whether there is one more."""
        needed = (act.page + 1) * PER_PAGE + 1
        words, tags = tagged(act.query)
        wanted = Filter(tags=frozenset(tags))
        if words:
            hits = await self._memories.search(given, words, wanted, limit=needed, said=False)
            return [hit.memory for hit in hits if hit.memory is not None]
        found: list[Memory] = []
        after = ""
        while len(found) < needed:
            page = await self._memories.page(
                given, wanted, after=after, limit=min(MOST_READ, needed - len(found))
            )
            found += page.memories
            after = page.after
            if not after:
                break
        return found


def _heading(act: Act, note: str, some: bool) -> str:
    query = memory_texts.cut(act.query, LONGEST_SHOWN)
    if some:
        what = f"About “{query}”:" if act.query else "What I remember here:"
    else:
        what = memory_texts.NOT_FOUND.format(query=query) if act.query else memory_texts.NONE
    where = f" (page {act.page + 1})" * bool(act.page)
    return f"{note}\n\n{what}{where}" if note else f"{what}{where}"


def _asked(question: str, memory: Memory, buttons: tuple[Button, ...]) -> CommandReply:
    words = memory_texts.quoted(memory, LONGEST_CONTENT)
    return CommandReply(f"{question}\n{words}", buttons=buttons, replaces=True)


def _beside(text: str) -> CommandReply:
    """For whoever pressed alone: what others see stays as it is."""
    return CommandReply(text, harmless=True)


def _said(written: Written, done: Mapping[Wrote, str]) -> str:
    if written.result in done:
        return done[written.result]
    if written.result is Wrote.MISSING:
        return memory_texts.GONE
    if written.result is Wrote.CONFLICT:
        return memory_texts.CHANGED_MEANWHILE
    if written.result is Wrote.FULL:
        return written.why or memory_texts.FULL
    return written.why or memory_texts.REFUSED


def _key(call: CommandCall) -> str:
    return f"{call.platform}:{call.event_id}"
