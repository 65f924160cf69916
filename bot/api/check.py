"""What `bobbin doctor` says about the port of REST and MCP."""

from __future__ import annotations

import asyncio

import aiohttp

from bot.ops.check import is_loopback
from bot.ops.probes import place
from bot.spec import Finding

ANSWER_SECONDS = 3.0
SIGN = b"Bobbin's memory"


async def check_api(host: str, port: int | None, url: str | None) -> Finding:
    """Look whether the address is free, or a bot answers there already.

    Args:
        host: Where it is to be served.
        port: None when it is off, 0 for any free one.
        url: Where callers are told to reach it; None for host and port.
    """
    if port is None:
        return Finding("api", True, "REST and MCP are off; BOBBIN_API_PORT switches them on")
    where = f"http://{place(host, port)}" if port else f"any free port of {host}"
    told = f"REST and MCP at {where}" + (f", reached as {url}" if url else "")
    if not is_loopback(host) and not (url or "").startswith("https://"):
        told += "; tokens travel unprotected: put a proxy with TLS in front, and set BOBBIN_API_URL"
    try:
        server = await asyncio.get_running_loop().create_server(asyncio.Protocol, host, port)
    except (OSError, OverflowError) as error:
        if await _bot_answers(host, port):
            return Finding("api", True, f"{told}: a bot answers there")
        why = getattr(error, "strerror", None) or str(error)
        return Finding(
            "api",
            False,
            f"{where} cannot be listened on ({why})",
            "Set BOBBIN_API_PORT to a free port, or BOBBIN_API_HOST to an address of this machine.",
        )
    server.close()
    await server.wait_closed()
    return Finding("api", True, f"{told}, which is free")


async def _bot_answers(host: str, port: int) -> bool:
    timeout = aiohttp.ClientTimeout(total=ANSWER_SECONDS)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.get(f"http://{place(host, port)}/docs", allow_redirects=False) as answer,
        ):
            return SIGN in await answer.content.read(1000)
    except (aiohttp.ClientError, TimeoutError, OSError):
        return False
