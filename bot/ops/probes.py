"""The HTTP side of what an operator sees: /healthz, /readyz and /metrics."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager

from aiohttp import web
from prometheus_client.exposition import choose_encoder

from bot.connections import Bounds
from bot.errors import Problem, SettingsError
from bot.listening import bounded, listen
from bot.ops import figures
from bot.ops.health import Health
from bot.ops.metrics import Metrics

logger = logging.getLogger(__name__)

BOUNDS = Bounds(most=64, head=10.0, idle=10.0)
"""A connection has one request, and is closed behind its answer."""

LONGEST_LINE = 2_048
LONGEST_HEADER = 4_096


@asynccontextmanager
async def listening(
    host: str, port: int, health: Health, metrics: Metrics, bounds: Bounds = BOUNDS
) -> AsyncGenerator[tuple[str, int]]:
    """Answer while the block lasts; gives the address, in which port 0 has become a real one.

    Raises:
        SettingsError: The address cannot be listened on.
    """
    application = _application(health, metrics)
    connections = bounded(application, bounds, "BOBBIN_HTTP_PORT")
    runner = web.AppRunner(
        application,
        access_log=None,
        handle_signals=False,
        max_line_size=LONGEST_LINE,
        max_field_size=LONGEST_HEADER,
    )
    await runner.setup()
    try:
        try:
            listener = await listen(runner, connections, host, port)
        except (OSError, OverflowError) as error:
            raise _refusal(host, port, error) from error
        try:
            address: tuple[str, int] = listener.sockets[0].getsockname()[:2]
            logger.info("health and metrics at http://%s", place(*address))
            yield address
        finally:
            listener.close()
    finally:
        await runner.cleanup()


def place(host: str, port: int) -> str:
    """Host and port as they stand in an address."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _refusal(host: str, port: int, error: Exception) -> SettingsError:
    why = getattr(error, "strerror", None) or str(error)
    problem = Problem(
        "BOBBIN_HTTP_PORT",
        f"{place(host, port)} cannot be listened on ({why}).",
        "Choose a free port, or another BOBBIN_HTTP_HOST; empty switches it off.",
    )
    return SettingsError([problem])


def _application(health: Health, metrics: Metrics) -> web.Application:
    async def healthz(request: web.Request) -> web.Response:
        faults = health.faults()
        return _json(503 if faults else 200, {"alive": not faults, "faults": faults})

    async def readyz(request: web.Request) -> web.Response:
        waits = {part: why for part, why in (await health.parts()).items() if why is not None}
        return _json(503 if waits else 200, {"ready": not waits, "waiting_for": waits})

    async def shown(request: web.Request) -> web.Response:
        for part, why in (await health.parts()).items():
            metrics.set(figures.READY, why is None, part)
        encode, kind = choose_encoder(request.headers.get("Accept", ""))
        # Beside the loop: the process's own figures are read from files.
        body = await asyncio.to_thread(encode, metrics.registry)
        return web.Response(body=body, headers={"Content-Type": kind, "Cache-Control": "no-store"})

    application = web.Application(client_max_size=1)
    application.on_response_prepare.append(_one_request)
    application.router.add_get("/healthz", healthz)
    application.router.add_get("/readyz", readyz)
    application.router.add_get("/metrics", shown)
    return application


async def _one_request(request: web.Request, response: web.StreamResponse) -> None:
    response.headers["Connection"] = "close"
    response.force_close()


def _json(status: int, body: Mapping[str, object]) -> web.Response:
    return web.Response(
        status=status,
        text=json.dumps(body) + "\n",
        content_type="application/json",
        headers={"Cache-Control": "no-store"},
    )
