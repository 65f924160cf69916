"""What the doctor finds at the simulated Discord."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import discord
import pytest

from adapters.discord.check import MOST_SERVERS, check
from adapters.discord.client import intents
from adapters.discord.commands import payload
from adapters.discord.permissions import SPARED, WHY, invite, personal_invite
from bot.spec import Finding
from tests.contracts.discord_rig import COMMANDS
from tests.simulators.discord_sim import DiscordSimulator

PAGE = Path(__file__).parents[2] / "docs/discord.md"


async def _look(values: Mapping[str, str]) -> dict[str, Finding]:
    return {finding.subject: finding for finding in await check(values, COMMANDS)}


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
        other = await _look({**sim.environment(), "DISCORD_TOKEN": "123456789012345678"})
    assert "Create a new token" in found["Discord token"].fix
    assert "three parts with dots between" in other["Discord token"].fix
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
    assert found["Discord"].detail == "no answer from Discord: Connection refused"
    assert found["Discord"].fix.startswith("Check that this machine may speak to Discord: network")


def test_the_invitation_asks_for_no_more_than_is_used() -> None:
    url = invite(1)
    wanted = sum(1 << bit for bit in (6, 10, 11, 15, 16, 35, 38))
    assert f"permissions={wanted}" in url
    assert "scope=bot+applications.commands" in url
    assert not discord.Permissions(wanted).administrator


def test_people_can_add_it_for_themselves() -> None:
    url = personal_invite(7)
    assert "client_id=7" in url and "integration_type=1" in url
    assert "permissions" not in url and "bot" not in url


async def test_permissions_are_looked_at_server_by_server() -> None:
    async with DiscordSimulator() as sim:
        well, partly, badly = [await sim.add_guild(name) for name in ("Well", "Partly", "Badly")]
        for guild in (well, partly, badly):
            await sim.add_text_channel(guild, "general")
            await sim.add_voice_channel(guild, "loft")
            await sim.add_forum_channel(guild, "questions")
        news = await sim.add_text_channel(partly, "news")
        await sim.deny(news, "send_messages", "attach_files")
        hidden = await sim.add_text_channel(partly, "staff")
        await sim.deny(hidden, "view_channel")
        for role in badly.roles.values():
            role.permissions &= ~(1 << 35)
        for role in well.roles.values():
            role.permissions &= ~(1 << 6)
        found = await _look(sim.environment())
    assert found["Discord server Well"].detail == "all it needs in 3 channels"
    some = found["Discord server Partly"]
    assert some.ok and some.fix
    assert "#news (no Send Messages, Attach Files)" in some.detail
    assert "1 more hidden from it" in some.detail
    bad = found["Discord server Badly"]
    assert (bad.ok, bad.detail) == (False, "the bot's role has no Create Public Threads")


@pytest.mark.parametrize("more", [0, 1])
async def test_servers_that_are_not_looked_at_are_named(more: int) -> None:
    async with DiscordSimulator() as sim:
        for number in range(MOST_SERVERS + more):
            await sim.add_guild(f"{number:02}")
        found = await _look(sim.environment())
    assert ("Discord servers, others" in found) == bool(more)
    assert f"Discord server {MOST_SERVERS:02}" not in found


async def test_commands_that_discord_holds_are_compared() -> None:
    async with DiscordSimulator() as sim:
        before = (await _look(sim.environment()))["Discord commands"]
        made = payload(COMMANDS, personal=True)
        sim.world.commands[None] = [{**each, "id": "1"} for each in made]
        same = (await _look(sim.environment()))["Discord commands"]
        sim.world.commands[None][0]["description"] = "Something else"
        stale = (await _look(sim.environment()))["Discord commands"]
    assert before.ok and "summary" in before.detail and before.fix
    assert same.detail == "Discord knows 2 slash commands and 1 menu commands"
    assert stale.detail.endswith("not as this version has them: summary")


@pytest.mark.parametrize("personal", [True, False])
async def test_whether_people_can_add_it_is_told(personal: bool) -> None:
    async with DiscordSimulator() as sim:
        sim.world.personal = personal
        told = (await _look(sim.environment()))["Discord for people"]
    assert ("integration_type=1" in told.detail) == personal


def test_the_page_names_every_permission_with_its_reason() -> None:
    page = " ".join(PAGE.read_text().split())
    for name, why in (*WHY.values(), *SPARED.values()):
        assert name in page and why in page, name


def test_the_page_names_every_intent() -> None:
    asked = [name for name, on in intents(True) if on]
    table = PAGE.read_text().partition("| intent |")[2].partition("\n\n")[0]
    names = {
        "guilds": "Guilds",
        "guild_messages": "Guild Messages",
        "dm_messages": "Direct Messages",
        "guild_reactions": "Guild Message Reactions",
        "dm_reactions": "Direct Message Reactions",
        "message_content": "Message Content",
    }
    assert sorted(asked) == sorted(names)
    for name in asked:
        assert names[name] in table, name
