"""The server: `OpenAISimulator`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, Literal

from aiohttp import web

from tests.simulators.openai_sim.answer import Answer, Cut, HttpError, Stall, Usage
from tests.simulators.openai_sim.catalogue import (
    CHAT_MODELS,
    EMBEDDERS,
    EmbeddingTraits,
    ModelTraits,
    local_model,
)
from tests.simulators.openai_sim.embeddings import embeddings
from tests.simulators.openai_sim.errors import OverflowStyle, error_body, overflow_error
from tests.simulators.openai_sim.hearing import TRANSCRIBERS, transcript
from tests.simulators.openai_sim.hearing import check as check_sound
from tests.simulators.openai_sim.images import IMAGE_MODELS, images
from tests.simulators.openai_sim.limits import Limiter, RateLimit
from tests.simulators.openai_sim.listener import Handler, Listener
from tests.simulators.openai_sim.messages_of import as_messages
from tests.simulators.openai_sim.request import RESPONSES, Request
from tests.simulators.openai_sim.response_fields import (
    ENCRYPTED,
    check_response_fields,
    check_response_model,
    thinks,
)
from tests.simulators.openai_sim.response_items import Issued
from tests.simulators.openai_sim.response_stream import Output, ResponseStream, whole_response
from tests.simulators.openai_sim.script import Behaviour, Predicate, Script, echo
from tests.simulators.openai_sim.stream import (
    EventStream,
    Plan,
    completion,
    piece_tokens,
    plan,
    reset_connection,
)
from tests.simulators.openai_sim.tokens import PromptCache, prompt_tokens, usage_block
from tests.simulators.openai_sim.tools import check_choice, check_tools
from tests.simulators.openai_sim.validate import Rejected, check_chat, check_fields

_CREATED = 1_795_000_000

ASKED = ("/v1/chat/completions", RESPONSES)
"""Routes on which the model answers."""

Writer = Callable[[web.Request, Request, Answer, Plan], Awaitable[web.StreamResponse]]


class OpenAISimulator(Listener):
    """An OpenAI-compatible server on loopback.

    Args:
        scale: Rate-limit windows and the waits announced run this many times faster. Delays and
            token rates of answers are real seconds.
        seed: Goes into the ids of requests and answers.
        limits: False switches `rate_limit` and `max_concurrent` off.
        api_key: The only key accepted.
        models: Model names to serve besides the known ones, as local models.
        embedders: Models of embeddings to serve besides the known ones.
        dialect: "openai" is strict; "compatible" ignores unknown fields and takes `max_tokens`,
            temperatures and tools with any model, as local servers do.
        context_window: Tokens that a prompt may have, for every model; None takes each model's own.
        overflow_style: How an overflow is worded.
        tokens_per_second: Rate of answers that do not set their own; 0 writes at once.
        rate_limit: What the account may do, None for no limit.
        max_concurrent: More chat requests than this at once are answered with 503 `slow_down`.
        behaviour: Answers what no script entry takes.

    Attributes:
        spoken: What is said in the next recordings.
    """

    def __init__(
        self,
        *,
        scale: float = 1.0,
        seed: int = 0,
        limits: bool = True,
        api_key: str = "sk-simulated-key",
        models: Iterable[str] = (),
        embedders: Mapping[str, EmbeddingTraits] | None = None,
        dialect: Literal["openai", "compatible"] = "openai",
        context_window: int | None = None,
        overflow_style: OverflowStyle = "openai",
        tokens_per_second: float = 0.0,
        rate_limit: RateLimit | None = None,
        max_concurrent: int | None = None,
        behaviour: Behaviour = echo,
    ) -> None:
        super().__init__(api_key, seed)
        self.dialect = dialect
        self.context_window = context_window
        self.overflow_style: OverflowStyle = overflow_style
        self.tokens_per_second = tokens_per_second
        self.max_concurrent = max_concurrent
        self.behaviour = behaviour
        self.models: dict[str, ModelTraits] = dict(CHAT_MODELS)
        self.models |= {name: local_model(name) for name in models}
        self.embedders = EMBEDDERS | dict(embedders or {})
        self.script = Script()
        self.spoken: list[str] = []
        self.open_streams = self.peak_streams = 0
        self.in_flight = self.peak_in_flight = 0
        self._scale = scale
        self._limits = limits
        self._rate_limit = rate_limit
        self._limiter: Limiter | None = None
        self._cache = PromptCache()
        self._issued = Issued()

    def _routes(self) -> Mapping[tuple[str, str], Handler]:
        return {
            ("POST", "/v1/chat/completions"): self._chat,
            ("POST", RESPONSES): self._respond,
            ("POST", "/v1/embeddings"): self._embeddings,
            ("POST", "/v1/audio/transcriptions"): self._transcribe,
            ("POST", "/v1/images/generations"): self._images,
            ("GET", "/v1/models"): self._list_models,
            ("GET", "/v1/models/{id:.+}"): self._get_model,
        }

    async def start(self) -> None:
        """Listen on 127.0.0.1, on a port of the system's choice; the limits start full."""
        self.set_rate_limit(self._rate_limit)
        await super().start()

    def _limit_headers(self) -> dict[str, str]:
        return self._limiter.headers() if self._limiter is not None else {}

    def _effect(self, record: Request) -> None:
        if record.route in ASKED:
            traits = self._check(record)
            self._cache.use(self._as_chat(record), traits)
            self.script.take(record)

    def set_rate_limit(self, limit: RateLimit | None) -> None:
        """Replace the account's limit; its buckets start full."""
        self._rate_limit = limit
        self._limiter = None
        if limit is not None and self._limits:
            self._limiter = Limiter(limit, self._scale, asyncio.get_running_loop().time)

    def on(
        self, predicate: Predicate, answer: Answer | Behaviour, *, times: int | None = 1
    ) -> None:
        """Short for `script.on`."""
        self.script.on(predicate, answer, times=times)

    @property
    def chats(self) -> list[Request]:
        """The requests for an answer over either API, refused ones too."""
        return [item for item in self.requests if item.route in ASKED]

    @property
    def transcriptions(self) -> list[Request]:
        """The requests to write something down, refused ones too."""
        return [item for item in self.requests if item.route == "/v1/audio/transcriptions"]

    @property
    def embedded(self) -> list[Request]:
        """The requests for embeddings, refused ones too."""
        return [item for item in self.requests if item.route == "/v1/embeddings"]

    @property
    def painted(self) -> list[Request]:
        """The requests for images, refused ones too."""
        return [item for item in self.requests if item.route == "/v1/images/generations"]

    def _check(self, record: Request) -> ModelTraits:
        """Whether a request for an answer is a proper one. Raises Rejected."""
        assert record.body is not None
        lenient = self.dialect == "compatible"
        if record.route == RESPONSES:
            check_response_fields(record.body, lenient=lenient)
        else:
            check_fields(record.body, lenient=lenient)
            if record.body.get("tools"):
                check_tools(record.body["tools"], nested=True)
            check_choice(record.body.get("tool_choice"), record.body.get("tools"))
        traits = self.models.get(record.model)
        if traits is None:
            raise self._no_model(record.model)
        if record.route != RESPONSES:
            check_chat(record.body, traits, lenient=lenient)
        else:
            given = record.body["input"]
            self._issued.check(given if isinstance(given, list) else [])
            if not lenient:
                check_response_model(record.body, traits)
        for number, message in enumerate(record.messages):
            if not message.text and not message.images and message.role in ("system", "user"):
                self.violations.append(f"#{record.seq}: message {number} is empty")
        record.prompt_tokens = prompt_tokens(self._as_chat(record))
        return traits

    def _as_chat(self, record: Request) -> Mapping[str, Any]:
        """The body in terms of chat completions, for what is the same on both APIs."""
        body = record.body or {}
        return {**body, "messages": as_messages(body)} if record.route == RESPONSES else body

    def _no_model(self, model: str) -> Rejected:
        message = f"The model `{model}` does not exist or you do not have access to it."
        return Rejected(HttpError(404, error_body(message, code="model_not_found")))

    def _refusal(self, record: Request, traits: ModelTraits) -> HttpError | None:
        """What stands in the way of a correct request: the window or the account's limits."""
        if record.pictures and not traits.vision:
            # Nothing tells a client beforehand.
            message = f"Model {traits.id} does not support image input."
            return HttpError(400, error_body(message, param="messages"))
        if record.tools and not traits.calls:
            # As local servers say it.
            message = f"registry.example/library/{traits.id}:latest does not support tools"
            return HttpError(400, error_body(message, kind="api_error"))
        window = self.context_window or traits.window
        if record.prompt_tokens > window:
            return overflow_error(self.overflow_style, limit=window, tokens=record.prompt_tokens)
        over = self._limiter.admit(record.prompt_tokens) if self._limiter is not None else None
        if over is not None:
            return over
        full = self.max_concurrent is not None and self.in_flight >= self.max_concurrent
        if full and self._limits:
            message = "The engine is currently overloaded, please try again later."
            body = error_body(message, kind="service_unavailable_error", code="slow_down")
            return HttpError(503, body)
        return None

    async def _chat(self, http: web.Request, record: Request) -> web.StreamResponse:
        return await self._say(http, record, self._write)

    async def _respond(self, http: web.Request, record: Request) -> web.StreamResponse:
        return await self._say(http, record, self._write_response)

    async def _say(self, http: web.Request, record: Request, write: Writer) -> web.StreamResponse:
        traits = self._check(record)
        refusal = self._refusal(record, traits)
        if refusal is not None:
            return self._error(http, record, refusal)
        answer = self.script.take(record) or self.behaviour(record)
        if answer.error is not None:
            return self._error(http, record, answer.error)
        body = record.body or {}
        limits = ("max_completion_tokens", "max_tokens", "max_output_tokens")
        planned = plan(answer, next((body[name] for name in limits if body.get(name)), None))
        record.usage = self._usage(record, traits, answer, planned)
        self.in_flight += 1
        self.open_streams += record.stream
        self.peak_in_flight = max(self.peak_in_flight, self.in_flight)
        self.peak_streams = max(self.peak_streams, self.open_streams)
        try:
            return await write(http, record, answer, planned)
        finally:
            self.in_flight -= 1
            self.open_streams -= record.stream

    def _usage(
        self, record: Request, traits: ModelTraits, answer: Answer, planned: Plan
    ) -> dict[str, Any]:
        cached, written = self._cache.use(self._as_chat(record), traits)
        if isinstance(answer.usage, Usage):
            return usage_block(answer.usage)
        shown = sum(piece_tokens(piece) for piece in planned.pieces)
        spent, hidden = shown + answer.reasoning_tokens, answer.reasoning_tokens
        return usage_block(Usage(record.prompt_tokens, spent, cached, written, hidden))

    async def _write(
        self, http: web.Request, record: Request, answer: Answer, planned: Plan
    ) -> web.StreamResponse:
        envelope = {
            "id": f"chatcmpl-{self._seed:04d}{record.seq:08d}",
            "object": "chat.completion.chunk",
            "created": _CREATED + record.seq,
            "model": answer.model or record.model,
            "service_tier": "default",
            "system_fingerprint": None,
        }
        if record.stream:
            options = (record.body or {}).get("stream_options") or {}
            stream = EventStream(
                http,
                record,
                answer,
                rate=self._rate_of(answer),
                envelope=envelope,
                wants_usage=bool(options.get("include_usage")),
                changed=self._changes.notify,
            )
            return await stream.write(self._headers(record), planned)
        return await self._whole(
            http, record, answer, planned, lambda: completion(answer, planned, record, envelope)
        )

    async def _write_response(
        self, http: web.Request, record: Request, answer: Answer, planned: Plan
    ) -> web.StreamResponse:
        body, traits = record.body or {}, self.models[record.model]
        thinking = thinks(body, traits)
        envelope = {
            "id": f"resp_{self._seed:04d}{record.seq:08d}",
            "object": "response",
            "created_at": _CREATED + record.seq,
            "status": "in_progress",
            "error": None,
            "incomplete_details": None,
            "model": answer.model or record.model,
            "output": [],
            "parallel_tool_calls": True,
            "store": body.get("store", True),
            "tool_choice": body.get("tool_choice", "auto"),
            "tools": body.get("tools", []),
            "usage": None,
        }
        output = Output(record, encrypted=ENCRYPTED in (body.get("include") or ()))
        try:
            if record.stream:
                stream = ResponseStream(
                    http,
                    record,
                    answer,
                    rate=self._rate_of(answer),
                    changed=self._changes.notify,
                    envelope=envelope,
                    output=output,
                    thinks=thinking,
                )
                return await stream.write(self._headers(record), planned)
            return await self._whole(
                http,
                record,
                answer,
                planned,
                lambda: whole_response(envelope, output, planned, record, answer, thinks=thinking),
            )
        finally:
            self._issued.note(output.items)

    def _rate_of(self, answer: Answer) -> float:
        return self.tokens_per_second if answer.token_rate is None else answer.token_rate

    async def _whole(
        self,
        http: web.Request,
        record: Request,
        answer: Answer,
        planned: Plan,
        make: Callable[[], dict[str, Any]],
    ) -> web.StreamResponse:
        spent, rate = sum(piece_tokens(piece) for piece in planned.pieces), self._rate_of(answer)
        await asyncio.sleep(answer.first_token_delay + (spent / rate if rate else 0))
        await answer.permitted(len(planned.pieces))
        fault = next((piece for piece in planned.pieces if isinstance(piece, Cut | Stall)), None)
        if isinstance(fault, Stall):
            await asyncio.get_running_loop().create_future()
        if isinstance(fault, Cut):
            reset_connection(http)
            return self._error(http, record, HttpError(0, b""))
        record.deltas_written = len(planned.pieces)
        record.sent_text = "".join(piece for piece in planned.pieces if isinstance(piece, str))
        return self._plain(record, make())

    async def _embeddings(self, _http: web.Request, record: Request) -> web.StreamResponse:
        traits = self.embedders.get(record.model)
        if traits is None:
            raise self._no_model(record.model)
        lenient = self.dialect == "compatible"
        return self._plain(record, embeddings(record.body or {}, traits, lenient=lenient))

    async def _transcribe(self, _http: web.Request, record: Request) -> web.StreamResponse:
        sound = check_sound(record.body or {})
        if record.model not in TRANSCRIBERS or self.dialect == "compatible":
            raise self._no_model(record.model)
        text = self.spoken.pop(0) if self.spoken else f"simulated words of {sound.seconds} s"
        return self._plain(record, transcript(text, sound))

    async def _images(self, _http: web.Request, record: Request) -> web.StreamResponse:
        if record.model not in IMAGE_MODELS:
            raise self._no_model(record.model)
        return self._plain(record, images(record.body or {}))

    async def _list_models(self, _http: web.Request, record: Request) -> web.StreamResponse:
        names = [*self.models, *self.embedders]
        data = [self._model(name) for name in names]
        return self._plain(record, {"object": "list", "data": data})

    async def _get_model(self, _http: web.Request, record: Request) -> web.StreamResponse:
        name = record.params["id"]
        if name not in self.models and name not in self.embedders:
            raise self._no_model(name)
        return self._plain(record, self._model(name))

    def _model(self, name: str) -> dict[str, Any]:
        traits = self.models.get(name)
        found = {"id": name, "object": "model", "created": _CREATED, "owned_by": "system"}
        if traits is not None and traits.shutdown is not None:
            found["shutdown_date"] = traits.shutdown
        return found
