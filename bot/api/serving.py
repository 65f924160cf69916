"""Serving REST and MCP over HTTP while something else runs."""

from __future__ import annotations

import asyncio
import math
import socket
import time
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from bot.api.application import application
from bot.api.mcp_http import McpHttp
from bot.api.offer import Behind, Offer, Served
from bot.api.rest import Rest
from bot.api.verifier import Verifier
from bot.connections import Connection, Connections
from bot.errors import Problem, SettingsError
from bot.ids import new_id
from bot.tasks import end

GRACE_SECONDS = 5
"""What requests under way may still take when the process is to end."""

BACKLOG = 128


@asynccontextmanager
async def serving(offer: Offer, behind: Behind) -> AsyncGenerator[Served]:
    """Answer requests while the block lasts; those under way are finished at its end.

    Raises:
        SettingsError: The port cannot be listened on.
    """
    listener = _listener(offer.host, offer.port)
    address = (offer.host, int(listener.getsockname()[1]))
    host = f"[{offer.host}]" if ":" in offer.host else offer.host
    url = offer.url.rstrip("/") or f"http://{host}:{address[1]}"
    verifier = Verifier(behind.credentials, behind.links, behind.claims, offer.per_minute)
    mcp = McpHttp(behind.memories, verifier, url, offer.version)
    app = application(
        Rest(behind.memories, verifier, behind.conversations, time.time, url),
        mcp,
        offer.version,
        new_id,
        time.monotonic,
    )
    connections = Connections(offer.bounds, "BOBBIN_API_PORT")
    server = _Server(
        uvicorn.Config(
            _told(app, connections),
            http=_bounded(connections),
            lifespan="off",
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=GRACE_SECONDS,
            timeout_keep_alive=math.ceil(offer.bounds.idle),
        )
    )
    task = asyncio.create_task(_serve(server, mcp, listener), name="api")
    try:
        await _until(server.listens, task)
        yield Served(address, task)
    finally:
        server.should_exit = True
        await asyncio.wait([task], timeout=GRACE_SECONDS + 2)
        await end(task)
        listener.close()


async def _serve(server: _Server, mcp: McpHttp, listener: socket.socket) -> None:
    """In a task of its own, which the SDK's tasks belong to."""
    async with mcp.running():
        await server.serve(sockets=[listener])


class _Server(uvicorn.Server):
    """Says when it listens, and leaves signals to the program that it is a part of."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listens = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listens.set()

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


def _told(app: ASGIApp, connections: Connections) -> ASGIApp:
    """The application, which tells when a connection is at work."""

    async def told(scope: Scope, receive: Receive, send: Send) -> None:
        with connections.at_work(scope.get("client")):
            await app(scope, receive, send)

    return told


def _bounded(connections: Connections) -> type[asyncio.Protocol]:
    """The server's protocol for HTTP on connections that are held to their bounds."""

    class Bounded(Connection):
        def __init__(
            self,
            config: uvicorn.Config,
            server_state: ServerState,
            app_state: dict[str, Any],
            _loop: asyncio.AbstractEventLoop | None = None,
        ) -> None:
            super().__init__(
                connections, lambda: H11Protocol(config, server_state, app_state, _loop)
            )

    return Bounded


async def _until(event: asyncio.Event, task: asyncio.Task[None]) -> None:
    """Wait for the event; the task's own error is raised when it ends before."""
    waiting = asyncio.create_task(event.wait())
    await asyncio.wait({waiting, task}, return_when=asyncio.FIRST_COMPLETED)
    await end(waiting)
    if task.done():
        task.result()


def _listener(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(BACKLOG)
        listener.setblocking(False)
    except OSError as error:
        listener.close()
        problem = Problem(
            "BOBBIN_API_PORT",
            f"{host}:{port} cannot be listened on ({error.strerror}).",
            "Set it to a free port, or BOBBIN_API_HOST to an address of this machine.",
        )
        raise SettingsError([problem]) from None
    return listener
