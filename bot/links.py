"""Accounts of one person on several platforms, as this person has proved. Values only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from bot.memories import Person

CODE_SECONDS = 600
"""A code can be redeemed so long."""

MOST_LINKED = 10
"""Accounts that belong together at most."""


MOST_TRIES = 5
"""Codes that were none, from one account within `CODE_SECONDS`; after that no code is taken."""


class Linking(StrEnum):
    """What became of a code that somebody redeemed."""

    LINKED = "linked"
    UNKNOWN = "unknown"
    """There is no such code, or it was used, or its time is over."""
    OFTEN = "often"
    """`MOST_TRIES` codes were none; this one was not looked at."""
    SELF = "self"
    """It was made by the same account; it stays good for another."""
    ALREADY = "already"
    """The two accounts are linked already; the code is used up."""
    SAME_PLACE = "same place"
    """Two accounts in one place belong to two people; the code is used up."""
    FULL = "full"
    """More than `MOST_LINKED` accounts would belong together; the code is used up."""


@dataclass(frozen=True, slots=True)
class Linked:
    """The answer to whoever redeemed a code, and who had made it; None where there is none."""

    result: Linking
    other: Person | None = None


@dataclass(frozen=True, slots=True)
class Used:
    """That somebody's code was used: on which platform, and which use it was."""

    platform: str
    id: str


class Links(Protocol):
    """Where linked accounts are kept. All raise StoreError when the store is away."""

    async def issue(self, person: Person, code: str) -> None:
        """Let `code` be redeemed once within `CODE_SECONDS`; an earlier one of theirs ends."""
        ...

    async def redeem(self, person: Person, code: str) -> Linked:
        """Link an account with the one that made the code, and with all that this is linked with.

        Safe to repeat: once a code is used it is unknown.
        """
        ...

    async def of(self, person: Person) -> Sequence[Person]:
        """The other accounts that are linked with this one."""
        ...

    async def used(self, person: Person) -> Used | None:
        """That this person's code was used, as long as they have not been told."""
        ...

    async def untold(self) -> Sequence[Person]:
        """Everybody who has not been told yet that their code was used, on any platform."""
        ...

    async def told(self, person: Person) -> None:
        """They have been told that their code was used. Safe to repeat."""
        ...

    async def unlink(self, person: Person) -> bool:
        """Take one account out of those that it is linked with, and end its code.

        The others stay linked. Returns whether it was linked; safe to repeat.
        """
        ...
