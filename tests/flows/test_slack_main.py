"""The main road on Slack: a mention is answered in its thread, and so is what follows."""

from __future__ import annotations

from tests.flows.stage import open_stage
from tests.servers import Valkey
from tests.simulators.openai_sim import Answer


async def test_a_mention_is_answered_in_its_thread_and_goes_on(server: Valkey) -> None:
    async with open_stage(server, "slack") as stage:
        sim = stage.slack
        assert sim is not None
        ada = sim.add_user("Ada")
        general = sim.add_channel("general", members=[ada])
        stage.openai.script.extend([Answer("Hello Ada."), Answer("You said hi.")])

        asked = sim.say(general, ada, f"{sim.mention} hi there")
        await sim.until(lambda: [m.text for m in sim.replies(asked)] == ["Hello Ada."])

        sim.say(general, ada, "what did I say?", thread=asked.ts)
        await sim.until(lambda: [m.text for m in sim.replies(asked)][1:] == ["You said hi."])
        assert stage.openai.chats[-1].texts("assistant") == ["Hello Ada."]
        assert stage.openai.violations == []
        assert sim.violations == []
