"""What requests cost, and what the provider is told of whom they are for."""

from __future__ import annotations

from bot.model.create import create_model
from bot.model.settings import ModelSettings
from tests.flows.weavers import Weavers, weavers
from tests.servers import Valkey
from tests.simulators.discord_sim import Channel
from tests.simulators.openai_sim import Answer

BEGINNING = "Once upon a time there was a loom. "
CODE = "Here:\n\n```python\nx = 1\n"


async def _private(here: Weavers, channel: Channel, name: str) -> str:
    call = await here.sim.slash(channel, here.ada, name)
    return (await call.answered()).content


async def test_a_stopped_answer_is_counted(server: Valkey) -> None:
    async with weavers(server) as here:
        answer = Answer([BEGINNING, "The end."]).hold(1)
        here.openai.script.append(answer)
        thread = await here.thread_of(await here.ask(here.ada, "tell me a story"))
        await here.until_said(thread, BEGINNING.strip())
        await _private(here, thread, "stop")
        await here.settled()
        told = await _private(here, thread, "usage")
        assert "about 0 tokens read" not in told
        assert ", 0 written" not in told
        assert "2 messages stored, 1 answer given" in told


async def test_a_summary_is_counted_at_once(server: Valkey) -> None:
    async with weavers(server) as here:
        thread = await here.conversation()
        before = await _private(here, thread, "usage")
        here.openai.script.append(Answer("## Goal\n- Ada says hi to everybody there is"))
        assert "## Goal" in await _private(here, thread, "summary")
        after = await _private(here, thread, "usage")
        assert before.splitlines()[:2] == after.splitlines()[:2]
        assert before.splitlines()[2] != after.splitlines()[2]


async def test_a_note_does_not_end_up_in_the_code_before_it(server: Valkey) -> None:
    async with weavers(server) as here:
        answer = Answer([CODE, "y = 2\n```"]).hold(1)
        here.openai.script.append(answer)
        thread = await here.thread_of(await here.ask(here.ada, "write code"))
        await here.sim.until(lambda: here.posts(thread))
        await _private(here, thread, "stop")
        await here.until_said(thread, f"{CODE}```\n\n*(stopped)*")


async def test_the_provider_learns_no_ids(server: Valkey) -> None:
    async with weavers(server, start=False) as here:
        env = here.openai.environment()
        settings = ModelSettings(
            "gpt-6-luna",
            env["OPENAI_API_KEY"],
            env["OPENAI_BASE_URL"],
            dialect="openai",
            api="responses",
        )
        await here.stage.start(model=create_model(settings))
        thread = await here.conversation()
        here.openai.script.append(Answer("## Goal\n- Ada says hi to everybody there is"))
        assert "## Goal" in await _private(here, thread, "summary")
        reply, summary = here.openai.chats
        assert reply.body["prompt_cache_key"] == summary.body["prompt_cache_key"]
        for request in (reply, summary):
            told = str({**request.body, "input": ()})
            assert str(thread.id) not in told
            assert str(here.ada.id) not in told
            assert str(here.guild.id) not in told
