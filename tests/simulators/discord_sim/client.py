"""A real discord.py client for tests of the simulated Discord."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import discord
import pytest
import yarl
from discord import app_commands
from discord.gateway import DiscordWebSocket
from discord.http import Route

from tests.simulators.discord_sim import DiscordSimulator

INTENTS = discord.Intents(guilds=True, guild_messages=True, dm_messages=True, message_content=True)


class Client(discord.Client):
    """A client that keeps what it is told, and has one command."""

    def __init__(
        self, sim: DiscordSimulator, intents: discord.Intents = INTENTS, **options: Any
    ) -> None:
        super().__init__(
            intents=intents,
            max_messages=None,
            guild_ready_timeout=0.01,
            member_cache_flags=discord.MemberCacheFlags.none(),
            **options,
        )
        self.sim = sim
        self.heard: asyncio.Queue[discord.Message] = asyncio.Queue()
        self.edits: asyncio.Queue[discord.RawMessageUpdateEvent] = asyncio.Queue()
        self.deletes: asyncio.Queue[discord.RawMessageDeleteEvent] = asyncio.Queue()
        self.resumed = 0
        self.tree = app_commands.CommandTree(self)

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Do not wait between identifies."""

    async def on_message(self, message: discord.Message) -> None:
        """Keep what others say."""
        if message.author != self.user and message.type in (
            discord.MessageType.default,
            discord.MessageType.reply,
        ):
            self.heard.put_nowait(message)

    async def on_raw_message_edit(self, event: discord.RawMessageUpdateEvent) -> None:
        """Keep updates."""
        self.edits.put_nowait(event)

    async def on_raw_message_delete(self, event: discord.RawMessageDeleteEvent) -> None:
        """Keep deletions."""
        self.deletes.put_nowait(event)

    async def on_resumed(self) -> None:
        """Count resumes."""
        self.resumed += 1
        self.sim.signal.changed()

    def has_resumed(self, times: int) -> bool:
        """Whether the session was resumed that often."""
        return self.resumed == times

    async def next(self) -> discord.Message:
        """Return the next message, waiting for it."""
        async with asyncio.timeout(50):
            return await self.heard.get()


@asynccontextmanager
async def running(
    sim: DiscordSimulator, monkeypatch: pytest.MonkeyPatch, client: Client | None = None
) -> AsyncIterator[Client]:
    """Connect a client to the simulator for a while."""
    monkeypatch.setattr(Route, "BASE", sim.api_url)
    gateway = yarl.URL(sim.gateway_url)
    monkeypatch.setattr(DiscordWebSocket, "DEFAULT_GATEWAY", gateway)
    client = client or Client(sim)
    await client.login(sim.environment()["DISCORD_TOKEN"])
    before = len(sim.gateway.live)
    connection = asyncio.create_task(client.connect())
    connection.add_done_callback(lambda _task: sim.signal.changed())
    try:
        await sim.until(lambda: connection.done() or len(sim.gateway.live) > before)
        if connection.done():
            await connection
        await asyncio.wait_for(client.wait_until_ready(), 10)
        yield client
    finally:
        await client.close()
        await asyncio.wait({connection}, timeout=10)
