"""What `bobbin doctor` says about the HTTP port."""

from __future__ import annotations

import asyncio
import ipaddress
import json
from typing import cast

import aiohttp

from bot.ops.probes import place
from bot.spec import Finding

ANSWER_SECONDS = 3.0


async def check_http(host: str, port: int | None) -> Finding:
    """Look whether the address of health and metrics is free, or a bot answers there already.

    Args:
        host: Where they are to be served.
        port: None when they are off, 0 for any free one.
    """
    if port is None:
        return Finding(
            "http", True, "health and metrics are off; BOBBIN_HTTP_PORT switches them on"
        )
    where = f"http://{place(host, port)}" if port else f"any free port of {host}"
    told = "health and metrics" if is_loopback(host) else "health and metrics, open to the network"
    try:
        server = await asyncio.get_running_loop().create_server(asyncio.Protocol, host, port)
    except OSError as error:
        if await _bot_answers(host, port):
            return Finding("http", True, f"{told}: a bot answers at {where}")
        return Finding(
            "http",
            False,
            f"{where} cannot be listened on ({error.strerror})",
            "Set BOBBIN_HTTP_PORT to a free port, or BOBBIN_HTTP_HOST to an address of this "
            "machine.",
        )
    server.close()
    await server.wait_closed()
    return Finding("http", True, f"{told} at {where}, which is free")


async def _bot_answers(host: str, port: int) -> bool:
    timeout = aiohttp.ClientTimeout(total=ANSWER_SECONDS)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.get(f"http://{place(host, port)}/healthz", allow_redirects=False) as answer,
        ):
            body: object = json.loads(await answer.content.read(1000))
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
        return False
    return isinstance(body, dict) and "alive" in cast("dict[str, object]", body)


def is_loopback(host: str) -> bool:
    """Only this machine reaches it."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
