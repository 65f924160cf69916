"""From the SDK's objects to plain values; the only file that looks into messages of the SDK."""

from __future__ import annotations

from collections.abc import Iterable

import discord

from adapters.discord.markup import readable
from adapters.discord.naming import name_of, names_in
from adapters.discord.shown import ANSWERED, components_of, embeds_of, extras_of, files_of, pictured
from adapters.discord.values import (
    DIRECT_SPACE,
    Kind,
    Own,
    Place,
    Quoted,
    Seen,
    Writer,
)
from bot.ignoring import is_ignored

STARTER = discord.MessageType.thread_starter_message
LARGEST_ID = 2**63
ANSWERS = frozenset(
    {discord.MessageType.chat_input_command, discord.MessageType.context_menu_command}
)
"""What programs answer to commands: meant for who called them, and part of what was said."""
_SPEECH = frozenset({discord.MessageType.default, discord.MessageType.reply})


def place_of(channel: object, space: str) -> Place | None:
    """What a channel is; None when the SDK knows no more than its id.

    Args:
        channel: Any channel object of the SDK.
        space: Server id, or `DIRECT_SPACE`.
    """
    match channel:
        case discord.Thread():
            return Place(
                str(channel.id),
                Kind.THREAD,
                space,
                parent=str(channel.parent_id),
                owner=str(channel.owner_id or ""),
                title=channel.name,
                private=channel.is_private(),
            )
        case discord.DMChannel() | discord.GroupChannel():
            return Place(str(channel.id), Kind.DIRECT, DIRECT_SPACE)
        case discord.TextChannel():
            return Place(str(channel.id), Kind.TEXT, space)
        case discord.VoiceChannel() | discord.StageChannel() | discord.ForumChannel():
            return Place(str(channel.id), Kind.OTHER, space)
        case _:
            return None


def space_of(message: discord.Message) -> str:
    """The server's id, or `DIRECT_SPACE`; known even when the server is not cached."""
    if message.guild is not None:
        return str(message.guild.id)
    channel = message.channel
    if isinstance(channel, discord.PartialMessageable) and channel.guild_id is not None:
        return str(channel.guild_id)
    return DIRECT_SPACE


def own_in(user: int, guild: discord.Guild | None) -> Own:
    """Who we are in a server."""
    role = guild.self_role if guild is not None else None
    return Own(str(user), str(role.id) if role is not None else "")


def seen(message: discord.Message, place: Place, own: Own) -> Seen:
    """A message as plain values.

    Raises:
        ValueError: Its ids are none.
    """
    if not all(0 < id_ < LARGEST_ID for id_ in (message.id, message.channel.id, message.author.id)):
        raise ValueError("an id is none")
    return Seen(
        id=str(message.id),
        place=place,
        writer=writer_of(message),
        text=content_of(message),
        names=names_in(message, content_of(message)),
        at=message.created_at.timestamp(),
        mentions_bot=_mentions(message, own),
        system=message.type not in _SPEECH,
        answers=_answers(message),
        forwarded=tuple(_forwarded(snapshot, message) for snapshot in message.message_snapshots),
        attached=tuple(files_of(message)),
        extras=tuple(extras_of(message)),
        edited=message.edited_at.timestamp() if message.edited_at else 0.0,
    )


def _forwarded(snapshot: discord.MessageSnapshot, message: discord.Message) -> str:
    """What a forwarded message says and shows; Discord does not tell who wrote it."""
    said = content_of(snapshot)
    shown = (*pictured(snapshot, message), *embeds_of(snapshot.embeds))
    parts = (readable(said, names_in(message, said)), *shown)
    return "\n\n".join(part for part in parts if part)


def content_of(message: discord.Message | discord.MessageSnapshot) -> str:
    """What a message says: its content, or the texts of its components where it has none."""
    return message.content or "\n".join(_texts(components_of(message)))


def _texts(components: Iterable[object]) -> Iterable[str]:
    for component in components:
        if isinstance(component, discord.TextDisplay):
            yield component.content
        elif isinstance(component, discord.Container | discord.SectionComponent):
            yield from _texts(component.children)


def writer_of(message: discord.Message) -> Writer:
    """Who wrote a message."""
    author = message.author
    # Of a server that the SDK does not know a member cannot say what he may do.
    if isinstance(author, discord.Member) and message.guild is not None:
        return writer_of_member(author)
    webhook = message.webhook_id is not None
    return Writer(
        str(author.id), name_of(author), is_bot=bool(author.bot) or webhook, is_webhook=webhook
    )


def writer_of_member(member: discord.Member) -> Writer:
    """Somebody as his server knows him."""
    return Writer(
        str(member.id),
        name_of(member),
        is_bot=bool(member.bot),
        is_admin=is_admin(member.guild_permissions),
        roles=roles_of(member),
    )


def roles_of(user: discord.User | discord.Member) -> frozenset[str]:
    """Ids of somebody's roles, but for the one that everybody has; none outside servers."""
    if not isinstance(user, discord.Member):
        return frozenset()
    return frozenset(str(role.id) for role in user.roles if not role.is_default())


def is_admin(permissions: discord.Permissions) -> bool:
    """Whether somebody looks after the server or its threads; owners have every permission."""
    return permissions.administrator or permissions.manage_guild or permissions.manage_threads


def is_chatter(message: discord.Message, own: Own) -> bool:
    """Whether people in an ordinary channel talk to each other, as in most messages."""
    place = place_of(message.channel, "")
    ordinary = place is not None and place.kind not in (Kind.THREAD, Kind.DIRECT)
    return ordinary and message.reference is None and not _mentions(message, own)


def _mentions(message: discord.Message, own: Own) -> bool:
    return any(str(user.id) == own.user for user in message.mentions) or any(
        str(role.id) == own.role for role in message.role_mentions
    )


def _answers(message: discord.Message) -> Quoted | None:
    reference = message.reference
    if (
        reference is None
        or message.type is not discord.MessageType.reply
        or reference.message_id is None
    ):
        return None
    found = reference.resolved
    if not isinstance(found, discord.Message):
        return Quoted(str(reference.message_id), None, "")
    said = content_of(found)
    forwarded = (
        f"Forwarded message:\n{_forwarded(snapshot, found)}"
        for snapshot in found.message_snapshots
        if not is_ignored(snapshot.content)
    )
    parts = (readable(said, names_in(found, said)), *forwarded, *extras_of(found))
    shown = "\n\n".join(part for part in parts if part)
    return Quoted(str(found.id), writer_of(found), shown, tuple(files_of(found, ANSWERED)))
