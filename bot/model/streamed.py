"""A model behind an OpenAI-compatible server, asked over one of its two APIs.

The SDK makes the request and maps status codes; the stream itself is read here, because the
SDK's reader stops at an empty event or a keep-alive with a name, and takes a stream that ends
early for one that is complete. Nothing is retried here except a request that named a field
the server does not take; `GatedModel` owns all other retries.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    aclosing,
    asynccontextmanager,
    suppress,
)
from dataclasses import dataclass
from typing import Literal, Protocol

import openai

from bot.errors import ModelBusy, ModelError, ModelMisconfigured, ModelRefused, NoSight
from bot.model.client import client_of
from bot.model.faults import (
    SDK_FAULTS,
    TRANSPORT_FAULTS,
    classify,
    fault_of,
    read_fault,
    translate,
)
from bot.model.inflow import Inflow
from bot.model.patience import Patience
from bot.model.port import (
    Finished,
    FinishReason,
    ModelEvent,
    Prompt,
    TextDelta,
    ToolCall,
    Usage,
)
from bot.model.quoting import without_quotes
from bot.model.settings import ModelSettings
from bot.model.sight import takes_no_pictures
from bot.model.wire import (
    LONGEST_EVENT,
    AnswerReader,
    Chunk,
    EventDecoder,
    join_surrogates,
    read_json,
)

logger = logging.getLogger(__name__)

SETTLE_SECONDS = 5.0
"""How long token counts and the end of the stream may come after the finish reason."""

DRAIN_SECONDS = 0.5
"""How long the end of the body may come after the last event."""

GATHER_SECONDS = 0.003
"""How long pieces of an answer gather for each other answer that comes in."""

LONGEST_GATHERING = 0.2

_REASONS = {
    "length": FinishReason.LENGTH,
    "max_tokens": FinishReason.LENGTH,
    "content_filter": FinishReason.FILTERED,
}
"""Everything else that is not "error" means that the model had said what it wanted to say."""


class Response(Protocol):
    """An answer as the SDK hands it out, still to be read."""

    @property
    def headers(self) -> Mapping[str, str]:
        """By name, whatever its case."""
        ...

    def iter_bytes(self) -> AsyncIterator[bytes]:
        """The body as it comes."""
        ...


class Api(Protocol):
    """One of the two APIs."""

    @property
    def takes_tools(self) -> bool:
        """As far as is known."""
        ...

    def fields(self, prompt: Prompt) -> Mapping[str, object]:
        """The optional fields to send with a prompt."""
        ...

    def ask(
        self, client: openai.AsyncOpenAI, prompt: Prompt, fields: Mapping[str, object]
    ) -> AbstractAsyncContextManager[Response]:
        """The request."""
        ...

    def learn(self, sent: Mapping[str, object], param: str, message: str, status: int) -> bool:
        """See `bot.model.learning.Learned.learn`."""
        ...

    def reader(self) -> AnswerReader:
        """What reads one answer."""
        ...


@dataclass(slots=True)
class _Answer:
    """What is known of an answer while it comes in."""

    reader: AnswerReader
    spoken: bool = False
    finish: str = ""
    done: bool = False
    usage: Usage | None = None
    model: str = ""
    held: str = ""
    request_id: str = ""

    def take(self, chunk: Chunk) -> str:
        """Note what the chunk says and return its text, fit to be encoded."""
        self.usage = chunk.usage or self.usage
        self.model = chunk.model or self.model
        self.finish = chunk.finish or self.finish
        self.done = self.done or chunk.over
        text, self.held = join_surrogates(self.held + chunk.text)
        return text

    def ended(self, calls: tuple[ToolCall, ...]) -> FinishReason | None:
        """How the stream ended once it was read to its end, None if it is no answer at all."""
        if self.finish and self.finish != "error":
            reason = _REASONS.get(self.finish, FinishReason.STOP)
            return FinishReason.TOOLS if calls and reason is FinishReason.STOP else reason
        whole = self.done and not self.finish
        if whole and calls:
            return FinishReason.TOOLS
        if not self.spoken:
            return None
        return FinishReason.STOP if whole else FinishReason.CUT


class StreamedModel:
    """Implements `bot.model.endpoint.Endpoint`.

    Args:
        settings: The endpoint.
        name: The API's, as in `ModelSettings.api`.
        api: Knows it.
        wall_clock: Seconds since the epoch, for dates in Retry-After.

    Raises:
        ModelMisconfigured: There is no key and no address of a server that may want none.
    """

    def __init__(
        self,
        settings: ModelSettings,
        name: Literal["chat", "responses"],
        api: Api,
        wall_clock: Callable[[], float],
    ) -> None:
        if not settings.api_key and not settings.base_url:
            raise ModelMisconfigured("OPENAI_API_KEY and OPENAI_BASE_URL are both empty")
        self._settings = settings
        self._name: Literal["chat", "responses"] = name
        self._api = api
        self._wall_clock = wall_clock
        self._blind = False
        self._coming = 0
        self._client = client_of(settings, settings.total_seconds, wall_clock())

    @property
    def name(self) -> str:
        """The model's name as configured."""
        return self._settings.name

    @property
    def api(self) -> Literal["chat", "responses"]:
        """Over which API it is asked."""
        return self._name

    @property
    def takes_tools(self) -> bool:
        """As far as is known: False once it has refused them."""
        return self._api.takes_tools

    async def close(self) -> None:
        """Release connections."""
        await self._client.close()

    async def offered(self) -> tuple[str, ...]:
        """Names of the models that the server lists for this key.

        Raises:
            ModelError: The server cannot be asked, or keeps no list.
        """
        try:
            async with asyncio.timeout(self._settings.first_token_seconds):
                page = await self._client.models.list()
        except TimeoutError as error:
            raise ModelBusy("time-out while listing models", overloaded=True) from error
        except SDK_FAULTS as error:
            raise self._translated(error) from error
        return tuple(model.id for model in page.data or ())

    async def stream(self, prompt: Prompt) -> AsyncGenerator[ModelEvent, None]:
        """Ask, and yield the answer as it comes; see `bot.model.port.Model`.

        Raises:
            ModelError: Before any text only.
        """
        shows = any(message.pictures for message in prompt.messages)
        if shows and self._blind:
            raise NoSight("known from an earlier request")
        answer = _Answer(self._api.reader())
        fault: ModelError | None = None
        try:
            async with aclosing(self._texts(prompt, answer)) as texts:
                async for text in texts:
                    answer.spoken = True
                    yield TextDelta(text)
        except ModelError as error:
            said = [message.content for message in prompt.messages if message.role != "system"]
            error.args = (without_quotes(str(error), said),)
            fault = self._sightless(error) if shows else error
        if answer.held:
            answer.spoken = True
            yield TextDelta("\ufffd")
        # What nobody offered is not called.
        calls = answer.reader.calls if prompt.tools and prompt.may_call else ()
        reason = answer.ended(calls)
        if fault is not None and not (answer.finish and answer.finish != "error"):
            reason = FinishReason.CUT if answer.spoken else None
        if reason is None:
            fault = fault or ModelBusy("the stream ended without an answer")
            logger.info("no answer from %s: %s", self.name, fault)
            raise fault
        if reason is FinishReason.CUT:
            logger.warning(
                "answer from %s was cut: %s request_id=%s",
                self.name,
                fault or "the stream ended without a finish reason",
                answer.request_id,
            )
        model = answer.model or self.name
        if reason is FinishReason.TOOLS:
            yield Finished(reason, answer.usage, model, calls, answer.reader.carried)
        else:
            yield Finished(reason, answer.usage, model)

    def _sightless(self, error: ModelError) -> ModelError:
        """Learn from an error about a prompt with pictures that the model takes none."""
        rejected = isinstance(error, ModelRefused | ModelMisconfigured)
        if not rejected or not takes_no_pictures(str(error)):
            return error
        self._blind = True
        return NoSight(str(error))

    async def _texts(self, prompt: Prompt, answer: _Answer) -> AsyncGenerator[str, None]:
        """The pieces of text; returns at the end of the stream, good or early.

        Raises:
            ModelError: At any point.
        """
        settings, now = self._settings, asyncio.get_running_loop().time
        patience = Patience(now() + settings.total_seconds, now() + settings.first_token_seconds)
        async with AsyncExitStack() as stack:
            response = await self._open(stack, prompt, patience)
            answer.request_id = response.headers.get("x-request-id", "")
            groups = await stack.enter_async_context(
                aclosing(self._chunks(response, answer.reader, patience))
            )
            async for chunks in groups:
                text = ""
                for chunk in chunks:
                    if chunk.error is not None:
                        if text:
                            yield text
                        raise classify(read_fault(chunk.error, secret=settings.api_key))
                    text += answer.take(chunk)
                if text:
                    yield text
                if answer.finish:
                    patience.renew(now(), SETTLE_SECONDS, "end of the stream")
                elif signs := [chunk for chunk in chunks if chunk.thinks or chunk.alive]:
                    if signs[-1].thinks:
                        patience.renew(now(), settings.first_token_seconds, "first token")
                    else:
                        patience.renew(now(), settings.gap_seconds, "next piece")

    async def _open(self, stack: AsyncExitStack, prompt: Prompt, patience: Patience) -> Response:
        """Make the request, without the fields that the server turns out not to take."""
        while True:
            fields = self._api.fields(prompt)
            request = self._api.ask(self._client, prompt, fields)
            try:
                async with asyncio.timeout_at(patience.deadline):
                    return await stack.enter_async_context(request)
            except TimeoutError as error:
                raise patience.fault() from error
            except openai.APIStatusError as error:
                fault = fault_of(error, secret=self._settings.api_key)
                if not self._api.learn(fields, fault.param, fault.message, error.status_code):
                    raise self._translated(error) from error
            except SDK_FAULTS as error:
                raise self._translated(error) from error

    async def _chunks(
        self, response: Response, reader: AnswerReader, patience: Patience
    ) -> AsyncGenerator[Sequence[Chunk], None]:
        """Everything that the body says, up to its end or the event that nothing follows.

        What has come at once is handed out at once.
        """
        media_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media_type == "text/html":
            raise ModelMisconfigured(
                "the server answered with a web page",
                hint="OPENAI_BASE_URL leads to a web page; the address usually ends in /v1.",
            )
        try:
            async with (
                self._incoming(response) as inflow,
                aclosing(self._bytes(inflow, patience)) as body,
            ):
                if media_type == "application/json":
                    whole = reader.read_whole(read_json(await self._whole(body)))
                    yield whole, Chunk(over=True)
                    return
                decoder = EventDecoder()
                async for piece in body:
                    chunks: list[Chunk] = []
                    try:
                        for event in decoder.feed(piece):
                            chunks.append(reader.read(event))
                            if chunks[-1].over:
                                break
                    except ValueError:
                        yield chunks
                        raise
                    yield chunks
                    if chunks and chunks[-1].over:
                        inflow.hurry()
                        await self._drain(body, patience)
                        return
                for event in decoder.end():
                    yield (reader.read(event),)
        except ValueError as error:
            raise ModelBusy("the stream is not what it should be: broken JSON") from error

    @asynccontextmanager
    async def _incoming(self, response: Response) -> AsyncGenerator[Inflow, None]:
        self._coming += 1
        try:
            async with Inflow(response.iter_bytes(), self._gathering) as inflow:
                yield inflow
        finally:
            self._coming -= 1

    async def _bytes(self, inflow: Inflow, patience: Patience) -> AsyncGenerator[bytes, None]:
        while True:
            try:
                async with asyncio.timeout_at(patience.deadline):
                    piece = await inflow.take()
            except TimeoutError as error:
                raise patience.fault() from error
            except TRANSPORT_FAULTS as error:
                raise self._translated(error) from error
            if piece is None:
                return
            yield piece

    def _gathering(self) -> float:
        return min(LONGEST_GATHERING, GATHER_SECONDS * (self._coming - 1))

    async def _whole(self, body: AsyncIterator[bytes]) -> bytes:
        """All of the body. Raises ValueError when there is no end of it."""
        pieces: list[bytes] = []
        size = 0
        async for piece in body:
            pieces.append(piece)
            size += len(piece)
            if size > LONGEST_EVENT:
                raise ValueError("the body is too long")
        return b"".join(pieces)

    async def _drain(self, body: AsyncIterator[bytes], patience: Patience) -> None:
        """Read what follows the end, so that the connection can be used again."""
        patience.renew(asyncio.get_running_loop().time(), DRAIN_SECONDS, "end of the stream")
        with suppress(ModelError):
            async for _ in body:
                pass

    def _translated(self, error: BaseException) -> ModelError:
        return translate(error, self._settings, self._wall_clock())
