"""kill -9 between hearing a message and keeping it. Discord tells nothing twice."""

from __future__ import annotations

from pathlib import Path

from tests.flows.look import settled
from tests.flows.process import open_town
from tests.flows.program import PATIENCE
from tests.servers import Valkey


async def test_killed_before_a_message_was_kept(server: Valkey, tmp_path: Path) -> None:
    """The next process reads what was missed, in the thread and around it, and answers once."""
    async with open_town(server, tmp_path) as town:
        working = await town.bot()
        thread = await town.thread(await town.ask("are you there?"))
        await town.sim.until(lambda: town.said(thread), PATIENCE)
        await town.settled(thread)
        await settled(server)
        # Delivered to its socket, but never read: it is frozen until it dies.
        working.freeze()
        await town.sim.say(thread, town.ada, "did you hear me?")
        asked = await town.ask("and me?")
        await working.kill()
        asking = len(town.stage.openai.chats)
        await town.bot()
        await town.sim.until(lambda: "did you hear me?" in town.said(thread)[-1], PATIENCE)
        other = await town.thread(asked)
        await town.sim.until(lambda: town.said(other), PATIENCE)
        await town.settled(other)
        assert len(town.said(thread)) == 3
        assert len(town.said(other)) == 2
        assert len(town.stage.openai.chats) == asking + 3
