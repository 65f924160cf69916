"""The shipped contract, kept by the Slack adapter."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

import pytest

from adapters.slack import SPEC
from adapters.slack.adapter import create
from adapters.slack.manifest import manifest
from adapters.slack.socket import CONNECTIONS
from bot.adapter import Adapter
from bot.controls import Action
from bot.spec import AdapterSpec
from bot.testing import AdapterContract, ControlsContract
from tests.contracts.slack_rig import ADDRESS, simulator
from tests.servers import free_port
from tests.simulators.slack_sim import Channel, SlackSimulator, User

SIDES = ("positive", "negative")


@dataclass
class SlackDriver:
    """One person in one channel of a simulated workspace."""

    sim: SlackSimulator
    channel: Channel
    person: User
    adapter: Adapter
    port: int = 0
    spec: AdapterSpec = SPEC

    async def connected(self) -> None:
        if self.sim.http:
            await self.sim.listened(self.port)
        else:
            await self.sim.connected(CONNECTIONS)

    async def say(self, text: str) -> None:
        self.sim.say(self.channel, self.person, f"{self.sim.mention} {text}")

    async def shown(self) -> Sequence[str]:
        return [message.text for message in self.sim.messages(self.channel) if message.by_app]

    async def press(self, action: Action) -> str:
        newest = [message for message in self.sim.messages(self.channel) if message.by_app][-1]
        for element in (e for block in newest.blocks for e in block.get("elements", ())):
            sides = [element, *(element.get(f"{side}_button") for side in SIDES)]
            for value in (side["value"] for side in sides if side and "value" in side):
                if value.startswith(f"{action}:"):
                    click = self.sim.click(newest, element["action_id"], self.person, value=value)
                    await click.acked()
                    [shown] = await click.responded()
                    assert shown.response_type == "ephemeral"
                    return shown.text
        raise LookupError(action)


class TestSlack(ControlsContract, AdapterContract):
    """All of the contract, through slack-bolt and slack_sdk."""

    @pytest.fixture
    async def driver(self) -> AsyncIterator[SlackDriver]:
        """A workspace with one channel and one person."""
        async with simulator(limits=True) as sim:
            person = sim.add_user("Ada")
            channel = sim.add_channel("general", members=[person])
            yield SlackDriver(sim, channel, person, create(sim.environment()))
            assert sim.violations == []


class TestSlackOverHttp(ControlsContract, AdapterContract):
    """The same, posted to an address of the adapter's own."""

    @pytest.fixture
    async def driver(self) -> AsyncIterator[SlackDriver]:
        """A workspace with one channel and one person."""
        async with simulator(limits=True, manifest=manifest(ADDRESS)) as sim:
            person, port = sim.add_user("Ada"), free_port()
            channel = sim.add_channel("general", members=[person])
            adapter = create(sim.environment() | {"SLACK_HTTP_PORT": str(port)})
            yield SlackDriver(sim, channel, person, adapter, port)
            assert sim.violations == []
