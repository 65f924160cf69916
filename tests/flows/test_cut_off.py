"""One process is cut off from Redis, and only from Redis, while it writes an answer."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from bot.storage.topology import Waits
from tests.flows.acme import acme
from tests.flows.stage import QUICK, Stage
from tests.flows.weavers import PATCH, POST, weavers
from tests.servers import LossyProxy, Valkey, lossy_proxy
from tests.simulators.openai_sim import Answer

SHORT = replace(QUICK, store_in_turn=2.0, sweep=0.1, store=Waits(alone=0.2))
"""A connection that is refused is not tried for long; an answer that comes late is waited for."""

LEASE = {"BOBBIN_LEASE_SECONDS": "0.6"}
BEGINNING = "Alpha has only just begun to tell it,"
LONG = f"{BEGINNING} " + "And alpha goes on. " * 150
"""Takes more than one message, on either platform."""

OTHER = "Beta tells a short story."
LEFT = "a turn was left to be taken over: nobody can say"


def held() -> Answer:
    """A long answer that stops after its beginning."""
    return Answer([BEGINNING, LONG.removeprefix(BEGINNING)]).hold(after=1)


def behind(stage: Stage, proxy: LossyProxy) -> Stage:
    """Another bot on the same platforms, for which Redis is behind `proxy`."""
    extra = stage.extra | {"REDIS_URL": proxy.url}
    return Stage(stage.server, stage.openai, stage.discord, stage.slack, extra=extra)


async def until_logged(caplog: pytest.LogCaptureFixture, what: str) -> None:
    """Wait until that is logged."""
    async with asyncio.timeout(50):
        while what not in caplog.text:  # noqa: ASYNC110 - nobody reports what is logged
            await asyncio.sleep(0.01)


async def test_it_leaves_the_answer_on_discord_to_the_one_that_took_over(
    server: Valkey, caplog: pytest.LogCaptureFixture
) -> None:
    async with weavers(server, start=False, extra=LEASE) as town, lossy_proxy(server) as proxy:
        answer = held()
        town.openai.script.extend([answer, Answer(OTHER)])
        cut_off = behind(town.stage, proxy)
        await cut_off.start(SHORT)
        thread = await town.thread_of(await town.ask(town.ada, "tell me a story"))
        await town.until_said(thread, BEGINNING)
        proxy.break_off()
        await town.stage.start(SHORT)
        await town.until_said(thread, OTHER)
        await town.settled()
        before = len(town.sim.requests)
        answer.release_all()
        await until_logged(caplog, LEFT)
        assert town.said(thread) == [OTHER]
        assert not {request.route for request in town.sim.requests[before:]} & {POST, PATCH}
        proxy.mend()
        assert await cut_off.stop() == 0
        assert len(town.openai.chats) == 2


async def test_it_leaves_the_answer_on_slack_to_the_one_that_took_over(
    server: Valkey, caplog: pytest.LogCaptureFixture
) -> None:
    async with acme(server, start=False, extra=LEASE) as here, lossy_proxy(server) as proxy:
        answer = held()
        here.openai.script.extend([answer, Answer(OTHER)])
        cut_off = behind(here.stage, proxy)
        await cut_off.start(SHORT)
        root = here.ask(here.ada, "tell me a story")
        await here.until_said(root, BEGINNING)
        proxy.break_off()
        await here.stage.start(SHORT)
        await here.until_said(root, OTHER)
        await here.settled()
        answer.release_all()
        await until_logged(caplog, LEFT)
        assert here.said(root) == [OTHER]
        proxy.mend()
        assert await cut_off.stop() == 0
        assert len(here.openai.chats) == 2


async def test_back_in_time_it_finishes_its_own_answer(server: Valkey) -> None:
    """Nobody else was there: what was held is written, and asked once."""
    async with weavers(server, start=False, extra=LEASE) as town, lossy_proxy(server) as proxy:
        answer = Answer([BEGINNING, " And that is all."]).hold(after=1)
        town.openai.script.append(answer)
        town.stage.extra["REDIS_URL"] = proxy.url
        await town.stage.start(replace(SHORT, store_in_turn=10.0))
        thread = await town.thread_of(await town.ask(town.ada, "tell me a story"))
        await town.until_said(thread, BEGINNING)
        proxy.break_off()
        # The notice that the store is away comes after the lease.
        await town.ask(town.ben, "and here?")
        await town.sim.until(lambda: len(town.said(town.general)) == 1)
        answer.release_all()
        proxy.mend()
        await town.until_said(thread, f"{BEGINNING} And that is all.")
        await town.sim.until(lambda: len(town.openai.chats) == 2)
        await town.settled()
