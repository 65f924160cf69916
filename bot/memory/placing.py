"""Where a memory from a file goes, and as whose."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Set
from dataclasses import dataclass, replace

from bot.audience import Grant
from bot.chat import ThreadKey
from bot.errors import ImportRefused
from bot.memories import Memory, Person, Scope, ScopeKind, Via

_DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_AGE_DIGITS = 10
_ID_LENGTH = len("mem_") + 26
_OWN = (ScopeKind.USER, ScopeKind.DM)


def _nothing(scope: Scope) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Placing:
    """Puts memories where their importer may write.

    Attributes:
        grant: Who imports.
        scope: Where everything goes; None leaves what is in reach where it was, and gives the rest
            to the importer alone.
        also: Scopes that are in reach, too; the grant that it is written with has to name them.
    """

    grant: Grant
    scope: Scope | None = None
    also: Callable[[Scope], bool] = _nothing

    @property
    def default(self) -> Scope:
        """Where goes what has no scope of its own in reach. Raises ImportRefused for nowhere."""
        writable = self.grant.writable
        if self.scope is not None:
            if self.scope not in writable:
                raise ImportRefused(
                    f"nothing may be written to {self.scope} from here", hint="Name another scope."
                )
            return self.scope
        own = Scope.of_person(self.grant.person)
        if own in writable:
            return own
        if not writable:
            raise ImportRefused(
                "it does not say for whom this is", hint="Name a person or a scope for it."
            )
        return writable[0]

    def placed(self, memory: Memory) -> Memory:
        """The memory as it is to be stored.

        One that may be read where it is but not written keeps its scope: it is either there already
        or to be refused.
        """
        scope = memory.scope
        reach = scope in self.grant.writable or scope in self.grant.readable or self.also(scope)
        if self.scope is not None or not reach:
            return _moved(memory, self.default)
        return memory


def _moved(memory: Memory, scope: Scope) -> Memory:
    """In another scope it is another memory, with an id of its own that is always the same."""
    if memory.scope == scope:
        return memory
    return replace(
        memory,
        id=moved_id(memory.id, scope),
        scope=scope,
        supersedes=tuple(moved_id(each, scope) for each in memory.supersedes),
        superseded_by=memory.superseded_by and moved_id(memory.superseded_by, scope),
    )


def keeps_ids(grant: Grant, scope: Scope) -> bool:
    """Whether what is brought there keeps its ids, unless the importer sees them elsewhere.

    Where others read along, an id from a file could stand for a memory of another place, which
    the importer may not even see: whoever looked for that one would find this one.
    """
    return grant.admin or scope.kind in _OWN


def renamed(memory: Memory, strange: Set[str], now: float) -> Memory:
    """The memory without ids that are `strange` in its scope.

    Each is replaced by one that is always the same, unless its age lies after `now`, which would
    put it before all others for good.
    """

    def own(id: str) -> str:
        return moved_id(id, memory.scope, now) if id in strange else id

    if memory.id not in strange and strange.isdisjoint((*memory.supersedes, memory.superseded_by)):
        return memory
    return replace(
        memory,
        id=own(memory.id),
        supersedes=tuple(map(own, memory.supersedes)),
        superseded_by=own(memory.superseded_by),
    )


def vouched(memory: Memory, grant: Grant, readable: Set[ThreadKey], now: float) -> Memory:
    """What somebody who is no admin may say of a memory from a file.

    The words are the importer's own, so that nobody's can be made up and nothing is counted among
    what others are told, and erase, as theirs. Of conversations it names one of the `readable` at
    most. Nothing has happened after `now`, in seconds since the epoch.
    """
    source = replace(memory.source, former=(), also=())
    if source.author is None or not _is_self(grant, source.author):
        source = replace(source, author=grant.person, via=Via.IMPORT)
    if source.thread not in readable:
        source = replace(source, thread=None, message_ids=())
    return replace(
        memory,
        source=source,
        created_at=min(memory.created_at, now),
        updated_at=min(memory.updated_at, now),
        used_at=min(memory.used_at, now),
    )


def _is_self(grant: Grant, person: Person) -> bool:
    """Whoever acts, or another account of theirs that may be known here."""
    return person == grant.person or Scope.of_person(person) in grant.readable


def moved_id(id: str, scope: Scope, now: float = math.inf) -> str:
    """Of the same age, if it has one that is not after `now`, in seconds since the epoch.

    What points to it can be moved without knowing more of it.
    """
    age = id[4 : 4 + _AGE_DIGITS].upper()
    if not set(age) <= set(_DIGITS) or len(id) != _ID_LENGTH or _number(age) > now * 1000:
        age = "0" * _AGE_DIGITS
    return f"mem_{age}{_digest(str(scope), id)}"


def derived_id(at: float, *names: str) -> str:
    """The id of what was made `at`, in seconds since the epoch, always the same for the names."""
    when = min(max(round(at * 1000), 0), 2**48 - 1)
    return f"mem_{_written(when, _AGE_DIGITS)}{_digest(*names)}"


def _digest(*names: str) -> str:
    digest = hashlib.sha256("\0".join(names).encode("utf-8", "surrogatepass")).digest()
    return _written(int.from_bytes(digest[:10], "big"), 16)


def _number(digits: str) -> int:
    return sum(_DIGITS.index(each) << 5 * place for place, each in enumerate(reversed(digits)))


def _written(number: int, digits: int) -> str:
    return "".join(_DIGITS[number >> 5 * place & 31] for place in reversed(range(digits)))
