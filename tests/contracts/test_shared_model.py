"""Several processes' models on one store: they ask a server as one would."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from bot.errors import ModelBusy, QuotaExhausted
from bot.ids import new_id
from bot.model.chat import ChatModel
from bot.model.gate import Gate
from bot.model.gated import GatedModel, Retries
from bot.model.port import FinishReason
from bot.storage.connect import Link, open_redis
from bot.storage.limits import SharedExchange
from tests.servers import Valkey, free_port, valkey_server
from tests.simulators import openai_sim as wire
from tests.simulators.openai_sim import OpenAISimulator, RateLimit
from tests.units.model.asking import ask, end_of, prompt, settings_for, text_of

PEOPLE = 100
IMPATIENT = Retries(wait_seconds=5.0)


@pytest.fixture(scope="module")
def server() -> Iterator[Valkey]:
    with (
        tempfile.TemporaryDirectory(prefix="bobbin-test-") as path,
        valkey_server(Path(path)) as running,
    ):
        yield running


@asynccontextmanager
async def models(
    url: str, sim: OpenAISimulator, count: int, retries: Retries | None = None
) -> AsyncIterator[list[GatedModel]]:
    """The models of so many processes, each with its own connection to the store."""
    async with AsyncExitStack() as stack:
        found: list[GatedModel] = []
        for _ in range(count):
            client = open_redis(url)
            stack.push_async_callback(client.aclose)
            exchange = SharedExchange(Link(client), f"{url} {id(sim)}", new_id())
            chat = ChatModel(settings_for(sim))
            found.append(GatedModel(chat, Gate(), retries=retries, exchange=exchange))
            stack.push_async_callback(found[-1].close)
        yield found


async def test_a_cooldown_told_to_one_holds_for_the_others(server: Valkey) -> None:
    async with OpenAISimulator() as sim, models(server.url, sim, 3, IMPATIENT) as found:
        sim.script.append(wire.rate_limited(retry_after=20))
        for model in found:
            with pytest.raises(ModelBusy) as caught:
                await ask(model)
            assert 15 < (caught.value.retry_after or 0) <= 21
        assert len(sim.chats) == 1


async def test_an_empty_account_is_asked_once(server: Valkey) -> None:
    async with OpenAISimulator() as sim, models(server.url, sim, 3) as found:
        sim.script.append(wire.quota())
        for model in found:
            with pytest.raises(QuotaExhausted):
                await ask(model)
        assert len(sim.chats) == 1


async def test_faults_of_one_connection_concern_no_other_process(server: Valkey) -> None:
    async with OpenAISimulator() as sim, models(server.url, sim, 2) as found:
        sim.script.extend([wire.failure(500), wire.failure(500), wire.failure(500)])
        with pytest.raises(ModelBusy):
            await ask(found[0])
        assert text_of(await ask(found[1]))


async def test_a_hundred_at_once_of_four_processes(server: Valkey) -> None:
    limit = RateLimit(requests_per_second=10)
    async with (
        OpenAISimulator(scale=5, rate_limit=limit) as sim,
        models(server.url, sim, 4) as found,
        asyncio.timeout(50),
    ):
        answers = await asyncio.gather(
            *(ask(found[n % 4], prompt(f"P{n}: hello")) for n in range(PEOPLE))
        )
        assert all(end_of(events).reason is FinishReason.STOP for events in answers)
        assert len(sim.chats) < 1.3 * PEOPLE
        assert sim.violations == []


async def test_without_the_store_each_goes_by_what_it_learns() -> None:
    nowhere = f"redis://127.0.0.1:{free_port()}"
    async with OpenAISimulator() as sim, models(nowhere, sim, 2) as found:
        sim.script.append(wire.quota())
        with pytest.raises(QuotaExhausted):
            await ask(found[0])
        for _ in range(2):
            assert text_of(await ask(found[1]))
