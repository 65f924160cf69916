"""Who may do what with a memory that they can see, and know of it. Pure."""

from __future__ import annotations

from dataclasses import replace

from bot.audience import Grant
from bot.memories import Memory, Scope, ScopeKind, Via

_OWN = (ScopeKind.USER, ScopeKind.DM)
_FROM_FEW_TO_MANY = tuple(ScopeKind)


def is_own(grant: Grant, memory: Memory) -> bool:
    """It was remembered by this person, or lies where nobody else can see it.

    What was remembered unasked belongs to whoever is shown it, until somebody keeps it.
    """
    if memory.source.via is Via.AUTO and not memory.confirmed:
        return True
    return memory.source.author == grant.person or memory.scope.kind in _OWN


def may_write(grant: Grant, scope: Scope) -> bool:
    """Something in this scope may be changed.

    What belongs to a person's other account is theirs, too, where their own may be written.
    """
    if scope in grant.writable:
        return True
    own = any(each.kind is ScopeKind.USER for each in grant.writable)
    return scope.kind is ScopeKind.USER and own and scope in grant.readable


def stays_here(grant: Grant, scope: Scope) -> bool:
    """What is written there reaches nobody whom the usual scope of the place does not reach.

    `scope` is one that may be read from the place.
    """
    rank = _FROM_FEW_TO_MANY.index
    return rank(scope.kind) <= rank(grant.writable[0].kind)


def may_change(grant: Grant, memory: Memory) -> bool:
    """It may be changed and deleted: by whose own it is, by admins where it is shared, and by those
    whose words it puts right.

    What was found by itself nobody has asked for: until it is confirmed, everybody who may write
    there says what becomes of it.
    """
    unasked = memory.source.via is Via.AUTO and not memory.confirmed
    theirs = is_own(grant, memory) or grant.person in memory.source.former
    return may_write(grant, memory.scope) and (theirs or grant.admin or unasked)


def without_origin(memory: Memory) -> Memory:
    """The memory as whoever is shown it may know it.

    What lies in a wider place than it was said in names neither that conversation nor its messages,
    which others who are shown it don't read.
    """
    scope, thread = memory.scope, memory.source.thread
    if thread is None or scope.kind in _OWN:
        return memory
    around = Scope.of_channel(thread.platform, thread.space, thread.channel)
    if scope == Scope.of_thread(thread) or (scope == around and not memory.source.confined):
        return memory
    source = replace(memory.source, thread=None, message_ids=(), confined=False)
    return replace(memory, source=source)
