"""A sign that people put on a message to have it remembered, and take away to undo that."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

import discord

from adapters.discord.calls import Calls, Timing
from adapters.discord.client import Listening
from adapters.discord.expiring import Expiring
from adapters.discord.faults import Denied
from adapters.discord.members import Members
from adapters.discord.notice import USE_MENU
from adapters.discord.places import Places
from adapters.discord.reading import own_in, seen, writer_of_member
from adapters.discord.signs import Sign
from adapters.discord.translate import author_of, earlier, held_by
from adapters.discord.values import DIRECT_SPACE, PLATFORM, Kind, Writer
from bot.chat import TAKE_BACK, CommandCall, MessageRef
from bot.errors import NotAllowed, PlatformBusy, PlatformError, StoreUnavailable
from bot.inbox import Inbox

log = logging.getLogger(__name__)

T = TypeVar("T")

BRAIN = "🧠"
DONE = "✅"
SECONDS = 5.0
TELL_AGAIN_SECONDS = 3600.0
MOST_SIGNS = 25
"""People whose signs on one message are looked at when they may have been missed."""

Tell = Callable[[MessageRef, str], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Mark:
    """Somebody's sign on a message, by ids.

    Attributes:
        message: What it is on.
        channel: Where that lies.
        server: None outside servers.
        user: Whose it is.
        member: The same person, if Discord has told more.
    """

    message: int
    channel: int
    server: int | None
    user: int
    member: discord.Member | None = None


class Reactions:
    """Hands them over, and puts a sign of its own on what is remembered.

    What is told twice, or late, is done once, and as it stands on the message by then: a sign that
    comes again after its memory was taken back would be taken for a new one.

    Args:
        inbox: Remembers.
        places: Tells what a channel is.
        calls: Makes the calls.
        members: Tells who somebody is.
        tell: Answers a message with a sentence, in place.
        clock: Seconds, never going back.
        timing: Waits and time-outs.
    """

    def __init__(
        self,
        inbox: Inbox,
        places: Places,
        calls: Calls,
        members: Members,
        tell: Tell,
        clock: Callable[[], float],
        timing: Timing,
    ) -> None:
        self._inbox = inbox
        self._places = places
        self._calls = calls
        self._members = members
        self._tell = tell
        self._clock = clock
        self._timing = timing
        self._told: Expiring[bool] = Expiring(clock)
        self._numbers = itertools.count()

    async def reacted(
        self, client: Listening, event: discord.RawReactionActionEvent, *, added: bool
    ) -> None:
        """Somebody has put a sign that `is_meant` on a message, or has taken it away.

        Discord tells of it once, so that a fault that passes is waited out, for minutes if need be.

        Raises:
            PlatformError: The message can't be read.
            StoreError: The store stays away.
        """
        mark = Mark(event.message_id, event.channel_id, event.guild_id, event.user_id, event.member)
        await self._patiently(lambda: self._see_to(client, mark, added=added))

    async def found(self, client: Listening, message: discord.Message) -> None:
        """See to the signs on a message that `is_marked`, of which nothing may have been told.

        Each counts as one that was put there just now, unless it is known. Raises as `reacted`.
        """
        sign = _brain_on(message)
        if sign is None:
            return
        guild = message.guild.id if message.guild is not None else None
        for user in await self._patiently(lambda: self._calls.result(lambda: _users(sign))):
            mark = Mark(message.id, message.channel.id, guild, user)
            if user != client.me:
                await self._patiently(lambda mark=mark: self._see_to(client, mark, added=True))

    async def _patiently(self, work: Callable[[], Awaitable[T]]) -> T:
        until = self._clock() + self._timing.signs
        while True:
            try:
                return await work()
            except (PlatformBusy, StoreUnavailable) as fault:
                asked = fault.retry_after if isinstance(fault, PlatformBusy) else None
                pause = self._timing.look_again if asked is None else asked
                if self._clock() + pause > until:
                    raise
                log.info("A sign on a message waits %.1f s: %s", pause, fault)
            await asyncio.sleep(pause)

    async def _see_to(self, client: Listening, mark: Mark, *, added: bool) -> None:
        """Safe to repeat: what it has done shows as a sign that was told of again."""
        guild = mark.server
        space = str(guild) if guild is not None else DIRECT_SPACE
        place = await self._places.find(client, str(mark.channel), space)
        ref = MessageRef(place.id, str(mark.message))
        there = client.get_partial_messageable(mark.channel, guild_id=guild)
        try:
            read = await self._calls.result(lambda: there.fetch_message(mark.message))
        except NotAllowed as refusal:
            log.info("A message that is to be remembered may not be read: %s", refusal)
            await self._say_unreadable(ref, added=added)
            return
        this = str(next(self._numbers))
        sign = Sign.of(self._inbox.claims, mark.message, mark.user, this)
        if await self._is_told_again(sign, read, mark.user, added=added):
            log.info("A sign on a message was told of again")
            return
        own = own_in(client.me, client.get_guild(guild) if guild else None)
        found = seen(read, place, own)
        about = earlier(found, own)
        if about is None:
            log.info("A message that is to be remembered says nothing that can be read")
            if not (client.hears_all or found.system):
                await self._say_unreadable(ref, added=added)
            return
        reply = await self._inbox.command(
            CommandCall(
                # The same each time, so that it is remembered once, and found to be undone.
                event_id=f"{BRAIN}:{mark.message}:{mark.user}",
                name="remember",
                author=author_of(await self._writer(client, mark)),
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
        if added:
            await sign.note()
        if added and not reply.is_panel:
            await self._tell(ref, reply.text)
            return
        if (added or reply.replaces) and not await self._sign(client, ref, there=added) and added:
            await self._tell(ref, reply.text)

    async def _is_told_again(
        self, sign: Sign, read: discord.Message, user: int, *, added: bool
    ) -> bool:
        """It was seen to already, or is not so any more."""
        if not added:
            # Who takes it away and puts it there at once means another one.
            await sign.end()
            return await self._stands(read, user)
        if not await sign.was_there():
            return False
        return await sign.is_known() or not await self._stands(read, user)

    async def _stands(self, read: discord.Message, user: int) -> bool:
        """Whether somebody's sign is on the message."""
        found = _brain_on(read)
        if found is None:
            return False
        return await self._calls.result(lambda: _is_among(found, user))

    async def _say_unreadable(self, ref: MessageRef, *, added: bool) -> None:
        """Say what to do instead, not more than once an hour in one place."""
        if not added or self._told.get(ref.channel):
            return
        self._told.put(ref.channel, True, TELL_AGAIN_SECONDS)
        await self._tell(ref, USE_MENU)

    async def _writer(self, client: Listening, mark: Mark) -> Writer:
        """Who did it; often that comes without roles and permissions."""
        if mark.member is not None:
            return writer_of_member(mark.member)
        user = str(mark.user)
        guild = client.get_guild(mark.server) if mark.server is not None else None
        known = None if guild is None else await self._members.writer(guild, mark.user)
        return known or Writer(user, user)

    async def _sign(self, client: Listening, ref: MessageRef, *, there: bool) -> bool:
        """Put our own sign on a message, or take it away; False where that is not allowed."""
        channel = client.get_partial_messageable(int(ref.channel))
        message = channel.get_partial_message(int(ref.message))
        me, refusals = client.user, self._places.refusals
        if there and not refusals.may("sign", ref.channel):
            return False
        try:
            if there:
                await self._calls.answer(lambda: message.add_reaction(DONE), seconds=SECONDS)
            elif me is not None:
                await self._calls.answer(lambda: message.remove_reaction(DONE, me), seconds=SECONDS)
        except PlatformError as error:
            log.info("No sign on a message that is remembered: %s", error)
            if isinstance(error, Denied):
                refusals.deny("sign", ref.channel, error, self._timing.denied)
            return not isinstance(error, NotAllowed)
        return True


def is_meant(client: Listening, event: discord.RawReactionActionEvent) -> bool:
    """Whether a sign is for the bot; all others mean nothing to it."""
    return event.emoji.name == BRAIN and event.user_id != client.me


def is_marked(message: discord.Message) -> bool:
    """Whether people have put such a sign on a message."""
    return _brain_on(message) is not None


def _brain_on(message: discord.Message) -> discord.Reaction | None:
    return next((each for each in message.reactions if str(each.emoji) == BRAIN), None)


async def _users(sign: discord.Reaction) -> list[int]:
    return [user.id async for user in sign.users(limit=min(sign.count, MOST_SIGNS))]


async def _is_among(sign: discord.Reaction, user: int) -> bool:
    async for each in sign.users(limit=1, after=discord.Object(user - 1)):
        return each.id == user
    return False
