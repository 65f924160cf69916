"""The HTTP side: authentication, faults, limits, dispatch, and a record of every call."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from aiohttp import web

from tests.simulators.handlers import Handlers
from tests.simulators.slack_sim import (
    methods_assistant,
    methods_chat,
    methods_conversations,
    methods_files,
    methods_identity,
    methods_oauth,
    methods_reactions,
    methods_stream,
    methods_views,
)
from tests.simulators.slack_sim.arguments import Method, read
from tests.simulators.slack_sim.calls import Call
from tests.simulators.slack_sim.emitter import Emitter
from tests.simulators.slack_sim.errors import ApiError, RateLimited
from tests.simulators.slack_sim.faults import Fault, Faults
from tests.simulators.slack_sim.file_routes import FileRoutes
from tests.simulators.slack_sim.limits import Limits
from tests.simulators.slack_sim.methods_conversations import RESTRICTED_LIMIT
from tests.simulators.slack_sim.model import App, Request, Workspace
from tests.simulators.slack_sim.response_urls import ResponseUrls
from tests.simulators.slack_sim.sockets import Sockets
from tests.simulators.slack_sim.state import State

OF_ONE_WORKSPACE = frozenset({"usergroups.list", "usergroups.users.list"})
"""Methods that an organisation's token has to name a workspace to."""

METHODS: Mapping[str, Method] = {
    **methods_identity.METHODS,
    **methods_oauth.METHODS,
    **methods_chat.METHODS,
    **methods_stream.METHODS,
    **methods_conversations.METHODS,
    **methods_reactions.METHODS,
    **methods_assistant.METHODS,
    **methods_views.METHODS,
    **methods_files.METHODS,
}


@dataclass(slots=True)
class Answer:
    """What goes back: a JSON value or text, with status and headers."""

    body: Any
    status: int = 200
    headers: Mapping[str, str] | None = None
    content_type: str | None = None
    unmeasured: bool = False
    """Sent in pieces, without its length."""

    @property
    def error(self) -> str | None:
        """Slack's error word, if it is a refusal."""
        return self.body.get("error") if isinstance(self.body, dict) else None

    def response(self) -> web.Response:
        """Return the aiohttp response."""
        headers = dict(self.headers or {})
        if isinstance(self.body, bytes):
            found = web.Response(
                body=self.body, status=self.status, headers=headers, content_type=self.content_type
            )
            if self.unmeasured:
                found.enable_chunked_encoding()
            return found
        if isinstance(self.body, str):
            kind = self.content_type or "text/plain"
            return web.Response(
                text=self.body, status=self.status, headers=headers, content_type=kind
            )
        return web.json_response(self.body, status=self.status, headers=headers)


