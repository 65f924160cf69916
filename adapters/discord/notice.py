"""What people are told of a bot that hears only mentions: Discord withholds the rest from it."""

from __future__ import annotations

import logging
from collections import OrderedDict

from adapters.discord.client import Client

log = logging.getLogger(__name__)

MENTION_ME = (
    "I hear only what mentions me or replies to me here, so please do either to go on. (Whoever "
    "runs me can change that: the Message Content intent is off.)"
)
PING_ME = (
    "Discord shows me a reply only when it pings me. Please answer once more, with the @ switched "
    "on or a mention of me."
)

USE_MENU = (
    "Discord doesn't let me read that message. To have it remembered, open its menu and choose "
    "Apps, then Remember this."
)

MOST = 1000
"""Threads that are waited for at most."""


class Unheard:
    """Keeps track of new threads in which people will have to mention the bot."""

    def __init__(self) -> None:
        self._opened: OrderedDict[str, None] = OrderedDict()

    def opened(self, thread: str, client: Client) -> None:
        """A thread was made for a question; `client` hears its server."""
        if client.hears_all:
            return
        self._opened[thread] = None
        while len(self._opened) > MOST:
            self._opened.popitem(last=False)

    def is_due(self, thread: str) -> bool:
        """Whether it is time to say so in a thread at rest; once for each."""
        if thread not in self._opened:
            return False
        del self._opened[thread]
        return True
