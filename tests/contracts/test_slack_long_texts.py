"""What takes long to render is rendered beside the loop, so that nobody else waits for it."""

from __future__ import annotations

import threading
import time

import pytest

from adapters.slack.calls import Calls
from adapters.slack.render import rendering
from adapters.slack.values import Own
from adapters.slack.workspace import Common, workspace_of
from bot.chat import Spot
from bot.controls import Presentation
from bot.stand_ins import MemoryClaims
from tests.contracts.slack_rig import QUICK, simulator

TABLE = "|a|b|c|d|\n|-|-|-|-|\n" + "|1|2|3|4|\n" * 90


@pytest.mark.parametrize("text", ["a line\n" * 450 + "end", TABLE], ids=["lines", "table"])
async def test_a_text_of_many_lines_or_cells_holds_nobody_up(text: str) -> None:
    threads: set[int] = set()
    render = rendering()

    def watched(given: str) -> str:
        threads.add(threading.get_ident())
        return render(given)

    async with simulator() as sim:
        tokens, bot = sim.environment(), sim.workspace.bot
        calls = Calls(tokens["SLACK_BOT_TOKEN"], tokens["SLACK_API_URL"], QUICK)
        common = Common(QUICK, time.monotonic, MemoryClaims(), streaming="edit", render=watched)
        here = workspace_of(Own(sim.workspace.id, bot.id), calls, common)
        room = sim.add_channel("general")
        spot, look = Spot(room.id, None, sim.workspace.id), Presentation("turn", streaming=True)
        ref = await here.messages.post(spot, text, key="k", again=False, look=look)
        await here.messages.edit(ref, f"{text}.", look=look)
        [message] = sim.messages(room)
        await here.close()
        await calls.close()
        assert message.text.endswith(".")
    assert threads and threading.get_ident() not in threads
