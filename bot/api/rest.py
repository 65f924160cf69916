"""REST: each request's path, what it is asked by and what it answers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.api.actions import Actions
from bot.api.answers import (
    ConversationShape,
    CreatedShape,
    DeletedShape,
    HitsShape,
    ListShape,
    MemoryShape,
    PackedShape,
    ReportShape,
    ResultsShape,
    StatsShape,
)
from bot.api.asked import (
    BatchShape,
    ChangeShape,
    ContextShape,
    ConversationQuery,
    ExportQuery,
    ImportQuery,
    ListQuery,
    NewShape,
    SearchShape,
)
from bot.api.bringing import Bringing
from bot.api.carrying import Carrying, first_line, text_lines
from bot.api.faults import Fault, unauthorized
from bot.api.offer import WriteConversations
from bot.api.reading import (
    bearer,
    chunks,
    digest_of,
    idempotency_key,
    if_match,
    media_type,
    query,
    shape,
)
from bot.api.resources import described_at, describing
from bot.api.streaming import WholeOrCut
from bot.api.verifier import Caller, Verifier
from bot.memories import Via
from bot.memory.formats.detect import format_of_line
from bot.memory.formats.known import Format
from bot.memory.port import Memories

PATH = "/v1"
BODY_BYTES = 256 * 1024
BATCH_BYTES = 8 * 1024 * 1024
IMPORT_BYTES = 64 * 1024 * 1024
NDJSON = "application/x-ndjson"
LINES = (NDJSON, "application/jsonl", "text/plain")
FILES = (NDJSON, "application/json", "application/zip")
"""What an import may be said to be; a few other names do as well."""

SECONDS = 30.0
"""The longest that a request may take; what is streamed out has as long for each part."""

IMPORT_SECONDS = 600.0

Act = Callable[[Request, Caller], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One thing that can be asked for.

    Attributes:
        method: Of HTTP.
        path: With parameters in braces.
        summary: One sentence.
        act: Does it.
        status: Of the answer when it went well.
        answer: Shape of the answer; None for lines of JSON.
        body: Shape of the body; None for none.
        query: Shape of what may follow "?"; None for nothing.
        repeatable: It heeds Idempotency-Key.
        versioned: It heeds If-Match.
        file: The body is a file, of one of the types in `FILES`.
    """

    method: str
    path: str
    summary: str
    act: Act
    status: int = 200
    answer: type[BaseModel] | None = None
    body: type[BaseModel] | None = None
    query: type[BaseModel] | None = None
    repeatable: bool = False
    versioned: bool = False
    file: bool = False


