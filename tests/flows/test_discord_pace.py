"""Many answers at once under Discord's real rate limits."""

from __future__ import annotations

from tests.flows.weavers import weavers
from tests.servers import Valkey
from tests.simulators.openai_sim import Answer

TEXT = "".join(f"Sentence {number} of this answer. " for number in range(20))


async def test_twenty_conversations_at_once_are_within_the_limits(server: Valkey) -> None:
    async with weavers(server, scale=1.0) as here:
        channels = [await here.sim.add_text_channel(here.guild, f"room-{n}") for n in range(20)]
        here.openai.behaviour = lambda _: Answer(TEXT, token_rate=50.0)
        asked = [await here.ask(here.ada, f"question {c.name}", c) for c in channels]
        versions: list[int] = []
        for message in asked:
            thread = await here.thread_of(message)
            await here.until_said(thread, TEXT.strip(), timeout=20.0)
            [answer] = here.posts(thread)
            versions.append(len(answer.versions))
        # On a slow machine most may be whole before they have their turn once more.
        assert min(versions) >= 2 and max(versions) >= 3, versions
        assert here.sim.refused == {}
        assert here.openai.peak_streams > 4


async def test_answers_in_one_channel_share_its_pace(server: Valkey) -> None:
    async with weavers(server, scale=1.0) as here:
        loft = await here.sim.add_voice_channel(here.guild, "loft")
        here.openai.behaviour = lambda _: Answer(TEXT, token_rate=40.0)
        for number in range(4):
            await here.ask(here.ada, f"question {number}", loft)
        await here.until_said(loft, *[TEXT.strip()] * 4, timeout=25.0)
        assert here.sim.refused == {}
        # On a slow machine the last of them may be whole before it has its turn.
        assert sum(len(message.versions) >= 2 for message in here.posts(loft)) >= 3
