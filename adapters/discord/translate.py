"""From what was seen on Discord to what the engine takes. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

from adapters.discord.markup import mentions, quote, readable
from adapters.discord.values import PLATFORM, Kind, Own, Place, Quoted, Seen, Writer
from bot.attached import Attachment
from bot.chat import Author, EarlierMessage, Incoming, MessageRef, ThreadKey
from bot.ignoring import is_ignored

_CALLS_SOMEBODY = re.compile(r"\s*<@[!&]?\d+>")

LONGEST_QUOTE = 300
"""Characters of an answered message within a thread, where it was read once already."""

STARTED = "(started this thread)"

HELD_THREADS = frozenset({Kind.THREAD, Kind.DIRECT})
"""Places that are a conversation by themselves."""


def key_of(place: Place, message: str) -> ThreadKey:
    """The conversation that a message opens or continues by its place alone.

    A thread that is started from a message has that message's id, so the key of a mention in a
    channel is known before its thread is made.
    """
    if place.kind is Kind.DIRECT:
        return ThreadKey(PLATFORM, place.space, place.id, place.id)
    if place.kind is Kind.THREAD:
        return ThreadKey(PLATFORM, place.space, place.parent or place.id, place.id)
    return ThreadKey(PLATFORM, place.space, place.id, message)


def held_by(place: Place) -> ThreadKey | None:
    """The conversation that a place is; None for an ordinary channel."""
    return key_of(place, "") if place.kind in HELD_THREADS else None


def is_ours_to_read(seen: Seen, own: Own) -> bool:
    """A message that may concern the bot, as far as it can be told without the store.

    Those of other bots may, too; whether they do is the engine's to say.
    """
    if seen.system or seen.writer.is_webhook or seen.writer.id == own.user:
        return False
    return seen.place.kind in HELD_THREADS or seen.mentions_bot or seen.answers is not None


def may_be_loose(seen: Seen) -> MessageRef | None:
    """The message by which a conversation outside any thread may be found."""
    if seen.place.kind in HELD_THREADS or seen.answers is None:
        return None
    return MessageRef(seen.place.id, seen.answers.id)


def is_addressed(seen: Seen, own: Own) -> bool:
    """Mention, reply to the bot, or direct message."""
    answers_us = (
        seen.answers is not None
        and seen.answers.writer is not None
        and seen.answers.writer.id == own.user
    )
    return seen.mentions_bot or answers_us or seen.place.kind is Kind.DIRECT


def is_withheld(seen: Seen, own: Own) -> bool:
    """A reply to the bot whose words Discord keeps back, since it pings nobody.

    That is so only without the intent for the content of messages.
    """
    answers_us = seen.answers is not None and seen.answers.writer is not None
    if not answers_us or seen.mentions_bot or seen.system or seen.writer.is_bot:
        return False
    mute = not (seen.text or seen.attached or seen.extras or seen.forwarded)
    return mute and is_addressed(seen, own) and seen.place.kind is not Kind.DIRECT


def is_aside(seen: Seen, own: Own) -> bool:
    """Meant for somebody else: it begins with their name, and does not address the bot."""
    return _CALLS_SOMEBODY.match(seen.text) is not None and not is_addressed(seen, own)


def begins_post(seen: Seen) -> bool:
    """The first message of a forum post, the only one within a thread that has the thread's id."""
    return seen.place.kind is Kind.THREAD and seen.id == seen.place.id


def may_open(seen: Seen, own: Own) -> bool:
    """Something that is said to everybody in a channel, so that it may begin a conversation."""
    if seen.system or seen.writer.is_webhook or seen.writer.id == own.user:
        return False
    says = bool(seen.text.strip() or seen.attached or seen.forwarded)
    said = says and seen.answers is None
    begins = seen.place.kind not in HELD_THREADS or begins_post(seen)
    return said and begins and not is_aside(seen, own)


