"""Whether the app was removed from a workspace while nobody listened.

Slack tells of a removal for a few minutes and never again; whoever was away then would keep what is
kept of the workspace for good. So each installation's token is shown to Slack when the bot starts
and once a day, by one process for all, and where the app is gone the same is done as when Slack
tells of it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from adapters.slack.calls import Calls
from adapters.slack.faults import Unaccepted
from adapters.slack.installation import Installation
from adapters.slack.values import PLATFORM, Timing
from adapters.slack.workspaces import Many
from bot.errors import BadToken, BobbinError, StoreError
from bot.inbox import Inbox

log = logging.getLogger(__name__)

NOTE = "removals"
"""Name of the note that says when all installations were last looked at, seconds since the
epoch."""
CLAIM = "removals"
"""Name of the claim of the one process that looks."""
CLAIM_SECONDS = 60.0
"""It is claimed anew for every installation; the pause before it comes on top."""
AGAIN_SECONDS = 60.0
"""Until the next try after one that failed."""

GONE = frozenset({"account_inactive", "app_uninstalled"})
"""What Slack says only of a token whose app is not there any more."""
REVOKED = "token_revoked"
"""Said of that, too, and of a token that was replaced by another."""
INVALID = "invalid_auth"
"""Said of that, too, and to a caller whose address the app does not allow."""

UNSURE = (
    "Slack does not accept the token of %s (%s), which does not prove that the app was removed "
    "there: nothing is erased. Install it there anew by the page /slack/install, or remove it "
    "while the bot runs."
)


def is_removed(kept: Installation, refusal: str, others: bool) -> bool:
    """Whether a refusal proves that the app is not installed any more.

    Args:
        kept: The installation.
        refusal: Slack's word about its token, empty for none.
        others: Slack has just accepted the token of another installation.
    """
    if refusal in GONE:
        return True
    # One that rotates may have been replaced without our keeping the next, as by a backup.
    if kept.refresh:
        return False
    return refusal == REVOKED or (refusal == INVALID and others)


class Removals:
    """Looks for them as long as it runs.

    Args:
        many: The installations.
        inbox: Erases; keeps note and claim.
        calls: Whose session is used.
        timing: Waits and time-outs.
        now: Seconds since the epoch.
    """

    def __init__(
        self,
        many: Many,
        inbox: Inbox,
        calls: Calls,
        timing: Timing,
        now: Callable[[], float],
    ) -> None:
        self._many = many
        self._inbox = inbox
        self._calls = calls
        self._timing = timing
        self._now = now

    async def run(self) -> None:
        """Until cancelled."""
        due = self._now()
        while True:
            try:
                due = await self._looked(due) + self._timing.removals
            except BobbinError as error:
                log.warning("Removals of the app cannot be looked for now: %s", error)
                await asyncio.sleep(min(AGAIN_SECONDS, self._timing.removals))
            else:
                await asyncio.sleep(max(due - self._now(), 0.0))

    async def _looked(self, due: float) -> float:
        """When all was last looked at, by this process or another; that is not before `due`."""
        while True:
            noted = _seconds(await self._inbox.notes.read(NOTE))
            if noted >= due:
                return noted
            left = await self._inbox.claims.claim(CLAIM, self._claimed)
            if left > 0:
                await asyncio.sleep(left)
                continue
            try:
                if await self._look():
                    ended = self._now()
                    await self._inbox.notes.write(NOTE, f"{ended:.3f}")
                    return ended
            finally:
                await self._inbox.claims.release(CLAIM)

    @property
    def _claimed(self) -> float:
        """How long looking is ours if nothing is said."""
        return CLAIM_SECONDS + max(self._timing.between_checks, self._timing.confirm)

    async def _look(self) -> bool:
        """Look at all installations; False when another process has begun to."""
        refused: list[Installation] = []
        accepted = False
        for number, space in enumerate(await self._many.vault.spaces()):
            if number:
                await asyncio.sleep(self._timing.between_checks)
            if await self._inbox.claims.claim(CLAIM, self._claimed) > 0:
                return False
            kept = await self._installation(space)
            refusal = None if kept is None else await self._refusal(kept)
            accepted = accepted or refusal == ""
            if kept is not None and refusal:
                refused.append(kept)
        if refused:
            await asyncio.sleep(self._timing.confirm)
        for number, kept in enumerate(refused):
            if number:
                await asyncio.sleep(self._timing.between_checks)
            if await self._inbox.claims.claim(CLAIM, self._claimed) > 0:
                return False
            await self._confirm(kept, accepted)
        return True

    async def _installation(self, space: str) -> Installation | None:
        """An installation with a good token if there is one; None when nothing can be told."""
        try:
            try:
                return await self._many.fresh(space)
            except BadToken as refusal:
                log.info("No newer token to ask with: %s", refusal)
                return await self._many.vault.read(space)
        except StoreError:
            raise
        except BobbinError as error:
            log.info("An installation is not looked at: %s", error)
            return None

    async def _refusal(self, kept: Installation) -> str | None:
        """What Slack says against a token: a word, empty for nothing; None without an answer."""
        calls = self._calls.beside(kept.token)
        try:
            await calls.answer(lambda client: client.auth_test(), patient=True)
        except Unaccepted as refusal:
            return refusal.code
        except BobbinError as error:
            log.info("Slack does not say whether the app is in %s: %s", kept.space, error)
            return None
        return ""

    async def _confirm(self, kept: Installation, others: bool) -> None:
        """Erase what is kept of a workspace if its token is still the one, and is refused again."""
        refusal = await self._refusal(kept)
        if not refusal or await self._installation(kept.space) != kept:
            return
        title = kept.title or kept.space
        if not is_removed(kept, refusal, others):
            log.error(UNSURE, title, refusal)
            return
        log.warning(
            "The app was removed from %s while nobody listened (%s); what was kept is erased",
            title,
            refusal,
        )
        await self._inbox.left(PLATFORM, kept.space)
        await self._many.forget(kept.space, kept.token)


def _seconds(noted: str | None) -> float:
    try:
        return float(noted or 0.0)
    except ValueError:
        return 0.0
