"""Which memories a command may read and write where it was called."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from bot.adapter import Adapter
from bot.audience import Grant, grant, person_of
from bot.capabilities import Capabilities
from bot.chat import CommandCall, ThreadKey
from bot.commands.place_settings import place_called
from bot.links import Links
from bot.memories import Memory, Person, Scope, ScopeKind, Via
from bot.presence import audience_of_call
from bot.storage.keys import Place
from bot.storage.threads import Threads

HERE = "here"
ME = "me"

_KINDS = {
    "thread": ScopeKind.THREAD,
    "channel": ScopeKind.CHANNEL,
    "workspace": ScopeKind.WORKSPACE,
    ME: ScopeKind.USER,
}
FOR = (HERE, *_KINDS)
"""Whom something can be remembered for, as people say it."""
SAME = {"server": "workspace"}
"""How some say it who have no workspace."""


def grant_of(
    call: CommandCall,
    capabilities: Capabilities,
    linked: Iterable[Person] = (),
    directs: Iterable[Place] = (),
) -> Grant:
    """What the caller may do with memories there, in a reply that is shown to nobody else.

    `linked` and `directs` as of `bot.audience.grant`.
    """
    platform, space, channel = place_called(call)
    here = replace(call, channel=channel, thread=_here(call, channel))
    per_space = capabilities.people_per_space
    return grant(
        audience_of_call(here, capabilities),
        person_of(platform, space, call.author.id, per_space=per_space),
        linked=linked,
        directs=directs,
        admin=call.author.is_admin and not call.direct,
        via=Via.REACTION if call.reacted else Via.COMMAND,
    )


def _here(call: CommandCall, channel: str) -> ThreadKey | None:
    """The conversation it was called in; what is only named by an option is another place."""
    thread = call.thread
    within = thread is not None and (thread.platform, thread.space, thread.channel) == (
        call.platform,
        call.space,
        channel,
    )
    return thread if within else None


def scope_meant(given: Grant, whom: str) -> Scope | None:
    """The scope that somebody means; None where it can't be written. `whom` is one of `FOR`."""
    if whom == HERE:
        return given.writable[0] if given.writable else None
    return next((each for each in given.writable if each.kind is _KINDS[whom]), None)


def channel_scope(given: Grant) -> Scope | None:
    """The channel one is in, where it is one."""
    return next((each for each in given.writable if each.kind is ScopeKind.CHANNEL), None)


def is_own(memory: Memory, given: Grant) -> bool:
    """Whether the one who acts may change it: it is theirs, or they look after the place."""
    if memory.scope.kind in (ScopeKind.USER, ScopeKind.DM):
        return True
    if memory.source.via is Via.AUTO and not memory.confirmed:
        # Nobody has asked for it, so whoever is shown it may say what becomes of it.
        return True
    source = memory.source
    return given.person in (source.author, *source.former) or given.admin


def may_share(memory: Memory, given: Grant) -> bool:
    """Whether it can be shown to the channel one is in, and is not yet."""
    narrower = memory.scope.kind in (ScopeKind.USER, ScopeKind.DM, ScopeKind.THREAD)
    return narrower and channel_scope(given) is not None and is_own(memory, given)


class Grants:
    """Tells what the caller of a command may do with memories, other accounts of theirs included.

    Args:
        threads: Knows which accounts belong together, and who has written where.
        adapters: The platforms, for what they tell of people.
    """

    def __init__(self, threads: Threads, adapters: Mapping[str, Adapter]) -> None:
        self._threads = threads
        self._links: Links = threads.links
        self._adapters = adapters

    async def of(self, call: CommandCall) -> Grant:
        """See `grant_of`. Raises StoreError."""
        linked = await self._links.of(self.person(call))
        return grant_of(call, self._adapters[call.platform].capabilities, linked)

    async def of_all_said(self, call: CommandCall) -> Grant:
        """As `of`; with it may be read, too, what the caller has said to the bot alone, anywhere.

        Raises StoreError.
        """
        person = self.person(call)
        linked = await self._links.of(person)
        directs: list[Place] = []
        for each in (person, *linked):
            directs += await self._directs(each, call.space if each == person else each.space)
        return grant_of(call, self._adapters[call.platform].capabilities, linked, directs)

    async def _directs(self, person: Person, space: str) -> Sequence[Place]:
        adapter = self._adapters.get(person.platform)
        where = adapter.capabilities.directs(space) if adapter is not None else None
        if where is None:
            return ()
        return await self._threads.directs_of(person.platform, *where, person.user)

    def alone(self, call: CommandCall) -> bool:
        """Whether there is nobody but the caller and the bot on the whole platform."""
        return self._adapters[call.platform].capabilities.alone

    def person(self, call: CommandCall) -> Person:
        """Who called it."""
        per_space = self._adapters[call.platform].capabilities.people_per_space
        return person_of(call.platform, call.space, call.author.id, per_space=per_space)
