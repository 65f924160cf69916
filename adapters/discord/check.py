"""What `bobbin doctor` looks at on Discord's side."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import discord

from adapters.discord import faults
from adapters.discord.adapter import redirect
from adapters.discord.connection import MENTION_ONLY
from bot.errors import BadToken
from bot.spec import Finding

SECONDS = 15.0
FEW_STARTS = 50

PERMISSIONS = discord.Permissions(
    view_channel=True,
    send_messages=True,
    create_public_threads=True,
    send_messages_in_threads=True,
    read_message_history=True,
    attach_files=True,
)
"""All that the bot needs."""


async def check(values: Mapping[str, str]) -> Sequence[Finding]:
    """Look at token, intent, application and what is left of today's connections."""
    redirect(values)
    client = discord.Client(intents=discord.Intents.none())
    try:
        async with asyncio.timeout(SECONDS):
            return await _look(client, values["DISCORD_TOKEN"])
    except (discord.DiscordException, *faults.NETWORK) as error:
        known = faults.of_exception(error) or error
        fix = BadToken.hint if isinstance(known, BadToken) else "Check the network and try again."
        return [Finding("Discord", False, str(known) or type(known).__name__, fix)]
    finally:
        await client.close()


async def _look(client: discord.Client, token: str) -> Sequence[Finding]:
    try:
        await client.login(token)
    except discord.LoginFailure:
        detail = "Discord does not accept DISCORD_TOKEN."
        return [Finding("Discord token", False, detail, BadToken.hint)]
    findings = [Finding("Discord token", True, f"accepted; the bot is {client.user}")]
    if client.application is not None:
        findings += _application(client.application)
    findings.append(await _starts(client))
    return findings


def _application(application: discord.AppInfo) -> Sequence[Finding]:
    flags = application.flags
    granted = flags.gateway_message_content or flags.gateway_message_content_limited
    endpoint = application.interactions_endpoint_url
    servers = application.approximate_guild_count
    return [
        Finding("Discord message content", True, "the intent is granted")
        if granted
        else Finding(
            "Discord message content",
            False,
            MENTION_ONLY.partition(". ")[0] + ".",
            "Switch on Message Content Intent in the developer portal, page Bot.",
        ),
        Finding("Discord slash commands", True, "they arrive over the gateway")
        if not endpoint
        else Finding(
            "Discord slash commands",
            False,
            "An interactions endpoint URL is set, so Discord sends commands there and not here.",
            "Empty Interactions Endpoint URL in the developer portal, General Information.",
        ),
        Finding("Discord servers", True, f"about {servers}; invite: {invite(application.id)}"),
    ]


def invite(application: int) -> str:
    """The link that adds the bot to a server with the permissions it needs."""
    return discord.utils.oauth_url(
        application, permissions=PERMISSIONS, scopes=("bot", "applications.commands")
    )


async def _starts(client: discord.Client) -> Finding:
    shards, _, limit = await client.http.get_bot_gateway()
    left, total = limit["remaining"], limit["total"]
    detail = f"{left} of {total} left for the next {limit['reset_after'] // 3_600_000} hours"
    if shards > 1:
        detail += f"; Discord recommends {shards} shards (DISCORD_SHARDS)"
    if left > FEW_STARTS:
        return Finding("Discord connections", True, detail)
    return Finding(
        "Discord connections",
        False,
        detail,
        "Something starts the bot over and over; Discord resets the token when none are left.",
    )
