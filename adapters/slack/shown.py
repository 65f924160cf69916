"""What a message shows beside its text: files, and messages that are shared in it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from adapters.slack.layout import said_in
from adapters.slack.values import Shared, fields, objects
from bot.attached import AttachedAs, Attachment
from bot.ignoring import is_ignored

FORWARDED = "the forwarded message"
TOMBSTONE = "tombstone"
_GONE = frozenset({TOMBSTONE, "hidden_by_limit"})
_FOREIGN = "file_access"
"""Mode of a file of another organisation, of which a message tells the id only."""


def files_of(message: Mapping[str, Any], team: str, channel: str) -> Iterable[Attachment]:
    """A message's files, and those of what is forwarded in it."""
    ts = _text(message, "ts")
    for file in objects(message.get("files")):
        yield _attachment(file, team, channel, ts, "")
    for attachment in objects(message.get("attachments")):
        if attachment.get("is_share") and not is_ignored(_said(attachment)):
            for file in objects(attachment.get("files")):
                yield _attachment(file, team, channel, ts, FORWARDED)


def _attachment(
    file: Mapping[str, Any], team: str, channel: str, ts: str, origin: str
) -> Attachment:
    size: object = file.get("size")
    mode = _text(file, "mode")
    gone = mode in _GONE
    return Attachment(
        name=_text(file, "name") or _text(file, "title") or "a file",
        media_type=_text(file, "mimetype"),
        size=size if isinstance(size, int) and size > 0 else 0,
        url="" if gone or mode == _FOREIGN else _address(file),
        id="" if gone else _text(file, "id"),
        space=team,
        channel=channel,
        message=ts,
        kind=_kind(file, mode, origin),
        origin=origin,
    )


def _kind(file: Mapping[str, Any], mode: str, origin: str) -> AttachedAs:
    if file.get("is_external") or mode == "external":
        return AttachedAs.ELSEWHERE
    if file.get("subtype") == "slack_audio":
        return AttachedAs.VOICE
    # What people type or paste into a snippet is what they say.
    return AttachedAs.PASTE if mode == "snippet" and not origin else AttachedAs.FILE


def _address(file: Mapping[str, Any]) -> str:
    return _text(file, "url_private_download") or _text(file, "url_private")


def lacks_file(message: Mapping[str, Any]) -> bool:
    """Whether one of a message's files was deleted."""
    return any(_text(file, "mode") == TOMBSTONE for file in objects(message.get("files")))


def shared_in(message: Mapping[str, Any]) -> Iterable[Shared]:
    """Messages that were forwarded with this one."""
    for attachment in objects(message.get("attachments")):
        if attachment.get("is_share") and (text := _said(attachment)):
            yield Shared(text, _text(attachment, "author_name"))


def _said(attachment: Mapping[str, Any]) -> str:
    """What a forwarded message says. One of another app may have blocks and nothing else."""
    if text := _text(attachment, "text"):
        return text
    inner = (fields(each.get("message")) for each in objects(attachment.get("message_blocks")))
    return "\n".join(filter(None, (said_in(message.get("blocks")) for message in inner)))


def _text(payload: Mapping[str, Any], name: str) -> str:
    value: object = payload.get(name)
    return value if isinstance(value, str) else ""
