"""Answering what people press under a reply: in its place, beside it, or with a window."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import discord
from discord.webhook.async_ import async_context, interaction_response_params

from adapters.discord.calls import Calls
from adapters.discord.client import Listening
from adapters.discord.interactions import ACKNOWLEDGE_SECONDS, acknowledge, is_late
from adapters.discord.originals import NOBODY, edited_panel
from adapters.discord.panels import form_of, view_of
from adapters.discord.render import rendering
from bot.chat import CommandReply
from bot.errors import BobbinError, PlatformError

log = logging.getLogger(__name__)

ANSWER_WITH_FORM = 9
ASKING_SECONDS = 2.0
"""What a window shows has to be known so soon, for Discord waits no longer than three."""

TOO_LATE = "That took too long to open a window. Please try again."

Run = Callable[[], Awaitable[CommandReply]]


async def answer(
    interaction: discord.Interaction[Listening],
    run: Run,
    calls: Calls,
    acknowledged: Callable[[], None],
) -> None:
    """Do what was pressed. What others see is changed only by what they may see.

    Raises:
        PlatformError: Nothing could be shown.
    """
    within = interaction.message is not None
    if not await acknowledge(interaction, calls, in_place=within):
        return
    acknowledged()
    reply = await _outcome(run)
    if not within or (reply.replaces and (reply.harmless or is_private(interaction))):
        await calls.answer(edited_panel(interaction, reply))
    else:
        await calls.answer(_beside(interaction, reply), repeat=False)


async def open_window(
    interaction: discord.Interaction[Listening],
    run: Run,
    calls: Calls,
    acknowledged: Callable[[], None],
) -> None:
    """Open the window that was asked for, or say why there is none.

    Raises:
        PlatformError: Nothing could be shown.
    """
    try:
        async with asyncio.timeout(ASKING_SECONDS):
            reply = await _outcome(run)
    except TimeoutError:
        reply = CommandReply(TOO_LATE)
    window = reply.window
    try:
        if window is None:
            view = view_of(reply, rendering())
            await calls.answer(
                lambda: interaction.response.send_message(
                    view=view, ephemeral=True, allowed_mentions=NOBODY
                ),
                seconds=ACKNOWLEDGE_SECONDS,
                repeat=False,
            )
        else:
            form = form_of(window)
            await calls.answer(_form(interaction, form), seconds=ACKNOWLEDGE_SECONDS, repeat=False)
    except PlatformError as error:
        if not is_late(error):
            raise
        return
    acknowledged()


def is_private(interaction: discord.Interaction[Listening]) -> bool:
    """Whether nobody but who pressed sees the message that it was pressed under."""
    message = interaction.message
    if message is not None and message.flags.ephemeral:
        return True
    return interaction.guild_id is None and not interaction.context.private_channel


async def _outcome(run: Run) -> CommandReply:
    try:
        return await run()
    except BobbinError as error:
        log.warning("What was pressed was not done: %s", error)
        return CommandReply(error.user_text, harmless=True)


def _form(interaction: discord.Interaction[Listening], form: dict[str, Any]) -> Callable[[], Any]:
    http = interaction.client.http
    # The SDK's own way to send a form keeps each of them.
    return lambda: async_context.get().create_interaction_response(
        interaction.id,
        interaction.token,
        session=interaction.followup.session,
        proxy=http.proxy,
        proxy_auth=http.proxy_auth,
        params=interaction_response_params(ANSWER_WITH_FORM, form),
    )


def _beside(interaction: discord.Interaction[Listening], reply: CommandReply) -> Callable[[], Any]:
    return lambda: interaction.followup.send(
        view=view_of(reply, rendering()),
        ephemeral=True,
        allowed_mentions=NOBODY,
        wait=True,
    )
