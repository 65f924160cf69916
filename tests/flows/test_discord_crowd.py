"""Many people at once on Discord: the one budget of calls is shared out, nobody is refused."""

from __future__ import annotations

from tests.flows.stage import open_stage
from tests.servers import Valkey
from tests.simulators.openai_sim import Answer

PEOPLE = 40


async def test_forty_mentions_at_once_get_forty_threads_without_a_refusal(server: Valkey) -> None:
    # With Discord's own limits: two calls for each are more than it takes in one second.
    async with open_stage(server, "discord", scale=1.0) as stage:
        sim = stage.discord
        assert sim is not None
        stage.openai.behaviour = lambda _request: Answer("Here is what I know about that.")
        guild = await sim.add_guild("Weavers")
        ada = sim.add_user("ada", "Ada")
        rooms = [await sim.add_text_channel(guild, f"loom-{n}") for n in range(PEOPLE)]
        asked = [await sim.say(room, ada, f"{sim.mention} what is this?") for room in rooms]

        def answered() -> int:
            threads = [sim.thread_of(message) for message in asked]
            return sum(1 for thread in threads if thread and sim.messages(thread, by=sim.bot))

        await sim.until(lambda: answered() == PEOPLE, 20.0)
        assert not sim.refused
        assert sim.violations == []
        assert stage.openai.violations == []
