"""Two processes that write and ask at the same time keep limits as one would."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bot.engine.texts import WAITING
from tests.flows.process import open_slack_town, open_town
from tests.flows.program import PATIENCE, BotProcess
from tests.servers import Valkey
from tests.simulators import openai_sim as wire
from tests.simulators.openai_sim import Answer

TEXT = "".join(f"Sentence {number} of this answer. " for number in range(40)).strip()
"""200 tokens, five seconds of a model's time."""

EDIT = "PATCH /channels/{channel_id}/messages/{message_id}"


def alone(bots: Sequence[BotProcess]) -> bool:
    """On a machine that stood still somebody heard nothing of the store, and counted for itself."""
    return any("by this process alone" in each.log for each in bots)


async def test_the_edits_of_one_slack_workspace(server: Valkey, tmp_path: Path) -> None:
    async with open_slack_town(server, tmp_path, slack={"scale": 1.0}) as town:
        await town.bot(BOBBIN_LEASE_SECONDS="5")
        await town.bot(BOBBIN_LEASE_SECONDS="5")
        here = town.here
        rooms = [here.sim.add_channel(f"room-{n}", members=[here.ada]) for n in range(30)]
        here.openai.behaviour = lambda _: Answer(TEXT, token_rate=40.0)
        roots = [here.ask(here.ada, f"question {room.name}", room) for room in rooms]
        for root in roots:
            await here.sim.until(lambda root=root: here.said(root) == [TEXT], PATIENCE)
        if not alone(town.bots):
            assert here.sim.rate_limited.total() == 0, here.sim.rate_limited
        assert len(here.sim.calls("chat.update")) <= 48
        for process in town.bots:
            await process.prints('"outcome": "answered"', log=True)


async def test_one_channel_of_discord(server: Valkey, tmp_path: Path) -> None:
    async with open_town(server, tmp_path, scale=1.0) as town:
        one, two = [await town.bot(BOBBIN_LEASE_SECONDS="10") for _ in range(2)]
        openai, guild = town.stage.openai, town.general.guild
        assert guild is not None
        loft = await town.sim.add_voice_channel(guild, "loft")
        openai.behaviour = lambda _: Answer(TEXT, token_rate=50.0)
        for number, (awake, asleep) in enumerate([(one, two), (two, one)], start=1):
            # Each takes two of the questions, since the other one does not hear them in time.
            asleep.freeze()
            awake.thaw()
            for part in "ab":
                await town.sim.say(loft, town.ada, f"{town.sim.mention} question {number}{part}")
            await openai.until(lambda number=number: len(openai.chats) == 2 * number, PATIENCE)
        one.thaw()
        await town.sim.until(lambda: town.said(loft) == [TEXT] * 4, 50.0)
        if not alone(town.bots):
            assert town.sim.refused == {}
        assert sum(request.route == EDIT for request in town.sim.requests) > 4
        for process in town.bots:
            await process.prints('"outcome": "answered"', log=True)


async def test_what_the_model_told_one_process_keeps_the_other_silent(
    server: Valkey, tmp_path: Path
) -> None:
    async with open_town(server, tmp_path) as town:
        first = await town.bot(BOBBIN_LEASE_SECONDS="30")
        openai = town.stage.openai
        openai.script.append(wire.rate_limited(retry_after=30))
        told = await town.thread(await town.ask("the first"))
        await town.until_said(told, f"*{WAITING}*")
        first.freeze()
        await town.bot(BOBBIN_LEASE_SECONDS="30")
        for number in range(3):
            waiting = await town.thread(await town.ask(f"question {number}"))
            await town.until_said(waiting, f"*{WAITING}*")
        assert len(openai.chats) == 1
