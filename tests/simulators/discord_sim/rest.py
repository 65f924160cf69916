"""The HTTP side: one path every REST call takes, from arrival to answer."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from aiohttp import BodyPartReader, web

from tests.simulators.discord_sim.errors import CLIENT_FAULTS, ApiError, invalid_field
from tests.simulators.discord_sim.faults import Fault, Faults
from tests.simulators.discord_sim.limits import Limits, Refused, Standing
from tests.simulators.discord_sim.model import Request, Upload
from tests.simulators.discord_sim.world import World

PREFIX = "/api/v10"
FILE_BYTES = 10 * 1024 * 1024
REQUEST_BYTES = 25 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Call:
    """A call as handlers see it; ``files`` are by the number in their field name."""

    request: Request
    body: Any
    files: Mapping[int, Upload]

    def id(self, name: str) -> int:
        """Return an id from the path.

        Raises:
            ApiError: it is not an id.
        """
        value = self.request.path[name]
        if not value.isdigit():
            raise invalid_field(name, "NUMBER_TYPE_COERCE", f'Value "{value}" is not snowflake.')
        return int(value)


Handler = Callable[[Call], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A route. ``bot`` says that it needs the bot token and counts towards the global limit."""

    method: str
    path: str
    handler: Handler
    bot: bool = True

    @property
    def route(self) -> str:
        """Method and path template."""
        return f"{self.method} {self.path}"


class Rest:
    """Serves the REST API.

    Attributes:
        requests: every call that arrived, in order.
    """

    def __init__(self, world: World, limits: Limits, faults: Faults) -> None:
        self._world = world
        self._limits = limits
        self._faults = faults
        self.requests: list[Request] = []

    def mount(self, app: web.Application, endpoints: list[Endpoint]) -> None:
        """Add routes, and the answer for paths that do not exist."""
        for endpoint in endpoints:
            app.router.add_route(endpoint.method, PREFIX + endpoint.path, self._server(endpoint))
        app.router.add_route("*", PREFIX + "/{rest:.*}", self._unknown)

    def _server(self, endpoint: Endpoint) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def serve(request: web.Request) -> web.Response:
            return await self._serve(request, endpoint)

        return serve

    async def _unknown(self, request: web.Request) -> web.Response:
        async def refuse(_call: Call) -> None:
            raise ApiError(0, status=404, message="404: Not Found")

        path = request.path.removeprefix(PREFIX)
        return await self._serve(request, Endpoint(request.method, path, refuse, bot=False))

    async def _serve(self, raw: web.Request, endpoint: Endpoint) -> web.Response:
        body, files, malformed = await _read(raw)
        scheme, _, token = raw.headers.get("Authorization", "").partition(" ")
        request = Request(
            len(self.requests) + 1,
            asyncio.get_running_loop().time(),
            raw.method,
            endpoint.route,
            dict(raw.match_info),
            dict(raw.query),
            body,
            tuple(files.values()),
            token if scheme == "Bot" else None,
        )
        self.requests.append(request)
        self._world.on_change()
        fault = self._faults.take(request)
        if fault is not None and not fault.after_effect:
            await self._wait(fault)
        if fault is not None and fault.answers and not fault.after_effect:
            response = self._faulty(raw, fault, request)
        else:
            response = await self._answer(Call(request, body, files), endpoint, malformed)
        if fault is not None and fault.after_effect:
            await self._wait(fault)
            response = self._faulty(raw, fault, request) if fault.answers else response
        self._limits.note(response.status, response.headers.get("X-RateLimit-Scope"))
        self.requests[request.seq - 1] = replace(request, status=response.status)
        self._world.on_change()
        return response

    async def _wait(self, fault: Fault) -> None:
        self._world.on_change()
        if fault.delay:
            await asyncio.sleep(fault.delay / self._world.scale)
        if fault.gate is not None:
            await fault.gate.wait()

    def _faulty(self, raw: web.Request, fault: Fault, request: Request) -> web.Response:
        if fault.drop:
            if raw.transport is not None:
                raw.transport.abort()
            return web.Response(status=499)
        if fault.retry_after is not None:
            self._limits.refused[request.route] += 1
            return _refused(Refused(fault.retry_after / self._world.scale, fault.scope))
        if isinstance(fault.body, str):
            return web.Response(status=fault.status or 500, text=fault.body, headers=fault.headers)
        return _json(fault.status or 500, fault.body, fault.headers)

    async def _answer(self, call: Call, endpoint: Endpoint, malformed: bool) -> web.Response:
        request = call.request
        if self._limits.banned:
            return web.Response(status=429, text="<html>You are being blocked</html>")
        standing: Standing | None = None
        try:
            if endpoint.bot and request.token != self._world.token:
                raise ApiError(0, status=401, message="401: Unauthorized")
            token = request.token if endpoint.bot else None
            standing = self._limits.take(endpoint.route, _major(request.path), token)
            if malformed:
                raise ApiError(50109)
            result = await endpoint.handler(call)
            status = 204 if result is None else 200
        except Refused as refused:
            return _refused(refused)
        except ApiError as error:
            status, result = error.status, error.body()
            if error.code in CLIENT_FAULTS and status != 401:
                self._world.violations.append(f"{endpoint.route}: {error} {error.errors or ''}")
        headers = standing.headers(time.time()) if standing else {}
        return _json(status, result, headers)


def _major(path: Mapping[str, str]) -> str:
    if "token" in path:
        return path["token"]
    return path.get("channel_id") or path.get("guild_id") or ""


def _json(status: int, body: Any, headers: Mapping[str, str]) -> web.Response:
    if status == 204:
        return web.Response(status=204, headers=headers)
    # The type without a charset: discord.py compares it literally.
    return web.Response(
        status=status,
        body=json.dumps(body).encode(),
        headers={**headers, "Content-Type": "application/json"},
    )


def _refused(refused: Refused) -> web.Response:
    headers = refused.headers()
    if refused.standing is not None:
        headers |= refused.standing.headers(time.time())
    body = {
        "message": "You are being rate limited.",
        "retry_after": round(refused.retry_after, 3),
        "global": refused.scope == "global",
    }
    if refused.code:
        body["code"] = refused.code
    return _json(429, body, headers)


async def _read(raw: web.Request) -> tuple[Any, dict[int, Upload], bool]:
    """Return the decoded body, the files, and whether the body made no sense."""
    files: dict[int, Upload] = {}
    if raw.content_type.startswith("multipart/"):
        body: Any = None
        async for part in await raw.multipart():
            if not isinstance(part, BodyPartReader):
                return None, {}, True
            data = bytes(await part.read())
            name = part.name or ""
            if name == "payload_json":
                body = _decoded(data)
            elif name.startswith("files[") and name[6:-1].isdigit() and part.filename:
                files[int(name[6:-1])] = Upload(part.filename, data)
            else:
                return body, files, True
        return (None, files, True) if body is _BROKEN else (body, files, False)
    data = await raw.read()
    if not data:
        return None, files, False
    if raw.content_type != "application/json":
        return None, files, True
    body = _decoded(data)
    return (None, files, True) if body is _BROKEN else (body, files, False)


_BROKEN = object()


def _decoded(data: bytes) -> Any:
    try:
        return json.loads(data)
    except ValueError:
        return _BROKEN
