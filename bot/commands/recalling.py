"""/recall: what was said in past conversations that somebody may read, with links to it."""

from __future__ import annotations

from collections.abc import Mapping

from bot.adapter import Adapter
from bot.chat import CommandCall, CommandReply, MessageRef
from bot.commands import memory_texts
from bot.commands.memory_buttons import Act, Verb
from bot.commands.memory_places import Grants
from bot.memories import Said
from bot.memory.port import NO_MEMORIES, Memories
from bot.panels import Button, Entry
from bot.storage.threads import Threads

COMMAND = "recall"
PER_PAGE = 5
SHOWN = 240
"""Characters of one thing that was said."""

MOST = 25
"""Hits that can be looked through."""


class Recalling:
    """Searches past conversations.

    Args:
        memories: Searches them.
        threads: Tells where a message of a conversation is.
        grants: Tells what the caller may do.
        adapters: The platforms, for their links.
    """

    def __init__(
        self,
        memories: Memories,
        threads: Threads,
        grants: Grants,
        adapters: Mapping[str, Adapter],
    ) -> None:
        self._grants = grants
        self._memories = memories
        self._threads = threads
        self._adapters = adapters

    async def recall(self, call: CommandCall) -> CommandReply:
        """The command, or one of its buttons."""
        act = Act(Verb.LIST, query=call.options.get("query", "").strip())
        if call.act:
            try:
                act = Act.parse(call.act)
            except ValueError:
                return CommandReply(memory_texts.NO_QUERY, harmless=True)
        if not act.query:
            return CommandReply(memory_texts.NO_QUERY, harmless=True)
        given = await self._grants.of_all_said(call)
        # Memories are shown by another command; however many fit, they take no place here.
        hits = await self._memories.search(given, act.query, NO_MEMORIES, limit=MOST)
        said = [hit.said for hit in hits if hit.said is not None]
        start = act.page * PER_PAGE
        shown = said[start : start + PER_PAGE]
        if not shown:
            return CommandReply(memory_texts.NOTHING_SAID.format(query=act.query), replaces=True)
        entries = [Entry(await self._told(each)) for each in shown]
        return CommandReply(
            f"Said about “{act.query}”:",
            entries=tuple(entries),
            buttons=_pages(act, len(said) > start + PER_PAGE),
            replaces=True,
        )

    async def _told(self, said: Said) -> str:
        author = said.author or ("me" if said.role == "assistant" else "somebody")
        link = await self._link(said)
        where = f"[{memory_texts.day(said.at)}]({link})" if link else memory_texts.day(said.at)
        words = memory_texts.cut(" ".join(said.text.split()), SHOWN)
        return f"**{author}**, {where}:\n> {words}"

    async def _link(self, said: Said) -> str:
        thread, adapter = said.thread, self._adapters.get(said.thread.platform)
        if adapter is None or not said.message_ids:
            return ""
        message = said.message_ids[0]
        ref = MessageRef(thread.channel, message, thread.space)
        loose = await self._threads.thread_of(thread.platform, thread.space, ref) == thread
        return await adapter.link(thread, message, loose=loose)


def _pages(act: Act, more: bool) -> tuple[Button, ...]:
    found: list[Button] = []
    if act.page:
        found.append(_page("◀ Back", act.page - 1, act.query))
    if more:
        found.append(_page("More ▶", act.page + 1, act.query))
    return tuple(found)


def _page(label: str, page: int, query: str) -> Button:
    return Button(label, COMMAND, str(Act(Verb.LIST, page=page, query=query)))
