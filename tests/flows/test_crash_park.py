"""What the grace at the end is too short for goes to another process at once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tests.flows.process import open_town
from tests.flows.stage import QUICK
from tests.servers import Valkey
from tests.simulators.openai_sim import Answer

BEGINNING = "This is only the beginning of it,"
WHOLE = f"{BEGINNING} and this is the end."


async def test_the_rest_is_parked_and_picked_up(server: Valkey, tmp_path: Path) -> None:
    """The lease of a minute does not have to run out first."""
    async with open_town(server, tmp_path, extra={"BOBBIN_LEASE_SECONDS": "60"}) as town:
        await town.stage.start(replace(QUICK, grace=0.05))
        town.stage.openai.script.append(Answer([BEGINNING, " …"]).hold(after=1))
        town.stage.openai.script.append(Answer(WHOLE))
        thread = await town.thread(await town.ask("tell me"))
        await town.until_said(thread, BEGINNING)
        assert await town.stage.stop() == 0
        assert town.said(thread) == [BEGINNING]
        await town.bot()
        await town.until_said(thread, WHOLE)
        await town.settled(thread)
        assert len(town.said(thread)) == 2
        assert len(town.stage.openai.chats) == 3
