"""`client.memory`: what can be asked of Bobbin, for both kinds of client."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal
from urllib.parse import quote
from uuid import uuid4

from openai import AsyncOpenAI, BaseModel, OpenAI
from openai.pagination import AsyncCursorPage, SyncCursorPage


class Memory(BaseModel):
    """Something remembered; docs/memory-api.md names all of its fields."""

    id: str
    content: str
    kind: Literal["fact", "preference", "decision", "task", "note"]
    tags: list[str]
    subject: str
    scope: str
    pinned: bool
    status: Literal["active", "superseded", "archived"]
    created_at: float
    updated_at: float
    version: int


class Deleted(BaseModel):
    """It is gone for good."""

    id: str
    deleted: bool


class Hit(BaseModel):
    """A memory or something said that fits a search, best first; `score` is 0 to 1."""

    score: float
    memory: Memory | None = None
    said: dict[str, Any] | None = None


class Hits(BaseModel):
    """What a search has found."""

    data: list[Hit]


class Memories:
    """Memories, for a client that waits. Errors are those of the openai package."""

    def __init__(self, client: OpenAI) -> None:
        self._client = client

    def list(self, **query: Any) -> SyncCursorPage[Memory]:
        """Memories, the newest first; going through them reads page after page."""
        return self._client.get_api_list(
            "/memory", model=Memory, page=SyncCursorPage[Memory], options={"params": query}
        )

    def create(self, content: str, *, idempotency_key: str = "", **fields: Any) -> Memory:
        """Remember something; sent again by itself when the connection breaks, kept once."""
        return self._client.post(
            "/memory",
            cast_to=Memory,
            body={"content": content, **fields},
            options={"headers": _once(idempotency_key)},
        )

    def retrieve(self, memory_id: str) -> Memory:
        """One memory."""
        return self._client.get(_path(memory_id), cast_to=Memory)

    def update(self, memory_id: str, *, idempotency_key: str = "", **fields: Any) -> Memory:
        """Change one; new `content` makes a new memory that supersedes it."""
        return self._client.patch(
            _path(memory_id),
            cast_to=Memory,
            body=fields,
            options={"headers": _once(idempotency_key)},
        )

    def delete(self, memory_id: str) -> Deleted:
        """Delete one for good."""
        return self._client.delete(
            _path(memory_id), cast_to=Deleted, options={"headers": _once("")}
        )

    def search(self, query: str, **fields: Any) -> Sequence[Hit]:
        """What fits a query best."""
        body = {"query": query, **fields}
        return self._client.post("/memory/search", cast_to=Hits, body=body).data


class AsyncMemories:
    """The same for a client that is awaited."""

    def __init__(self, client: AsyncOpenAI) -> None:
        self._client = client

    async def list(self, **query: Any) -> AsyncCursorPage[Memory]:
        """See `Memories.list`."""
        return await self._client.get_api_list(
            "/memory", model=Memory, page=AsyncCursorPage[Memory], options={"params": query}
        )

    async def create(self, content: str, *, idempotency_key: str = "", **fields: Any) -> Memory:
        """See `Memories.create`."""
        return await self._client.post(
            "/memory",
            cast_to=Memory,
            body={"content": content, **fields},
            options={"headers": _once(idempotency_key)},
        )

    async def retrieve(self, memory_id: str) -> Memory:
        """See `Memories.retrieve`."""
        return await self._client.get(_path(memory_id), cast_to=Memory)

    async def update(self, memory_id: str, *, idempotency_key: str = "", **fields: Any) -> Memory:
        """See `Memories.update`."""
        return await self._client.patch(
            _path(memory_id),
            cast_to=Memory,
            body=fields,
            options={"headers": _once(idempotency_key)},
        )

    async def delete(self, memory_id: str) -> Deleted:
        """See `Memories.delete`."""
        return await self._client.delete(
            _path(memory_id), cast_to=Deleted, options={"headers": _once("")}
        )

    async def search(self, query: str, **fields: Any) -> Sequence[Hit]:
        """See `Memories.search`."""
        body = {"query": query, **fields}
        return (await self._client.post("/memory/search", cast_to=Hits, body=body)).data


def _path(memory_id: str) -> str:
    return f"/memory/{quote(memory_id, safe='')}"


def _once(key: str) -> dict[str, str]:
    return {"Idempotency-Key": key or uuid4().hex}
