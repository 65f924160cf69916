"""A channel as people see it, in plain text."""

from __future__ import annotations

import re

from tests.simulators.discord_sim.model import HAS_THREAD, ORDINARY, Channel, Message
from tests.simulators.discord_sim.world import World

_MENTION = re.compile(r"<(@!?|@&|#)(\d+)>")


def readable(world: World, channel: Channel, text: str) -> str:
    """Return a text with mentions as names."""

    def name(match: re.Match[str]) -> str:
        kind, number = match[1], int(match[2])
        if kind == "#" and number in world.channels:
            return f"#{world.channels[number].name}"
        if kind == "@&" and channel.guild and number in channel.guild.roles:
            return f"@{channel.guild.roles[number].name}"
        if number in world.users:
            return f"@{world.users[number].shown}"
        return match[0]

    return _MENTION.sub(name, text)


def _lines(world: World, message: Message) -> list[str]:
    channel = message.channel
    notes = ""
    if message.type not in ORDINARY:
        notes += f" (system message {message.type})"
    if message.reply_to is not None and message.type in ORDINARY:
        notes += f" (to {message.reply_to.author.shown})"
    if message.ephemeral and message.seen_by is not None:
        notes += f" (only {message.seen_by.shown} sees this)"
    if message.loading:
        notes += " (is thinking)"
    text = readable(world, channel, message.versions[-1].shown.strip("\n"))
    if message.snapshot is not None:
        text = "forwarded: " + readable(world, channel, message.snapshot.content)
    if message.edited_at:
        text += " (edited)"
    text += "".join(f" [{item.filename}]" for item in message.attachments)
    first, *rest = text.split("\n")
    lines = [f"{message.author.shown}{notes}: {first}", *(f"    {line}" for line in rest)]
    lines += [f"    {emoji} {len(users)}" for emoji, users in message.reactions.items()]
    if message.flags & HAS_THREAD and message.thread is not None:
        lines.append(f"    -> thread {message.thread.name!r}")
    return lines


def transcript(world: World, channel: Channel) -> str:
    """Return a channel or thread with its messages and ephemerals, oldest first."""
    state = "".join(
        f" ({name})" for name in ("archived", "locked", "deleted") if getattr(channel, name)
    )
    sign = "" if channel.guild is None else "#"
    lines = [f"{sign}{channel.name}{state}"]
    shown = world.live_messages(channel)
    shown += [
        item
        for item in world.messages.values()
        if item.channel is channel and item.ephemeral and not item.deleted
    ]
    for message in sorted(shown, key=lambda item: item.id):
        lines += _lines(world, message)
    return "\n".join(lines)
