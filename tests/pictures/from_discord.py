"""What the simulated Discord holds of a thread, as records for a picture."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any

from tests.pictures import shown
from tests.pictures.inlines import DISCORD, Names
from tests.pictures.marks import blocks
from tests.simulators.discord_sim import Channel, DiscordSimulator, Message
from tests.simulators.discord_sim.model import ORDINARY

ACTION_ROW, BUTTON, TEXT_DISPLAY = 1, 2, 10
PRIMARY, DANGER = 1, 4


def thread(sim: DiscordSimulator, channel: Channel, clock: Sequence[str]) -> shown.Thread:
    """A thread that was started from a message.

    Args:
        sim: Where it is.
        channel: The thread.
        clock: The time of day of each message, oldest first; simulated time passes as fast as
            the machine allows.
    """
    source = channel.source
    assert source is not None
    assert channel.parent is not None
    assert channel.guild is not None
    said = [item for item in _visible(sim, channel) if item.type in ORDINARY]
    root, *replies = (
        _message(sim, item, at) for item, at in zip([source, *said], clock, strict=True)
    )
    place = f"{channel.guild.name}  ›  # {channel.parent.name}"
    return shown.Thread(place, channel.name, root, tuple(replies))


def _visible(sim: DiscordSimulator, channel: Channel) -> list[Message]:
    private = (item for item in sim.world.messages.values() if item.channel is channel)
    whispers = [item for item in private if item.ephemeral and not item.deleted]
    return sorted({*sim.messages(channel), *whispers}, key=lambda item: item.id)


def _message(sim: DiscordSimulator, message: Message, at: str) -> shown.Message:
    names = _names(sim, message)
    texts = [message.content, *_texts(message.components)]
    found = chain.from_iterable(blocks(text, DISCORD, names) for text in texts if text)
    return shown.Message(
        author=message.author.shown,
        app=message.author.bot,
        at=at,
        blocks=tuple(found),
        edited=message.edited_at is not None,
        private=message.seen_by.shown if message.ephemeral and message.seen_by else "",
        files=tuple(file.filename for file in message.attachments),
        reactions=tuple(
            shown.Reaction(emoji, len(users)) for emoji, users in message.reactions.items() if users
        ),
        controls=tuple(_rows(message.components)),
    )


def _names(sim: DiscordSimulator, message: Message) -> Names:
    guild = message.channel.guild

    def name(sign: str, number: str) -> str:
        if sign == "#":
            channel = sim.world.channels.get(int(number))
            return channel.name if channel else "unknown"
        user = sim.world.users.get(int(number))
        if user is not None:
            return user.shown
        role = guild.roles.get(int(number)) if guild else None
        return role.name if role else "unknown-user"

    return name


def _texts(components: Iterable[Any]) -> Iterator[str]:
    """Texts in components, those in containers too."""
    for component in components:
        if component["type"] == TEXT_DISPLAY:
            yield component["content"]
        yield from _texts(component.get("components", ()))


def _rows(components: Iterable[Any]) -> Iterator[tuple[shown.Button, ...]]:
    for component in components:
        held = component.get("components", ())
        if component["type"] == ACTION_ROW:
            yield tuple(_control(each) for each in held)
        else:
            yield from _rows(held)


def _control(component: Any) -> shown.Button:
    if component["type"] != BUTTON:
        return shown.Button(f"{component.get('placeholder') or 'Choose'}  ▾")
    emoji = (component.get("emoji") or {}).get("name")
    label = " ".join(filter(None, (emoji, component.get("label"))))
    style = component.get("style")
    if style == PRIMARY:
        return shown.Button(label, "primary")
    return shown.Button(label, "danger" if style == DANGER else "plain")
