"""The permissions that the bot asks for, each with its reason, and who has them where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

import discord

WHY: Mapping[str, tuple[str, str]] = {
    "view_channel": ("View Channel", "to hear what is said to it"),
    "send_messages": ("Send Messages", "to answer in channels and in voice chats"),
    "create_public_threads": ("Create Public Threads", "to open a thread for each question"),
    "send_messages_in_threads": ("Send Messages in Threads", "to answer in threads and posts"),
    "read_message_history": (
        "Read Message History",
        "to reply, to read a thread it is called into, and what was said while it was away",
    ),
    "attach_files": ("Attach Files", "to hand over long answers, code and exports as files"),
}
"""Field of `discord.Permissions`: its name in Discord's settings, and what it is for."""

SPARED: Mapping[str, tuple[str, str]] = {
    "add_reactions": (
        "Add Reactions",
        "to mark messages that wait for their turn, and those it remembers; optional",
    ),
}
"""The same for what is asked for, but works without: nobody is told that it is missing."""

ASKED = discord.Permissions(**dict.fromkeys((*WHY, *SPARED), True))
"""All that the invitation asks for."""

_EVERYWHERE = frozenset({"view_channel", "read_message_history", "attach_files"})
_IN_POSTS = _EVERYWHERE | {"send_messages_in_threads"}
_IN_VOICE = _EVERYWHERE | {"send_messages"}


def invite(application: int) -> str:
    """The link that adds the bot to a server with the permissions it uses."""
    return discord.utils.oauth_url(
        application, permissions=ASKED, scopes=("bot", "applications.commands")
    )


def personal_invite(application: int) -> str:
    """The link by which people add the bot for themselves; it needs no permissions."""
    asked = {"client_id": application, "scope": "applications.commands", "integration_type": 1}
    return f"https://discord.com/oauth2/authorize?{urlencode(asked)}"


def missing(had: discord.Permissions, wanted: frozenset[str] = frozenset(WHY)) -> Sequence[str]:
    """The names of wanted permissions that are not there, as Discord's settings call them."""
    return [name for field, (name, _) in WHY.items() if field in wanted and not getattr(had, field)]


def wanted_in(channel: discord.abc.GuildChannel) -> frozenset[str]:
    """What the bot needs in a kind of channel; nothing where nobody writes."""
    match channel:
        case discord.TextChannel():
            return frozenset(WHY)
        case discord.ForumChannel():
            return _IN_POSTS
        case discord.VoiceChannel() | discord.StageChannel():
            return _IN_VOICE
        case _:
            return frozenset()
