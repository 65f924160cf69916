"""What answers look like on the wire."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from bot.api.asked import CreateItem, Item, Shape
from bot.audience import Grant
from bot.memories import (
    Context,
    Found,
    Kind,
    Memory,
    Page,
    Said,
    ScopeKind,
    Stats,
    Status,
    Written,
    Wrote,
)
from bot.memory.imported import ImportReport
from bot.memory.rights import without_origin


class SourceShape(Shape):
    """Where a memory came from."""

    via: str
    author: str | None
    thread: str | None
    message_ids: list[str]
    link: str | None


class MemoryShape(Shape):
    """Something remembered; times in seconds since the epoch."""

    object: Literal["memory"] = "memory"
    id: str
    content: str
    kind: Kind
    tags: list[str]
    subject: str
    pinned: bool
    status: Status
    confirmed: bool
    scope: str
    scope_kind: ScopeKind
    source: SourceShape
    supersedes: list[str]
    superseded_by: str | None
    event_at: float | None
    expires_at: float | None
    created_at: float
    updated_at: float
    used_at: float | None
    uses: int
    version: int


class CreatedShape(MemoryShape):
    """What was remembered, and what says nearly the same."""

    result: Wrote
    similar: list[MemoryShape]


class ListShape(Shape):
    """A page of memories, the newest first; go on with `after` as `last_id`."""

    object: Literal["list"] = "list"
    data: list[MemoryShape]
    first_id: str | None
    last_id: str | None
    has_more: bool


class DeletedShape(Shape):
    """It is gone for good."""

    object: Literal["memory.deleted"] = "memory.deleted"
    id: str
    deleted: bool = True


class SaidShape(Shape):
    """One message of a past conversation."""

    object: Literal["conversation.message"] = "conversation.message"
    thread: str
    seq: int
    role: str
    author: str
    content: str
    at: float
    message_ids: list[str]


class ConversationShape(Shape):
    """What was said, oldest first; go on with `after` as `last_seq`."""

    object: Literal["list"] = "list"
    data: list[SaidShape]
    last_seq: int | None
    has_more: bool


class HitShape(Shape):
    """One hit: a memory or something said. Scores are 0 to 1, comparable within one answer."""

    object: Literal["memory.hit"] = "memory.hit"
    score: float
    memory: MemoryShape | None
    said: SaidShape | None


class HitsShape(Shape):
    """What a search has found, best first."""

    object: Literal["list"] = "list"
    data: list[HitShape]


class PackedShape(Shape):
    """Ready to be put before a model, as reference."""

    object: Literal["memory.context"] = "memory.context"
    text: str
    tokens: int
    left_out: int
    data: list[HitShape]


class ResultShape(Shape):
    """What became of one operation of a batch."""

    index: int
    op: Literal["create", "update", "delete"]
    result: Wrote
    id: str | None
    memory: MemoryShape | None
    similar: list[MemoryShape]
    message: str | None


class ResultsShape(Shape):
    """What became of a batch, in its order."""

    object: Literal["memory.batch"] = "memory.batch"
    data: list[ResultShape]


class OpenScope(Shape):
    """A scope that the token opens."""

    name: str
    kind: ScopeKind
    writable: bool


class StatsShape(Shape):
    """Figures of what the token opens, of active memories."""

    object: Literal["memory.stats"] = "memory.stats"
    total: int
    by_scope: Mapping[str, int]
    by_kind: Mapping[str, int]
    by_tag: Mapping[str, int]
    scopes: list[OpenScope]


class PlaceShape(Shape):
    """A line of an import, and what is wrong with it."""

    where: str
    why: str


class ReportShape(Shape):
    """What an import did, or with dry_run would do."""

    object: Literal["memory.import"] = "memory.import"
    dry_run: bool
    conversations: bool
    new: int
    same: int
    renewed: int
    refused: int
    refusals: list[PlaceShape]
    broken: int
    breaks: list[PlaceShape]


class ErrorDetail(Shape):
    """What is wrong."""

    message: str
    type: str
    param: str | None
    code: str


class ErrorShape(Shape):
    """A request that was refused."""

    error: ErrorDetail


def memory_shape(memory: Memory) -> MemoryShape:
    """A memory as answers show it."""
    text, source = memory.text, without_origin(memory).source
    return MemoryShape(
        id=memory.id,
        content=text.content,
        kind=text.kind,
        tags=list(text.tags),
        subject=text.subject,
        pinned=text.pinned,
        status=memory.status,
        confirmed=memory.confirmed,
        scope=str(memory.scope),
        scope_kind=memory.scope.kind,
        source=SourceShape(
            via=source.via,
            author=str(source.author) if source.author else None,
            thread=str(source.thread) if source.thread else None,
            message_ids=list(source.message_ids),
            link=source.link or None,
        ),
        supersedes=list(memory.supersedes),
        superseded_by=memory.superseded_by or None,
        event_at=text.event_at or None,
        expires_at=text.expires_at or None,
        created_at=memory.created_at,
        updated_at=memory.updated_at,
        used_at=memory.used_at or None,
        uses=memory.uses,
        version=memory.version,
    )


def created_shape(memory: Memory, written: Written) -> CreatedShape:
    """A memory that was added, or was there already."""
    similar = [memory_shape(each) for each in written.similar]
    return CreatedShape(**dict(memory_shape(memory)), result=written.result, similar=similar)


def list_shape(page: Page) -> ListShape:
    """A page as answers show it."""
    data = [memory_shape(each) for each in page.memories]
    return ListShape(
        data=data,
        first_id=data[0].id if data else None,
        last_id=data[-1].id if data else None,
        has_more=bool(page.after),
    )


def result_shape(index: int, item: Item, written: Written) -> ResultShape:
    """What became of one operation of a batch."""
    memory = written.memory
    id = "" if isinstance(item, CreateItem) else item.id
    return ResultShape(
        index=index,
        op=item.op,
        result=written.result,
        id=(memory.id if memory else id) or None,
        memory=memory_shape(memory) if memory else None,
        similar=[memory_shape(each) for each in written.similar],
        message=written.why or None,
    )


def stats_shape(stats: Stats, grant: Grant) -> StatsShape:
    """Figures as answers show them, with what the token opens."""
    return StatsShape(
        total=stats.total,
        by_scope={str(kind): count for kind, count in stats.by_scope.items()},
        by_kind={str(kind): count for kind, count in stats.by_kind.items()},
        by_tag=dict(stats.by_tag),
        scopes=[
            OpenScope(name=str(each), kind=each.kind, writable=each in grant.writable)
            for each in grant.readable
        ],
    )


def report_shape(report: ImportReport) -> ReportShape:
    """What became of an import, as answers show it."""
    return ReportShape(
        dry_run=report.dry_run,
        conversations=report.conversations,
        new=report.new,
        same=report.same,
        renewed=report.renewed,
        refused=report.refused,
        refusals=[PlaceShape(where=each.where, why=each.why) for each in report.refusals],
        broken=report.broken,
        breaks=[PlaceShape(where=each.where, why=each.why) for each in report.breaks],
    )


def said_shape(said: Said) -> SaidShape:
    """A message as answers show it."""
    return SaidShape(
        thread=str(said.thread),
        seq=said.seq,
        role=said.role,
        author=said.author,
        content=said.text,
        at=said.at,
        message_ids=list(said.message_ids),
    )


def hit_shape(found: Found) -> HitShape:
    """A hit as answers show it."""
    return HitShape(
        score=found.score,
        memory=memory_shape(found.memory) if found.memory else None,
        said=said_shape(found.said) if found.said else None,
    )


def packed_shape(context: Context) -> PackedShape:
    """A context as answers show it."""
    return PackedShape(
        text=context.text,
        tokens=context.tokens,
        left_out=context.left_out,
        data=[hit_shape(each) for each in context.found],
    )
