"""Two bots that answer each other for ever, each time in a thread of its own."""

from __future__ import annotations

from tests.flows.acme import acme
from tests.flows.weavers import weavers
from tests.servers import Valkey
from tests.simulators.discord_sim import Channel
from tests.simulators.openai_sim import Answer

MOST = 2
TICKS = [f"tick {number}" for number in range(MOST)]


async def test_on_discord_a_bot_that_opens_threads_is_answered_so_often_in_a_channel(
    server: Valkey,
) -> None:
    async with weavers(server, start=False) as here:
        clock = here.sim.add_user("clock", "Clock", bot=True)
        quiet = await here.sim.add_text_channel(here.guild, "quiet")
        here.stage.extra |= {
            "BOBBIN_BOTS": f"discord:user:{clock.id}",
            "BOBBIN_BOT_MESSAGES": str(MOST),
        }
        await here.stage.start()
        here.openai.behaviour = lambda _: Answer("Tock.")

        async def answered(text: str, channel: Channel) -> None:
            thread = await here.thread_of(await here.ask(clock, text, channel))
            await here.until_said(thread, "Tock.")
            await here.settled()

        for text in TICKS:
            await answered(text, here.general)
        over = await here.ask(clock, "one too many", here.general)
        # Another channel has a count of its own; its answer shows that the one before was heard.
        await answered("elsewhere", quiet)
        assert here.sim.thread_of(over) is None
        assert len(here.openai.chats) == MOST + 1
        await here.conversation("go on", "Tock.")
        await answered("tick again", here.general)
        assert len(here.openai.chats) == MOST + 3


async def test_on_slack_a_bot_that_opens_threads_is_answered_so_often_in_a_channel(
    server: Valkey,
) -> None:
    async with acme(server, start=False) as here:
        clock = here.sim.add_user("Clock", bot=True)
        quiet = here.sim.add_channel("quiet", members=[here.ada])
        here.stage.extra |= {
            "BOBBIN_BOTS": f"slack:user:{clock.id}",
            "BOBBIN_BOT_MESSAGES": str(MOST),
        }
        await here.stage.start()
        here.openai.behaviour = lambda _: Answer("Tock.")
        for text in TICKS:
            await here.until_said(here.ask(clock, text), "Tock.")
            await here.settled()
        over = here.ask(clock, "one too many")
        await here.until_said(here.ask(clock, "elsewhere", quiet), "Tock.")
        await here.settled()
        assert here.said(over) == []
        assert len(here.openai.chats) == MOST + 1
        await here.conversation("go on", "Tock.")
        await here.until_said(here.ask(clock, "tick again"), "Tock.")
        await here.settled()
        assert len(here.openai.chats) == MOST + 3
