"""`client.memory`: what can be asked of Bobbin, for both kinds of client."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal
from urllib.parse import quote
from uuid import uuid4

from openai import AsyncOpenAI, BaseModel, OpenAI
from openai.pagination import AsyncCursorPage, SyncCursorPage

_OPTIONS = {
    "extra_headers": "headers",
    "extra_query": "params",
    "extra_body": "extra_json",
    "timeout": "timeout",
}
"""What every method of the openai package takes, and what it is called within a request."""


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


class _Asked:
    """What a method was given: fields of ours, and the options that all methods of openai take.

    Attributes:
        fields: Ours.
    """

    def __init__(self, given: Mapping[str, Any]) -> None:
        self.fields = {name: value for name, value in given.items() if name not in _OPTIONS}
        options = {name: given[name] for name in _OPTIONS if given.get(name) is not None}
        self._headers: Mapping[str, str] = options.pop("extra_headers", {})
        self._query: Mapping[str, object] = options.pop("extra_query", {})
        self._more: dict[str, Any] = {_OPTIONS[name]: value for name, value in options.items()}

    def by(self, query: Mapping[str, Any] | None = None) -> Any:
        """Options of the request."""
        params = {**(query or {}), **self._query}
        return {"headers": self._headers, "params": params, **self._more}

    def once(self, key: str = "") -> Any:
        """The same for a write that can be sent again and is done once."""
        headers = {"Idempotency-Key": key or uuid4().hex, **self._headers}
        return {**self.by(), "headers": headers}


class Memories:
    """Memories, for a client that waits. Errors are those of the openai package.

    Every method takes `extra_headers`, `extra_query`, `extra_body` and `timeout` as all others of
    that package do.
    """

    def __init__(self, client: OpenAI) -> None:
        self._client = client

    def list(self, **query: Any) -> SyncCursorPage[Memory]:
        """Memories, the newest first; going through them reads page after page."""
        asked = _Asked(query)
        return self._client.get_api_list(
            "/memory", model=Memory, page=SyncCursorPage[Memory], options=asked.by(asked.fields)
        )

    def create(self, content: str, *, idempotency_key: str = "", **fields: Any) -> Memory:
        """Remember something; sent again by itself when the connection breaks, kept once."""
        asked = _Asked(fields)
        return self._client.post(
            "/memory",
            cast_to=Memory,
            body={"content": content, **asked.fields},
            options=asked.once(idempotency_key),
        )

    def retrieve(self, memory_id: str, **options: Any) -> Memory:
        """One memory."""
        return self._client.get(_path(memory_id), cast_to=Memory, options=_Asked(options).by())

    def update(self, memory_id: str, *, idempotency_key: str = "", **fields: Any) -> Memory:
        """Change one; new `content` makes a new memory that supersedes it."""
        asked = _Asked(fields)
        return self._client.patch(
            _path(memory_id),
            cast_to=Memory,
            body=asked.fields,
            options=asked.once(idempotency_key),
        )

    def delete(self, memory_id: str, **options: Any) -> Deleted:
        """Delete one for good."""
        return self._client.delete(
            _path(memory_id), cast_to=Deleted, options=_Asked(options).once()
        )

    def search(self, query: str, **fields: Any) -> Sequence[Hit]:
        """What fits a query best."""
        asked = _Asked(fields)
        body = {"query": query, **asked.fields}
        found = self._client.post("/memory/search", cast_to=Hits, body=body, options=asked.by())
        return found.data


class AsyncMemories:
    """The same for a client that is awaited."""

    def __init__(self, client: AsyncOpenAI) -> None:
        self._client = client

    async def list(self, **query: Any) -> AsyncCursorPage[Memory]:
        """See `Memories.list`."""
        asked = _Asked(query)
        return await self._client.get_api_list(
            "/memory", model=Memory, page=AsyncCursorPage[Memory], options=asked.by(asked.fields)
        )

    async def create(self, content: str, *, idempotency_key: str = "", **fields: Any) -> Memory:
        """See `Memories.create`."""
        asked = _Asked(fields)
        return await self._client.post(
            "/memory",
            cast_to=Memory,
            body={"content": content, **asked.fields},
            options=asked.once(idempotency_key),
        )

    async def retrieve(self, memory_id: str, **options: Any) -> Memory:
        """See `Memories.retrieve`."""
        return await self._client.get(
            _path(memory_id), cast_to=Memory, options=_Asked(options).by()
        )

    async def update(self, memory_id: str, *, idempotency_key: str = "", **fields: Any) -> Memory:
        """See `Memories.update`."""
        asked = _Asked(fields)
        return await self._client.patch(
            _path(memory_id),
            cast_to=Memory,
            body=asked.fields,
            options=asked.once(idempotency_key),
        )

    async def delete(self, memory_id: str, **options: Any) -> Deleted:
        """See `Memories.delete`."""
        return await self._client.delete(
            _path(memory_id), cast_to=Deleted, options=_Asked(options).once()
        )

    async def search(self, query: str, **fields: Any) -> Sequence[Hit]:
        """See `Memories.search`."""
        asked = _Asked(fields)
        body = {"query": query, **asked.fields}
        found = await self._client.post(
            "/memory/search", cast_to=Hits, body=body, options=asked.by()
        )
        return found.data


def _path(memory_id: str) -> str:
    return f"/memory/{quote(memory_id, safe='')}"
