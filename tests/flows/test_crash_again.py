"""kill -9 in the middle of giving an answer again: a successor finishes it, once."""

from __future__ import annotations

from pathlib import Path

from tests.flows.look import settled, stored
from tests.flows.process import open_town
from tests.flows.program import PATIENCE
from tests.servers import Valkey
from tests.simulators.openai_sim import Answer

OLD = "This is the old answer, as it was."
BEGINNING = "This is only the beginning of it,"
NEW = f"{BEGINNING} and this is the new end."


async def test_killed_while_an_answer_is_given_anew(server: Valkey, tmp_path: Path) -> None:
    async with open_town(server, tmp_path) as town:
        dying = await town.bot()
        openai = town.stage.openai
        held = Answer([BEGINNING, " and this", " is lost."]).hold(after=1)
        openai.script.extend([Answer(OLD), held, Answer(NEW)])
        thread = await town.thread(await town.ask("tell me"))
        await town.until_said(thread, OLD)
        await settled(server)
        [answer] = town.sim.messages(thread, by=town.sim.bot)
        custom_id = answer.components[0]["components"][0]["custom_id"]
        click = await town.sim.click(answer, town.ada, custom_id)
        assert (await click.answered(PATIENCE)).content == "I'm answering this anew."
        await town.until_said(thread, BEGINNING)
        # Until there is a new answer the old one is what is remembered.
        assert OLD in await stored(server)
        await dying.kill()
        await town.bot()
        await town.until_said(thread, NEW)
        await settled(server)
        assert town.sim.messages(thread, by=town.sim.bot) == [answer]
        kept = await stored(server)
        assert kept.count(NEW) == 1
        assert OLD not in kept
        assert len(openai.chats) == 3
