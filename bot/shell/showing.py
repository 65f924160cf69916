"""Memories as lines for people, or as JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from bot.memories import Context, Found, Memory, Stats, Status, Written, Wrote
from bot.memory.formats.lines import memory_parts
from bot.memory.imported import ImportReport

SHORTEST = 100
"""Characters of a memory in a list."""


def as_json(value: object) -> str:
    """One JSON document."""
    return json.dumps(value, ensure_ascii=False, indent=2)


def memory_json(memory: Memory) -> dict[str, Any]:
    """A memory with all its parts, named as in an export."""
    return memory_parts(memory)


def found_json(found: Found) -> dict[str, Any]:
    """A hit of a search."""
    said = found.said
    return {
        "score": found.score,
        "memory": memory_json(found.memory) if found.memory is not None else None,
        "said": None
        if said is None
        else {
            "thread": str(said.thread),
            "seq": said.seq,
            "role": said.role,
            "author": said.author,
            "text": said.text,
            "at": said.at,
            "message_ids": list(said.message_ids),
        },
    }


def written_json(written: Written) -> dict[str, Any]:
    """The answer to a write."""
    return {
        "result": written.result.value,
        "memory": memory_json(written.memory) if written.memory is not None else None,
        "similar": [memory_json(each) for each in written.similar],
        "why": written.why,
    }


def context_json(context: Context) -> dict[str, Any]:
    """What was packed."""
    return {
        "text": context.text,
        "tokens": context.tokens,
        "left_out": context.left_out,
        "found": [found_json(each) for each in context.found],
    }


def stats_json(stats: Stats) -> dict[str, Any]:
    """Figures."""
    return {
        "total": stats.total,
        "by_scope": {str(name): count for name, count in stats.by_scope.items()},
        "by_kind": {str(name): count for name, count in stats.by_kind.items()},
        "by_tag": dict(stats.by_tag),
    }


def report_json(report: ImportReport) -> dict[str, Any]:
    """What an import did."""
    return asdict(report)


def memory_text(memory: Memory) -> str:
    """One memory in a line, its id first."""
    text = memory.text
    words = " ".join(text.content.split())
    if len(words) > SHORTEST:
        words = words[: SHORTEST - 1] + "…"
    tags = "".join(f" #{tag}" for tag in text.tags)
    marks = [text.kind.value]
    marks += ["pinned"] if text.pinned else []
    marks += [memory.status.value] if memory.status is not Status.ACTIVE else []
    marks += [] if memory.confirmed else ["unconfirmed"]
    return f"{memory.id}  {words}{tags}  ({', '.join(marks)})"


def found_text(found: Found) -> str:
    """One hit in a line."""
    if found.memory is not None:
        return f"{found.score:.2f}  {memory_text(found.memory)}"
    said = found.said
    assert said is not None
    words = " ".join(said.text.split())[:SHORTEST]
    return f"{found.score:.2f}  {_day(said.at)} {said.author or 'Bobbin'}: {words}  ({said.thread})"


def memory_page(memory: Memory) -> str:
    """One memory with everything about it."""
    text, source = memory.text, memory.source
    rows = [
        ("id", memory.id),
        ("kind", text.kind.value),
        ("tags", " ".join(f"#{tag}" for tag in text.tags)),
        ("about", text.subject),
        ("scope", str(memory.scope)),
        ("status", memory.status.value + ("" if memory.confirmed else ", unconfirmed")),
        ("pinned", "yes" if text.pinned else ""),
        ("happens", _day(text.event_at)),
        ("expires", _day(text.expires_at)),
        ("said by", str(source.author or "")),
        ("came by", source.via.value),
        ("from", str(source.thread or "") or source.link),
        ("messages", " ".join(source.message_ids)),
        ("corrects", " ".join(memory.supersedes)),
        ("corrected by", memory.superseded_by),
        ("created", _day(memory.created_at)),
        ("changed", _day(memory.updated_at)),
        ("recalled", f"{memory.uses} time(s), last {_day(memory.used_at)}" if memory.uses else ""),
        ("version", str(memory.version)),
    ]
    head = "\n".join(f"{name:>12}  {value}" for name, value in rows if value)
    return f"{head}\n\n{text.content}"


def written_text(written: Written, id: str = "") -> str:
    """What became of a write, in a line; `id` is of what it was about, where that is gone."""
    parts = [written.result.value]
    memory = written.memory
    if memory is not None:
        parts.append(memory_text(memory))
    elif id:
        parts.append(id)
    if written.why:
        parts.append(written.why)
    elif memory is not None and written.result is Wrote.CONFLICT:
        parts.append(f"it is at version {memory.version} now")
    if memory is not None and memory.superseded_by and written.result is Wrote.REFUSED:
        parts.append(memory.superseded_by)
    lines = ["  ".join(parts)]
    lines += [f"  similar: {memory_text(each)}" for each in written.similar]
    return "\n".join(lines)


def undone_text(written: Written, id: str) -> str:
    """What became of taking back the latest of a memory, in a line for each that it concerns."""
    match written.result:
        case Wrote.DELETED:
            lines = [f"taken back  {id}  it is not remembered any more"]
        case Wrote.UPDATED if written.why:
            lines = [f"taken back  {id}  {written.why}"]
        case Wrote.UPDATED:
            lines = [f"taken back  {id}  it stays, and what it had replaced last is there again"]
        case Wrote.MISSING:
            return f"there is no {id} there"
        case _:
            return written_text(written)
    if written.memory is not None:
        lines.append(f"  holds again: {memory_text(written.memory)}")
    return "\n".join(lines)


def so_many(memories: int) -> str:
    """How many memories."""
    return f"{memories} memory" if memories == 1 else f"{memories} memories"


def stats_text(stats: Stats) -> str:
    """Figures, the largest first."""
    lines = [so_many(stats.total)]
    groups: Iterable[tuple[str, Iterable[tuple[str, int]]]] = (
        ("scope", [(str(name), count) for name, count in stats.by_scope.items()]),
        ("kind", [(str(name), count) for name, count in stats.by_kind.items()]),
        ("tag", [(f"#{name}", count) for name, count in stats.by_tag.items()]),
    )
    for what, counts in groups:
        largest = sorted(counts, key=lambda each: (-each[1], each[0]))
        lines += [f"{what:>6}  {name}: {count}" for name, count in largest]
    return "\n".join(lines)


def report_text(report: ImportReport) -> str:
    """What an import did or would do, in lines; the first is the sum."""
    what = "conversations" if report.conversations else "memories"
    counts = [f"{report.new} new", f"{report.same} there already"]
    counts += [f"{report.renewed} renewed"] if report.renewed else []
    counts += [f"{report.refused} refused"] if report.refused else []
    counts += [f"{report.broken} unreadable"] if report.broken else []
    head = "would import " if report.dry_run else ""
    lines = [f"{head}{what}: {', '.join(counts)}"]
    for count, named in ((report.broken, report.breaks), (report.refused, report.refusals)):
        lines += [f"  {each}" for each in named]
        lines += [f"  and {count - len(named)} more"] if count > len(named) else []
    if report.broken:
        lines.append("nothing will be imported until these are mended")
    return "\n".join(lines)


def _day(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M") if at else ""
