"""The Responses API: the only one over which OpenAI's newer models think and call tools."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING

from openai.resources.responses import AsyncResponses

from bot.model.port import Prompt
from bot.model.responses_dialect import ResponsesDialect
from bot.model.responses_stream import ResponsesReader
from bot.model.settings import ModelSettings
from bot.model.streamed import Response, StreamedModel

if TYPE_CHECKING:
    import openai


class ResponsesApi(ResponsesDialect):
    """Implements `bot.model.streamed.Api` over `POST /responses`."""

    def __init__(self, settings: ModelSettings) -> None:
        super().__init__(settings)
        self._model = settings.name

    def ask(
        self, client: openai.AsyncOpenAI, prompt: Prompt, fields: Mapping[str, object]
    ) -> AbstractAsyncContextManager[Response]:
        """See `Api`."""
        # `client.responses` would import this with the first question, for 50 ms.
        responses = AsyncResponses(client)
        # Of what is no extra the SDK looks at each piece, which takes longer than to send it.
        body = {"input": self.items(prompt), **fields}
        return responses.with_streaming_response.create(
            model=self._model, stream=True, extra_body=body
        )

    def reader(self) -> ResponsesReader:
        """See `Api`."""
        return ResponsesReader()


class ResponsesModel(StreamedModel):
    """Implements `bot.model.port.Model`, streamed; arguments and errors as for chat."""

    def __init__(
        self, settings: ModelSettings, *, wall_clock: Callable[[], float] = time.time
    ) -> None:
        super().__init__(settings, "responses", ResponsesApi(settings), wall_clock)
