"""The OpenAI client, and beside what it can do `memory`."""

from __future__ import annotations

import os
from functools import cached_property
from typing import Any, Self

from openai import AsyncOpenAI, OpenAI

from bobbin.resources import AsyncMemories, Memories


class Client(OpenAI):
    """`openai.OpenAI` with `memory`.

    Args:
        memory_url: Bobbin's address up to and including /v1; BOBBIN_MEMORY_URL if not given.
        memory_token: What opens it; BOBBIN_TOKEN if not given.
        options: As for `openai.OpenAI`.
    """

    def __init__(
        self, *, memory_url: str | None = None, memory_token: str | None = None, **options: Any
    ) -> None:
        super().__init__(**options)
        self._memory_url = memory_url or os.environ.get("BOBBIN_MEMORY_URL", "")
        self._memory_token = memory_token or os.environ.get("BOBBIN_TOKEN", "")

    @cached_property
    def memory(self) -> Memories:
        """Long-term memory."""
        if not self._memory_url:
            return Memories(self)
        return Memories(super().copy(base_url=self._memory_url, api_key=self._memory_token))

    def copy(self, **options: Any) -> Self:
        """See `openai.OpenAI.copy`."""
        return super().copy(_extra_kwargs=self._memory_options, **options)

    with_options = copy

    @property
    def _memory_options(self) -> dict[str, str]:
        return {"memory_url": self._memory_url, "memory_token": self._memory_token}


class AsyncClient(AsyncOpenAI):
    """`openai.AsyncOpenAI` with `memory`; see `Client`."""

    def __init__(
        self, *, memory_url: str | None = None, memory_token: str | None = None, **options: Any
    ) -> None:
        super().__init__(**options)
        self._memory_url = memory_url or os.environ.get("BOBBIN_MEMORY_URL", "")
        self._memory_token = memory_token or os.environ.get("BOBBIN_TOKEN", "")

    @cached_property
    def memory(self) -> AsyncMemories:
        """Long-term memory."""
        if not self._memory_url:
            return AsyncMemories(self)
        return AsyncMemories(super().copy(base_url=self._memory_url, api_key=self._memory_token))

    def copy(self, **options: Any) -> Self:
        """See `openai.AsyncOpenAI.copy`."""
        return super().copy(_extra_kwargs=self._memory_options, **options)

    with_options = copy

    @property
    def _memory_options(self) -> dict[str, str]:
        return {"memory_url": self._memory_url, "memory_token": self._memory_token}
