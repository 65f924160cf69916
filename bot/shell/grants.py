"""Who acts at the command line, and what they may see: named by options, nothing by itself."""

from __future__ import annotations

from collections.abc import Sequence

from bot.audience import Grant, imports_of
from bot.chat import ThreadKey
from bot.memories import EVERY_SPACE, Person, Scope, ScopeKind, Via
from bot.shell.opened import Scopes

OPERATOR = Person("shell", EVERY_SPACE, "operator")
"""Who acts where no person is named."""


class NotNamed(ValueError):
    """Nobody and nothing was named that may be seen; the message says how to."""


async def operator_grant(
    person: Person | None, named: Sequence[Scope], scopes: Scopes, *, everything: bool = False
) -> Grant:
    """What the operator asked for by `--person`, `--scope` and `--all`.

    A person's are what is theirs alone, what was said in direct messages with them, and the
    conversations that they have imported; a channel's or thread's, its conversations too.

    Raises:
        NotNamed: None of them was given.
        StoreError: The store is away.
    """
    grant = named_grant(person, named, everything=everything)
    if not everything and person is None:
        return grant
    more = [
        scope
        async for scope in scopes()
        if everything or (person is not None and is_with(scope, person))
    ]
    return _grant(grant.person, (*grant.writable, *more))


def named_grant(person: Person | None, named: Sequence[Scope], *, everything: bool) -> Grant:
    """The part of it that is known without the store. Raises NotNamed."""
    if person is None and not named and not everything:
        raise NotNamed(
            "say whose memory: --person platform:space:id, --scope …, or --all; "
            "`bobbin memory scopes` lists what there is"
        )
    own = () if person is None else (Scope.of_person(person),)
    # What is written goes to the scope that was named, else to the person's own.
    return _grant(person or OPERATOR, (*named, *own))


def is_with(scope: Scope, person: Person) -> bool:
    """It holds what was said in direct messages with this person."""
    here = person.space in (EVERY_SPACE, scope.space)
    same = (scope.platform, scope.user) == (person.platform, person.user)
    return scope.kind is ScopeKind.DM and same and here


def _grant(person: Person, reach: Sequence[Scope]) -> Grant:
    scopes = tuple(dict.fromkeys(reach))
    channels = [(s.platform, s.space, s.channel) for s in scopes if s.kind is ScopeKind.CHANNEL]
    channels += [
        imports_of(Person(s.platform, s.space, s.user)) for s in scopes if s.kind is ScopeKind.USER
    ]
    threads = [
        ThreadKey(s.platform, s.space, s.channel, s.thread)
        for s in scopes
        if s.kind is ScopeKind.THREAD
    ]
    return Grant(
        person,
        scopes,
        scopes,
        admin=True,
        via=Via.SHELL,
        channels=tuple(channels),
        threads=tuple(threads),
    )
