"""A sign on messages that wait for their turn."""

from __future__ import annotations

import asyncio
import logging

from adapters.slack.calls import Calls
from adapters.slack.faults import Denied, Refused
from adapters.slack.later import Later
from adapters.slack.values import Timing
from bot.chat import MessageRef
from bot.errors import MessageGone, PlatformBusy

log = logging.getLogger(__name__)

EYES = "eyes"
SECONDS = 5.0

_AS_WANTED = frozenset({"already_reacted", "no_reaction"})
_OF_ONE = frozenset({"not_reactable", "too_many_emoji", "too_many_reactions"})
"""Refusals that are about one message, and say nothing of others."""
_NOWHERE = frozenset({"missing_scope", "no_permission", "not_allowed_token_type", "unknown_method"})
MOST_CHANNELS = 1000


REMOVALS = 12
"""How often it is tried to take one away: it would stand there for good."""


class Marks:
    """Shows it as a reaction. Where Slack refuses it, it is not tried again.

    Args:
        calls: Makes the calls.
        timing: Waits.
    """

    def __init__(self, calls: Calls, timing: Timing) -> None:
        self._calls = calls
        self._timing = timing
        self._refused = False
        self._without: set[str] = set()
        self._removing: Later[MessageRef] = Later(
            "A sign on a message may stand there", timing.status, REMOVALS
        )

    async def show(self, ref: MessageRef, waiting: bool) -> None:
        """Put the sign on a message, or take it away.

        Raises:
            PlatformError: A fault that passes, or a refused token.
        """
        try:
            await self._removing.stopped(ref)
            if not waiting and self._removing.busy:
                return self._remove(ref)
            await self._set(ref, waiting)
        except asyncio.CancelledError:
            self._remove(ref)
            raise
        except PlatformBusy as busy:
            # Whoever was told to wait has put none there.
            if not waiting or busy.retry_after is None:
                self._remove(ref, busy.retry_after)
            raise

    async def close(self) -> None:
        """Let signs that are being taken away go, for some seconds."""
        await self._removing.close(self._timing.status)

    def _remove(self, ref: MessageRef, after: float | None = None) -> None:
        self._removing.start(ref, lambda: self._set(ref, False), after)

    async def _set(self, ref: MessageRef, waiting: bool) -> None:
        if self._refused or ref.channel in self._without:
            return
        given = {"channel": ref.channel, "timestamp": ref.message, "name": EYES}
        try:
            if waiting:
                await self._calls.answer(
                    lambda client: client.reactions_add(**given), seconds=SECONDS
                )
            else:
                await self._calls.answer(
                    lambda client: client.reactions_remove(**given), seconds=SECONDS
                )
        except MessageGone:
            log.debug("No sign on a message that is gone")
        except (Denied, Refused) as refusal:
            if refusal.code in _AS_WANTED:
                return
            if refusal.code in _OF_ONE:
                log.debug("No sign on a message: %s", refusal)
                return
            self._refused = self._refused or refusal.code in _NOWHERE
            if len(self._without) >= MOST_CHANNELS:
                self._without.clear()
            self._without.add(ref.channel)
            log.info("No signs on messages: %s", refusal)
