"""Who acts at the command line, and what they may see: named by options, nothing by itself."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence

from bot.audience import Grant, imports_of
from bot.chat import ThreadKey
from bot.memories import EVERY_SPACE, Person, Scope, ScopeKind, Via

OPERATOR = Person("shell", EVERY_SPACE, "operator")
"""Who acts where no person is named."""

Scopes = Callable[[], AsyncIterator[Scope]]
"""All scopes that hold anything."""


class NotNamed(ValueError):
    """Nobody and nothing was named that may be seen; the message says how to."""


async def operator_grant(
    person: Person | None, named: Sequence[Scope], everything: bool, scopes: Scopes
) -> Grant:
    """What the operator asked for by `--person`, `--scope` and `--all`.

    A person's are what is theirs alone, what was said in direct messages with them, and the
    conversations that they have imported; a channel's or thread's, its conversations too.

    Raises:
        NotNamed: None of them was given.
        StoreError: The store is away.
    """
    if person is None and not named and not everything:
        raise NotNamed(
            "say whose memory: --person platform:space:id, --scope …, or --all; "
            "`bobbin memory scopes` lists what there is"
        )
    found: list[Scope] = []
    if person is not None:
        found.append(Scope.of_person(person))
        found += [scope async for scope in scopes() if _is_with(scope, person)]
    found += named
    if everything:
        found += [scope async for scope in scopes()]
    reach = tuple(dict.fromkeys(found))
    channels = [(s.platform, s.space, s.channel) for s in reach if s.kind is ScopeKind.CHANNEL]
    channels += [
        imports_of(Person(s.platform, s.space, s.user)) for s in reach if s.kind is ScopeKind.USER
    ]
    threads = [
        ThreadKey(s.platform, s.space, s.channel, s.thread)
        for s in reach
        if s.kind is ScopeKind.THREAD
    ]
    # What is written goes to the scope that was named, else to the person's own.
    order = (*named, *reach)
    return Grant(
        person or OPERATOR,
        reach,
        tuple(dict.fromkeys(order)),
        admin=True,
        via=Via.SHELL,
        channels=tuple(channels),
        threads=tuple(threads),
    )


def _is_with(scope: Scope, person: Person) -> bool:
    """Direct messages with this person."""
    here = person.space in (EVERY_SPACE, scope.space)
    same = (scope.platform, scope.user) == (person.platform, person.user)
    return scope.kind is ScopeKind.DM and same and here
