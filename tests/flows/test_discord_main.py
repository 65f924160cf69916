"""The main road on Discord: a mention becomes a thread, an answer and a memory."""

from __future__ import annotations

from tests.flows.stage import open_stage
from tests.servers import Valkey
from tests.simulators.openai_sim import Answer


async def test_a_mention_opens_a_thread_and_goes_on_without_one(server: Valkey) -> None:
    async with open_stage(server, "discord") as stage:
        sim = stage.discord
        assert sim is not None
        guild = await sim.add_guild("Weavers")
        general = await sim.add_text_channel(guild, "general")
        ada = sim.add_user("ada", "Ada")
        stage.openai.script.extend([Answer("Hello Ada."), Answer("You said hi.")])

        asked = await sim.say(general, ada, f"{sim.mention} hi there")
        thread = await sim.until(lambda: sim.thread_of(asked))
        assert thread.name == "hi there"
        await sim.until(
            lambda: [m.content for m in sim.messages(thread, by=sim.bot)] == ["Hello Ada."]
        )

        await sim.say(thread, ada, "what did I say?")
        await sim.until(
            lambda: [m.content for m in sim.messages(thread, by=sim.bot)][1:] == ["You said hi."]
        )
        last = stage.openai.chats[-1]
        assert last.texts("user")[0] == "Ada: hi there"
        assert last.texts("assistant") == ["Hello Ada."]
        assert last.texts("user")[-1].startswith("Ada: what did I say?\n\n[Now: ")
        assert stage.openai.violations == []
        assert sim.violations == []
