"""The first answer to an interaction, in place of the promise of one, and what it is made of."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from typing import Any

import discord
from discord.http import handle_message_parameters
from discord.webhook.async_ import async_context

from adapters.discord.client import Listening
from adapters.discord.panels import view_of
from adapters.discord.render import rendering
from bot.chat import CommandReply, File

NOBODY = discord.AllowedMentions.none()


def edited(
    interaction: discord.Interaction[Listening],
    text: str,
    files: Sequence[File],
    extra: Callable[[], dict[str, Any]],
) -> Callable[[], Any]:
    """The first part of an answer, in place of the promise of one."""

    async def edit() -> object:
        # The SDK's own method for this sets no flags, and links would be unfolded.
        with handle_message_parameters(
            content=text or None,
            attachments=uploads(files),
            allowed_mentions=NOBODY,
            flags=discord.MessageFlags(suppress_embeds=True),
            **extra(),
        ) as made:
            http = interaction.client.http
            return await async_context.get().edit_original_interaction_response(
                interaction.application_id,
                interaction.token,
                session=interaction.followup.session,
                proxy=http.proxy,
                proxy_auth=http.proxy_auth,
                payload=made.payload,
                multipart=made.multipart,
                files=made.files,
            )

    return edit


def edited_panel(
    interaction: discord.Interaction[Listening], reply: CommandReply
) -> Callable[[], Any]:
    """A reply with something to press, or whatever takes its place; it is components for good."""
    return edited(interaction, "", (), lambda: {"view": view_of(reply, rendering()), "embeds": []})


def uploads(files: Sequence[File]) -> list[discord.File]:
    """Files for one try of a call; the SDK closes them afterwards."""
    return [discord.File(io.BytesIO(file.content), filename=file.name) for file in files]
