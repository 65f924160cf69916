"""The ASGI application: REST, MCP and the pages about them, with refusals in one envelope."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.api.faults import Fault, fault_of, refusal_of
from bot.api.mcp_http import McpHttp
from bot.api.openapi import description, page
from bot.api.rest import Rest
from bot.errors import BobbinError

logger = logging.getLogger(__name__)

_WORDS = frozenset(
    "v1 memory search context batch stats export import conversations mcp docs openapi.json".split()
)
_NOTHING_BUT_STYLE = "default-src 'none'; style-src 'unsafe-inline'"


def application(
    rest: Rest,
    mcp: McpHttp,
    version: str,
    new_id: Callable[[], str],
    now: Callable[[], float],
) -> Starlette:
    """All that is served over HTTP.

    Args:
        rest: /v1.
        mcp: /mcp.
        version: Of this program.
        new_id: Makes ids of requests.
        now: Monotonic seconds.
    """
    endpoints = rest.endpoints()
    described = json.dumps(description(endpoints, version), ensure_ascii=False)
    shown = page(endpoints)

    async def openapi(request: Request) -> Response:
        return Response(described, media_type="application/json")

    async def docs(request: Request) -> Response:
        return HTMLResponse(shown, headers={"Content-Security-Policy": _NOTHING_BUT_STYLE})

    return Starlette(
        routes=[
            *rest.routes(),
            *mcp.routes(),
            Route("/openapi.json", openapi),
            Route("/docs", docs),
        ],
        middleware=[Middleware(AccessLog, new_id=new_id, now=now)],
        exception_handlers={
            BobbinError: _refuse,
            HTTPException: _refuse_http,
            ClientDisconnect: _say_nothing,
            Exception: _fail,
        },
    )


class AccessLog:
    """Logs who asked for what and how it went: no address beyond the path, and no content."""

    def __init__(self, app: ASGIApp, new_id: Callable[[], str], now: Callable[[], float]) -> None:
        self._app = app
        self._new_id = new_id
        self._now = now

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, id, status = self._now(), self._new_id(), 0

        async def sent(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = [*message.get("headers", ()), (b"x-request-id", id.encode())]
                message = {**message, "headers": headers}
            await send(message)

        try:
            await self._app(scope, receive, sent)
        finally:
            logger.info(
                "%s %s: %d after %.0f ms, token %s, request %s",
                scope["method"],
                _place(scope["path"]),
                status,
                (self._now() - began) * 1000,
                scope.get("state", {}).get("token", "none"),
                id,
            )


def _place(path: str) -> str:
    """The part of a path that callers cannot make up: what they name comes after it."""
    named = path.split("/")[1:4]
    return "/" + "/".join(part if part in _WORDS else "…" for part in named)


async def _refuse(request: Request, error: Exception) -> Response:
    fault = fault_of(error) if isinstance(error, BobbinError) else fault_of(BobbinError())
    refusal = refusal_of(fault)
    if fault.status >= 500:
        logger.warning("%s (%s)", error, fault.code)
    return JSONResponse(refusal.body, refusal.status, headers=dict(refusal.headers))


async def _refuse_http(request: Request, error: Exception) -> Response:
    """No such path or method."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    headers = error.headers if isinstance(error, HTTPException) else None
    code, why = {
        404: ("not_found", "There is nothing at this address."),
        405: ("method_not_allowed", "This address does not take that method."),
    }.get(status, ("invalid_request", "That is no request that is understood here."))
    return await _refuse(request, Fault(status, code, why, headers=headers))


async def _say_nothing(request: Request, error: Exception) -> Response:
    """Whoever asked has gone."""
    return Response(status_code=400)


async def _fail(request: Request, error: Exception) -> Response:
    """A fault of ours; the server logs it."""
    return await _refuse(request, fault_of(BobbinError()))
