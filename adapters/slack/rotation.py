"""Tokens that expire: one process gets the new one, the others read it.

With token rotation a bot token is good for twelve hours. Its refresh token is good for one use, so
two processes that use it at once would leave one of them, or both, without a token. A claim in the
store decides who asks Slack. Whoever loses goes on with the old token while that is good, and
waits for the new one when it is not.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace

from adapters.slack.installation import Granted, Installation, Vault
from bot.errors import BadToken, PlatformError, StoreError
from bot.services import Claims

log = logging.getLogger(__name__)

AHEAD_SECONDS = 7200.0
"""A token is replaced so long before it expires."""

GOOD_SECONDS = 60.0
"""One that is good for so long yet can be used while another process gets the next."""

CLAIM_SECONDS = 60.0
"""How long a process that goes silent keeps others from trying; more than its call and writing."""

AFTER_FAILURE_SECONDS = 60.0
WRITES = (0.2, 0.5, 1.0, 2.0, 5.0, 5.0, 5.0)
"""Waits between tries to keep a new token, in seconds: without it the next refresh is refused."""

LOOK_SECONDS = 0.2

REINSTALL = "Install the app anew in that workspace, by the page /slack/install."

Refresh = Callable[[str], Awaitable[Granted]]
"""Asks Slack for a new token."""


def claim_of(space: str) -> str:
    """What whoever changes the record of an installation claims."""
    return f"installation:{space}"


class Rotation:
    """Gives out installations whose token is good.

    Args:
        vault: Where they are kept.
        claims: What the processes agree on.
        refresh: Asks Slack for a new token.
        now: Seconds since the epoch.
    """

    def __init__(
        self, vault: Vault, claims: Claims, refresh: Refresh, now: Callable[[], float]
    ) -> None:
        self._vault = vault
        self._claims = claims
        self._refresh = refresh
        self._now = now
        self._not_before: dict[str, float] = {}

    def is_due(self, installation: Installation, refused: str = "") -> bool:
        """Whether its token should be replaced now."""
        early = self._left(installation) < AHEAD_SECONDS or installation.token == refused
        return bool(installation.refresh) and early

    def is_good(self, installation: Installation, refused: str = "") -> bool:
        """Whether its token can be used for a while yet."""
        left = self._left(installation) > GOOD_SECONDS
        return installation.token != refused and (left or not installation.expires)

    def _left(self, installation: Installation) -> float:
        return installation.expires - self._now()

    async def fresh(self, space: str, refused: str = "") -> Installation | None:
        """The installation, its token replaced if that is due; None when there is none.

        Args:
            space: Where.
            refused: A token that Slack does not accept any more, empty for none.

        Raises:
            StoreError: It is not known.
            NeedsOperator: It cannot be decrypted, or its token has expired and Slack gives no new
                one.
            PlatformError: Its token has expired, and there is no new one yet.
        """
        while True:
            found = await self._vault.read(space)
            if found is None or not self.is_due(found, refused) or self._rests(found, refused):
                return found
            if not await self._claims.claim(claim_of(space), CLAIM_SECONDS):
                try:
                    return await self._replaced(space, refused)
                finally:
                    await self._claims.release(claim_of(space))
            if self.is_good(found, refused):
                return found
            await asyncio.sleep(LOOK_SECONDS)

    def _rests(self, found: Installation, refused: str) -> bool:
        waits = self._now() < self._not_before.get(found.space, 0.0)
        return waits and self.is_good(found, refused)

    async def _replaced(self, space: str, refused: str) -> Installation | None:
        # Another process may have been done just before this one got the claim.
        found = await self._vault.read(space)
        if found is None or not self.is_due(found, refused):
            return found
        try:
            new = await self._refresh(found.refresh)
        except PlatformError as error:
            return self._kept(found, refused, error)
        self._not_before.pop(space, None)
        fresh = replace(
            found,
            token=new.token,
            refresh=new.refresh,
            expires=self._now() + new.seconds if new.seconds else 0.0,
        )
        if not await self._write(found, fresh):
            # The claim has run out meanwhile: removed, or installed anew.
            log.info("A new token of %s came too late", found.title or space)
            return await self._vault.read(space)
        log.info("The token of %s was replaced", found.title or space)
        return fresh

    def _kept(self, found: Installation, refused: str, error: PlatformError) -> Installation:
        """The old token while it is good; there will be another try."""
        self._not_before[found.space] = self._now() + AFTER_FAILURE_SECONDS
        log.warning("No new token for %s: %s", found.title or found.space, error)
        if self.is_good(found, refused):
            return found
        if isinstance(error, BadToken):
            raise BadToken(f"the token of {found.space} has expired: {error}", hint=REINSTALL)
        raise error

    async def _write(self, found: Installation, fresh: Installation) -> bool:
        """Whether it is kept; another record than was found is left alone."""
        for wait in WRITES:
            try:
                return await self._vault.replace(found, fresh)
            except StoreError as error:
                log.warning("A new token could not be kept yet: %s", error)
                await asyncio.sleep(wait)
        return await self._vault.replace(found, fresh)
