"""Events on their way to the engine."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import cast

import discord

from adapters.discord.calls import Calls, Timing
from adapters.discord.changes import Changes
from adapters.discord.client import Listening, waited
from adapters.discord.controls import Pressed
from adapters.discord.desk import Desk
from adapters.discord.expiring import Expiring
from adapters.discord.members import Members
from adapters.discord.missed import Missed
from adapters.discord.muted import Muted
from adapters.discord.notice import PING_ME
from adapters.discord.places import Places, cached_channel
from adapters.discord.reactions import Reactions, is_meant
from adapters.discord.reading import is_chatter, own_in, place_of, seen, space_of
from adapters.discord.servers import Servers
from adapters.discord.translate import (
    begins_post,
    incoming,
    is_addressed,
    is_ours_to_read,
    is_withheld,
    may_be_loose,
    may_open,
)
from adapters.discord.values import DIRECT_SPACE, PLATFORM, Own, Place, Seen
from bot.chat import Incoming, MessageRef
from bot.errors import PlatformError, StoreError
from bot.inbox import Inbox
from bot.tasks import Lines

log = logging.getLogger(__name__)

Tell = Callable[[MessageRef, str], Awaitable[None]]

TELL_AGAIN_SECONDS = 60.0


class Intake:
    """Takes the client's events for an inbox.

    Args:
        inbox: Where they go.
        places: Tells what a channel is.
        calls: Makes the calls that answer interactions.
        timing: Waits and time-outs.
        clock: Seconds, never going back.
        tell: Answers a message with a sentence, in place.
        missed: Looks for what was said before a session began.
        servers: Erases what was said in servers that the bot is removed from.
        members: Tells who somebody is.
        changes: Hands over edits and deletions.
        reactions: Hands over signs on messages.
        muted: Knows where no answer can be given.
        heard: Told whether there is a connection, each time that this may have changed.
    """

    def __init__(
        self,
        inbox: Inbox,
        places: Places,
        calls: Calls,
        timing: Timing,
        clock: Callable[[], float],
        tell: Tell,
        missed: Missed,
        servers: Servers,
        members: Members,
        changes: Changes,
        reactions: Reactions,
        muted: Muted,
        heard: Callable[[bool], None],
    ) -> None:
        self._inbox = inbox
        self._places = places
        self._timing = timing
        self._tell = tell
        self._missed = missed
        self._servers = servers
        self._members = members
        self._changes = changes
        self._reactions = reactions
        self._muted = muted
        self._heard = heard
        self._clock = clock
        self._told: Expiring[bool] = Expiring(clock)
        self._lines = Lines()
        self._desk = Desk(inbox, calls, places, members, clock, timing.complete)

    def malformed(self, event: str) -> None:
        """Count an event that could not be read."""
        self._inbox.malformed(PLATFORM, event)

    def connected(self, client: Listening) -> None:
        """Look for what was missed before this session."""
        self._missed.connected(client)
        self._heard(True)

    def ready(self, client: Listening) -> None:
        """The servers of this session are known."""
        self._missed.ready()
        self._servers.ready(client)

    def online(self, client: Listening, up: bool) -> None:
        """Say whether events come in."""
        self._inbox.meter.connected(up, client.shard.part)
        self._heard(up)

    def joined(self, client: Listening) -> None:
        """The bot was added to a server."""
        self._servers.joined(client)

    def left(self, client: Listening, server: int) -> None:
        """The bot was removed from a server."""
        self._servers.left(client, server)

    def permissions_changed(self) -> None:
        """What was forbidden may be allowed now."""
        self._places.refusals.forget()

    def viewers_changed(self, space: str, channel: str) -> None:
        """Others than before may see a channel: whoever reads it by a token may have to stop."""
        self._inbox.narrowed(PLATFORM, space, channel)

    def stop(self) -> None:
        """Read, note and compare no more."""
        self._missed.stop()
        self._servers.stop()

    async def close(self) -> None:
        """Return once that has ended."""
        await self._missed.close()
        await self._servers.close()

    async def message(self, client: Listening, message: discord.Message) -> None:
        """Hand a message to the inbox if it may concern the bot, each place in its order."""
        if message.author.id == client.me or message.webhook_id is not None:
            return
        # Most messages end here, so that nothing else is done for them.
        if await self._passes_by(client, message):
            return
        if self._missed.hands_in(message.id):
            await self._take(client, message)
            return
        async with self._after_messages(client, str(message.channel.id)):
            await self._take(client, message)

    async def edited(self, client: Listening, message: discord.Message) -> None:
        """Hand an edit over, after what was said in that place before."""
        if self._missed.hands_in(message.id):
            await self._changes.edited(client, message)
            return
        async with self._after_messages(client, str(message.channel.id)):
            await self._changes.edited(client, message)

    async def edited_partly(
        self, client: Listening, space: str, channel: str, message: int
    ) -> None:
        """Read an edited message of which only a part was told, and hand it over."""
        async with self._after_messages(client, channel):
            whole = await self._changes.fetched(client, channel, space, message)
            if whole is not None:
                await self._changes.edited(client, whole)

    async def deleted(
        self, client: Listening, space: str, channel: str, messages: Sequence[str]
    ) -> None:
        """Hand a deletion over, after what was said in that place before."""
        async with self._after_messages(client, channel):
            await self._changes.deleted(client, space, channel, messages)

    async def thread_deleted(self, space: str, parent: str, thread: str) -> None:
        """Hand the deletion of a thread over."""
        async with self._lines.turn(thread):
            await self._changes.thread_deleted(space, parent, thread)

    async def channel_deleted(self, space: str, channel: str) -> None:
        """Hand the deletion of a channel over."""
        async with self._lines.turn(channel):
            await self._changes.channel_deleted(space, channel)

    @asynccontextmanager
    async def _after_messages(self, client: Listening, channel: str) -> AsyncGenerator[None]:
        """Stand in the line of a place, behind those who have a message to hand in."""
        async with self._lines.turn(channel):
            await self._missed.caught_up(client, channel)
            yield

    async def _passes_by(self, client: Listening, message: discord.Message) -> bool:
        """Nothing but a mention or a reply concerns the bot in an ordinary channel."""
        if not is_chatter(message, own_in(client.me, message.guild)):
            return False
        space, channel = space_of(message), str(message.channel.id)
        return not await self._inbox.answers_all(PLATFORM, space, channel)

    async def _take(self, client: Listening, message: discord.Message) -> None:
        own, space = own_in(client.me, message.guild), space_of(message)
        place = await self._place(client, message)
        found = seen(message, place, own)
        if not client.hears_all and is_withheld(found, own):
            await self._say_once(found, PING_ME)
        elif is_ours_to_read(found, own):
            begins = begins_post(found) and not is_addressed(found, own)
            opened = begins and may_open(found, own)
            opened = opened and await self._inbox.answers_all(PLATFORM, space, place.parent)
            who = await self._members.introduced(message, found)
            await self._keep(client, who, own, opened=opened)
        elif may_open(found, own) and await self._inbox.answers_all(PLATFORM, space, place.id):
            who = await self._members.introduced(message, found)
            await self._keep(client, who, own, opened=True)

    async def _place(self, client: Listening, message: discord.Message) -> Place:
        space = space_of(message)
        place = place_of(message.channel, space)
        return place or await self._places.find(client, str(message.channel.id), space)

    async def _keep(
        self, client: Listening, found: Seen, own: Own, *, opened: bool = False
    ) -> None:
        """Hand a message over. While the store is away the inbox keeps it, and tells people."""
        if opened:
            event = incoming(found, own, opened=True)
        else:
            event = await self._resolved(client, found, own)
        if event is None:
            return
        welcome = True
        try:
            welcome = await self._inbox.message(self._muted.overheard(client, found, event))
        except StoreError as error:
            log.info("A message waits for the store: %s", error)
        else:
            self._acknowledged()
        if welcome and is_addressed(found, own):
            await self._muted.explain(client, found)

    def _acknowledged(self) -> None:
        seconds = waited(self._clock())
        if seconds is not None:
            self._inbox.meter.acknowledged(seconds)

    async def _resolved(self, client: Listening, found: Seen, own: Own) -> Incoming | None:
        """The message as an event, None for one that is of no concern.

        Its conversation may have to be looked up, which is tried several times: Discord never
        delivers a message again.
        """
        for pause in (*self._timing.keep, None):
            try:
                return await self._event(client, found, own)
            except StoreError as error:
                if pause is None:
                    log.warning("A reply's conversation could not be looked up: %s", error)
                    await self._say_lost(found, own, error)
                    return None
            await asyncio.sleep(pause)
        return None

    async def _event(self, client: Listening, found: Seen, own: Own) -> Incoming | None:
        answered = may_be_loose(found)
        if answered is None:
            return incoming(found, own)
        space = found.place.space
        loose = await self._inbox.thread_of(PLATFORM, space, answered)
        moved = (
            loose is not None
            and loose.thread == answered.message
            and cached_channel(client, loose.thread, space) is not None
        )
        return incoming(found, own, loose, moved)

    async def _say_lost(self, found: Seen, own: Own, error: StoreError) -> None:
        """Say so to whoever certainly waits for an answer."""
        ours = is_addressed(found, own) or found.place.owner == own.user
        if ours:
            await self._say_once(found, error.user_text)

    async def _say_once(self, found: Seen, text: str) -> None:
        """Answer a message with a sentence, not more than once a minute in one place."""
        if self._told.get(found.place.id):
            return
        self._told.put(found.place.id, True, TELL_AGAIN_SECONDS)
        try:
            await self._tell(MessageRef(found.place.id, found.id), text)
        except PlatformError as fault:
            log.warning("A sentence about a message was not delivered: %s", fault)

    async def reacted(
        self, client: Listening, event: discord.RawReactionActionEvent, *, added: bool
    ) -> None:
        """See to a sign on a message, those on one message in their order.

        One may wait for minutes, which is nothing to other messages.
        """
        if not is_meant(client, event):
            return
        async with self._lines.turn(f"signs {event.message_id}"):
            await self._reactions.reacted(client, event, added=added)

    async def marked(self, client: Listening, message: discord.Message) -> None:
        """See to the signs on a message that was read, which may have been missed."""
        async with self._lines.turn(f"signs {message.id}"):
            await self._reactions.found(client, message)

    async def interaction(
        self, client: Listening, interaction: discord.Interaction[Listening]
    ) -> None:
        """Take what somebody started with a command, a menu, a form or a list."""
        place = self._place_of(interaction)
        if place is not None:
            await self._desk.take(client, interaction, place, self._acknowledged)

    async def control(
        self, client: Listening, interaction: discord.Interaction[Listening], press: Pressed
    ) -> None:
        """Do what a control says."""
        place = self._place_of(interaction)
        if place is not None:
            await self._desk.press(interaction, press, place, self._acknowledged)

    def _place_of(self, interaction: discord.Interaction[Listening]) -> Place | None:
        """Where an interaction was started, None (and counted) when Discord does not say so."""
        space = str(interaction.guild_id) if interaction.guild_id else DIRECT_SPACE
        place = place_of(cast("object", interaction.channel), space)
        if place is None:
            self.malformed("INTERACTION_CREATE")
        return place
