"""The JSON that values are kept as.

Fields with their default value are left out, unknown fields are passed over: a field can be added
later without touching stored data. Text may hold lone surrogates, so bytes are UTF-8 with
"surrogatepass".
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import fields
from typing import Any, cast

from bot.attached import AttachedAs, Attachment
from bot.chat import Author, Incoming, MessageRef, Spot, ThreadKey
from bot.errors import StoreMismatch
from bot.records import Entry, Piece, Summary, Tally
from bot.storage.types import Draft, Leftover

ROLES = ("user", "assistant", "context")
ATTACHMENT_FIELDS = tuple(field.name for field in fields(Attachment))
TALLY_FIELDS = tuple(field.name for field in fields(Tally))


def to_bytes(text: str) -> bytes:
    """Text as it is sent to Redis."""
    return text.encode("utf-8", "surrogatepass")


def to_text(raw: bytes) -> str:
    """Text as it came from Redis."""
    return raw.decode("utf-8", "surrogatepass")


def dump_incoming(event: Incoming) -> bytes:
    """A queued message."""
    return _dump(
        {
            "event": event.event_id,
            "thread": str(event.thread),
            "ref": _ref(event.ref),
            "author": [event.author.id, event.author.name],
            "admin": event.author.is_admin,
            "bot": event.author.is_bot,
            "outside": event.author.is_outside,
            "roles": sorted(event.author.roles),
            "text": event.text,
            "at": event.at,
            "position": event.position,
            "addressed": event.addressed,
            "mentioned": event.mentioned,
            "direct": event.direct,
            "joins": event.joins,
            "loose": event.loose,
            "attached": [_dump_attachment(each) for each in event.attachments],
            "aside": event.aside,
            "edited": event.edited,
            "shared": event.shared,
            "confined": event.confined,
        }
    )


def load_incoming(raw: bytes) -> Incoming:
    """The reverse of `dump_incoming`. Raises StoreMismatch."""
    data = _load(raw)
    try:
        return Incoming(
            event_id=data.get("event", ""),
            thread=ThreadKey.parse(data["thread"]),
            ref=MessageRef(*data["ref"]),
            author=Author(
                *data["author"],
                is_admin=data.get("admin", False),
                is_bot=data.get("bot", False),
                is_outside=data.get("outside", False),
                roles=frozenset(data.get("roles", ())),
            ),
            text=data.get("text", ""),
            at=data.get("at", 0),
            position=data.get("position", 0),
            addressed=data.get("addressed", False),
            mentioned=data.get("mentioned", False),
            direct=data.get("direct", False),
            joins=data.get("joins", False),
            loose=data.get("loose", False),
            attachments=tuple(_load_attachment(each) for each in data.get("attached", ())),
            aside=data.get("aside", False),
            edited=data.get("edited", 0),
            shared=data.get("shared", False),
            confined=data.get("confined", False),
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise StoreMismatch("a queued message cannot be read") from error


def _dump_attachment(attachment: Attachment) -> dict[str, Any]:
    values = {name: getattr(attachment, name) for name in ATTACHMENT_FIELDS}
    return {name: value for name, value in values.items() if value not in ("", 0)}


def _load_attachment(data: dict[str, Any]) -> Attachment:
    kept: dict[str, Any] = {name: data[name] for name in ATTACHMENT_FIELDS if name in data}
    kind = AttachedAs(kept.pop("kind", AttachedAs.FILE))
    return Attachment(name=kept.pop("name", ""), kind=kind, **kept)


def dump_entry(entry: Entry) -> bytes:
    """An entry of the log, without its number: that is the field it is kept under."""
    return _dump(
        {
            "role": entry.role,
            "text": entry.text,
            "at": entry.at,
            "id": entry.author_id,
            "author": entry.author,
            "messages": list(entry.message_ids),
            "tokens": entry.tokens,
            "cut": entry.interrupted,
            "turn": entry.turn,
            "files": list(entry.enclosed),
            "model": entry.model,
            "edited": entry.edited,
            "pieces": [[piece.id, piece.length] for piece in entry.pieces],
        }
    )


def load_entry(raw: bytes, seq: int) -> Entry:
    """The reverse of `dump_entry`. Raises StoreMismatch."""
    data = _load(raw)
    role = data.get("role")
    if role not in ROLES:
        raise StoreMismatch(f"log entry {seq} has an unknown role")
    try:
        return Entry(
            role=role,
            text=data.get("text", ""),
            at=data.get("at", 0),
            author_id=data.get("id", ""),
            author=data.get("author", ""),
            message_ids=tuple(data.get("messages", ())),
            tokens=data.get("tokens", 0),
            interrupted=data.get("cut", False),
            turn=data.get("turn", ""),
            model=data.get("model", ""),
            edited=data.get("edited", 0),
            enclosed=tuple(data.get("files", ())),
            pieces=tuple(Piece(*piece) for piece in data.get("pieces", ())),
            seq=seq,
        )
    except TypeError as error:
        raise StoreMismatch(f"log entry {seq} cannot be read") from error


def dump_draft(draft: Draft) -> bytes:
    """Where a reply is being written."""
    spot = draft.spot and [draft.spot.channel, draft.spot.reply_to]
    if draft.spot is not None and spot is not None and draft.spot.space:
        spot.append(draft.spot.space)
    refs = [_ref(ref) for ref in draft.refs]
    # Beside the place, since processes of an older version read the place as a whole.
    asked = draft.spot.asked if draft.spot is not None else ""
    return _dump(
        {
            "spot": spot,
            "asked": asked,
            "refs": refs,
            "note": draft.note,
            "posting": draft.posting,
        }
    )


def load_draft(raw: bytes | None) -> Draft:
    """The reverse of `dump_draft`; nothing stored is an empty draft. Raises StoreMismatch."""
    if not raw:
        return Draft()
    data = _load(raw)
    spot = data.get("spot")
    try:
        return Draft(
            spot=None if spot is None else Spot(*spot, asked=data.get("asked", "")),
            refs=tuple(MessageRef(*ref) for ref in data.get("refs", ())),
            note=data.get("note", ""),
            posting=data.get("posting", False),
        )
    except TypeError as error:
        raise StoreMismatch("a draft cannot be read") from error


def dump_askers(askers: Iterable[str]) -> bytes:
    """Ids of people."""
    return to_bytes(json.dumps(sorted(askers), ensure_ascii=False))


def load_askers(raw: bytes | None) -> frozenset[str]:
    """The reverse of `dump_askers`; nothing stored is nobody. Raises StoreMismatch."""
    try:
        data: object = json.loads(to_text(raw)) if raw else []
    except ValueError as error:
        raise StoreMismatch("stored data is not JSON") from error
    if not isinstance(data, list):
        raise StoreMismatch("stored data has an unknown form")
    return frozenset(str(user) for user in cast(list[object], data))


def dump_leftover(leftover: Leftover) -> bytes:
    """A message that is to be deleted, always the same bytes for the same one."""
    return _dump({"thread": str(leftover.thread), "ref": _ref(leftover.ref)})


def load_leftover(raw: bytes) -> Leftover:
    """The reverse of `dump_leftover`. Raises StoreMismatch."""
    data = _load(raw)
    try:
        return Leftover(ThreadKey.parse(data["thread"]), MessageRef(*data["ref"]))
    except (KeyError, TypeError, ValueError) as error:
        raise StoreMismatch("a leftover message cannot be read") from error


def dump_summary(summary: Summary) -> bytes:
    """A summary's text and origin; version and cursor are kept beside it. Empty for none."""
    return _dump({"text": summary.text, "by": summary.made_by}) if summary.text else b""


def load_summary(raw: bytes | None, upto: int, version: int) -> Summary:
    """The reverse of `dump_summary`. Raises StoreMismatch."""
    if not raw:
        return Summary(upto=upto, version=version)
    data = _load(raw)
    return Summary(data.get("text", ""), upto, version, data.get("by", ""))


def _ref(ref: MessageRef) -> list[str]:
    return [ref.channel, ref.message, *([ref.space] if ref.space else [])]


def _dump(data: dict[str, Any]) -> bytes:
    kept = {name: value for name, value in data.items() if value not in (None, "", False, [])}
    return to_bytes(json.dumps(kept, ensure_ascii=False, separators=(",", ":")))


def _load(raw: bytes) -> dict[str, Any]:
    try:
        data: object = json.loads(to_text(raw))
    except ValueError as error:
        raise StoreMismatch("stored data is not JSON") from error
    if not isinstance(data, dict):
        raise StoreMismatch("stored data has an unknown form")
    return cast(dict[str, Any], data)
