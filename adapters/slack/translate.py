"""From Slack's payloads to what the engine takes. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, cast

from adapters.slack.context import hinted, looking_at
from adapters.slack.layout import said_in
from adapters.slack.markup import mentioned, mentions, quote, readable
from adapters.slack.shown import files_of, shared_in
from adapters.slack.values import PLATFORM, Names, Own, Person, Said, Wanted, fields, objects
from bot.chat import Author, EarlierMessage, Incoming, MessageRef, ThreadKey
from bot.ignoring import is_ignored

SPOKEN = frozenset({None, "file_share", "thread_broadcast", "me_message"})
"""Subtypes of messages in which a person says something."""

HEARD = SPOKEN | {"bot_message"}
"""The same with that of other programs."""

SLACKBOT = "USLACK"
_SLACKBOTS = frozenset({SLACKBOT, "USLACKBOT"})

_ID = re.compile(r"[A-Za-z0-9]{1,64}")
_CALLS_SOMEBODY = re.compile(r"\s*<(?:@[A-Z0-9]+|!subteam\^[A-Z0-9]+)[|>]")
_STAMP = re.compile(r"([0-9]{1,12})\.([0-9]{6})")


def workspace(body: Mapping[str, Any]) -> str:
    """The workspace that a payload was sent for, empty when it names none.

    With Slack Connect an event's own team may be the other company's; what counts is where the
    app is installed. That is the organisation when all of it has the app at once.
    """
    installed = next(iter(objects(body.get("authorizations"))), body)
    if str(installed.get("is_enterprise_install")).casefold() == "true":
        whole: object = installed.get("enterprise_id") or fields(body.get("enterprise")).get("id")
        if whole:
            return str(whole)
    team: object = installed.get("team_id") or fields(body.get("view")).get("app_installed_team_id")
    if not team:
        team = body.get("team_id") or fields(body.get("team")).get("id")
    return str(team or "")


def concerns_us(body: Mapping[str, Any], own: Own) -> bool:
    """Whether an `app_uninstalled` or a `tokens_revoked` event ends the bot's own access.

    The tokens of people who use the app are revoked by events of the same kind.
    """
    event = fields(body.get("event"))
    if event.get("type") == "app_uninstalled":
        return True
    revoked: object = fields(event.get("tokens")).get("bot")
    return isinstance(revoked, list) and own.user in cast("list[object]", revoked)


def said(body: Mapping[str, Any], own: Own, everything: bool = False) -> Said | None:
    """The message in an event that may concern the bot, None for any other event.

    With `everything` a message that is said to everybody in a channel is one, too.

    Raises:
        KeyError, TypeError, ValueError: The payload is malformed.
    """
    event = fields(body["event"])
    if event.get("subtype") not in HEARD or event.get("hidden") or is_ours(event, own):
        return None
    channel = id_in(event, "channel")
    kind = event.get("channel_type") or ("im" if channel.startswith("D") else "")
    if event.get("bot_id"):
        event = _by_bot(event)
    found = _said(event, channel, own, direct=kind == "im", named=event["type"] == "app_mention")
    found = replace(found, joint=is_joint(body))
    if found.in_thread or found.direct or found.mentioned:
        return found
    says = found.text.strip() or found.attached or found.shared
    if everything and says and not is_aside(found):
        return replace(found, opens=True)
    return None


def is_joint(body: Mapping[str, Any]) -> bool:
    """Whether another organisation may read along; taken for granted where nothing is told."""
    told: object = body.get("is_ext_shared_channel", True)
    return told is not False


def is_aside(found: Said) -> bool:
    """Meant for somebody else: it begins with their name, and does not address the bot."""
    addressed = found.mentioned or found.direct
    return _CALLS_SOMEBODY.match(found.text) is not None and not addressed


def is_ours(event: Mapping[str, Any], own: Own) -> bool:
    """Written by us or by Slack itself, in any of the shapes in which such messages come back."""
    if event.get("user") in (own.user, *_SLACKBOTS):
        return True
    return bool(own.bot) and event.get("bot_id") == own.bot


def as_spoken(message: Mapping[str, Any], channel: str, own: Own, *, direct: bool) -> Said | None:
    """A message that somebody said, whatever it says and to whom; None for one of Slack's own.

    Raises:
        KeyError, TypeError, ValueError: It is malformed.
    """
    if message.get("subtype") not in HEARD:
        return None
    given = _by_bot(message) if message.get("bot_id") else message
    return _said(given, channel, own, direct=direct, named=False)


def _by_bot(event: Mapping[str, Any]) -> Mapping[str, Any]:
    """A program's message with what stands for its author and its text, where those are missing."""
    writer = event.get("user") or event.get("bot_id")
    text = event.get("text") or "\n".join(_fallbacks(event))
    return {**event, "user": writer, "text": text}


def _is_outside(event: Mapping[str, Any], own: Own) -> bool:
    """Whether a message itself tells that its author belongs to another organisation.

    Within an organisation of several workspaces only users.info tells them from others.
    """
    named = str(
        event.get("user_team")
        or event.get("team")
        or fields(event.get("bot_profile")).get("team_id")
        or own.team
    )
    if own.enterprise:
        return named.startswith("E") and named != own.enterprise
    return named != own.team


def _said(event: Mapping[str, Any], channel: str, own: Own, *, direct: bool, named: bool) -> Said:
    ts = text_in(event, "ts")
    root: object = event.get("thread_ts") or ts
    text: object = event.get("text") or said_in(event.get("blocks"))
    if not isinstance(text, str) or not isinstance(root, str):
        raise TypeError("a message's text or thread is no text")
    position_of(ts)
    position_of(root)
    return Said(
        channel=channel,
        ts=ts,
        root=root,
        user=id_in(event, "user"),
        text=text,
        direct=direct,
        mentioned=named or mentions(text, own.user),
        attached=tuple(files_of(event, own.team, channel)),
        shared=tuple(shared_in(event)),
        bot=bot_name(event),
        is_outside=_is_outside(event, own),
        beside=looking_at(event, own) if direct else "",
    )


