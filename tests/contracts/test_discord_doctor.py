"""What the doctor finds at the simulated Discord."""

from __future__ import annotations

from collections.abc import Mapping

import discord

from adapters.discord.check import check, invite
from bot.spec import Finding
from tests.simulators.discord_sim import DiscordSimulator


async def _look(values: Mapping[str, str]) -> dict[str, Finding]:
    return {finding.subject: finding for finding in await check(values)}


async def test_all_is_well() -> None:
    async with DiscordSimulator() as sim:
        await sim.add_guild("Mill")
        sim.world.recommended_shards = 3
        found = await _look(sim.environment())
    assert all(finding.ok for finding in found.values())
    assert invite(sim.world.application_id) in found["Discord servers"].detail
    assert "of 1000 left" in found["Discord connections"].detail
    assert "3 shards" in found["Discord connections"].detail
    assert sim.identifies == []


async def test_a_wrong_token_is_named() -> None:
    async with DiscordSimulator() as sim:
        found = await _look({**sim.environment(), "DISCORD_TOKEN": "not.the.token"})
    assert [finding.ok for finding in found.values()] == [False]
    assert "DISCORD_TOKEN" in found["Discord token"].detail
    assert "not.the.token" not in str(found)


async def test_what_is_amiss_is_named_with_its_fix() -> None:
    async with DiscordSimulator(message_content=False) as sim:
        sim.world.interactions_endpoint_url = "https://example.org/interactions"
        sim.world.session_starts_left = 3
        found = await _look(sim.environment())
    wrong = {subject for subject, finding in found.items() if not finding.ok}
    assert wrong == {"Discord message content", "Discord slash commands", "Discord connections"}
    assert all(found[subject].fix for subject in wrong)


async def test_a_discord_that_is_away_is_a_finding() -> None:
    async with DiscordSimulator() as sim:
        values = sim.environment()
    found = await _look(values)
    assert [finding.ok for finding in found.values()] == [False]


def test_the_invitation_asks_for_no_more_than_is_needed() -> None:
    url = invite(1)
    wanted = sum(1 << bit for bit in (10, 11, 15, 16, 35, 38))
    assert f"permissions={wanted}" in url
    assert "scope=bot+applications.commands" in url
    assert not discord.Permissions(wanted).administrator
