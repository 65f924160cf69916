"""What callers can have done, whatever they speak: REST and MCP are two skins over this."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import TypeVar

from pydantic import ValidationError

from bot.api.answers import (
    ConversationShape,
    CreatedShape,
    DeletedShape,
    HitShape,
    ListShape,
    MemoryShape,
    PackedShape,
    ResultShape,
    StatsShape,
    created_shape,
    hit_shape,
    list_shape,
    memory_shape,
    packed_shape,
    result_shape,
    said_shape,
    stats_shape,
)
from bot.api.asked import (
    ChangeShape,
    ContextShape,
    CreateItem,
    DeleteItem,
    FilterShape,
    Item,
    NewShape,
    SearchShape,
    UpdateItem,
    filter_of,
)
from bot.api.faults import Fault, missing
from bot.api.reading import wrong
from bot.audience import Grant, narrowed
from bot.chat import ThreadKey
from bot.errors import BadRequest
from bot.memories import Memory, MemoryText, Scope, ScopeKind, Source, Written, Wrote
from bot.memory.checks import tags_of
from bot.memory.port import Change, Memories, NewMemory

MOST_MESSAGES = 100
"""Of a conversation, at once."""

S = TypeVar("S", NewShape, ChangeShape)


class Actions:
    """Carries out what was asked for. A grant says who asks; no argument can widen it.

    All raise Fault or BadRequest for what is refused, StoreError when the store is away.
    """

    def __init__(self, memories: Memories) -> None:
        self._memories = memories

    async def list(
        self, grant: Grant, asked: FilterShape, *, after: str = "", limit: int = 20
    ) -> ListShape:
        """A page of memories."""
        given = within(grant, asked.scopes)
        page = await self._memories.page(given, filter_of(asked), after=after, limit=limit)
        return list_shape(page)

    async def get(self, grant: Grant, id: str) -> MemoryShape:
        """One memory."""
        found = await self._memories.get(grant, id)
        if found is None:
            raise missing()
        return memory_shape(found)

    async def create(self, grant: Grant, asked: NewShape, *, key: str = "") -> CreatedShape:
        """Remember one thing."""
        may_write(grant)
        written = await self._memories.add(grant, _new(grant, asked), key=key)
        return created_shape(_done(written), written)

    async def update(
        self,
        grant: Grant,
        id: str,
        asked: ChangeShape,
        *,
        match: int | None = None,
        key: str = "",
    ) -> MemoryShape:
        """Change one; `match` is the version that If-Match names."""
        may_write(grant)
        version = asked.version if match is None else match
        if match is not None and asked.version not in (None, match):
            raise BadRequest("If-Match and version name two versions.", field="version")
        written = await self._memories.update(grant, id, _change(asked), version=version, key=key)
        return memory_shape(_done(written, status=409 if match is None else 412))

    async def undo(self, grant: Grant, id: str) -> MemoryShape:
        """Take a correction back; what it had corrected, or what others keep of it, is answered.

        Done again within a day it answers the same.
        """
        may_write(grant)
        found = await self._memories.get(grant, id)
        if found is not None and not found.supersedes:
            raise BadRequest("It has corrected nothing. To take it away delete it.")
        written = await self._memories.undo(grant, id)
        if found is None and written.memory is None:
            raise missing()
        if written.result is Wrote.UPDATED and written.memory is None:
            return await self.get(grant, id)
        return memory_shape(_done(written))

    async def delete(self, grant: Grant, id: str, *, key: str = "") -> DeletedShape:
        """Delete one for good."""
        may_write(grant)
        [written] = await self._memories.delete(grant, [id], key=key)
        if written.result is not Wrote.DELETED:
            _done(written)
            raise missing()
        return DeletedShape(id=id)

    async def search(self, grant: Grant, asked: SearchShape) -> Sequence[HitShape]:
        """What fits a query best."""
        found = await self._memories.search(
            within(grant, asked.scopes),
            asked.query,
            filter_of(asked),
            limit=asked.limit,
            said=asked.said,
        )
        return [hit_shape(each) for each in found]

    async def context(self, grant: Grant, asked: ContextShape) -> PackedShape:
        """What a model should know for a question."""
        packed = await self._memories.context(
            within(grant, asked.scopes),
            asked.query,
            tags_of(asked.tags),
            max_tokens=asked.max_tokens,
            said=asked.said,
        )
        return packed_shape(packed)

    async def batch(
        self, grant: Grant, items: Sequence[Item], *, key: str = ""
    ) -> Sequence[ResultShape]:
        """Many changes in their order, each with a result of its own.

        Neighbours of one kind go together. What is wrong with an item's values is that item's
        result.
        """
        results: list[ResultShape] = []
        may_write(grant)
        for _, group in groupby(items, key=lambda item: item.op):
            run = list(group)
            part = f"{key}:{len(results)}" if key else ""
            written = await self._carry_out(grant, run, part)
            results += [
                result_shape(len(results) + place, item, done)
                for place, (item, done) in enumerate(zip(run, written, strict=True))
            ]
        return results

    async def _carry_out(self, grant: Grant, run: Sequence[Item], key: str) -> Sequence[Written]:
        """Items of one kind; those that cannot be meant are left out of the call."""
        refused: dict[int, Written] = {}
        creates: list[NewMemory] = []
        updates: list[tuple[str, Change, int | None]] = []
        deletes: list[str] = []
        for place, item in enumerate(run):
            try:
                match item:
                    case CreateItem():
                        creates.append(_new(grant, _bounded(NewShape, item)))
                    case UpdateItem():
                        asked = _bounded(ChangeShape, item)
                        updates.append((item.id, _change(asked), asked.version))
                    case DeleteItem():
                        deletes.append(item.id)
            except BadRequest as error:
                refused[place] = Written(Wrote.REFUSED, why=error.user_text)
        done: list[Written] = []
        if creates:
            done += await self._memories.add_all(grant, creates, key=key)
        if updates:
            done += await self._memories.update_all(grant, updates, key=key)
        if deletes:
            done += await self._memories.delete(grant, deletes, key=key)
        rest = iter(done)
        return [refused.get(place) or next(rest) for place in range(len(run))]

    async def stats(self, grant: Grant) -> StatsShape:
        """Figures, and what the token opens."""
        return stats_shape(await self._memories.stats(grant), grant)

    async def conversation(
        self, grant: Grant, name: str, *, after: int = 0, limit: int = 50
    ) -> ConversationShape:
        """What was said in a conversation."""
        try:
            thread = ThreadKey.parse(name)
        except ValueError:
            raise missing("conversation") from None
        said = await self._memories.conversation(grant, thread, after=after, limit=limit + 1)
        if said is None:
            raise missing("conversation")
        data = [said_shape(each) for each in said[:limit]]
        return ConversationShape(
            data=data, last_seq=data[-1].seq if data else None, has_more=len(said) > limit
        )


def may_write(grant: Grant) -> None:
    """Raises Fault where nothing may be written."""
    if not grant.writable:
        raise Fault(403, "read_only", "This token is for reading only.")


def within(grant: Grant, names: Sequence[str]) -> Grant:
    """What a caller may do, in the scopes that it names only."""
    if not names:
        return grant
    meant = {each for name in names for each in named(grant.readable, name, "scopes")}
    return narrowed(grant, meant)


def named(scopes: Sequence[Scope], name: str, field: str = "scope") -> Sequence[Scope]:
    """Those of the scopes that a name means. Raises BadRequest where it means none of them."""
    if name in list(ScopeKind):
        return [each for each in scopes if each.kind == name]
    found = [each for each in scopes if str(each) == name]
    if not found:
        raise BadRequest("This token does not open such a scope.", field=field)
    return found


def _bounded(shape: type[S], item: CreateItem | UpdateItem) -> S:
    """An item of a batch, held to the bounds of what is asked for alone. Raises BadRequest."""
    try:
        return shape.model_validate(item.model_dump(exclude={"op", "id"}, exclude_unset=True))
    except ValidationError as error:
        raise BadRequest(wrong(error).user_text) from None


def _new(grant: Grant, asked: NewShape) -> NewMemory:
    scope: Scope | None = None
    if asked.scope is not None:
        meant = named(grant.writable, asked.scope)
        if len(meant) != 1:
            several = "several scopes of this kind; name one of them" if meant else "no such scope"
            raise BadRequest(f"This token may write to {several}.", field="scope")
        scope = meant[0]
    text = MemoryText(
        content=asked.content,
        kind=asked.kind,
        tags=tuple(asked.tags),
        subject=asked.subject,
        pinned=asked.pinned,
        event_at=asked.event_at or 0.0,
        expires_at=asked.expires_at or 0.0,
    )
    return NewMemory(text, Source(grant.via, author=grant.person), scope)


def _change(asked: ChangeShape) -> Change:
    """What was named; a time of null is one that is taken away."""
    named = asked.model_fields_set - {"version"}
    if not named:
        raise BadRequest("Nothing is to be changed: name at least one field.")
    return Change(
        content=asked.content if "content" in named else None,
        kind=asked.kind if "kind" in named else None,
        tags=tuple(asked.tags) if "tags" in named else None,
        subject=asked.subject if "subject" in named else None,
        pinned=asked.pinned if "pinned" in named else None,
        event_at=(asked.event_at or 0.0) if "event_at" in named else None,
        expires_at=(asked.expires_at or 0.0) if "expires_at" in named else None,
        archived=asked.archived if "archived" in named else None,
        confirmed=asked.confirmed if "confirmed" in named else None,
    )


def _done(written: Written, status: int = 409) -> Memory:
    """The memory that was written. Raises Fault for what was not."""
    match written.result:
        case Wrote.MISSING:
            raise missing()
        case Wrote.CONFLICT:
            version = written.memory.version if written.memory else 0
            raise Fault(
                status,
                "version_conflict",
                f"It has changed meanwhile and is at version {version} now. Read it again.",
                field="version",
            )
        case Wrote.FULL:
            why = written.why or "This scope holds as many memories as it may. Delete some first."
            raise Fault(403, "scope_full", why)
        case Wrote.REFUSED:
            why = written.why or "This may not be remembered."
            newer = written.memory.superseded_by if written.memory else ""
            raise Fault(422, "refused", f"{why} It is {newer}." if newer else why)
        case _:
            pass
    if written.memory is None:
        raise missing()
    return written.memory
