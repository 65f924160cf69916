"""Memories written as NDJSON, a header first; `native` reads them. Pure, and quick to import."""

from __future__ import annotations

import json
from typing import Any

from bot.memories import Memory

FORMAT = "bobbin.memory"
VERSION = 1


def header_line() -> str:
    """The first line of a file."""
    return json.dumps({"format": FORMAT, "version": VERSION}) + "\n"


def memory_line(memory: Memory) -> str:
    """One memory as a line of ASCII, in the same order of parts each time."""
    return json.dumps(memory_parts(memory)) + "\n"


def memory_parts(memory: Memory) -> dict[str, Any]:
    """One memory with all its parts, as JSON has it."""
    text, source = memory.text, memory.source
    return {
        "id": memory.id,
        "content": text.content,
        "kind": text.kind.value,
        "tags": list(text.tags),
        "subject": text.subject,
        "pinned": text.pinned,
        "event_at": float(text.event_at),
        "expires_at": float(text.expires_at),
        "scope": str(memory.scope),
        "source": {
            "via": source.via.value,
            "author": str(source.author) if source.author is not None else "",
            "thread": str(source.thread) if source.thread is not None else "",
            "message_ids": list(source.message_ids),
            "link": source.link,
            "former": [str(each) for each in source.former],
            "also": [str(each) for each in source.also],
            "confined": source.confined,
        },
        "status": memory.status.value,
        "confirmed": memory.confirmed,
        "supersedes": list(memory.supersedes),
        "superseded_by": memory.superseded_by,
        "was_archived": memory.was_archived,
        "created_at": float(memory.created_at),
        "updated_at": float(memory.updated_at),
        "used_at": float(memory.used_at),
        "uses": memory.uses,
        "version": memory.version,
    }
