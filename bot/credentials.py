"""Tokens by which other programs use memories for somebody: what they open, how they are made."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from bot.audience import Grant, narrowed
from bot.chat import ThreadKey
from bot.memories import Person, Scope, ScopeKind, Via

PREFIX = "bob_"
"""What every token begins with, so that programs which look for leaked secrets can find it."""

RANDOM_BYTES = 32
LONGEST_TOKEN = 100
LONGEST_NAME = 60
MOST_TOKENS = 50
"""Of one person."""

DAYS = 90
"""After so many a token ends if nobody says otherwise."""


@dataclass(frozen=True, slots=True)
class Credential:
    """What a token opens. The token itself is kept nowhere.

    Attributes:
        id: "tok_" and 16 characters; names it in lists, and to revoke it.
        digest: See `digest_of`.
        person: Who acts by it; what is written is theirs.
        name: What it is for, as its owner calls it.
        readable: Scopes that may be read by it.
        writable: Scopes that may be written by it, the usual one first; empty for none.
        channels, threads: Conversations that may be read by it, as in `Grant`.
        created_at, expires_at: Seconds since the epoch; it never ends by itself where that is 0.
        used_at: When it was last used, to the hour or so; 0 for never.
    """

    id: str
    digest: str
    person: Person
    name: str
    readable: tuple[Scope, ...]
    writable: tuple[Scope, ...] = ()
    channels: tuple[tuple[str, str, str], ...] = ()
    threads: tuple[ThreadKey, ...] = ()
    created_at: float = 0.0
    expires_at: float = 0.0
    used_at: float = 0.0

    def grant(self, via: Via) -> Grant:
        """What may be done by it."""
        return Grant(
            self.person,
            self.readable,
            self.writable,
            via=via,
            channels=self.channels,
            threads=self.threads,
        )


class Credentials(Protocol):
    """Where they are kept. All raise StoreError when the store is away."""

    async def add(self, credential: Credential) -> bool:
        """Keep it; False, and nothing is kept, when its person has `MOST_TOKENS` already."""
        ...

    async def find(self, digest: str) -> Credential | None:
        """The one with this digest; None where there is none, it was revoked or has ended."""
        ...

    async def of(self, person: Person) -> Sequence[Credential]:
        """All of a person's, the newest first."""
        ...

    async def everyone(self) -> Sequence[Credential]:
        """All of everybody's, for the operator."""
        ...

    async def revoke(self, id: str, person: Person | None = None) -> Credential | None:
        """End one at once, with `person` only if it is theirs; None where there is no such one."""
        ...

    async def revoke_all(self, person: Person) -> int:
        """End all of a person's, as when they leave or want to be forgotten."""
        ...

    async def replace(self, credential: Credential) -> None:
        """Put it in place of the same one that opens more; end it where it opens nothing.

        Safe to repeat; does nothing when that one has ended.
        """
        ...

    async def used(self, credential: Credential) -> None:
        """Note that it was used now; written at most once an hour."""
        ...


@dataclass(frozen=True, slots=True)
class Issued:
    """A token that was made just now: shown once, known to nobody afterwards."""

    token: str
    credential: Credential


def digest_of(token: str) -> str:
    """What is kept of a token: SHA-256 in hex. It is random enough to need no salt."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def issue(
    grant: Grant,
    name: str,
    *,
    now: float,
    random: Callable[[int], bytes],
    days: int = DAYS,
    writes: bool = True,
    only: Collection[ScopeKind] = frozenset(ScopeKind),
) -> Issued:
    """Make a token for what somebody may do, or for less; `Credentials.add` puts it in force.

    Args:
        grant: What they may do where they ask for it.
        name: What it is for; blanks at the ends and what is over `LONGEST_NAME` are cut off.
        now: Seconds since the epoch.
        random: Gives so many random bytes.
        days: Until it ends; 0 for never.
        writes: It may also write.
        only: Kinds of scopes that it is for.
    """
    token = PREFIX + base64.urlsafe_b64encode(random(RANDOM_BYTES)).decode().rstrip("=")
    given = narrowed(grant, [each for each in grant.readable if each.kind in only])
    credential = Credential(
        id="tok_" + base64.b32encode(random(10)).decode().lower(),
        digest=digest_of(token),
        person=grant.person,
        name=name.strip()[:LONGEST_NAME],
        readable=given.readable,
        # A program of somebody's own keeps what it learns for them, unless it says otherwise.
        writable=tuple(sorted(given.writable, key=_own_first)) if writes else (),
        channels=given.channels,
        threads=given.threads,
        created_at=now,
        expires_at=now + days * 86_400 if days else 0.0,
    )
    return Issued(token, credential)


def opening_less(credential: Credential, gone: Collection[Scope]) -> Credential:
    """A token that opens some scopes less, with the conversations that belong to these."""
    left = narrowed(
        credential.grant(Via.API), [each for each in credential.readable if each not in gone]
    )
    return replace(
        credential,
        readable=left.readable,
        writable=tuple(each for each in credential.writable if each not in gone),
        channels=left.channels,
        threads=left.threads,
    )


def _own_first(scope: Scope) -> bool:
    return scope.kind is not ScopeKind.USER
