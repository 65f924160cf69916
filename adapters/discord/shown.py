"""What a message shows beside its text: files, stickers, previews and polls, as plain values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import cast

import discord

from adapters.discord.markup import quote
from bot.attached import AttachedAs, Attachment
from bot.ignoring import is_ignored

LONGEST_EMBED = 800
MOST_EMBEDS = 5
PASTE = "message.txt"
"""What the client calls a text that was too long to be sent."""

FORWARDED = "the forwarded message"
ANSWERED = "the message that this one answers"


def files_of(message: discord.Message, origin: str = "") -> Iterable[Attachment]:
    """A message's attachments, and those of what is forwarded in it."""
    for file in message.attachments:
        yield _attachment(file, message, origin, spoken=message.flags.voice)
    for snapshot in message.message_snapshots:
        if is_ignored(snapshot.content):
            continue
        for file in snapshot.attachments:
            yield _attachment(file, message, FORWARDED, spoken=False)


def _attachment(
    file: discord.Attachment, message: discord.Message, origin: str, *, spoken: bool
) -> Attachment:
    name, declared = _text(file.filename), _text(file.content_type)
    kind = AttachedAs.FILE
    if spoken:
        kind = AttachedAs.VOICE
    elif name == PASTE and not origin:
        kind = AttachedAs.PASTE
    size = cast("object", file.size)
    return Attachment(
        name=name,
        media_type=declared,
        size=size if isinstance(size, int) and size > 0 else 0,
        url=_text(file.url),
        id=str(file.id),
        space=str(message.guild.id) if message.guild is not None else "",
        channel=str(message.channel.id),
        message=str(message.id),
        kind=kind,
        origin=origin,
    )


def extras_of(message: discord.Message) -> Iterable[str]:
    """What else a message shows, each in words."""
    for sticker in message.stickers:
        yield f"(sticker: {_text(sticker.name)})"
    if message.poll is not None:
        yield _poll(message.poll)
    yield from pictured(message, message)
    yield from embeds_of(message.embeds)


def pictured(
    shown: discord.Message | discord.MessageSnapshot, message: discord.Message
) -> Iterable[str]:
    """Pictures and files among the components of what is `shown` by a message, by name.

    Those that are its attachments as well are told of there.
    """
    attached = {file.id for file in (*message.attachments, *shown.attachments)}
    for component in _components(components_of(shown)):
        if isinstance(component, discord.FileComponent):
            if component.media.attachment_id not in attached:
                yield f"(file: {_text(component.name) or 'without a name'})"
            continue
        media = component.media
        if media.attachment_id not in attached:
            yield f"(picture: {_text(component.description) or 'without a description'})"


def components_of(shown: discord.Message | discord.MessageSnapshot) -> Sequence[object]:
    """Its components; the SDK leaves the field out where Discord does."""
    found: object = getattr(shown, "components", ())
    return cast("Sequence[object]", found)


def _components(
    components: Iterable[object],
) -> Iterable[discord.FileComponent | discord.MediaGalleryItem | discord.ThumbnailComponent]:
    """What of components is a picture or a file, however deep it is."""
    for component in components:
        match component:
            case discord.FileComponent() | discord.ThumbnailComponent():
                yield component
            case discord.MediaGalleryComponent():
                yield from component.items
            case discord.Container():
                yield from _components(component.children)
            case discord.SectionComponent():
                yield from _components((component.accessory,))
            case _:
                pass


def embeds_of(embeds: Sequence[discord.Embed]) -> Iterable[str]:
    """Link previews, and what programs show in boxes."""
    for embed in embeds[:MOST_EMBEDS]:
        lines = [_text(embed.author.name), _text(embed.title), _text(embed.description)]
        lines += [f"{_text(field.name)}: {_text(field.value)}" for field in embed.fields]
        lines.append(_text(embed.footer.text))
        text = "\n".join(line for line in lines if line.strip())
        if text:
            yield f"> Shown below it:\n{quote(text[:LONGEST_EMBED])}"


def _poll(poll: discord.Poll) -> str:
    answers = "; ".join(_text(answer.text) for answer in poll.answers)
    return f"(poll: {_text(poll.question)} Answers: {answers})"


def _text(value: object) -> str:
    # The SDK hands on what came, whatever its types say.
    return value if isinstance(value, str) else ""
