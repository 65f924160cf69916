"""`bobbin ping`: whether the bot that runs here is alive."""

from __future__ import annotations

from bot.ops.ping import ping
from bot.shell.command import Typed


async def run(typed: Typed) -> int:
    """Ask it."""
    return await ping(typed.arguments.seconds)
