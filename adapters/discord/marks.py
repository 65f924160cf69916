"""A sign on messages that wait for their turn."""

from __future__ import annotations

import logging
from collections.abc import Callable

from adapters.discord.calls import Calls
from adapters.discord.client import Client
from adapters.discord.faults import NoSign, Refused
from adapters.discord.places import Expiring
from bot.chat import MessageRef
from bot.errors import MessageGone, NotAllowed

log = logging.getLogger(__name__)

EYES = "👀"
SECONDS = 5.0
WITHOUT_SECONDS = 3600.0
"""A channel that refuses reactions is asked for none for so long."""


class Marks:
    """Shows it as a reaction, where the channel lets it.

    Args:
        calls: Makes the calls.
        clock: Seconds, never going back.
    """

    def __init__(self, calls: Calls, clock: Callable[[], float]) -> None:
        self._calls = calls
        self._without: Expiring[bool] = Expiring(clock)

    async def show(self, client: Client, ref: MessageRef, waiting: bool) -> None:
        """Put the sign on a message, or take it away.

        Raises:
            PlatformError: A fault that passes, or a refused token.
        """
        if self._without.get(ref.channel):
            return
        channel = client.get_partial_messageable(int(ref.channel))
        message = channel.get_partial_message(int(ref.message))
        me = client.user
        try:
            if waiting:
                await self._calls.answer(lambda: message.add_reaction(EYES), seconds=SECONDS)
            elif me is not None:
                await self._calls.answer(lambda: message.remove_reaction(EYES, me), seconds=SECONDS)
        except (MessageGone, NoSign) as fault:
            log.debug("No sign on this message: %s", fault)
        except (NotAllowed, Refused) as refusal:
            self._without.put(ref.channel, True, WITHOUT_SECONDS)
            log.info("No signs on messages in channel %s: %s", ref.channel, refusal)