class Server:
    """Answers every HTTP call of the app."""

    def __init__(
        self, state: State, sockets: Sockets, emitter: Emitter, limits: Limits, faults: Faults
    ) -> None:
        self._state = state
        self._sockets = sockets
        self._emitter = emitter
        self._limits = limits
        self._faults = faults
        self._handlers = Handlers()
        self._runner: web.AppRunner | None = None
        self._files = FileRoutes(state)
        self._response_urls = ResponseUrls(state, emitter)
        self.requests: list[Request] = []
        self.repeat_root = False
        self.native_streams = False
        self.agents = True

    async def start(self) -> None:
        """Listen on a free port of the loopback interface."""
        app = web.Application(client_max_size=64 * 2**20, middlewares=[self._handlers.middleware()])
        app.router.add_route("*", "/api/{method}", self._api)
        app.router.add_get("/link/", self._sockets.link)
        app.router.add_get("/link", self._sockets.link)
        app.router.add_post("/upload/v1/{ticket}", self._upload)
        app.router.add_get("/files-pri/{file}/{name:.*}", self._download)
        app.router.add_post("/response/{path:.*}", self._respond)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self._state.base_url = f"http://{host}:{port}"

    async def stop(self) -> None:
        """Stop listening and close what is open."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
        await self._handlers.end()

    # Web API

    async def _api(self, http: web.Request) -> web.StreamResponse:
        params, from_json, problem = await _parameters(http)
        token = _bearer(http) or _basic(http) or params.pop("token", None)
        name = http.match_info["method"]

        async def effect() -> Answer:
            if problem is not None:
                self._state.violate(f"{name}: {problem}")
                return Answer({"ok": False, "error": problem})
            return self._run(name, params, token, from_json=from_json)

        return await self._serve(http, "/api/{method}", params, token, effect)

    def _run(
        self, name: str, params: dict[str, Any], token: str | None, *, from_json: bool
    ) -> Answer:
        method = METHODS.get(name)
        try:
            if name in methods_stream.METHODS and not self.native_streams:
                # Asking is how a client finds out, and no mistake.
                raise ApiError("unknown_method")
            if name in methods_assistant.METHODS and not self.agents:
                raise ApiError("feature_not_enabled")
            if method is None:
                raise ApiError("unknown_method", violation="no such method")
            app, workspace = self._authenticate(method, token, params)
            call = Call(
                self._state,
                self._sockets,
                self._emitter,
                app,
                workspace,
                name,
                self.repeat_root,
                RESTRICTED_LIMIT if self._limits.history_restricted else None,
            )
            if method.scopes:
                call.require(*method.scopes)
            team = app.id if workspace is None else workspace.id
            self._limits.take(team, name, method.tier, str(params.get("channel", "")))
            arguments = read(method, params, from_json=from_json)
            self._check_team(call, team, arguments.get("team_id", team))
            if name not in OF_ONE_WORKSPACE:
                arguments.pop("team_id", None)
            elif workspace is not None and workspace.whole and "team_id" not in arguments:
                raise ApiError("missing_argument", violation="an organisation's token, no team_id")
            body = {"ok": True, **method.run(call, arguments)}
        except ApiError as refusal:
            if refusal.violation is not None:
                self._state.violate(f"{name}: {refusal.violation}")
            return Answer(refusal.body(), headers=self._scope_headers(token))
        except RateLimited as refusal:
            headers = {"Retry-After": str(refusal.retry_after)}
            return Answer({"ok": False, "error": "ratelimited"}, 429, headers)
        return Answer(body, headers=self._scope_headers(token))

    def _check_team(self, call: Call, own: str, given: str) -> None:
        """Slack ignores team_id beside a workspace token; a wrong one is still a mistake."""
        if given != own and not (call.installed is not None and call.serves(given)):
            self._state.violate(f"{call.method}: team_id and token belong to different teams")

    def _authenticate(
        self, method: Method, token: str | None, params: Mapping[str, Any]
    ) -> tuple[App, Workspace | None]:
        if method.token == "client":
            return self._client(token), None
        if token is None:
            raise ApiError("not_authed", violation="no token")
        app = next((a for a in self._state.apps.values() if a.token == token), None)
        workspace = next(self._state.installations(token), None)
        if app is None and workspace is None:
            raise ApiError("invalid_auth", violation="unknown token")
        if (method.token == "app") != (app is not None):
            raise ApiError("not_allowed_token_type", violation="wrong kind of token")
        if workspace is None:
            assert app is not None
            return app, None
        if workspace.revoked:
            raise ApiError(workspace.refusal)
        if token in workspace.expired:
            raise ApiError("token_expired")
        return workspace.app, self._meant(workspace, params)

    def _client(self, credentials: str | None) -> App:
        id_, _, secret = (credentials or "").partition(":")
        app = next((a for a in self._state.apps.values() if a.client_id == id_), None)
        if app is None:
            raise ApiError("invalid_client_id")
        if secret != app.client_secret:
            raise ApiError("bad_client_secret")
        return app

    def _meant(self, workspace: Workspace, params: Mapping[str, Any]) -> Workspace:
        """The workspace that a call with an organisation's token is about."""
        named = params.get("channel") or params.get("channel_id") or ""
        channel = self._state.channels.get(str(named))
        other = self._state.workspaces.get(channel.team) if channel else None
        return other if other is not None and other.token == workspace.token else workspace

    def _scope_headers(self, token: str | None) -> dict[str, str]:
        workspace = next(self._state.installations(token or ""), None)
        if workspace is None:
            return {}
        return {"X-OAuth-Scopes": ",".join(sorted(workspace.scopes))}

    # Other routes

    async def _upload(self, http: web.Request) -> web.StreamResponse:
        data = await http.read()

        async def effect() -> Answer:
            status, text = self._files.upload(http.match_info["ticket"], data, http.headers)
            return Answer(text, status)

        params = {"length": len(data)}
        return await self._serve(http, "/upload/v1/{ticket}", params, _bearer(http), effect)

    async def _download(self, http: web.Request) -> web.StreamResponse:
        token = _bearer(http)

        async def effect() -> Answer:
            name = http.match_info["file"]
            status, kind, data = self._files.download(name, token)
            lied = self._files.is_a_lie(name)
            return Answer(data, status, content_type=kind, unmeasured=lied)

        return await self._serve(http, "/files-pri/{file}/{name}", {}, token, effect)

    async def _respond(self, http: web.Request) -> web.StreamResponse:
        try:
            params = json.loads(await http.text())
        except ValueError:
            params = {}
            self._state.violate("response_url: body is not JSON")

        async def effect() -> Answer:
            status, body = self._response_urls.post(http.match_info["path"], params)
            return Answer(body, status)

        return await self._serve(http, "/response/{path}", params, _bearer(http), effect)

    # One call, with its fault and its record

    async def _serve(
        self,
        http: web.Request,
        route: str,
        params: Mapping[str, Any],
        token: str | None,
        effect: Any,
    ) -> web.StreamResponse:
        index = len(self.requests)
        request = Request(
            index,
            asyncio.get_running_loop().time(),
            http.method,
            route,
            dict(http.match_info),
            dict(params),
            token,
        )
        self.requests.append(request)
        self._state.signal.changed()
        fault = self._faults.take(request)
        if fault is not None and not fault.after_effect:
            await self._wait(fault)
        answer: Answer | None = None
        if fault is None or not fault.answers or fault.after_effect:
            answer = await effect()
        if fault is not None and fault.after_effect:
            await self._wait(fault)
        if fault is not None and fault.answers:
            status = fault.status or 200
            answer = None if fault.drop else Answer(fault.body or "", status, fault.headers)
        if answer is None:
            self.requests[index] = replace(request, error="dropped")
            self._state.signal.changed()
            if http.transport is not None:
                http.transport.abort()
            return web.Response(status=500)
        self.requests[index] = replace(request, status=answer.status, error=answer.error)
        self._state.signal.changed()
        return answer.response()

    async def _wait(self, fault: Fault) -> None:
        self._state.signal.changed()
        if fault.gate is not None:
            await fault.gate.wait()
        if fault.delay:
            await asyncio.sleep(self._state.real(fault.delay))


def _bearer(http: web.Request) -> str | None:
    scheme, _, token = http.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme == "Bearer" and token.strip() else None


def _basic(http: web.Request) -> str | None:
    scheme, _, encoded = http.headers.get("Authorization", "").partition(" ")
    return base64.b64decode(encoded).decode() if scheme == "Basic" else None


async def _parameters(http: web.Request) -> tuple[dict[str, Any], bool, str | None]:
    """Return the arguments, whether they came as JSON, and what was wrong with the body."""
    params: dict[str, Any] = dict(http.query)
    if http.method != "POST" or not http.can_read_body:
        return params, False, None
    if http.content_type == "application/json":
        try:
            body = json.loads(await http.text())
        except ValueError:
            return params, True, "invalid_json"
        if not isinstance(body, dict):
            return params, True, "json_not_object"
        return {**params, **body}, True, None
    if http.content_type in ("application/x-www-form-urlencoded", "multipart/form-data"):
        return {**params, **dict(await http.post())}, False, None
    return params, False, "invalid_post_type"
