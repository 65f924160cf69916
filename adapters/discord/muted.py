"""Places that the bot hears and may not write in: an answer would cost a model call and be lost."""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

import discord

from adapters.discord.client import Listening
from adapters.discord.expiring import Expiring
from adapters.discord.places import cached_channel
from adapters.discord.values import DIRECT_SPACE, Seen
from bot.chat import Incoming
from bot.errors import PlatformError

log = logging.getLogger(__name__)

TELL_AGAIN_SECONDS = 3600.0

LOCKED = (
    "I can't answer you in <#{place}>: the thread is locked. Whoever looks after the server can "
    "unlock it."
)
FORBIDDEN = (
    "I can't answer you in <#{place}>: I may not write there. Whoever looks after the server can "
    "give me the permission: {permission}."
)

Tell = Callable[[str, str, str], Coroutine[Any, Any, bool]]


class Muted:
    """Keeps what is said there as something that was overheard, and tells whoever has called.

    Args:
        tell: Sends somebody a direct message: user id, text, and a key that names it for good.
        clock: Seconds, never going back.
    """

    def __init__(self, tell: Tell, clock: Callable[[], float]) -> None:
        self._tell = tell
        self._told: Expiring[bool] = Expiring(clock)

    def overheard(self, client: Listening, found: Seen, event: Incoming) -> Incoming:
        """The event, as one that wants no answer where none can be given."""
        if why_not(client, found) is None:
            return event
        return replace(event, addressed=False, aside=True)

    async def explain(self, client: Listening, found: Seen) -> None:
        """Tell somebody who has called why there is no answer, once an hour in a place."""
        why, whom = why_not(client, found), f"{found.place.id}:{found.writer.id}"
        if why is None or found.writer.is_bot or self._told.get(whom):
            return
        self._told.put(whom, True, TELL_AGAIN_SECONDS)
        log.warning("A call in channel %s has no answer: the bot may not write", found.place.id)
        try:
            await self._tell(found.writer.id, why, f"w{found.id}")
        except PlatformError as error:
            log.info("Nobody is told that there is no answer: %s", error)


def why_not(client: Listening, found: Seen) -> str | None:
    """Why the bot may not answer a message where it was written, for people.

    None where it may, and where only trying shows it.
    """
    place = found.place
    if place.space == DIRECT_SPACE:
        return None
    channel = cached_channel(client, place.id, place.space)
    if not isinstance(channel, discord.Thread | discord.abc.GuildChannel):
        return None
    member = channel.guild.get_member(client.me)
    if member is None or (isinstance(channel, discord.Thread) and channel.parent is None):
        return None
    ours = channel.permissions_for(member)
    if isinstance(channel, discord.Thread):
        if channel.locked and not ours.manage_threads:
            return LOCKED.format(place=place.id)
        if not ours.send_messages_in_threads:
            return FORBIDDEN.format(place=place.id, permission="Send Messages in Threads")
        return None
    in_threads = isinstance(channel, discord.TextChannel) and (
        ours.create_public_threads and ours.send_messages_in_threads
    )
    if ours.send_messages or in_threads:
        return None
    return FORBIDDEN.format(place=place.id, permission="Send Messages")
