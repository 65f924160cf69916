"""The shipped contract, kept by the Discord adapter."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

import pytest

from adapters.discord import SPEC
from adapters.discord.adapter import create
from bot.adapter import Adapter
from bot.controls import Action
from bot.spec import AdapterSpec
from bot.testing import AdapterContract, ControlsContract
from tests.simulators.discord_sim import Channel, DiscordSimulator, User


@dataclass
class DiscordDriver:
    """One person in one channel of a simulated server."""

    sim: DiscordSimulator
    channel: Channel
    person: User
    adapter: Adapter
    spec: AdapterSpec = SPEC

    async def connected(self) -> None:
        await self.sim.until_connected()

    async def say(self, text: str) -> None:
        await self.sim.say(self.channel, self.person, f"{self.sim.mention} {text}")

    async def shown(self) -> Sequence[str]:
        places = [self.channel]
        for message in self.sim.messages(self.channel):
            thread = self.sim.thread_of(message)
            places += [thread] if thread else []
        return [
            message.content
            for place in places
            for message in self.sim.messages(place, by=self.sim.bot)
        ]

    async def press(self, action: Action) -> str:
        newest = max(
            (
                message
                for message in self.sim.world.messages.values()
                if message.author is self.sim.bot and message.seen_by is None
            ),
            key=lambda message: message.id,
        )
        shown = [button for row in newest.components for button in row["components"]]
        found = [each["custom_id"] for each in shown if f":{action}:" in each["custom_id"]]
        if not found:
            raise LookupError(action)
        interaction = await self.sim.click(newest, self.person, found[0])
        answer = await interaction.answered()
        assert answer.ephemeral
        return answer.content


class TestDiscord(ControlsContract, AdapterContract):
    """All of the contract, through discord.py."""

    @pytest.fixture
    async def driver(self) -> AsyncIterator[DiscordDriver]:
        """A server with one channel and one person."""
        async with DiscordSimulator(scale=20, ack_seconds=60.0) as sim:
            guild = await sim.add_guild("Weavers")
            channel = await sim.add_text_channel(guild, "general")
            person = sim.add_user("ada", "Ada")
            yield DiscordDriver(sim, channel, person, create(sim.environment()))
            assert sim.violations == []
