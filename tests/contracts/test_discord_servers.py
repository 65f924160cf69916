"""The Discord adapter and the servers it is removed from: what was said there is erased."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bot.errors import StoreUnavailable
from tests.contracts.discord_rig import Rig, connected, rig_of
from tests.simulators.discord_sim import DiscordSimulator, Guild

NOTE = "servers:0/1"
ASK = "GET /guilds/{guild_id}"


def noted(rig: Rig) -> set[str]:
    try:
        return set(json.loads(rig.inbox.notes.texts[NOTE]))
    except (KeyError, ValueError, TypeError):
        return set()


async def until_noted(rig: Rig, *guilds: Guild) -> None:
    """Wait for the note; it comes with the session, a moment after the first events."""
    wanted = {str(guild.id) for guild in guilds}
    await rig.changed(lambda: noted(rig) == wanted)


async def test_being_removed_erases_and_an_outage_does_not() -> None:
    async with connected() as rig:
        other = await rig.sim.add_guild("Other")
        await until_noted(rig, rig.guild, other)
        await rig.sim.outage(rig.guild)
        await rig.sim.leave_guild(other)
        await rig.changed(lambda: rig.inbox.spaces_left)
        await until_noted(rig, rig.guild)
    assert rig.inbox.spaces_left == [("discord", str(other.id))]


async def test_a_store_that_is_away_is_told_again() -> None:
    async with connected() as rig:
        await until_noted(rig, rig.guild)
        rig.inbox.refusals += [StoreUnavailable("away")] * 2
        await rig.sim.leave_guild(rig.guild)
        await rig.changed(lambda: rig.inbox.spaces_left)
    assert rig.inbox.refusals == []


async def _away(sim: DiscordSimulator, **answer: Any) -> tuple[Rig, Guild]:
    """A bot that knew two servers, and was removed from one while it was away."""
    rig = await rig_of(sim)
    gone = await sim.add_guild("Gone")
    rig.inbox.notes.texts[NOTE] = json.dumps([str(rig.guild.id), str(gone.id)])
    await sim.leave_guild(gone)
    if answer:
        sim.faults.add(ASK, times=100, **answer)
    return rig, gone


async def test_being_removed_while_nobody_listens_is_found_out() -> None:
    async with DiscordSimulator() as sim:
        rig, gone = await _away(sim)
        running = rig.start()
        await until_noted(rig, rig.guild)
        await rig.stop(running)
    assert rig.inbox.spaces_left == [("discord", str(gone.id))]


@pytest.mark.parametrize(
    "answer",
    [
        {"status": 503},
        {"status": 429, "headers": {"Retry-After": "900", "Via": "1.1 google"}},
        {"status": 403, "code": 40333},
        {"status": 404, "body": {"code": 0, "message": "404: Not Found"}},
        {"status": 200, "body": {"id": "1", "name": "still there"}},
    ],
    ids=["503", "429", "blocked", "404", "200"],
)
async def test_without_a_clear_word_nothing_is_erased(answer: dict[str, Any]) -> None:
    async with DiscordSimulator() as sim:
        rig, gone = await _away(sim, **answer)
        running = rig.start()
        await rig.changed(lambda: sim.calls_by_route()[ASK])
        more = await sim.add_guild("More")
        await until_noted(rig, rig.guild, gone, more)
        await rig.stop(running)
    assert rig.inbox.spaces_left == []


@pytest.mark.parametrize("text", ["", "{", "{}", "[{}, null, -1]"])
async def test_a_note_that_cannot_be_read_is_written_anew(text: str) -> None:
    async with DiscordSimulator() as sim:
        rig = await rig_of(sim)
        rig.inbox.notes.texts[NOTE] = text
        running = rig.start()
        await until_noted(rig, rig.guild)
        await rig.stop(running)
        assert sim.calls_by_route()[ASK] == 0