def text_in(payload: Mapping[str, Any], name: str) -> str:
    """A text that has to be there.

    Raises:
        KeyError, ValueError: It is not, or is empty.
    """
    value: object = payload[name]
    if not isinstance(value, str) or not value:
        raise ValueError(f"{name} is not a text")
    return value


def id_in(payload: Mapping[str, Any], name: str) -> str:
    """An id that has to be there; conversations and people are told apart by these.

    Raises:
        KeyError, ValueError: It is not there, or is no id.
    """
    value = text_in(payload, name)
    if not _ID.fullmatch(value):
        raise ValueError(f"{name} is not an id")
    return value


def position_of(ts: str) -> int:
    """A time stamp as a number that keeps its order; a float would lose digits.

    Raises:
        ValueError: It is no time stamp.
    """
    found = _STAMP.fullmatch(ts)
    if found is None:
        raise ValueError("not a time stamp")
    return int(found[1] + found[2])


def looked_up(found: Said) -> Wanted:
    """The ids of people and channels who have to be known; other programs tell of themselves."""
    texts = (found.text, *(shared.text for shared in found.shared))
    named = mentioned(" ".join(texts))
    writers = () if found.bot else (found.user,)
    beside = (found.beside,) if found.beside else ()
    seen = (found.channel, *beside)
    return Wanted(writers, named.people, (*beside, *named.channels), seen, named.groups)


def key_of(found: Said, own: Own) -> ThreadKey:
    """The conversation of a message: the thread that it opens or lies in."""
    return ThreadKey(PLATFORM, own.team, found.channel, found.root)


def event_id_of(channel: str, ts: str, own: Own) -> str:
    """What every delivery of a message has in common."""
    return f"{own.team}:{channel}:{ts}"


def incoming(found: Said, own: Own, names: Names) -> Incoming:
    """The message for the engine.

    A mention comes twice, as `app_mention` and as `message`, in any order; both become the same
    event.
    """
    return Incoming(
        event_id=event_id_of(found.channel, found.ts, own),
        thread=key_of(found, own),
        ref=MessageRef(found.channel, found.ts, own.team),
        author=writer_of(found, names),
        text=hinted(_words(found, names, own), names.channels.get(found.beside, "")),
        at=float(found.ts),
        position=position_of(found.ts),
        addressed=found.mentioned or found.direct or found.opens,
        mentioned=found.mentioned,
        direct=found.direct,
        joins=found.in_thread and not found.direct,
        attachments=found.attached,
        aside=is_aside(found),
        shared=found.joint,
    )


def author_of(person: Person) -> Author:
    """Somebody as the engine knows people.

    Whoever Slack could not tell of counts as an outsider: else it would be enough for a guest to
    keep Slack from telling.
    """
    return Author(
        person.id,
        person.name,
        is_admin=person.is_admin,
        is_outside=person.is_guest or not person.is_known,
        is_unknown=not person.is_known,
        roles=person.groups,
    )


def writer_of(found: Said, names: Names) -> Author:
    """Who wrote a message: a person, or another program under the name that it gives itself."""
    author = author_of(names.person(found.user))
    if found.bot is None:
        if found.is_outside:
            return replace(author, is_outside=True, is_unknown=False)
        return author
    return Author(found.user, found.bot or author.name, is_bot=True, is_outside=found.is_outside)


def _words(found: Said, names: Names, own: Own) -> str:
    shared = (
        f"> Forwarded message{_by(each.author)}:\n{quote(readable(each.text, names, own.user))}"
        for each in found.shared
        if not is_ignored(each.text)
    )
    text = readable(found.text, names, own.user)
    return "\n\n".join(part for part in (text, *shared) if part)


def _by(author: str) -> str:
    line = " ".join(author.split())
    return f" by {line}" if line else ""


def past(message: Mapping[str, Any], channel: str, own: Own) -> Said | None:
    """A message of a thread's past, None for one in which nothing is said.

    What other apps wrote is kept: people ask about it.

    Raises:
        KeyError, TypeError, ValueError: It is malformed.
    """
    if message.get("subtype") not in HEARD or message.get("user") in _SLACKBOTS:
        return None
    given = _by_bot(message) if message.get("bot_id") else message
    if message.get("bot_id") and message.get("bot_id") == own.bot:
        given = {**given, "user": own.user}
    found = _said(given, channel, own, direct=False, named=False)
    return found if found.text or found.attached or found.shared else None


def _fallbacks(message: Mapping[str, Any]) -> Iterable[str]:
    """What other apps show in attachments instead of a text."""
    for attachment in objects(message.get("attachments")):
        text = attachment.get("text") or attachment.get("fallback")
        if text:
            yield str(text)


def bot_name(message: Mapping[str, Any]) -> str | None:
    """What another app calls itself in a message, empty if it does not; None for a person's."""
    if not message.get("bot_id"):
        return None
    profile = fields(message.get("bot_profile"))
    return str(message.get("username") or profile.get("name") or "")


def earlier(found: Said, own: Own, names: Names) -> EarlierMessage:
    """A message of a thread's past for the engine."""
    named = "\n".join(f"(attached: {each.name})" for each in found.attached)
    return EarlierMessage(
        ref=MessageRef(found.channel, found.ts, own.team),
        author=writer_of(found, names),
        text="\n\n".join(part for part in (_words(found, names, own), named) if part),
        at=float(found.ts),
        from_bot=found.user == own.user,
        attached=tuple(each.name for each in found.attached),
    )
