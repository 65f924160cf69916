"""What people start with commands, menus, forms and lists: read, and seen to."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace

import discord

from adapters.discord import choosing, interactions, panels, pressing
from adapters.discord.calls import Calls
from adapters.discord.client import Listening
from adapters.discord.commands import ANYWHERE, Called, call_of, read_key
from adapters.discord.controls import Pressed
from adapters.discord.forms import FORM, Forms, menu_of, target_of
from adapters.discord.interactions import ACKNOWLEDGE_SECONDS
from adapters.discord.members import Members
from adapters.discord.places import Places
from adapters.discord.values import Place
from bot.chat import CommandReply
from bot.errors import PlatformError
from bot.inbox import Inbox

log = logging.getLogger(__name__)

WORDS_NEEDED = frozenset({FORM, "remember"})
"""Commands that are about what a message says."""

NOT_HERE = (
    "I'm not a member here, so I have no conversation here. /ask works everywhere; for the rest, "
    "write to me directly or have me added to this server."
)
NO_WORDS = "I find no words in that message."
NOT_READABLE = "I can't read that message any more. Please open its menu once again."
NOT_INVITED = "I find no conversation there that you can reach from here."


class Desk:
    """Takes interactions.

    Args:
        inbox: Runs commands.
        calls: Makes the calls that answer them.
        places: Tells what a channel is.
        members: Tells who may look into a private thread.
        clock: Seconds, never going back.
        looking: How long it is looked for what somebody may be typing, in seconds.
    """

    def __init__(
        self,
        inbox: Inbox,
        calls: Calls,
        places: Places,
        members: Members,
        clock: Callable[[], float],
        looking: float,
    ) -> None:
        self._inbox = inbox
        self._calls = calls
        self._places = places
        self._members = members
        self._forms = Forms(calls, clock)
        self._looking = looking

    async def take(
        self,
        client: Listening,
        interaction: discord.Interaction[Listening],
        place: Place,
        acknowledged: Callable[[], None],
    ) -> None:
        """See to what somebody has started; what is none of ours is left alone.

        Raises:
            KeyError, TypeError, ValueError: The payload is malformed.
            PlatformError: Nothing could be shown.
        """
        if interaction.type is discord.InteractionType.autocomplete:
            writer = interactions.writer_of(interaction)
            await choosing.complete(
                interaction,
                place,
                writer,
                self._inbox,
                self._calls,
                self._looking,
                is_outside(interaction),
            )
            return
        used = panels.used(interaction)
        if used is not None:
            await self._press(client, interaction, used, place, acknowledged)
            return
        called = self._read(interaction, place)
        if called is None:
            return
        if called.name == FORM and menu_of(interaction) is not None and called.about is not None:
            if await self._form(interaction, called):
                acknowledged()
            return
        await interactions.answer(
            interaction,
            called,
            lambda: self._run(client, called, on_message=menu_of(interaction) is not None),
            self._calls,
            acknowledged,
        )

    async def press(
        self,
        interaction: discord.Interaction[Listening],
        pressed: Pressed,
        place: Place,
        acknowledged: Callable[[], None],
    ) -> None:
        """Do what a control under an answer says.

        Raises:
            PlatformError: Nothing could be shown.
        """
        await interactions.answer_control(
            interaction, pressed, place, self._inbox, self._calls, acknowledged
        )

    async def _press(
        self,
        client: Listening,
        interaction: discord.Interaction[Listening],
        used: panels.Used,
        place: Place,
        acknowledged: Callable[[], None],
    ) -> None:
        """Do what a button or a window says: it only names a command, as people do."""
        pressed = used.pressed
        thread = read_key(pressed.thread, place.space) if pressed.thread else None
        if pressed.thread and thread is None:
            raise ValueError("a button names a conversation of another place")
        called = Called(
            str(interaction.id),
            pressed.command,
            interactions.writer_of(interaction),
            place,
            used.fields,
            thread,
            outside=is_outside(interaction),
            act=pressed.act,
        )
        doing = pressing.open_window if used.opens else pressing.answer
        await doing(
            interaction,
            lambda: self._run(client, called, on_message=False),
            self._calls,
            acknowledged,
        )

    def _read(self, interaction: discord.Interaction[Listening], place: Place) -> Called | None:
        outside = is_outside(interaction)
        writer = interactions.writer_of(interaction)
        command = menu_of(interaction)
        if command is not None:
            about = target_of(interaction, place)
            called = Called(str(interaction.id), command, writer, place, about=about)
        else:
            form = self._forms.read(interaction, place, writer)
            called = form or interactions.read(interaction, place)
        return called and replace(called, outside=outside)

    async def _form(self, interaction: discord.Interaction[Listening], called: Called) -> bool:
        assert called.about is not None
        try:
            await self._forms.show(interaction, called.about, ACKNOWLEDGE_SECONDS)
        except PlatformError as error:
            if not interactions.is_late(error):
                raise
            return False
        return True

    async def _run(self, client: Listening, called: Called, on_message: bool) -> CommandReply:
        if called.outside and called.name not in ANYWHERE:
            return CommandReply(NOT_HERE, harmless=True)
        if called.target is not None:
            about = await self._forms.found(client, called)
            if about is None:
                return CommandReply(NOT_READABLE, harmless=True)
            called = replace(called, about=about)
        elif on_message and called.name in WORDS_NEEDED and called.about is None:
            return CommandReply(NO_WORDS, harmless=True)
        call = call_of(called)
        if call.thread is not None and call.thread.thread != called.place.id:
            place = await self._places.find(client, call.thread.thread, call.space)
            if place.private and not await self._members.is_in(
                client, call.thread.thread, called.writer
            ):
                return CommandReply(NOT_INVITED, harmless=True)
        return await self._inbox.command(call)


def is_outside(interaction: discord.Interaction[Listening]) -> bool:
    """Whether the bot was only brought along by the caller, and is no member of the place."""
    if interaction.guild_id is None:
        return interaction.context.private_channel
    return interaction.is_user_integration() and not interaction.is_guild_integration()