def incoming(
    seen: Seen,
    own: Own,
    loose: ThreadKey | None = None,
    moved: bool = False,
    opened: bool = False,
) -> Incoming | None:
    """The message for the engine, None when it is of no concern.

    Args:
        seen: A message that `is_ours_to_read`.
        own: Who we are.
        loose: The conversation that the answered message belongs to, if there is one.
        moved: The answered message has a thread of its own, where that conversation goes on.
        opened: It `may_open` a conversation where everything is answered.
    """
    place = seen.place
    addressed = is_addressed(seen, own) or opened
    outside = place.kind not in HELD_THREADS
    if outside and not addressed and (loose is None or moved):
        return None
    quoted = None if outside and loose is not None else seen.answers
    text = _text(seen, own, quoted, longest=None if outside else LONGEST_QUOTE)
    attached = _attached(seen, own)
    if not text and not attached and not addressed:
        return None
    return Incoming(
        event_id=seen.id,
        thread=loose if outside and loose is not None else key_of(place, seen.id),
        ref=MessageRef(place.id, seen.id),
        author=author_of(seen.writer),
        text=text,
        at=seen.at,
        position=int(seen.id),
        addressed=addressed,
        mentioned=mentions(seen.text, own),
        direct=place.kind is Kind.DIRECT,
        joins=place.kind is Kind.THREAD and place.owner != own.user,
        loose=outside,
        attachments=attached,
        aside=is_aside(seen, own),
        edited=seen.edited,
        confined=place.private,
    )


def edited(seen: Seen, own: Own, loose: ThreadKey | None) -> Incoming:
    """A message as it reads after an edit, whatever it says and to whom.

    Args:
        seen: The message.
        own: Who we are.
        loose: The conversation outside any thread that it is in, or answers to.
    """
    place = seen.place
    outside = place.kind not in HELD_THREADS
    key = loose if outside and loose is not None else key_of(place, seen.id)
    quoted = None if outside and key.thread != seen.id else seen.answers
    return Incoming(
        event_id=seen.id,
        thread=key,
        ref=MessageRef(place.id, seen.id),
        author=author_of(seen.writer),
        text=_text(seen, own, quoted, longest=None if outside else LONGEST_QUOTE),
        at=seen.at,
        position=int(seen.id),
        addressed=is_addressed(seen, own),
        mentioned=mentions(seen.text, own),
        direct=place.kind is Kind.DIRECT,
        joins=place.kind is Kind.THREAD and place.owner != own.user,
        loose=outside,
        attachments=_attached(seen, own),
        aside=is_aside(seen, own),
        edited=seen.edited,
        confined=place.private,
    )


def earlier(seen: Seen, own: Own, *, started: bool = False) -> EarlierMessage | None:
    """A message of a thread's past, None for one that says nothing.

    Args:
        seen: The message.
        own: Who we are.
        started: The thread was started from it; it lies in the channel above.
    """
    named = "\n".join(f"(attached: {each.name})" for each in seen.attached)
    said = "\n\n".join(part for part in (_text(seen, own, quoted=None), named) if part)
    if seen.system or not said:
        return None
    text = f"{STARTED} {said}" if started else said
    return EarlierMessage(
        ref=MessageRef(seen.place.id, seen.id),
        author=author_of(seen.writer),
        text=text,
        at=seen.at,
        from_bot=seen.writer.id == own.user,
        attached=tuple(each.name for each in seen.attached),
    )


def author_of(writer: Writer) -> Author:
    """Somebody as the engine takes him."""
    return Author(
        writer.id,
        writer.name,
        is_admin=writer.is_admin,
        is_bot=writer.is_bot,
        roles=writer.roles,
    )


def _attached(seen: Seen, own: Own) -> tuple[Attachment, ...]:
    """A message's files, and those of the one it answers: who answers a picture asks about it."""
    answered = seen.answers
    if answered is None or answered.writer is None or answered.writer.id == own.user:
        return seen.attached
    if is_ignored(answered.text):
        return seen.attached
    return (*answered.attached, *seen.attached)


def _text(seen: Seen, own: Own, quoted: Quoted | None, longest: int | None = None) -> str:
    return "\n\n".join(part for part in _parts(seen, own, quoted, longest) if part)


def _parts(seen: Seen, own: Own, quoted: Quoted | None, longest: int | None) -> Iterable[str]:
    # The title of a post belongs to what it begins with.
    if begins_post(seen) and seen.place.title:
        yield f"**{seen.place.title}**"
    if quoted is not None and quoted.text and not is_ignored(quoted.text):
        name = quoted.writer.name if quoted.writer else "Somebody"
        yield f"> {name} wrote:\n{quote(_beginning(quoted.text, longest))}"
    yield readable(seen.text, seen.names, own)
    for text in seen.forwarded:
        if text and not is_ignored(text):
            yield f"> Forwarded message:\n{quote(text)}"
    yield from seen.extras


def _beginning(text: str, longest: int | None) -> str:
    if longest is None or len(text) <= longest:
        return text
    return text[:longest].rstrip() + " …"
