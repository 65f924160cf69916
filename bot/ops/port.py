"""Whether an address can be listened on, or a bot answers there already."""

from __future__ import annotations

import asyncio
import ipaddress
from dataclasses import dataclass

import aiohttp

from bot.ops.probes import place
from bot.spec import Finding

ANSWER_SECONDS = 3.0
READ_BYTES = 1_000


@dataclass(frozen=True, slots=True)
class Served:
    """What is served at an address.

    Attributes:
        name: Of the finding.
        told: What it is, for people.
        path: A page of it that needs no token.
        sign: Stands among the first bytes of that page, and of no other program's.
        variables: How the settings of the address begin.
    """

    name: str
    told: str
    path: str
    sign: bytes
    variables: str


async def check_port(served: Served, host: str, port: int) -> Finding:
    """Look whether an address is free; port 0 means any free one of the host."""
    where = f"http://{place(host, port)}" if port else f"any free port of {host}"
    try:
        server = await asyncio.get_running_loop().create_server(asyncio.Protocol, host, port)
    except (OSError, OverflowError) as error:
        if await _bot_answers(served, host, port):
            return Finding(served.name, True, f"{served.told}: a bot answers at {where}")
        why = getattr(error, "strerror", None) or str(error)
        return Finding(
            served.name,
            False,
            f"{where} cannot be listened on ({why})",
            f"Set {served.variables}_PORT to a free port, or {served.variables}_HOST to an "
            "address of this machine.",
        )
    server.close()
    await server.wait_closed()
    return Finding(served.name, True, f"{served.told} at {where}, which is free")


async def _bot_answers(served: Served, host: str, port: int) -> bool:
    timeout = aiohttp.ClientTimeout(total=ANSWER_SECONDS)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.get(f"http://{place(host, port)}{served.path}", allow_redirects=False) as page,
        ):
            return served.sign in await page.content.read(READ_BYTES)
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
        return False


def is_loopback(host: str) -> bool:
    """Only this machine reaches it."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
