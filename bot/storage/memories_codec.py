"""How memories are kept: "<version> <digest of the content> <JSON>", and their use beside them.

As in codec.py fields with their default value are left out and unknown ones passed over.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import cast

from bot.chat import ThreadKey
from bot.errors import StoreMismatch
from bot.memories import Kind, Memory, MemoryText, Person, Scope, Source, Status, Via
from bot.storage.codec import to_bytes, to_text


def dump_memory(memory: Memory, digest: str) -> bytes:
    """A memory without its id, scope and use, under its version and the digest of its content."""
    text, source = memory.text, memory.source
    data: dict[str, object] = {
        "content": text.content,
        "kind": text.kind.value,
        "tags": text.tags,
        "subject": text.subject,
        "pinned": text.pinned,
        "event": text.event_at,
        "expires": text.expires_at,
        "via": source.via.value,
        "author": str(source.author or ""),
        "thread": str(source.thread or ""),
        "messages": source.message_ids,
        "link": source.link,
        "former": tuple(map(str, source.former)),
        "also": tuple(map(str, source.also)),
        "confined": source.confined,
        "status": "" if memory.status is Status.ACTIVE else memory.status.value,
        "unconfirmed": not memory.confirmed,
        "supersedes": memory.supersedes,
        "by": memory.superseded_by,
        "archived": memory.was_archived,
        "created": memory.created_at,
        "updated": memory.updated_at,
    }
    kept = {name: value for name, value in data.items() if value not in ("", False, 0.0, ())}
    text_of = json.dumps(kept, ensure_ascii=False, separators=(",", ":"))
    return to_bytes(f"{memory.version} {digest} {text_of}")


def load_memory(scope: Scope, id: str, raw: bytes, used: bytes | None = None) -> Memory:
    """The reverse of `dump_memory`. Raises StoreMismatch."""
    try:
        version, _, kept = to_text(raw).split(" ", 2)
        data = cast("Mapping[str, object]", json.loads(kept))
        uses, _, at = to_text(used or b"").partition("|")
        return Memory(
            id,
            _text_of(data),
            scope,
            _source_of(data),
            Status(_str(data, "status") or Status.ACTIVE),
            not data.get("unconfirmed", False),
            _strs(data, "supersedes"),
            _str(data, "by"),
            _float(data, "created"),
            _float(data, "updated"),
            int(at or 0) / 1000,
            int(uses or 0),
            int(version),
            bool(data.get("archived", False)),
        )
    except (AttributeError, TypeError, ValueError) as error:
        raise StoreMismatch(f"the memory {id} cannot be read") from error


def digest_in(raw: bytes) -> str:
    """The digest that a kept memory begins with."""
    return to_text(raw).split(" ", 2)[1]


def _text_of(data: Mapping[str, object]) -> MemoryText:
    return MemoryText(
        _str(data, "content"),
        Kind(_str(data, "kind")),
        _strs(data, "tags"),
        _str(data, "subject"),
        bool(data.get("pinned", False)),
        _float(data, "event"),
        _float(data, "expires"),
    )


def _source_of(data: Mapping[str, object]) -> Source:
    author, thread = _str(data, "author"), _str(data, "thread")
    return Source(
        Via(_str(data, "via")),
        Person.parse(author) if author else None,
        ThreadKey.parse(thread) if thread else None,
        _strs(data, "messages"),
        _str(data, "link"),
        tuple(map(Person.parse, _strs(data, "former"))),
        tuple(map(Person.parse, _strs(data, "also"))),
        bool(data.get("confined", False)),
    )


def _str(data: Mapping[str, object], name: str) -> str:
    value = data.get(name, "")
    if not isinstance(value, str):
        raise TypeError(name)
    return value


def _strs(data: Mapping[str, object], name: str) -> tuple[str, ...]:
    value = data.get(name, [])
    if not isinstance(value, list):
        raise TypeError(name)
    return tuple(str(each) for each in cast("list[object]", value))


def _float(data: Mapping[str, object], name: str) -> float:
    value = data.get(name, 0.0)
    if not isinstance(value, int | float):
        raise TypeError(name)
    return float(value)
