"""Commands of a message's menu, and the form that one of them opens.

What the message says comes with the menu and not with the form that is sent off later, so it is
kept for as long as a form may stay open. Who has forgotten it, such as a process that has started
meanwhile, reads it again where the bot may.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any, cast

import discord
from discord.webhook.async_ import async_context, interaction_response_params

from adapters.discord.calls import Calls
from adapters.discord.client import Listening
from adapters.discord.commands import MESSAGE_MENU, Called
from adapters.discord.expiring import Expiring
from adapters.discord.panels import values
from adapters.discord.reading import own_in, seen
from adapters.discord.translate import earlier
from adapters.discord.values import DIRECT_SPACE, Place, Writer
from adapters.discord.words import MENUS, form_words
from bot.chat import EarlierMessage, MessageRef
from bot.errors import PlatformError

log = logging.getLogger(__name__)

FORM = "ask"
QUESTION = "question"
LONGEST_QUESTION = 2000
OPEN_SECONDS = 900.0
"""Discord takes a form no longer than that after it was opened."""
ANSWER_WITH_FORM = 9


def menu_of(interaction: discord.Interaction[Listening]) -> str | None:
    """The command that a message's menu calls; None for anything else.

    Raises:
        KeyError: The payload is malformed.
    """
    data = cast("Mapping[str, Any]", interaction.data or {})
    is_command = interaction.type is discord.InteractionType.application_command
    if not is_command or data.get("type") != MESSAGE_MENU:
        return None
    return next((command for command, name in MENUS.items() if name == data["name"]), None)


def target_of(interaction: discord.Interaction[Listening], place: Place) -> EarlierMessage | None:
    """The message that a menu was opened on, None when it says nothing.

    Its content comes along whatever the bot's intents are.

    Raises:
        KeyError, TypeError, ValueError: The payload is malformed.
    """
    data = cast("Mapping[str, Any]", interaction.data or {})
    raw = data["resolved"]["messages"][data["target_id"]]
    client = interaction.client
    channel = cast("Any", interaction.channel or client.get_partial_messageable(int(place.id)))
    message = discord.Message(state=client.state, channel=channel, data=raw)
    own = own_in(client.me, interaction.guild)
    return earlier(seen(message, place, own), own)


class Forms:
    """Asks for a question about a message.

    Args:
        calls: Makes the calls.
        clock: Seconds, never going back.
    """

    def __init__(self, calls: Calls, clock: Callable[[], float]) -> None:
        self._calls = calls
        self._kept: Expiring[EarlierMessage] = Expiring(clock, most=1000)

    async def show(
        self,
        interaction: discord.Interaction[Listening],
        about: EarlierMessage,
        seconds: float,
    ) -> None:
        """Open the form: the first and only answer to the menu.

        Raises:
            PlatformError: It came too late, or somebody else has answered.
        """
        custom_id = f"{FORM}:{about.ref.channel}:{about.ref.message}"
        self._kept.put(custom_id, about, OPEN_SECONDS)
        form = made(custom_id, str(interaction.locale))
        http = interaction.client.http
        await self._calls.answer(
            # The SDK's own way to send a form keeps each of them.
            lambda: async_context.get().create_interaction_response(
                interaction.id,
                interaction.token,
                session=interaction.followup.session,
                proxy=http.proxy,
                proxy_auth=http.proxy_auth,
                params=interaction_response_params(ANSWER_WITH_FORM, form),
            ),
            seconds=seconds,
            repeat=False,
        )

    def read(
        self, interaction: discord.Interaction[Listening], place: Place, writer: Writer
    ) -> Called | None:
        """The command that a form calls which was sent off; None for anything else.

        Raises:
            KeyError, TypeError, ValueError: The payload is malformed.
        """
        data = cast("Mapping[str, Any]", interaction.data or {})
        if interaction.type is not discord.InteractionType.modal_submit:
            return None
        custom_id: str = data["custom_id"]
        form, _, where = custom_id.partition(":")
        channel, _, message = where.partition(":")
        if form != FORM or not channel.isdigit() or not message.isdigit():
            return None
        return Called(
            str(interaction.id),
            FORM,
            writer,
            place,
            {QUESTION: dict(values(data["components"]))[QUESTION]},
            about=self._kept.get(custom_id),
            target=MessageRef(channel, message),
        )

    async def found(self, client: Listening, called: Called) -> EarlierMessage | None:
        """What the message says that a form is about, None when it cannot be told any more."""
        if called.about is not None or called.target is None:
            return called.about
        if called.outside or called.target.channel != called.place.id:
            return None
        guild = None if called.place.space == DIRECT_SPACE else int(called.place.space)
        channel = client.get_partial_messageable(int(called.place.id), guild_id=guild)
        message = channel.get_partial_message(int(called.target.message))
        try:
            read = await self._calls.result(message.fetch)
        except PlatformError as error:
            log.info("A message that was asked about cannot be read: %s", error)
            return None
        own = own_in(client.me, client.get_guild(guild) if guild else None)
        return earlier(seen(read, called.place, own), own)


def made(custom_id: str, locale: str) -> dict[str, Any]:
    """The form, with the words of somebody's language."""
    title, label = form_words(locale)
    form = discord.ui.Modal(title=title, custom_id=custom_id, timeout=None)
    field = discord.ui.TextInput[discord.ui.Modal](
        custom_id=QUESTION,
        style=discord.TextStyle.paragraph,
        max_length=LONGEST_QUESTION,
        required=True,
    )
    form.add_item(discord.ui.Label(text=label, component=field))
    form.stop()
    return form.to_dict()
