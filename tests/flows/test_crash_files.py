"""kill -9 when a file has been handed over and the answer is not committed yet.

On Slack, which knows no keys; Discord's nonces are proven by `bot.testing`.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.flows.process import open_slack_town
from tests.flows.test_files_out import PROGRAM
from tests.servers import Valkey
from tests.simulators.openai_sim import Answer


async def test_the_file_stands_once_on_slack(server: Valkey, tmp_path: Path) -> None:
    async with open_slack_town(server, tmp_path) as town:
        working = await town.bot()
        here = town.here
        here.openai.script.append(Answer(PROGRAM))
        gate = asyncio.Event()
        held = here.sim.faults.add("files.completeUploadExternal", gate=gate, after_effect=True)
        root = here.ask(here.ada, "a program")
        await held.arrived.wait()
        await here.sim.until(lambda: here.sim.replies(root)[-1].files)
        await town.kill(working)
        gate.set()
        await town.bot()
        await town.settled(root)
        # The answer was kept, so that file and text go together; the other question is the town's.
        assert len(here.openai.chats) == 2
        assert here.said(root)[0] == PROGRAM
        assert [bool(each.files) for each in here.sim.replies(root)].count(True) == 1
