"""MCP over standard input and output, for a program on the same machine."""

from __future__ import annotations

from typing import Any

from mcp.server.mcpserver import Context

from bot.api.mcp_server import mcp_server
from bot.api.offer import Behind
from bot.api.verifier import Verifier
from bot.audience import Grant
from bot.memories import Via


async def serve_stdio(behind: Behind, *, token: str, per_minute: int, version: str) -> None:
    """Serve until the input ends. The token is looked up at each call, since it may be revoked.

    Raises:
        Fault: The token opens nothing.
        StoreError: The store is away.
    """
    verifier = Verifier(behind.credentials, behind.links, behind.claims, per_minute)

    async def asking(context: Context[Any, Any]) -> Grant:
        return (await verifier.verify(token, Via.MCP)).grant

    async def staying(context: Context[Any, Any]) -> None:
        await verifier.still(token)

    await verifier.verify(token, Via.MCP)
    await mcp_server(behind.memories, asking, staying, version).run_stdio_async()
