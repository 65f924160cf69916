"""What everything that shows or changes memories calls: chat, tools, REST, MCP, the shell."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from bot.audience import Grant
from bot.chat import ThreadKey
from bot.memories import (
    Context,
    Filter,
    Found,
    Kept,
    Kind,
    Memory,
    MemoryText,
    Page,
    Person,
    Said,
    Scope,
    Source,
    Stats,
    Status,
    Written,
)

ANY = Filter()

ALL_STATUSES = Filter(statuses=frozenset(Status))
"""Whatever there is, superseded and archived ones too."""

NO_MEMORIES = Filter(statuses=frozenset())
"""For a search of what was said alone."""


@dataclass(frozen=True, slots=True)
class NewMemory:
    """Something to remember; `scope` None means the usual one of the grant.

    `id` and the times are for imports that keep identities; empty and 0 otherwise.
    """

    text: MemoryText
    source: Source
    scope: Scope | None = None
    confirmed: bool = True
    id: str = ""
    created_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be different; None leaves a part as it is.

    A new `content` makes a new memory that supersedes the old one, so that it can be undone; other
    parts are changed in place.
    """

    content: str | None = None
    kind: Kind | None = None
    tags: tuple[str, ...] | None = None
    subject: str | None = None
    pinned: bool | None = None
    event_at: float | None = None
    expires_at: float | None = None
    archived: bool | None = None
    confirmed: bool | None = None


class Searching(Protocol):
    """Finds what is worth reading among what a grant opens; a part of `Memories`."""

    async def search(
        self,
        grant: Grant,
        query: str,
        filter: Filter = ANY,
        *,
        limit: int = 10,
        said: bool = True,
    ) -> Sequence[Found]:
        """See `Memories.search`."""
        ...

    async def context(
        self,
        grant: Grant,
        query: str = "",
        tags: Sequence[str] = (),
        *,
        max_tokens: int,
        said: bool = True,
        besides: Sequence[tuple[ThreadKey, int]] = (),
    ) -> Context:
        """See `Memories.context`."""
        ...

    async def let_go(
        self,
        *,
        scopes: Iterable[Scope] | None = None,
        threads: Iterable[ThreadKey] | None = None,
    ) -> None:
        """Hold nothing in this process of what was erased from scopes and conversations.

        None stands for all that is held. Other processes let go of it when they next look at the
        scope or the channel, before they answer. Never raises a `StoreError`: when the store can't
        be asked nothing at all is held any longer.
        """
        ...


