"""What `bobbin doctor` says about the HTTP port."""

from __future__ import annotations

from bot.ops.port import Served, check_port, is_loopback
from bot.spec import Finding

NAME, VARIABLES = "http", "BOBBIN_HTTP"


async def check_http(host: str, port: int | None) -> Finding:
    """Look whether the address of health and metrics is free, or a bot answers there already.

    Args:
        host: Where they are to be served.
        port: None when they are off, 0 for any free one.
    """
    if port is None:
        return Finding(NAME, True, f"health and metrics are off; {VARIABLES}_PORT switches them on")
    told = "health and metrics" if is_loopback(host) else "health and metrics, open to the network"
    return await check_port(Served(NAME, told, "/healthz", b'"alive"', VARIABLES), host, port)
