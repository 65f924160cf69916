"""What `bobbin doctor` looks at on Discord's side."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from typing import Any

import discord

from adapters.discord import faults
from adapters.discord.adapter import redirect
from adapters.discord.commands import CHAT_INPUT, is_personal, payload
from adapters.discord.connection import MENTION_ONLY
from adapters.discord.permissions import invite, missing, personal_invite, wanted_in
from bot.command_spec import CommandSpec
from bot.errors import BadToken, PlatformUnreachable
from bot.spec import Finding

SECONDS = 40.0
FEW_STARTS = 50
MOST_SERVERS = 10
"""Servers whose permissions are looked at."""
MOST_CHANNELS = 5
"""Channels that are named for one server."""
OTHER_THING = (
    "A bot token has three parts with dots between; Application ID, Public Key and Client Secret "
    "are other things. Take the token from the developer portal, page Bot, Reset Token."
)
_SHAPE = re.compile(r"[\w-]+\.[\w-]+\.[\w-]+")


async def check(
    values: Mapping[str, str], commands: Sequence[CommandSpec] = ()
) -> Sequence[Finding]:
    """Look at token, intent, application, commands, permissions and connections left today."""
    redirect(values)
    client = discord.Client(intents=discord.Intents.none())
    try:
        async with asyncio.timeout(SECONDS):
            return await _look(client, values["DISCORD_TOKEN"], commands)
    except (discord.DiscordException, *faults.NETWORK) as error:
        known = faults.of_exception(error) or error
        told = isinstance(known, BadToken | PlatformUnreachable)
        fix = known.hint if told else "Check the network and try again."
        return [Finding("Discord", False, str(known) or type(known).__name__, fix)]
    finally:
        await client.close()


async def _look(
    client: discord.Client, token: str, commands: Sequence[CommandSpec]
) -> Sequence[Finding]:
    try:
        await client.login(token)
    except discord.LoginFailure:
        detail = "Discord does not accept DISCORD_TOKEN."
        fix = BadToken.hint if _SHAPE.fullmatch(token) else OTHER_THING
        return [Finding("Discord token", False, detail, fix)]
    findings = [Finding("Discord token", True, f"accepted; the bot is {client.user}")]
    if client.application is not None:
        findings += _application(client.application)
        findings.append(await _commands(client, client.application, commands))
    findings.append(await _starts(client))
    return [*findings, *await _servers(client)]


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
        Finding(
            "Discord for people",
            True,
            f"can be added by anybody for use everywhere: {personal_invite(application.id)}"
            if is_personal(application)
            else "can be added to servers only (User Install is off in the portal, Installation)",
        ),
    ]


async def _commands(
    client: discord.Client, application: discord.AppInfo, specs: Sequence[CommandSpec]
) -> Finding:
    """Whether Discord has been told the commands of this version."""
    held = await client.http.get_global_commands(application.id)
    ours = {_key(each): _told(each) for each in payload(specs, is_personal(application))}
    theirs = {_key(each): _told(each) for each in held}
    stale = [key[1] for key, told in theirs.items() if ours.get(key) != told]
    new = [name for kind, name in ours if (kind, name) not in theirs]
    menus = sum(kind != CHAT_INPUT for kind, _ in theirs)
    detail = f"Discord knows {len(theirs) - menus} slash commands and {menus} menu commands"
    if not specs or (not stale and not new):
        return Finding("Discord commands", True, detail)
    names = ", ".join([*stale, *new][:MOST_CHANNELS])
    return Finding(
        "Discord commands",
        True,
        f"{detail}; not as this version has them: {names}",
        "The bot tells Discord when it starts. If they stay so, look for a warning in its log.",
    )


def _key(command: Mapping[str, Any]) -> tuple[int, str]:
    return command.get("type", CHAT_INPUT), command["name"]


def _told(command: Mapping[str, Any]) -> object:
    """What matters of a command, without what Discord adds."""
    options = [
        (option["type"], option["name"], option["description"])
        for option in command.get("options") or ()
    ]
    types = sorted(command.get("integration_types") or (0,))
    return command.get("description") or "", options, types


async def _servers(client: discord.Client) -> Sequence[Finding]:
    """What the bot may do where."""
    found: list[Finding] = []
    async for guild in client.fetch_guilds(limit=MOST_SERVERS + 1, with_counts=False):
        if len(found) == MOST_SERVERS:
            told = f"their permissions are not looked at, only those in the {MOST_SERVERS} above"
            found.append(Finding("Discord servers, others", True, told))
            break
        found.append(await _server(client, guild.id, guild.name))
    return found


async def _server(client: discord.Client, number: int, name: str) -> Finding:
    subject = f"Discord server {name}"
    try:
        guild = await client.fetch_guild(number, with_counts=False)
        channels = await guild.fetch_channels()
        user = client.user
        member = await guild.fetch_member(user.id if user is not None else 0)
    except discord.HTTPException as error:
        return Finding(subject, True, f"could not be looked at: {error.status}")
    lacks = missing(member.guild_permissions)
    if lacks:
        fix = "Open the invite link once more, or give the permissions to the bot's role."
        return Finding(subject, False, f"the bot's role has no {', '.join(lacks)}", fix)
    places = [channel for channel in channels if wanted_in(channel)]
    seen = [each for each in places if each.permissions_for(member).view_channel]
    short = [
        f"#{each.name} (no {', '.join(wanting)})"
        for each in seen
        if (wanting := missing(each.permissions_for(member), wanted_in(each)))
    ]
    hidden = f", {len(places) - len(seen)} more hidden from it" * (len(seen) < len(places))
    if not short:
        return Finding(
            subject, True, f"all it needs in {len(seen)} channel{'s' * (len(seen) != 1)}{hidden}"
        )
    more = f" and {len(short) - MOST_CHANNELS} more" * (len(short) > MOST_CHANNELS)
    return Finding(
        subject,
        True,
        f"cannot do everything in {', '.join(short[:MOST_CHANNELS])}{more}{hidden}",
        "If it is meant to answer there, give it these permissions in the channel's settings.",
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
