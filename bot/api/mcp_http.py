"""MCP over HTTP: tokens in front of the SDK's transport, and what clients find out about them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any
from urllib.parse import urlsplit

from mcp.server import MCPServer
from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser, RequireAuthMiddleware
from mcp.server.auth.provider import AccessToken
from mcp.server.mcpserver import Context
from mcp.server.transport_security import TransportSecuritySettings
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from bot.api.faults import Fault, unauthorized
from bot.api.mcp_server import mcp_server
from bot.api.reading import bearer
from bot.api.resources import described_at, describing
from bot.api.verifier import Caller, Verifier
from bot.audience import Grant
from bot.memories import Via
from bot.memory.port import Memories

PATH = "/mcp"
BODY_BYTES = 4 * 1024 * 1024
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


class Known(AuthenticatedUser):
    """A caller, as the SDK knows one."""

    def __init__(self, caller: Caller) -> None:
        # The SDK wants to see a token; its id is all that anybody needs to know of it.
        super().__init__(
            AccessToken(
                token=caller.token,
                client_id=caller.token,
                scopes=[],
                subject=str(caller.grant.person),
                expires_at=int(caller.expires_at) or None,
            )
        )
        self.caller = caller


class McpHttp:
    """MCP at /mcp, without sessions: each request brings its token, and any process answers it.

    Args:
        memories: The core.
        verifier: Knows who asks.
        url: Where callers reach this server, without a path.
        version: Of this program.
    """

    def __init__(self, memories: Memories, verifier: Verifier, url: str, version: str) -> None:
        self._verifier = verifier
        self._url = url
        self._server: MCPServer[Any] = mcp_server(memories, _grant_of, self._staying, version)
        hosts, origins = _allowed(url)
        self._server.streamable_http_app(
            stateless_http=True,
            json_response=True,
            max_request_body_size=BODY_BYTES,
            transport_security=TransportSecuritySettings(
                allowed_hosts=list(hosts), allowed_origins=list(origins)
            ),
        )
        self._inner = RequireAuthMiddleware(
            self._server.session_manager.handle_request,
            [],
            described_at(url, PATH),
        )

    def running(self) -> AbstractAsyncContextManager[None]:
        """While this lasts, requests are answered."""
        return self._server.session_manager.run()

    def routes(self) -> Sequence[Route]:
        """Where it is served."""
        return [Route(PATH, endpoint=self), *describing(self._url, PATH)]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, if its token is in force."""
        try:
            caller = await self._verifier.verify(bearer(Headers(scope=scope)), Via.MCP)
            scope["user"] = Known(caller)
            scope.setdefault("state", {})["token"] = caller.token
        except Fault as fault:
            # Without anybody known the SDK says itself where to learn about tokens.
            if fault.status != unauthorized().status:
                raise
        await self._inner(scope, receive, send)

    async def _staying(self, context: Context[Any, Any]) -> None:
        """Return if the token of a call has not ended since."""
        request = context.request_context.request
        headers = request.headers if isinstance(request, Request) else Headers()
        await self._verifier.still(bearer(headers))


async def _grant_of(context: Context[Any, Any]) -> Grant:
    """What the sender of a call may do."""
    request = context.request_context.request
    if isinstance(request, Request) and isinstance(request.scope.get("user"), Known):
        return request.scope["user"].caller.grant
    raise unauthorized()


def _allowed(url: str) -> tuple[Sequence[str], Sequence[str]]:
    """Values of Host and Origin that are accepted: this machine's own, and the public address."""
    parts = urlsplit(url)
    hosts = [each for name in LOOPBACK for each in (name, f"{name}:*")]
    origins = [f"http://{each}" for each in hosts]
    return [*hosts, parts.netloc], [*origins, f"{parts.scheme}://{parts.netloc}"]
