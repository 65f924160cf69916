"""MCP over standard input and output, for a program on the same machine."""

from __future__ import annotations

from typing import Any

from mcp.server.mcpserver import Context

from bot.api.mcp_server import mcp_server
from bot.api.verifier import Verifier
from bot.audience import Grant
from bot.credentials import Credentials
from bot.memories import Via
from bot.memory.port import Memories
from bot.services import Claims


async def serve_stdio(
    memories: Memories,
    credentials: Credentials,
    claims: Claims,
    *,
    token: str,
    per_minute: int,
    version: str,
) -> None:
    """Serve until the input ends. The token is looked up at each call, since it may be revoked.

    Raises:
        Fault: The token opens nothing.
        StoreError: The store is away.
    """
    verifier = Verifier(credentials, claims, per_minute)

    async def asking(context: Context[Any, Any]) -> Grant:
        return (await verifier.verify(token, Via.MCP)).grant

    await verifier.verify(token, Via.MCP)
    await mcp_server(memories, asking, version).run_stdio_async()
