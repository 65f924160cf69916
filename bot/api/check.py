"""What `bobbin doctor` says about the port of REST and MCP."""

from __future__ import annotations

from bot.ops.port import Served, check_port, is_loopback
from bot.spec import Finding

NAME, VARIABLES = "api", "BOBBIN_API"
SIGN = b"Bobbin's memory"


async def check_api(host: str, port: int | None, url: str | None) -> Finding:
    """Look whether the address is free, or a bot answers there already.

    Args:
        host: Where it is to be served.
        port: None when it is off, 0 for any free one.
        url: Where callers are told to reach it; None for host and port.
    """
    if port is None:
        return Finding(NAME, True, f"REST and MCP are off; {VARIABLES}_PORT switches them on")
    told = "REST and MCP" + (f", reached as {url}," if url else "")
    found = await check_port(Served(NAME, told, "/docs", SIGN, VARIABLES), host, port)
    if found.ok and not is_loopback(host) and not (url or "").startswith("https://"):
        unsafe = "tokens travel unprotected: put a proxy with TLS in front, and set BOBBIN_API_URL"
        return Finding(NAME, True, f"{found.detail}; {unsafe}")
    return found
