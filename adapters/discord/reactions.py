"""A sign that people put on a message to have it remembered, and take away to undo that."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

import discord

from adapters.discord.calls import Calls
from adapters.discord.client import Listening
from adapters.discord.places import Places
from adapters.discord.reading import own_in, seen, writer_of_member
from adapters.discord.translate import author_of, earlier, held_by
from adapters.discord.values import DIRECT_SPACE, PLATFORM, Kind, Writer
from bot.chat import TAKE_BACK, CommandCall, MessageRef
from bot.errors import PlatformError
from bot.inbox import Inbox

log = logging.getLogger(__name__)

BRAIN = "🧠"
DONE = "✅"
SECONDS = 5.0

Tell = Callable[[MessageRef, str], Awaitable[None]]


class Reactions:
    """Hands them over, and puts a sign of its own on what is remembered.

    Args:
        inbox: Remembers.
        places: Tells what a channel is.
        calls: Makes the calls.
        tell: Answers a message with a sentence, in place.
    """

    def __init__(self, inbox: Inbox, places: Places, calls: Calls, tell: Tell) -> None:
        self._inbox = inbox
        self._places = places
        self._calls = calls
        self._tell = tell

    async def reacted(
        self, client: Listening, event: discord.RawReactionActionEvent, *, added: bool
    ) -> None:
        """Somebody has put a sign on a message or taken it away; others mean nothing.

        Raises:
            PlatformError: The message can't be read, or shows no sign.
        """
        if event.emoji.name != BRAIN or event.user_id == client.me:
            return
        guild = event.guild_id
        space = str(guild) if guild is not None else DIRECT_SPACE
        place = await self._places.find(client, str(event.channel_id), space)
        there = client.get_partial_messageable(event.channel_id, guild_id=guild)
        read = await self._calls.result(lambda: there.fetch_message(event.message_id))
        own = own_in(client.me, client.get_guild(guild) if guild else None)
        about = earlier(seen(read, place, own), own)
        ref = MessageRef(place.id, str(event.message_id))
        if about is None:
            log.info("A message that is to be remembered says nothing that can be read")
            return
        reply = await self._inbox.command(
            CommandCall(
                # The same each time, so that it is remembered once, and found to be undone.
                event_id=f"{BRAIN}:{event.message_id}:{event.user_id}",
                name="remember",
                author=author_of(_writer(event)),
                platform=PLATFORM,
                space=space,
                channel=place.id,
                thread=held_by(place),
                direct=place.kind is Kind.DIRECT,
                about=about,
                confined=place.private,
                act="" if added else TAKE_BACK,
                reacted=True,
            )
        )
        if added and not reply.is_panel:
            await self._tell(ref, reply.text)
            return
        if added or reply.replaces:
            await self._sign(client, ref, there=added)

    async def _sign(self, client: Listening, ref: MessageRef, *, there: bool) -> None:
        channel = client.get_partial_messageable(int(ref.channel))
        message = channel.get_partial_message(int(ref.message))
        me = client.user
        try:
            if there:
                await self._calls.answer(lambda: message.add_reaction(DONE), seconds=SECONDS)
            elif me is not None:
                await self._calls.answer(lambda: message.remove_reaction(DONE, me), seconds=SECONDS)
        except PlatformError as error:
            log.info("No sign on a message that is remembered: %s", error)


def _writer(event: discord.RawReactionActionEvent) -> Writer:
    """Who did it, as far as it is told: the taking away of a sign names nobody."""
    user = str(event.user_id)
    return Writer(user, user) if event.member is None else writer_of_member(event.member)
