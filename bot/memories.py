"""Long-term memory as values: what is remembered, for whom, and where it came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from urllib.parse import quote, unquote

from bot.chat import ThreadKey

LONGEST_CONTENT = 1_000
"""Characters of one memory."""

MOST_TAGS = 8
LONGEST_TAG = 40

MOST_AT_ONCE = 500
"""Items of one batch."""

MOST_ASKING = 20
"""People who are kept as having asked for the same, besides the first."""

EVERY_SPACE = "@"
"""Stands for the space of a person whose id is the same in all of a platform's spaces."""


class Kind(StrEnum):
    """What a memory is."""

    FACT = "fact"
    PREFERENCE = "preference"
    DECISION = "decision"
    TASK = "task"
    NOTE = "note"


class Status(StrEnum):
    """Whether a memory holds."""

    ACTIVE = "active"
    SUPERSEDED = "superseded"
    """A later one says otherwise; kept, so that the correction can be undone."""
    ARCHIVED = "archived"
    """Out of the way: found by id and in lists that ask for it, never recalled."""


class Via(StrEnum):
    """How a memory came about."""

    COMMAND = "command"
    REACTION = "reaction"
    TOOL = "tool"
    """The model was told to remember it."""
    AUTO = "auto"
    """Found by itself in what was said; unconfirmed until somebody says otherwise."""
    API = "api"
    MCP = "mcp"
    IMPORT = "import"
    SHELL = "shell"


@dataclass(frozen=True, slots=True, order=True)
class Person:
    """Somebody on one platform.

    `space` is the server or workspace, or `EVERY_SPACE` where ids are the platform's.
    """

    platform: str
    space: str
    user: str

    def __str__(self) -> str:
        return _joined(self.platform, self.space, self.user)

    @classmethod
    def parse(cls, text: str) -> Person:
        """Read what `str` wrote. Raises ValueError for anything else."""
        parts = _split(text, 3)
        if not all(parts) or str(person := cls(*parts)) != text:
            raise ValueError(f"not a person: {text!r}")
        return person


class ScopeKind(StrEnum):
    """For whom something is remembered, from few to many."""

    USER = "user"
    """One person, wherever nobody else reads along; follows to linked accounts."""
    DM = "dm"
    """What was said in direct messages with one person, in one space."""
    THREAD = "thread"
    CHANNEL = "channel"
    WORKSPACE = "workspace"
    """A server or workspace with everybody in it, guests included, other organisations not."""


@dataclass(frozen=True, slots=True, order=True)
class Scope:
    """Where a memory lies, which is who may ever be shown it.

    Made by the class methods; parts that a kind does not have are empty. A user's scope has the
    space of `Person`, every other one that of `ThreadKey`.
    """

    kind: ScopeKind
    platform: str
    space: str
    channel: str = ""
    thread: str = ""
    user: str = ""

    @classmethod
    def of_person(cls, person: Person) -> Scope:
        """What is for this person alone."""
        return cls(ScopeKind.USER, person.platform, person.space, user=person.user)

    @classmethod
    def of_direct(cls, platform: str, space: str, user: str) -> Scope:
        """What was said in direct messages with this person."""
        return cls(ScopeKind.DM, platform, space, user=user)

    @classmethod
    def of_thread(cls, thread: ThreadKey) -> Scope:
        """What is for one conversation."""
        return cls(ScopeKind.THREAD, thread.platform, thread.space, thread.channel, thread.thread)

    @classmethod
    def of_channel(cls, platform: str, space: str, channel: str) -> Scope:
        """What is for a channel with all its threads."""
        return cls(ScopeKind.CHANNEL, platform, space, channel)

    @classmethod
    def of_workspace(cls, platform: str, space: str) -> Scope:
        """What is for a whole server or workspace."""
        return cls(ScopeKind.WORKSPACE, platform, space)

    def __str__(self) -> str:
        parts = (self.kind, self.platform, self.space, self.channel, self.thread, self.user)
        return _joined(*parts)

    @classmethod
    def parse(cls, text: str) -> Scope:
        """Read what `str` wrote. Raises ValueError for anything else."""
        kind, *parts = _split(text, 6)
        scope = cls(ScopeKind(kind), *parts)
        if str(scope) != text or not scope._is_whole:
            raise ValueError(f"not a scope: {text!r}")
        return scope

    @property
    def _is_whole(self) -> bool:
        """Exactly the parts that its kind has are there."""
        needed = {
            ScopeKind.USER: (False, False, True),
            ScopeKind.DM: (False, False, True),
            ScopeKind.THREAD: (True, True, False),
            ScopeKind.CHANNEL: (True, False, False),
            ScopeKind.WORKSPACE: (False, False, False),
        }[self.kind]
        there = tuple(map(bool, (self.channel, self.thread, self.user)))
        return bool(self.platform and self.space) and there == needed


