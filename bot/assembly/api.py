"""What other programs are offered: REST and MCP, as the settings say."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import partial
from importlib.metadata import version
from typing import cast

from bot.api.offer import Behind, Offer, Serve, Served, ServeStdio
from bot.memory.conversations import write_conversations
from bot.memory.port import Memories
from bot.plugins import resolve
from bot.settings import Settings
from bot.storage.threads import Threads

logger = logging.getLogger(__name__)


@asynccontextmanager
async def offered(
    settings: Settings, threads: Threads, memories: Memories
) -> AsyncGenerator[Served | None]:
    """Serve while the block lasts; None, and nothing, where no port is set.

    Raises:
        SettingsError: The port cannot be listened on.
    """
    port = settings.integer("BOBBIN_API_PORT")
    if port is None:
        yield None
        return
    offer = Offer(
        settings.values["BOBBIN_API_HOST"],
        port,
        settings.text("BOBBIN_API_URL") or "",
        _per_minute(settings),
        version("bobbin"),
    )
    # The SDK alone takes a second.
    serve = cast("Serve", await asyncio.to_thread(resolve, "bot.api.serving:serving"))
    async with serve(offer, _behind(threads, memories)) as served:
        logger.info("REST and MCP are served at http://%s:%d", *served.address)
        yield served


async def offer_stdio(settings: Settings, threads: Threads, memories: Memories, token: str) -> None:
    """Serve MCP over standard input and output until the input ends.

    Raises:
        BobbinError: The token opens nothing, or the store is away.
    """
    serve = cast("ServeStdio", await asyncio.to_thread(resolve, "bot.api.stdio:serve_stdio"))
    await serve(
        _behind(threads, memories),
        token=token,
        per_minute=_per_minute(settings),
        version=version("bobbin"),
    )


def _behind(threads: Threads, memories: Memories) -> Behind:
    return Behind(
        memories,
        threads.tokens,
        threads.links,
        threads.claims("api"),
        partial(write_conversations, threads),
    )


def _per_minute(settings: Settings) -> int:
    return settings.integer("BOBBIN_API_PER_MINUTE") or 1
