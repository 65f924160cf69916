"""Who reads along in a place, and what may be recalled and remembered there because of it.

The rule: something is recalled in a place only if everybody there was in its audience already. It
is kept by construction: `readable` gives the scopes that may be read, and nothing in the store can
be searched without naming scopes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from bot.chat import ThreadKey
from bot.memories import EVERY_SPACE, Person, Scope, ScopeKind, Via

IMPORTS = "@import-"
"""What the channels of conversations from elsewhere begin with; the person's id follows."""


@dataclass(frozen=True, slots=True)
class Audience:
    """Who reads what is said in one place.

    Attributes:
        thread: The conversation, or None outside any; then `channel` alone counts.
        platform: As in `ThreadKey`.
        space: As in `ThreadKey`.
        channel: As in `ThreadKey`.
        alone: The one person who reads it: in a direct message, or a reply that is shown to nobody
            else. None where others read along.
        direct: The place is a direct message. What is said in a private reply in a channel is not.
        members: Everybody who reads it belongs to the server or workspace. False where another
            organisation reads along, for guests, and in direct messages that belong to no server.
        confined: Fewer people read the conversation than its channel, as in a private thread.
    """

    platform: str
    space: str
    channel: str
    thread: ThreadKey | None = None
    alone: Person | None = None
    direct: bool = False
    members: bool = True
    confined: bool = False


@dataclass(frozen=True, slots=True)
class Grant:
    """What somebody may do with memories: the only way to ask for any.

    Attributes:
        person: Who acts; what is written is theirs.
        readable: Scopes that may be read.
        writable: Scopes that may be written, the one that is meant if none is named first.
        admin: May change and delete what others have written in shared scopes, too.
        via: How they act.
        channels: Platform, space and id of channels whose conversations may be read, but for those
            that fewer people read than the channel.
        threads: Single conversations that may be read, too.
    """

    person: Person
    readable: tuple[Scope, ...]
    writable: tuple[Scope, ...] = ()
    admin: bool = False
    via: Via = Via.COMMAND
    channels: tuple[tuple[str, str, str], ...] = ()
    threads: tuple[ThreadKey, ...] = ()


def imports_of(person: Person) -> tuple[str, str, str]:
    """Platform, space and channel of the conversations that a person brought from elsewhere.

    No platform has such a channel, and nobody else is ever granted it.
    """
    return person.platform, person.space, f"{IMPORTS}{person.user}"


def is_import(thread: ThreadKey) -> bool:
    """Whether a conversation was brought from elsewhere, and so is on no platform."""
    return is_imports((thread.platform, thread.space, thread.channel))


def is_imports(place: tuple[str, str, str]) -> bool:
    """Whether a channel, by platform, space and id, is one of `imports_of`."""
    return place[2].startswith(IMPORTS)


def person_of(platform: str, space: str, user: str, *, per_space: bool) -> Person:
    """Somebody, as memories know him; `per_space` as in `Capabilities.people_per_space`."""
    return Person(platform, space if per_space else EVERY_SPACE, user)


def readable(audience: Audience, linked: Iterable[Person] = ()) -> tuple[Scope, ...]:
    """The scopes whose audience holds everybody in this one, from few to many.

    `linked` are other accounts of the person who is alone there, as this person has proved.
    """
    found: list[Scope] = []
    if audience.alone is not None:
        selves = dict.fromkeys((audience.alone, *linked))
        found += [Scope.of_person(each) for each in selves]
        found += _direct(audience, audience.alone)
    return (*found, *_shared(audience))


def writable(audience: Audience) -> tuple[Scope, ...]:
    """The scopes that may be written there, the usual one first.

    A workspace's is never the usual one: what reaches everybody is said to be meant for them.
    """
    shared = _shared(audience)
    own: tuple[Scope, ...] = ()
    if audience.alone is not None:
        own = (*_direct(audience, audience.alone), Scope.of_person(audience.alone))
    if audience.direct:
        # What was said between two stays between them, unless they say otherwise.
        return (*own, *shared)
    if audience.confined:
        # Where it isn't known which conversation it is, nothing that is for more people is usual.
        return (*shared, *own) if audience.thread is not None else own
    return (*sorted(shared, key=_usual_first), *own)


def grant(
    audience: Audience,
    person: Person,
    *,
    linked: Iterable[Person] = (),
    directs: Iterable[tuple[str, str, str]] = (),
    admin: bool = False,
    via: Via = Via.COMMAND,
) -> Grant:
    """What `person`, who is there, may do in a place.

    `directs` are channels of direct messages with the person who is alone there, or with one of
    the `linked`; where others read along they open nothing.
    """
    channels: list[tuple[str, str, str]] = []
    if not audience.confined:
        channels.append((audience.platform, audience.space, audience.channel))
    if audience.alone is not None:
        channels += map(imports_of, dict.fromkeys((audience.alone, *linked)))
        channels += [each for each in dict.fromkeys(directs) if each not in channels]
    return Grant(
        person,
        readable(audience, linked),
        writable(audience),
        admin,
        via,
        tuple(channels),
        (audience.thread,) if audience.thread is not None else (),
    )


def narrowed(grant: Grant, scopes: Collection[Scope]) -> Grant:
    """The same for some of its scopes only, with the conversations that belong to these.

    A channel that has no scope of its own is one of a single person's: it goes with what is
    theirs. Nothing can be added in this way.
    """
    kept = tuple(each for each in grant.readable if each in scopes)
    own = any(each.kind in (ScopeKind.USER, ScopeKind.DM) for each in kept)
    shared = {scope: scope in kept for scope in grant.readable if scope.kind is ScopeKind.CHANNEL}
    return replace(
        grant,
        readable=kept,
        writable=tuple(each for each in grant.writable if each in scopes),
        channels=tuple(each for each in grant.channels if shared.get(Scope.of_channel(*each), own)),
        threads=tuple(each for each in grant.threads if Scope.of_thread(each) in kept),
    )


def _usual_first(scope: Scope) -> int:
    order = (ScopeKind.CHANNEL, ScopeKind.THREAD, ScopeKind.WORKSPACE)
    return order.index(scope.kind)


def _direct(audience: Audience, person: Person) -> tuple[Scope, ...]:
    """Direct messages with somebody; those that belong to no space are known only there."""
    if person.space == EVERY_SPACE and not audience.direct:
        return ()
    return (Scope.of_direct(audience.platform, audience.space, person.user),)


def _shared(audience: Audience) -> tuple[Scope, ...]:
    """Scopes of the place itself."""
    found: list[Scope] = []
    if audience.thread is not None:
        found.append(Scope.of_thread(audience.thread))
    if not audience.direct:
        found.append(Scope.of_channel(audience.platform, audience.space, audience.channel))
    if audience.members:
        found.append(Scope.of_workspace(audience.platform, audience.space))
    return tuple(found)
