"""Whether people may still read what their tokens open, asked of the platforms now and then.

Platforms do not tell of everybody who leaves, and what they tell can be missed. Of a channel that
has become private it is asked at once.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from bot.adapter import Adapter
from bot.chat import Reach
from bot.credentials import Credential, Credentials, opening_less
from bot.errors import PlatformError
from bot.memories import EVERY_SPACE, Scope, ScopeKind
from bot.services import Claims

logger = logging.getLogger(__name__)

AGAIN_SECONDS = 600.0
"""How long what was asked about somebody in one place is not asked again, by any process."""

PLACES = (ScopeKind.THREAD, ScopeKind.CHANNEL)


@dataclass(frozen=True, slots=True)
class Rechecking:
    """Takes out of tokens what their owners may not read any more.

    Attributes:
        credentials: The tokens.
        adapters: The platforms; those of others are left to the processes that have them.
        claims: Keeps processes from asking the same.
        new_id: Names a round.
        again: See `AGAIN_SECONDS`.
    """

    credentials: Credentials
    adapters: Mapping[str, Adapter]
    claims: Claims
    new_id: Callable[[], str]
    again: float = AGAIN_SECONDS

    async def round(self) -> None:
        """Look at all tokens once. Raises StoreError."""
        this = self.new_id()
        for credential in await self.credentials.everyone():
            if credential.person.platform in self.adapters:
                for space in spaces_of(credential):
                    await self._look(credential, space, this)

    async def at(self, platform: str, space: str, channel: str) -> None:
        """Look at the tokens that open a channel. Raises StoreError."""
        for credential in await self.credentials.everyone():
            opened = _within(credential, space, PLACES)
            if credential.person.platform == platform and any(
                each.channel == channel for each in opened
            ):
                await self._asked(credential, space)

    async def _look(self, credential: Credential, space: str, this: str) -> None:
        # A name for each token, since each opens other places.
        name = f"reach:{credential.id}:{space}"
        if await self.claims.claim(name, self.again, this):
            return
        if not await self._asked(credential, space):
            # Another process may know.
            await self.claims.release(name, this)

    async def _asked(self, credential: Credential, space: str) -> bool:
        """Take out of a token what its owner may not read; whether that is known."""
        person = credential.person
        asked = {(each.channel, each.thread) for each in _within(credential, space, PLACES)}
        try:
            found = await self.adapters[person.platform].reach(space, person.user, asked)
        except PlatformError as error:
            logger.info("it is not known what a token's owner may read: %s", error)
            found = None
        if found is not None:
            await self._take_out(credential, lost(credential, space, found))
        return found is not None

    async def _take_out(self, credential: Credential, gone: frozenset[Scope]) -> None:
        # As it is by now: it may have been narrowed meanwhile.
        now = await self.credentials.find(credential.digest) if gone else None
        if now is not None:
            await self.credentials.replace(opening_less(now, gone))
            logger.info("token %s opens %d place(s) less", now.id, len(gone))


def spaces_of(credential: Credential) -> Sequence[str]:
    """The servers and workspaces that a token opens something of, on its owner's platform."""
    kinds = (*PLACES, ScopeKind.WORKSPACE)
    own = credential.person.space
    found = [] if own == EVERY_SPACE else [own]
    found += [
        each.space
        for each in credential.readable
        if each.platform == credential.person.platform and each.kind in kinds
    ]
    return tuple(dict.fromkeys(found))


def lost(credential: Credential, space: str, reach: Reach) -> frozenset[Scope]:
    """What a token opens of a space and its owner may not read."""
    there = _within(credential, space, tuple(ScopeKind))
    if not reach.belongs:
        return frozenset(there)
    return frozenset(
        each
        for each in there
        if (each.kind in PLACES and (each.channel, each.thread) in reach.shut)
        or (each.kind is ScopeKind.WORKSPACE and not reach.member)
    )


def _within(credential: Credential, space: str, kinds: tuple[ScopeKind, ...]) -> Sequence[Scope]:
    here = (credential.person.platform, space)
    scopes = (*credential.readable, *credential.writable)
    return [each for each in scopes if (each.platform, each.space) == here and each.kind in kinds]
