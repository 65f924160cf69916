"""How memories change: by being said again, by being changed, by being corrected. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from bot.memories import (
    MOST_TAGS,
    Kind,
    Memory,
    MemoryText,
    Person,
    Scope,
    ScopeKind,
    Source,
    Status,
    Via,
)
from bot.memory.port import Change


def said_again(there: Memory, text: MemoryText, confirmed: bool, now: float) -> Memory:
    """A memory after the same content was to be remembered once more.

    Nothing that it has is lost: tags and pin are added, gaps filled, it stays at least as long. Who
    confirms what was found by itself decides until when it stays.
    """
    mine = there.text
    expires = max(mine.expires_at, text.expires_at)
    if 0 in (mine.expires_at, text.expires_at):
        expires = 0.0
    if confirmed and not there.confirmed:
        expires = text.expires_at
    together = replace(
        mine,
        kind=text.kind if mine.kind is Kind.NOTE else mine.kind,
        tags=tuple(dict.fromkeys((*mine.tags, *text.tags)))[:MOST_TAGS],
        subject=mine.subject or text.subject,
        pinned=mine.pinned or text.pinned,
        event_at=mine.event_at or text.event_at,
        expires_at=expires,
    )
    return replace(
        there,
        text=together,
        status=Status.ACTIVE,
        confirmed=there.confirmed or confirmed,
        updated_at=now,
        version=there.version + 1,
    )


def wished(there: Memory, by: Person) -> Memory:
    """The same, with a note that somebody asks for it, too, where others than its owner can."""
    if there.scope.kind in (ScopeKind.USER, ScopeKind.DM):
        return there
    return replace(there, source=there.source.with_wish(by))


def wished_no_more(there: Memory, by: Person, now: float) -> Memory | None:
    """A memory that this person no longer wants; None if nobody else has asked for it."""
    source = there.source.without_wish(by)
    if source is None:
        return None
    return replace(there, source=source, updated_at=now, version=there.version + 1)


def text_after(text: MemoryText, change: Change) -> MemoryText:
    """A text with the parts that a change names."""
    parts: Mapping[str, object | None] = {
        "content": change.content,
        "kind": change.kind,
        "tags": change.tags,
        "subject": change.subject,
        "pinned": change.pinned,
        "event_at": change.event_at,
        "expires_at": change.expires_at,
    }
    named = {name: value for name, value in parts.items() if value is not None}
    return replace(text, **named)  # pyright: ignore[reportArgumentType]


def changed(there: Memory, text: MemoryText, change: Change, now: float) -> Memory:
    """A memory with another text of the same content, and the rest of a change; its next version.

    Whoever confirms what was found by itself keeps it for good, unless the change says until when.
    """
    if change.confirmed and not there.confirmed and change.expires_at is None:
        text = replace(text, expires_at=0.0)
    status = there.status
    if change.archived is not None and status is not Status.SUPERSEDED:
        status = Status.ARCHIVED if change.archived else Status.ACTIVE
    confirmed = there.confirmed if change.confirmed is None else change.confirmed
    if (text, status, confirmed) == (there.text, there.status, there.confirmed):
        return there
    return replace(
        there,
        text=text,
        status=status,
        confirmed=confirmed,
        updated_at=now,
        version=there.version + 1,
    )


def rewritten(source: Source, scope: Scope, by: Person, via: Via) -> Source:
    """Where new words in the place of a memory's come from: from whoever wrote them.

    What was one's own before, or another account's of one's own, stays what it was. Of others'
    nothing is claimed any more but the conversation that it goes back to, and whose words it puts
    right, unless they were `by`'s in the first place.
    """
    author = source.author
    if author == by or (author is not None and scope == Scope.of_person(author)):
        return replace(source, via=via, also=())
    others = source.former
    if author is not None and by not in others:
        others = (*others, author)
    former = tuple(each for each in others if each != by)
    return Source(via, by, source.thread, former=former, confined=source.confined)


def superseded(there: Memory, by: str, now: float) -> Memory:
    """A memory that another one says otherwise than."""
    return replace(
        there,
        status=Status.SUPERSEDED,
        superseded_by=by,
        updated_at=now,
        version=there.version + 1,
        was_archived=there.status is Status.ARCHIVED,
    )


def superseding(there: Memory, older: str, now: float) -> Memory:
    """A memory that said already what another one was corrected to."""
    return replace(
        there,
        supersedes=(*there.supersedes, older),
        updated_at=now,
        version=there.version + 1,
    )


def taken_back(
    there: Memory,
    before: Sequence[Memory],
    by: Person,
    now: float,
    may_change: Callable[[Memory], bool],
) -> tuple[Sequence[Memory], Memory | None]:
    """What holds again when the latest of a memory is undone, and what is left of it, if anything.

    `before` are those that it has superseded. One that was given up to it after it was made comes
    back alone, the latest of them first, of those that `by` may change. Without any it goes and all
    of `before` come back, unless others have asked for it as well: then it is theirs.
    """
    later = [each for each in before if each.updated_at > there.created_at and may_change(each)]
    if not later:
        if (theirs := wished_no_more(there, by, now)) is not None:
            return [], theirs
        return [holding_again(each, now) for each in before], None
    latest = max(later, key=lambda each: each.updated_at)
    source = there.source
    if by in source.also:
        source = source.without_wish(by) or source
    left = replace(
        there,
        source=source,
        supersedes=tuple(id for id in there.supersedes if id != latest.id),
        updated_at=now,
        version=there.version + 1,
    )
    return [holding_again(latest, now)], left


def holding_again(there: Memory, now: float) -> Memory:
    """A memory of which the correction was taken back."""
    return replace(
        there,
        status=Status.ARCHIVED if there.was_archived else Status.ACTIVE,
        superseded_by="",
        updated_at=now,
        version=there.version + 1,
        was_archived=False,
    )
