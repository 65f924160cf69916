"""Chat completions: the API that every OpenAI-compatible server has."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING

from openai.resources.chat.completions import AsyncCompletions

from bot.model.chat_stream import ChatReader
from bot.model.dialect import Dialect
from bot.model.port import Prompt
from bot.model.settings import ModelSettings
from bot.model.streamed import Response, StreamedModel

if TYPE_CHECKING:
    import openai


class ChatApi(Dialect):
    """Implements `bot.model.streamed.Api` over `POST /chat/completions`."""

    def __init__(self, settings: ModelSettings) -> None:
        super().__init__(settings)
        self._model = settings.name

    def ask(
        self, client: openai.AsyncOpenAI, prompt: Prompt, fields: Mapping[str, object]
    ) -> AbstractAsyncContextManager[Response]:
        """See `Api`."""
        # `client.chat` would import this with the first question.
        completions = AsyncCompletions(client)
        # Of what is no extra the SDK looks at each piece, which takes longer than to send it.
        body = {"messages": self.messages(prompt), **fields}
        return completions.with_streaming_response.create(
            model=self._model, messages=(), stream=True, extra_body=body
        )

    def reader(self) -> ChatReader:
        """See `Api`."""
        return ChatReader()


class ChatModel(StreamedModel):
    """Implements `bot.model.port.Model`, streamed; arguments and errors as above."""

    def __init__(
        self, settings: ModelSettings, *, wall_clock: Callable[[], float] = time.time
    ) -> None:
        super().__init__(settings, "chat", ChatApi(settings), wall_clock)
