"""Which embedder the settings mean, and what `bobbin doctor` says of it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import pytest

from bot.assembly.embedders import embedding_settings, open_embedder
from bot.assembly.memory import open_memories
from bot.audience import Audience, grant
from bot.budgets import Account, Payer
from bot.context.tokens import estimate
from bot.errors import ModelMisconfigured
from bot.ids import new_id
from bot.memories import MemoryText, Person, Source, Via
from bot.memory.port import NewMemory
from bot.recall.check import check_embedder
from bot.recall.minilm import MiniLM
from bot.recall.weights import missing_for_vectors
from bot.records import Tally
from bot.settings import Settings, read_settings
from bot.storage.connect import open_redis
from bot.storage.threads import Threads
from tests.servers import valkey_server
from tests.simulators.openai_sim import OpenAISimulator
from tests.units.recall import tiny_bert


def settings(environ: Mapping[str, str]) -> Settings:
    """What these variables come to."""
    return read_settings(environ, ())


async def test_words_alone_are_the_default() -> None:
    assert open_embedder(settings({"OPENAI_API_KEY": "sk-x"})) is None
    found = await check_embedder(partial(open_embedder, settings({})))
    assert found.ok and "words alone" in found.detail


async def test_a_service_is_tried_for_real() -> None:
    async with OpenAISimulator() as sim:
        environ = {**sim.environment(), "BOBBIN_EMBEDDINGS": "openai"}
        found = await check_embedder(partial(open_embedder, settings(environ)))
        assert found.ok and found.detail.startswith("text-embedding-3-small: 1536 numbers")
        assert len(sim.embedded) == 1
        bad = environ | {"OPENAI_EMBEDDING_MODEL": "text-embedding-9"}
        found = await check_embedder(partial(open_embedder, settings(bad)))
        assert not found.ok and "OPENAI_EMBEDDING_MODEL" in found.fix


def test_a_server_of_its_own_is_not_sent_the_models_key() -> None:
    ours = {"OPENAI_API_KEY": "sk-ours", "OPENAI_BASE_URL": "https://one.example/v1"}
    same = embedding_settings(settings(ours))
    assert same is not None and (same.url, same.api_key) == (ours["OPENAI_BASE_URL"], "sk-ours")
    other = ours | {"OPENAI_EMBEDDING_BASE_URL": "https://two.example/v1"}
    found = embedding_settings(settings(other))
    assert found is not None and (found.url, found.api_key) == ("https://two.example/v1", "")
    found = embedding_settings(settings(other | {"OPENAI_EMBEDDING_API_KEY": "sk-two"}))
    assert found is not None and found.api_key == "sk-two"


async def test_no_server_is_said_with_the_fix() -> None:
    nowhere = settings({"BOBBIN_EMBEDDINGS": "openai"})
    with pytest.raises(ModelMisconfigured):
        open_embedder(nowhere)
    found = await check_embedder(partial(open_embedder, nowhere))
    assert not found.ok and "OPENAI_API_KEY" in found.fix


async def test_the_model_on_this_computer_is_tried_too(tmp_path: Path) -> None:
    weights = tiny_bert.write(tmp_path)
    found = await check_embedder(lambda: MiniLM(weights, "tiny"))
    assert found.ok and found.detail.startswith("tiny: 8 numbers")
    weights.tensors.unlink()
    found = await check_embedder(lambda: MiniLM(weights, "tiny"))
    assert not found.ok and "pip install" in found.fix


def test_numpy_is_asked_for_by_name() -> None:
    fault = missing_for_vectors(lambda library: False)
    assert fault is not None and "bobbin[embeddings]" in fault.hint
    assert missing_for_vectors() is None


async def test_what_embeddings_take_is_counted(tmp_path: Path) -> None:
    spent: list[Tally] = []
    async with OpenAISimulator() as sim:
        environ = {**sim.environment(), "BOBBIN_EMBEDDINGS": "openai"}
        with valkey_server(tmp_path) as server:
            client = open_redis(server.url)
            threads = Threads(client, worker="w", clock=time.time, new_id=new_id)
            chosen = settings(environ)
            async with open_memories(chosen, threads, estimate, spent.append) as memories:
                ada = Person("discord", "@", "u1")
                here = grant(Audience("discord", "g1", "c1"), ada)
                new = NewMemory(MemoryText("The kettle is blue."), Source(Via.COMMAND, ada))
                await memories.add(here, new)
                await memories.search(here, "What colour does the kettle have?")
            await client.aclose()
        asked = len(sim.embedded)
    assert asked >= 1 and len(spent) == asked
    assert all(cost.prompt > 0 and not cost.unpriced and not cost.turns for cost in spent)


async def test_whoever_asks_pays_and_then_finds_by_words_alone(tmp_path: Path) -> None:
    ada, ben = (Person("discord", "@", user) for user in ("u1", "u2"))
    place = Audience("discord", "g1", "c1")
    told: list[str] = []
    async with OpenAISimulator() as sim:
        environ = {
            **sim.environment(),
            "BOBBIN_EMBEDDINGS": "openai",
            "BOBBIN_BUDGET_USER_TOKENS": "1",
            "BOBBIN_BUDGET_SPACE_TOKENS": "1000",
        }
        with valkey_server(tmp_path) as server:
            client = open_redis(server.url)
            threads = Threads(client, worker="w", clock=time.time, new_id=new_id)
            chosen = settings(environ)
            new = NewMemory(MemoryText("The kettle is blue."), Source(Via.COMMAND, ada))
            async with open_memories(chosen, threads, estimate, observe=told.append) as memories:
                await memories.add(grant(place, ada), new)
            asked = len(sim.embedded)
            told.clear()
            async with open_memories(chosen, threads, estimate, observe=told.append) as memories:
                found = await memories.search(grant(place, ada), "Is the kettle blue?")
                assert (len(found), told.count("spared")) == (1, 1)
                await memories.search(grant(place, ben), "Is the kettle red?")
                assert told.count("spared") == 1
            used = await threads.spending.used(Payer("discord", "g1", "c1", "u1"))
            bens = await threads.spending.used(Payer("discord", "g1", "c1", "u2"))
            await client.aclose()
    assert asked >= 1 and used[Account.USER].tokens >= 1 and bens[Account.USER].tokens >= 1
    together = used[Account.USER].tokens + bens[Account.USER].tokens
    assert used[Account.CHANNEL].tokens == used[Account.SPACE].tokens == together
