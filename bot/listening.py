"""An aiohttp application on a port, within bounds."""

from __future__ import annotations

import asyncio

from aiohttp import web
from aiohttp.typedefs import Handler

from bot.connections import Bounds, Connections


def bounded(application: web.Application, bounds: Bounds, name: str) -> Connections:
    """Let an application tell when its connections are at work.

    Args:
        application: Not running yet.
        bounds: What its connections are held to.
        name: The variable that sets the port.
    """
    connections = Connections(bounds, name)

    @web.middleware
    async def at_work(request: web.Request, handler: Handler) -> web.StreamResponse:
        transport = request.transport
        with connections.at_work(transport and transport.get_extra_info("peername")):
            return await handler(request)

    application.middlewares.append(at_work)
    return connections


async def listen(
    runner: web.AppRunner, connections: Connections, host: str, port: int
) -> asyncio.Server:
    """Accept connections until the result is closed, which has to come before the runner's cleanup.

    Args:
        runner: Set up.
        connections: What `bounded` gave for its application.
        host: Address to listen on.
        port: 0 for any that is free.

    Raises:
        OSError, OverflowError: The address cannot be listened on.
    """
    server = runner.server
    assert server is not None
    loop = asyncio.get_running_loop()
    return await loop.create_server(lambda: connections.accept(server), host, port)
