"""`bobbin api` and `bobbin mcp`: memories for other programs, without any platform."""

from __future__ import annotations

import argparse
import asyncio
import os

from bot.assembly.api import offer_stdio, offered
from bot.errors import Problem, SettingsError
from bot.memory.port import Memories
from bot.ops.alive import alive_folder, answering
from bot.settings import Settings
from bot.signals import stop_at_signal
from bot.storage.threads import Threads


def add_program_parsers(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:  # pyright: ignore[reportPrivateUsage]
    """The commands' options."""
    commands.add_parser("api", help="serve REST and MCP at BOBBIN_API_PORT, and nothing else")
    mcp = "serve MCP over standard input and output"
    more = (
        "Serve MCP over standard input and output to the program that starts this. BOBBIN_TOKEN "
        "says for whom; docs/memory-api.md has configurations for usual programs."
    )
    commands.add_parser("mcp", help=mcp, description=more)


def check_programs(command: str, settings: Settings) -> None:
    """Raises SettingsError where what the command needs is not set."""
    if command == "mcp" and not settings.text("BOBBIN_TOKEN"):
        fix = "Make one with `bobbin tokens create`."
        raise SettingsError([Problem("BOBBIN_TOKEN", "is not set.", fix)])
    if command == "api" and settings.integer("BOBBIN_API_PORT") is None:
        problem = Problem("BOBBIN_API_PORT", "is not set.", "Set it to a free port, such as 8090.")
        raise SettingsError([problem])


async def run_mcp(settings: Settings, threads: Threads, memories: Memories) -> int:
    """Serve until the input ends. Raises BobbinError: the token opens nothing."""
    await offer_stdio(settings, threads, memories, settings.text("BOBBIN_TOKEN") or "")
    return 0


async def run_api(settings: Settings, threads: Threads, memories: Memories) -> int:
    """Serve until a signal ends it. Raises SettingsError where the port is taken."""
    stop = asyncio.Event()
    stop_at_signal(stop.set)
    async with (
        answering(alive_folder(), os.getpid(), dict),
        offered(settings, threads, memories) as served,
    ):
        assert served is not None
        waiting = asyncio.create_task(stop.wait())
        await asyncio.wait({waiting, served.task}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        return 0 if stop.is_set() else 1