@dataclass(frozen=True, slots=True)
class Source:
    """Where a memory came from.

    Attributes:
        via: See `Via`.
        author: Who had it remembered, or who said it where nobody did; None if not known.
        thread: The conversation it was said in; None where it came from none.
        message_ids: The platform's messages that say it.
        link: Of an import: what the other program called it; empty otherwise.
        former: Others whose words it puts right: they may change it, too, and it is erased with
            what is theirs.
        also: Others who have asked for the same words since; it stays as long as one of them wants
            it.
        confined: Fewer people read the conversation than its channel.
    """

    via: Via
    author: Person | None = None
    thread: ThreadKey | None = None
    message_ids: tuple[str, ...] = ()
    link: str = ""
    former: tuple[Person, ...] = ()
    also: tuple[Person, ...] = ()
    confined: bool = False

    def with_wish(self, person: Person) -> Source:
        """The source of words that this person asks for, too."""
        known = person == self.author or person in self.also
        full = len(self.also) >= MOST_ASKING
        return self if known or full else replace(self, also=(*self.also, person))

    def without_wish(self, person: Person) -> Source | None:
        """What is left once this person wants it no longer; None if nobody else has asked for it.

        The next one takes the place of the first.
        """
        others = tuple(each for each in self.also if each != person)
        if others != self.also:
            return replace(self, also=others)
        if person == self.author and others:
            return replace(self, author=others[0], also=others[1:])
        return None


@dataclass(frozen=True, slots=True)
class MemoryText:
    """What somebody wants to have remembered, checked by `bot.memory.checks`.

    Attributes:
        content: One or two sentences that can be understood by themselves.
        kind: See `Kind`.
        tags: Lower case, without "#", at most `MOST_TAGS`.
        subject: Whom or what it is about, as a name; may be empty.
        pinned: Recalled before others.
        event_at: When it happened or will, seconds since the epoch; 0 if not known.
        expires_at: It is deleted then, seconds since the epoch; 0 for never.
    """

    content: str
    kind: Kind = Kind.NOTE
    tags: tuple[str, ...] = ()
    subject: str = ""
    pinned: bool = False
    event_at: float = 0.0
    expires_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Memory:
    """Something remembered.

    Attributes:
        id: "mem_" and a ULID.
        text: See `MemoryText`.
        scope: Who may be shown it.
        source: Where it came from.
        status: See `Status`.
        confirmed: Somebody asked for it or has kept it when asked; recalled before others.
        supersedes: Ids of those that it corrects, in the same scope.
        superseded_by: Id of the one that corrects it; empty for none.
        was_archived: Of one that is superseded: it is archived again when that is undone.
        created_at, updated_at: Seconds since the epoch.
        used_at, uses: When it was last recalled, how often.
        version: 1, and one more with every change; updates name the one that they change.
    """

    id: str
    text: MemoryText
    scope: Scope
    source: Source
    status: Status = Status.ACTIVE
    confirmed: bool = True
    supersedes: tuple[str, ...] = ()
    superseded_by: str = ""
    created_at: float = 0.0
    updated_at: float = 0.0
    used_at: float = 0.0
    uses: int = 0
    version: int = 1
    was_archived: bool = False