class Rest:
    """What /v1 answers.

    Args:
        memories: The core.
        verifier: Knows who asks.
        conversations: Stores conversations that are brought along.
        clock: Seconds since the epoch.
        url: Where callers reach this server, without a path.
    """

    def __init__(
        self,
        memories: Memories,
        verifier: Verifier,
        conversations: WriteConversations,
        clock: Callable[[], float],
        url: str,
    ) -> None:
        self._url = url
        self._bringing = Bringing(memories, conversations)
        self._clock = clock
        self._memories = memories
        self._actions = Actions(memories)
        self._carrying = Carrying(memories)
        self._verifier = verifier

    def endpoints(self) -> Sequence[Endpoint]:
        """All of it; what is more particular first."""
        base = "/v1/memory"
        return (
            Endpoint(
                "GET",
                base,
                "List memories, the newest first.",
                self._list,
                answer=ListShape,
                query=ListQuery,
            ),
            Endpoint(
                "POST",
                base,
                "Remember something.",
                self._create,
                status=201,
                answer=CreatedShape,
                body=NewShape,
                repeatable=True,
            ),
            Endpoint(
                "POST",
                f"{base}/search",
                "Search memories and past conversations.",
                self._search,
                answer=HitsShape,
                body=SearchShape,
            ),
            Endpoint(
                "POST",
                f"{base}/context",
                "Pack what is worth knowing for a question into a number of tokens.",
                self._context,
                answer=PackedShape,
                body=ContextShape,
            ),
            Endpoint(
                "POST",
                f"{base}/batch",
                "Create, update and delete many, each with a result of its own.",
                self._batch,
                answer=ResultsShape,
                body=BatchShape,
                repeatable=True,
            ),
            Endpoint(
                "GET",
                f"{base}/stats",
                "Count memories, and name the scopes that the token opens.",
                self._stats,
                answer=StatsShape,
            ),
            Endpoint(
                "GET",
                f"{base}/export",
                "Export memories with all their parts as lines of JSON.",
                self._export,
                query=ExportQuery,
            ),
            Endpoint(
                "POST",
                f"{base}/import",
                "Import an export of Bobbin's or another program's; a place that cannot be read is "
                "named, and then nothing is imported.",
                self._import,
                answer=ReportShape,
                query=ImportQuery,
                file=True,
            ),
            Endpoint("GET", f"{base}/{{id}}", "Read one memory.", self._get, answer=MemoryShape),
            Endpoint(
                "PATCH",
                f"{base}/{{id}}",
                "Change one memory; new content supersedes it by a new one, which is answered.",
                self._update,
                answer=MemoryShape,
                body=ChangeShape,
                repeatable=True,
                versioned=True,
            ),
            Endpoint(
                "POST",
                f"{base}/{{id}}/undo",
                "Take a correction back; what it had superseded holds again and is answered.",
                self._undo,
                answer=MemoryShape,
            ),
            Endpoint(
                "DELETE",
                f"{base}/{{id}}",
                "Delete one memory for good.",
                self._delete,
                answer=DeletedShape,
                repeatable=True,
            ),
            Endpoint(
                "GET",
                "/v1/conversations/{thread}",
                "Read a past conversation, oldest first.",
                self._conversation,
                answer=ConversationShape,
                query=ConversationQuery,
            ),
        )

    def routes(self) -> Sequence[Route]:
        """All of it, for the server."""
        return [
            *(
                Route(each.path, self._guarded(each), methods=[each.method])
                for each in self.endpoints()
            ),
            *describing(self._url, PATH),
        ]

    def _guarded(self, endpoint: Endpoint) -> Callable[[Request], Awaitable[Response]]:
        """An endpoint that only those with a token reach, within a time."""

        async def answer(request: Request) -> Response:
            try:
                async with asyncio.timeout(IMPORT_SECONDS if endpoint.file else SECONDS):
                    caller = await self._caller(request)
                    request.state.token = caller.token
                    if endpoint.query is None and request.query_params:
                        name = next(iter(request.query_params))[:100]
                        raise Fault(
                            400, "unknown_parameter", f"{name} is not known here.", field=name
                        )
                    return await endpoint.act(request, caller)
            except TimeoutError:
                raise Fault(504, "timeout", "That took too long. Try again.") from None

        return answer

    async def _caller(self, request: Request) -> Caller:
        try:
            return await self._verifier.verify(bearer(request.headers), Via.API)
        except Fault as fault:
            if fault.status != unauthorized().status:
                raise
            raise unauthorized(str(described_at(self._url, PATH))) from None

    async def _list(self, request: Request, caller: Caller) -> Response:
        asked = query(request, ListQuery)
        page = await self._actions.list(
            caller.grant, asked.filter, after=asked.after, limit=asked.limit
        )
        return _json(page)

    async def _create(self, request: Request, caller: Caller) -> Response:
        asked = await shape(request, NewShape, BODY_BYTES)
        key = await self._key(request, caller, asked)
        created = await self._actions.create(caller.grant, asked, key=key)
        return _json(created, status=201, version=created.version)

    async def _get(self, request: Request, caller: Caller) -> Response:
        found = await self._actions.get(caller.grant, request.path_params["id"])
        return _json(found, version=found.version)

    async def _update(self, request: Request, caller: Caller) -> Response:
        asked = await shape(request, ChangeShape, BODY_BYTES)
        updated = await self._actions.update(
            caller.grant,
            request.path_params["id"],
            asked,
            match=if_match(request),
            key=await self._key(request, caller, asked),
        )
        return _json(updated, version=updated.version)

    async def _undo(self, request: Request, caller: Caller) -> Response:
        restored = await self._actions.undo(caller.grant, request.path_params["id"])
        return _json(restored, version=restored.version)

    async def _delete(self, request: Request, caller: Caller) -> Response:
        id = request.path_params["id"]
        key = await self._key(request, caller)
        return _json(await self._actions.delete(caller.grant, id, key=key))

    async def _search(self, request: Request, caller: Caller) -> Response:
        asked = await shape(request, SearchShape, BODY_BYTES)
        return _json(HitsShape(data=list(await self._actions.search(caller.grant, asked))))

    async def _context(self, request: Request, caller: Caller) -> Response:
        asked = await shape(request, ContextShape, BODY_BYTES)
        return _json(await self._actions.context(caller.grant, asked))

    async def _batch(self, request: Request, caller: Caller) -> Response:
        asked = await shape(request, BatchShape, BATCH_BYTES)
        key = await self._key(request, caller, asked)
        done = await self._actions.batch(caller.grant, asked.operations, key=key)
        return _json(ResultsShape(data=list(done)))

    async def _stats(self, request: Request, caller: Caller) -> Response:
        return _json(await self._actions.stats(caller.grant))

    async def _export(self, request: Request, caller: Caller) -> Response:
        asked = query(request, ExportQuery)
        still = partial(self._verifier.still, bearer(request.headers))
        lines = self._carrying.export(caller.grant, asked.filter, still)
        # What is wrong with the request, or with the store, shows before the answer begins.
        first = [line for line in (await anext(lines, ""), await anext(lines, "")) if line]
        return WholeOrCut(_following(first, lines), media_type=NDJSON)

    async def _import(self, request: Request, caller: Caller) -> Response:
        asked = query(request, ImportQuery)
        sent, body = media_type(request, NDJSON), chunks(request, IMPORT_BYTES)
        if sent not in (*LINES, *FILES):
            raise Fault(415, "unsupported_media_type", f"Send the body as {', '.join(FILES)}.")
        still = partial(self._verifier.still, bearer(request.headers))
        format = asked.format
        if sent in LINES and format is None:
            line, body = await first_line(body)
            format = format_of_line(line) or Format.BOBBIN
        if sent in LINES and format is Format.BOBBIN:
            report = await self._carrying.bring(
                caller.grant,
                text_lines(body),
                dry_run=asked.dry_run,
                scope=asked.scope,
                still=still,
            )
            return _json(report)
        report = await self._bringing.bring(
            caller.grant,
            body,
            now=self._clock(),
            format=format,
            scope=asked.scope,
            name=asked.name,
            dry_run=asked.dry_run,
            still=still,
        )
        return _json(report)

    async def _key(self, request: Request, caller: Caller, asked: BaseModel | None = None) -> str:
        """Makes a request safe to send again; empty without Idempotency-Key. Raises Fault."""
        key = idempotency_key(request, str(caller.grant.person))
        if not key or not caller.grant.writable:
            return key
        body = asked.model_dump_json(exclude_unset=True) if asked else ""
        if not await self._memories.bound(caller.grant, key, digest_of(body)):
            why = "This key was sent with another body within a day. Take a new one."
            raise Fault(422, "idempotency_key_reused", why, field="Idempotency-Key")
        return key

    async def _conversation(self, request: Request, caller: Caller) -> Response:
        asked = query(request, ConversationQuery)
        thread = request.path_params["thread"]
        return _json(
            await self._actions.conversation(
                caller.grant, thread, after=asked.after, limit=asked.limit
            )
        )


async def _following(first: Iterable[str], rest: AsyncIterator[str]) -> AsyncIterator[str]:
    for line in first:
        yield line
    async for line in rest:
        yield line


def _json(answer: BaseModel, *, status: int = 200, version: int | None = None) -> Response:
    headers = {"ETag": f'"{version}"'} if version is not None else None
    return Response(
        answer.model_dump_json(), status, headers=headers, media_type="application/json"
    )
