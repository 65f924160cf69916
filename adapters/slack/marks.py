"""A sign on messages that wait for their turn."""

from __future__ import annotations

import logging

from adapters.slack.calls import Calls
from adapters.slack.faults import Denied, Refused
from bot.chat import MessageRef
from bot.errors import MessageGone

log = logging.getLogger(__name__)

EYES = "eyes"
SECONDS = 5.0

_AS_WANTED = frozenset({"already_reacted", "no_reaction"})
_NOWHERE = frozenset({"missing_scope", "no_permission", "not_allowed_token_type", "unknown_method"})
MOST_CHANNELS = 1000


class Marks:
    """Shows it as a reaction. Where Slack refuses it, it is not tried again.

    Args:
        calls: Makes the calls.
    """

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._refused = False
        self._without: set[str] = set()

    async def show(self, ref: MessageRef, waiting: bool) -> None:
        """Put the sign on a message, or take it away.

        Raises:
            PlatformError: A fault that passes, or a refused token.
        """
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
            self._refused = refusal.code in _NOWHERE
            if len(self._without) >= MOST_CHANNELS:
                self._without.clear()
            self._without.add(ref.channel)
            log.info("No signs on messages: %s", refusal)