class Wrote(StrEnum):
    """What became of one item of a write."""

    CREATED = "created"
    TOUCHED = "touched"
    """The same was there already; its time was renewed, tags and pin added."""
    UPDATED = "updated"
    DELETED = "deleted"
    UNCHANGED = "unchanged"
    MISSING = "missing"
    """Nothing with that id can be seen from here."""
    CONFLICT = "conflict"
    """It has another version by now; `memory` is how it stands."""
    FULL = "full"
    """The scope holds as many as it may; nothing was thrown out for it."""
    REFUSED = "refused"
    """It may not be written; `why` says what is wrong."""


@dataclass(frozen=True, slots=True)
class Written:
    """The answer to one item of a write.

    `similar` are near duplicates in the same scope that people may want to merge with; only for
    what was created. `why` is a sentence for people, empty where there is nothing to say.
    """

    result: Wrote
    memory: Memory | None = None
    similar: tuple[Memory, ...] = ()
    why: str = ""


@dataclass(frozen=True, slots=True)
class Filter:
    """Which memories of the readable scopes are meant; empty parts mean any, no `statuses` none.

    Of `tags` a memory must have all; of the others that hold several it must be one.
    """

    kinds: frozenset[Kind] = frozenset()
    tags: frozenset[str] = frozenset()
    scope_kinds: frozenset[ScopeKind] = frozenset()
    statuses: frozenset[Status] = frozenset({Status.ACTIVE})
    subject: str = ""
    pinned: bool | None = None

    def means(self, memory: Memory) -> bool:
        """Whether this one is meant."""
        text = memory.text
        return (
            memory.status in self.statuses
            and (not self.kinds or text.kind in self.kinds)
            and self.tags.issubset(text.tags)
            and (not self.scope_kinds or memory.scope.kind in self.scope_kinds)
            and (not self.subject or text.subject.casefold() == self.subject.casefold())
            and (self.pinned is None or text.pinned == self.pinned)
        )


@dataclass(frozen=True, slots=True)
class Page:
    """Some memories, the newest first. `after` is the id to go on from; empty at the end."""

    memories: tuple[Memory, ...]
    after: str = ""


@dataclass(frozen=True, slots=True)
class Said:
    """A turn of a past conversation, found by a search.

    `role` as in `bot.records.Entry`; `author` the name shown; `seq` its place in the log.
    """

    thread: ThreadKey
    seq: int
    role: str
    author: str
    text: str
    at: float
    message_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """One hit of a search: a memory or something said. `score` is 0 to 1, comparable within one."""

    score: float
    memory: Memory | None = None
    said: Said | None = None


@dataclass(frozen=True, slots=True)
class Context:
    """What `get_context` packed into a number of tokens.

    Attributes:
        text: Ready to be put before a model, marked as reference; empty when nothing fits.
        found: What is in it, in its order.
        tokens: Of the text.
        left_out: Hits that did not fit.
    """

    text: str
    found: tuple[Found, ...]
    tokens: int
    left_out: int


@dataclass(frozen=True, slots=True)
class Kept:
    """How much is kept of a person or a conversation, told before it is erased.

    Attributes:
        own: Memories in the scope itself; of a person in direct messages with them, too.
        elsewhere: Memories that came from there and lie in other scopes.
        vectors: Made of these memories, and of what was said in the conversations meant.
        imports: A person's conversations from other programs.
        tokens: What a person's other programs use.
        links: Other accounts that are linked with a person's.
    """

    own: int = 0
    elsewhere: int = 0
    vectors: int = 0
    imports: int = 0
    tokens: int = 0
    links: int = 0


@dataclass(frozen=True, slots=True)
class Stats:
    """Figures of what one may read: how many by scope, kind and tag (active ones)."""

    total: int
    by_scope: Mapping[ScopeKind, int] = field(default_factory=dict[ScopeKind, int])
    by_kind: Mapping[Kind, int] = field(default_factory=dict[Kind, int])
    by_tag: Mapping[str, int] = field(default_factory=dict[str, int])


def _joined(*parts: str) -> str:
    return ":".join(quote(part, safe="@.-_", errors="surrogatepass") for part in parts)


def _split(text: str, count: int) -> list[str]:
    parts = [unquote(part, errors="surrogatepass") for part in text.split(":")]
    if len(parts) != count:
        raise ValueError(f"not {count} parts: {text!r}")
    return parts
