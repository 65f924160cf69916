"""The HTTP side of the simulator: listening, recording, keys, transport faults, error answers."""

from __future__ import annotations

import asyncio
import json
from abc import abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

from aiohttp import web

from tests.simulators.listening import Listening
from tests.simulators.openai_sim.answer import HttpError
from tests.simulators.openai_sim.changes import Changes
from tests.simulators.openai_sim.errors import error_body
from tests.simulators.openai_sim.hearing import read_form
from tests.simulators.openai_sim.request import Disconnect, Request
from tests.simulators.openai_sim.script import Fault, Faults
from tests.simulators.openai_sim.stream import close_connection
from tests.simulators.openai_sim.validate import Rejected

T = TypeVar("T")
Handler = Callable[[web.Request, Request], Awaitable[web.StreamResponse]]

FORMS = {"/v1/audio/transcriptions": "multipart/form-data"}
"""Routes that take something else than JSON."""

_BODY_LIMIT = 64 * 1024 * 1024


class Listener(Listening):
    """Listens on loopback and hands every correct call to the route it is for.

    Attributes:
        requests: Every call, in order of arrival.
        violations: What a correct client would not have sent.
        disconnects: Answers that a client did not wait for.
        faults: Scripted faults of the transport.
    """

    def __init__(self, api_key: str, seed: int) -> None:
        self.api_key = api_key
        self.faults = Faults()
        self.requests: list[Request] = []
        self.violations: list[str] = []
        self.disconnects: list[Disconnect] = []
        self._seed = seed
        self._changes = Changes()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._runner: web.AppRunner | None = None
        self._port = 0
        self._stopping = False

    @abstractmethod
    def _routes(self) -> Mapping[tuple[str, str], Handler]:
        """Handlers by method and path."""

    @abstractmethod
    def _effect(self, record: Request) -> None:
        """Do what a request asks for, without an answer."""

    def _limit_headers(self) -> dict[str, str]:
        return {}

    async def start(self) -> None:
        """Listen on 127.0.0.1, on a port of the system's choice."""
        app = web.Application(client_max_size=_BODY_LIMIT)
        for (method, path), handler in self._routes().items():
            app.router.add_route(method, path, self._route(path.replace(":.+", ""), handler))
        app.router.add_route("*", "/{path:.*}", self._route("unknown", self._unknown))
        self._stopping = False
        self._runner = web.AppRunner(app, access_log=None, handler_cancellation=True)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self._port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """End every answer that is under way and stop listening."""
        self._stopping = True
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    @property
    def base_url(self) -> str:
        """What a client takes as its base URL."""
        return f"http://127.0.0.1:{self._port}/v1"

    def environment(self) -> dict[str, str]:
        """The variables a bot needs; its host does not tell that this is OpenAI, with all APIs."""
        return {
            "OPENAI_API_KEY": self.api_key,
            "OPENAI_BASE_URL": self.base_url,
            "OPENAI_API": "responses",
        }

    def count(self, status: int) -> int:
        """How many requests were answered with this status."""
        return sum(request.status == status for request in self.requests)

    async def until(
        self,
        predicate: Callable[[], T],
        timeout: float = 50.0,
    ) -> T:
        """Wait until the predicate is truthy, and return its value.

        Raises:
            TimeoutError: It was not within the time; the message shows the newest requests.
        """
        return await self._changes.until(predicate, timeout, self.transcript)

    def transcript(self, last: int = 10) -> str:
        """The newest requests with their messages and what was answered, for people to read."""
        lines: list[str] = []
        for request in self.requests[-last:]:
            lines.append(
                f"#{request.seq} {request.method} {request.route} {request.model} "
                f"→ {request.status} {request.outcome}"
            )
            lines += [f"    {item.role}: {item.text}" for item in request.messages]
            if request.sent_text:
                lines.append(f"    → {request.sent_text}")
        return "\n".join(lines + [f"violation: {text}" for text in self.violations])

    def _route(self, route: str, handler: Handler) -> Callable[[web.Request], Any]:
        async def handle(http: web.Request) -> web.StreamResponse:
            task = asyncio.current_task()
            assert task is not None
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            record = await self._record(http, route)
            try:
                return await self._answer(http, record, handler)
            except Rejected as rejected:
                self._violation(record, rejected.error)
                return self._error(http, record, rejected.error)
            except ConnectionError:
                self._left(record)
                return web.Response()
            except asyncio.CancelledError:
                self._left(record)
                raise
            finally:
                self._changes.notify()

        return handle

    async def _record(self, http: web.Request, route: str) -> Request:
        form = http.content_type == "multipart/form-data"
        raw = b"" if form else await http.read()
        try:
            body: Any = json.loads(raw) if raw else None
        except ValueError:
            body = None
        if form:
            body = await read_form(http)
        bearer = http.headers.get("Authorization", "")
        record = Request(
            seq=len(self.requests),
            at=asyncio.get_running_loop().time(),
            method=http.method,
            route=route,
            params=dict(http.match_info) | dict(http.query),
            headers=dict(http.headers),
            body=body if isinstance(body, dict) else None,
            token=bearer.removeprefix("Bearer ") if bearer.startswith("Bearer ") else None,
        )
        self.requests.append(record)
        self._changes.notify()
        return record

    async def _answer(
        self, http: web.Request, record: Request, handler: Handler
    ) -> web.StreamResponse:
        fault = self.faults.take(record)
        if fault is not None and fault.gate is not None:
            await fault.gate.wait()
        if fault is not None and fault.delay:
            await asyncio.sleep(fault.delay)
        if fault is not None and not fault.after_effect and (fault.drop or fault.status):
            error = HttpError(0 if fault.drop else fault.status or 0, fault.body, fault.headers)
            return self._error(http, record, error)
        self._check_key(record)
        if http.method == "POST":
            self._check_body(http, record)
        if fault is not None and fault.after_effect:
            return self._lose(http, record, fault)
        return await handler(http, record)

    def _lose(self, http: web.Request, record: Request, fault: Fault) -> web.StreamResponse:
        """Do what the request asks, but answer it with the fault."""
        self._effect(record)
        status = 0 if fault.drop else fault.status or 0
        return self._error(http, record, HttpError(status, fault.body, fault.headers))

    def _check_key(self, record: Request) -> None:
        if record.token == self.api_key:
            return
        if not record.token:
            message = "You didn't provide an API key."
            raise Rejected(HttpError(401, error_body(message)))
        shown = record.token[:6] + "***"
        message = f"Incorrect API key provided: {shown}."
        raise Rejected(HttpError(401, error_body(message, code="invalid_api_key")))

    def _check_body(self, http: web.Request, record: Request) -> None:
        expected = FORMS.get(record.route, "application/json")
        if http.content_type != expected:
            message = f"Unsupported Content-Type: {http.content_type}."
            raise Rejected(HttpError(415, error_body(message)))
        if record.body is None:
            message = "We could not parse the JSON body of your request."
            raise Rejected(HttpError(400, error_body(message)))

    def _violation(self, record: Request, error: HttpError) -> None:
        body = error.body if isinstance(error.body, Mapping) else {}
        self.violations.append(f"#{record.seq} {record.route}: {body.get('error', {})}")

    def _headers(self, record: Request) -> dict[str, str]:
        own = {
            "x-request-id": f"req_{self._seed:04d}{record.seq:08d}",
            "openai-version": "2020-10-01",
            "openai-processing-ms": "1",
        }
        return own | self._limit_headers()

    def _error(self, http: web.Request, record: Request, error: HttpError) -> web.StreamResponse:
        record.outcome = "refused" if error.status else "cut"
        record.status = error.status
        if not error.status:
            close_connection(http)
            return web.Response()
        headers = self._headers(record) | dict(error.headers)
        if isinstance(error.body, bytes):
            return web.Response(status=error.status, body=error.body, headers=headers)
        headers["Content-Type"] = "application/json"
        text = json.dumps(error.body)
        return web.Response(status=error.status, body=text.encode(), headers=headers)

    def _left(self, record: Request) -> None:
        if record.outcome != "open":
            return
        record.outcome = "stopped" if self._stopping else "disconnected"
        if not self._stopping:
            self.disconnects.append(Disconnect(record, record.deltas_written))

    def _plain(self, record: Request, body: Mapping[str, Any]) -> web.Response:
        record.status, record.outcome = 200, "answered"
        return web.json_response(body, headers=self._headers(record))

    async def _unknown(self, http: web.Request, _record: Request) -> web.StreamResponse:
        message = f"Invalid URL ({http.method} {http.path})"
        raise Rejected(HttpError(404, error_body(message)))
