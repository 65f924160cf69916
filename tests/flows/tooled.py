"""`python -m tests.flows.tooled PORT`: the bot with a tool that asks a server on loopback.

What the server hears is the call's key; what it answers is the tool's result.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from bot.app import App
from bot.model.port import ToolSpec
from bot.plugins import find_adapters
from bot.settings import read_settings
from bot.tools import ToolContext
from tests.flows.dice import SPEC
from tests.flows.program import BotProcess


@dataclass(frozen=True)
class Remote:
    """Implements `bot.tools.Tool`."""

    port: int
    spec: ToolSpec = SPEC

    async def call(self, arguments: Mapping[str, object], context: ToolContext) -> str:
        """Ask, and wait for the answer."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            writer.write(context.key.encode() + b"\n")
            await writer.drain()
            return (await reader.readline()).decode().strip()
        finally:
            writer.close()


class ToolProcess(BotProcess):
    """That program."""

    module = "tests.flows.tooled"


if __name__ == "__main__":
    app = App(read_settings(os.environ, find_adapters()), tools=(Remote(int(sys.argv[1])),))
    sys.exit(asyncio.run(app.run()))