class Memories(Protocol):
    """The core of long-term memory.

    Every call says by a `Grant` who acts and what they may see. What lies outside of it is as if
    it were not there. `key` makes a call safe to repeat: the same key does nothing a second time
    and gives the same answer for a day. All raise StoreError when the store is away.
    """

    @property
    def most(self) -> int:
        """How many memories may hold in one scope, and how many corrected ones; 0: any number."""
        ...

    async def add(self, grant: Grant, new: NewMemory, *, key: str = "") -> Written:
        """Remember one thing; found by searches of every process at once."""
        ...

    async def add_all(
        self, grant: Grant, new: Sequence[NewMemory], *, key: str = ""
    ) -> Sequence[Written]:
        """Remember up to `MOST_AT_ONCE` things; one answer each, in their order."""
        ...

    async def restore(
        self, grant: Grant, memories: Sequence[Memory], *, key: str = ""
    ) -> Sequence[Written]:
        """Put up to `MOST_AT_ONCE` exported memories back as they were; one answer each.

        Ids, times, version, status and links to others are kept, whether those are there or not.
        Of somebody who is no admin ids are kept in their own scopes alone; elsewhere each that is
        not there already is replaced by another, which is always the same. They are the author of
        all they bring, no conversation is named that they may not read, and no time to come.
        UNCHANGED is one whose id is there already, or whose scope holds the same words as an active
        one: nothing is touched then. REFUSED is what holds secrets or breaks a rule, and what lies
        in a scope that may not be written. FULL as with `add`.
        """
        ...

    async def get(self, grant: Grant, id: str) -> Memory | None:
        """One memory, or None when there is none that may be seen."""
        ...

    async def page(
        self, grant: Grant, filter: Filter = ANY, *, after: str = "", limit: int = 20
    ) -> Page:
        """Some memories, the newest first.

        `after` is the id of the last one seen, whether it is still there or not. Raises BadRequest
        for what cannot be one.
        """
        ...

    async def update(
        self, grant: Grant, id: str, change: Change, *, version: int | None = None, key: str = ""
    ) -> Written:
        """Change or correct one; see `Change`. With `version` only if it is still at that one."""
        ...

    async def update_all(
        self, grant: Grant, changes: Sequence[tuple[str, Change, int | None]], *, key: str = ""
    ) -> Sequence[Written]:
        """`update` for each id, change and version."""
        ...

    async def delete(self, grant: Grant, ids: Sequence[str], *, key: str = "") -> Sequence[Written]:
        """Remove for good, with everything derived from them."""
        ...

    async def bound(self, grant: Grant, key: str, asked: str) -> bool:
        """Whether a key of the caller stands for what is asked, which the first who names it says.

        It does for a day. `asked` is a digest.
        """
        ...

    async def undo(self, grant: Grant, id: str) -> Written:
        """Take back that `id` was remembered; what it had superseded holds again.

        UPDATED with a `why` when others have asked for the same: it is theirs then, and stays. The
        same again within a day gives the same answer.
        """
        ...

    async def merge(self, grant: Grant, older: str, newer: str) -> Written:
        """Let `newer` take the place of `older` in one scope, with the tags of both.

        Safe to repeat; an undo of `newer` brings `older` back.
        """
        ...

    async def share(self, grant: Grant, id: str, to: Scope, *, key: str = "") -> Written:
        """Remember it in another scope that may be written, too; only whose own it is may."""
        ...

    async def search(
        self,
        grant: Grant,
        query: str,
        filter: Filter = ANY,
        *,
        limit: int = 10,
        said: bool = True,
    ) -> Sequence[Found]:
        """The best hits among memories, and with `said` among past conversations, best first."""
        ...

    async def context(
        self,
        grant: Grant,
        query: str = "",
        tags: Sequence[str] = (),
        *,
        max_tokens: int,
        said: bool = True,
        besides: Sequence[tuple[ThreadKey, int]] = (),
    ) -> Context:
        """What is worth knowing for `query`, packed; without one what is pinned and newest.

        `besides` are conversations whose log from an entry on is in view already.
        """
        ...

    async def stats(self, grant: Grant) -> Stats:
        """Figures of what may be read."""
        ...

    async def conversation(
        self, grant: Grant, thread: ThreadKey, *, after: int = 0, limit: int = 50
    ) -> Sequence[Said] | None:
        """What was said after entry `after`, oldest first; None if it may not be read."""
        ...

    def everything(self, grant: Grant, filter: Filter = ANY) -> AsyncIterator[Memory]:
        """All memories that may be read, oldest first, for exports."""
        ...

    async def kept_of(self, of: Person | ThreadKey) -> Kept:
        """What `forget_person` or `forget_thread` would remove now, for nobody else to be told."""
        ...

    async def forget_person(self, person: Person, space: str = "") -> int:
        """Remove a person's own memories, and what they had remembered elsewhere.

        Their links to other accounts and their tokens end, too. With `space` only what lies in this
        server or workspace goes, as when they leave it; that is everything where the person's id is
        of that space alone. Safe to repeat, as the others that forget.
        """
        ...

    async def forget_thread(self, thread: ThreadKey) -> int:
        """Remove what lies in a conversation's scope or came from it; and its index."""
        ...

    async def forget_place(self, platform: str, space: str, channel: str = "") -> int:
        """Remove what lies in a channel or a whole space, and what came from there."""
        ...

    async def forget_messages(
        self, thread: ThreadKey, messages: Sequence[str], *, unasked: bool = False
    ) -> int:
        """Remove what rests on these messages alone; with `unasked` only what nobody asked for."""
        ...

    async def let_go(self, thread: ThreadKey) -> None:
        """Hold nothing in this process of what was taken out of a conversation's log just now."""
        ...

    async def shut_out(self, person: Person, channel: tuple[str, str, str]) -> int:
        """Let a person's tokens open nothing of a channel; how many did. Safe to repeat.

        A token that opened nothing else ends.
        """
        ...
