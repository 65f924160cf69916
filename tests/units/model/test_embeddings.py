"""Embeddings from a service, against the simulated endpoint."""

from __future__ import annotations

import array
import math
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.budgets import Payer
from bot.errors import ContextTooLong, ModelBusy, ModelError, ModelMisconfigured, QuotaExhausted
from bot.model.embeddings import read_answer
from bot.model.gate import Gate, GateLimits
from bot.model.port import Usage
from bot.model.prices import cost_micros
from bot.model.vectors import GatedEmbedder, Spent, batches, open_embeddings, shortened, unheard
from bot.recall.embedding import Embedder
from tests.simulators.openai_sim import OpenAISimulator
from tests.simulators.openai_sim.catalogue import EmbeddingTraits
from tests.units.model.asking import settings_for

MODEL = "text-embedding-3-small"
QUICK = GateLimits(backoff_seconds=0.001, most_cooldown_seconds=0.01)


@asynccontextmanager
async def embedding(
    sim: OpenAISimulator,
    name: str = MODEL,
    spent: Spent = unheard,
    seconds: float = 5.0,
) -> AsyncIterator[GatedEmbedder]:
    """An embedder that asks the simulator."""
    dialect = "openai" if sim.dialect == "openai" else "auto"
    settings = settings_for(sim, name=name, dialect=dialect, total_seconds=seconds)
    embedder = open_embeddings(settings, spent=spent, gate=Gate(QUICK))
    try:
        yield embedder
    finally:
        await embedder.close()


def numbers(vector: bytes) -> Sequence[float]:
    """A vector's numbers."""
    return array.array("f", vector)


async def test_vectors_come_in_order_and_are_of_length_1() -> None:
    taken: list[tuple[str, Usage, Payer | None]] = []
    ada = Payer("discord", "g1", "c1", "u1")
    async with (
        OpenAISimulator() as sim,
        embedding(sim, spent=lambda *each: taken.append(each)) as embedder,
    ):
        protocol: Embedder = embedder
        tea, coffee, again = await protocol.embed(["tea", "coffee", "tea"], payer=ada)
        assert tea == again != coffee
        assert (embedder.name, embedder.dimensions, len(tea)) == (f"{MODEL}@512", 512, 4 * 512)
        assert math.hypot(*numbers(coffee)) == pytest.approx(1, abs=1e-5)
        (request,) = sim.embedded
        assert request.body is not None
        assert request.body["input"] == ["tea", "coffee", "tea"]
        ((model, usage, payer),) = taken
        assert (model, payer) == (MODEL, ada) and usage.prompt > 0 == usage.completion
        assert cost_micros(MODEL, Usage(prompt=1_000_000, completion=0)) == 20_000
        assert not sim.violations


async def test_what_says_nothing_is_not_sent() -> None:
    async with OpenAISimulator() as sim, embedding(sim) as embedder:
        nothing, tea, blank = await embedder.embed(["", "tea", " \n"])
        assert nothing == blank == bytes(4 * 512) != tea
        assert await embedder.embed([]) == []
        assert await embedder.embed(["  "]) == [bytes(4 * 512)]
        assert len(sim.embedded) == 1 and not sim.violations


async def test_long_lists_and_long_texts_are_cut_to_what_is_taken() -> None:
    async with OpenAISimulator() as sim, embedding(sim) as embedder:
        texts = [f"note {number}" for number in range(300)]
        texts += ["古い町の喫茶店。" * 3000] * 40
        texts.append("half a character \ud83d")
        found = await embedder.embed(texts)
        assert len(found) == 341 and len(set(found)) == 302
        assert len(sim.embedded) > 2 and not sim.violations


async def test_models_that_take_little_get_less() -> None:
    few = EmbeddingTraits(24, window=256, inputs=32, length=3.0)
    async with OpenAISimulator(dialect="compatible", embedders={"tiny": few}) as sim:
        async with embedding(sim, "tiny") as embedder:
            assert (embedder.name, embedder.dimensions) == ("tiny", 0)
            found = await embedder.embed(["short", *(f"{n} {'a b c d ' * 900}" for n in range(40))])
            assert embedder.dimensions == 24 and {len(each) for each in found} == {96}
            assert math.hypot(*numbers(found[0])) == pytest.approx(1, abs=1e-5)
            refused = len(sim.violations)
            assert refused == 2, "from then on it is known how much the model takes"
            await embedder.embed(["a b c d " * 900])
            assert len(sim.violations) == refused


async def test_a_model_that_takes_nothing_is_a_fault() -> None:
    none = EmbeddingTraits(24, window=0)
    async with OpenAISimulator(dialect="compatible", embedders={"none": none}) as sim:
        async with embedding(sim, "none") as embedder:
            with pytest.raises(ContextTooLong):
                await embedder.embed(["tea"])


@pytest.mark.parametrize("status", [500, 503, 429])
async def test_passing_faults_are_tried_again(status: int) -> None:
    async with OpenAISimulator() as sim, embedding(sim) as embedder:
        sim.faults.add(status=status, body=b"{}")
        assert len(await embedder.embed(["tea"], query=True)) == 1
        assert [request.status for request in sim.embedded] == [status, 200]


async def test_the_tries_run_out() -> None:
    async with OpenAISimulator() as sim, embedding(sim) as embedder:
        for _ in range(3):
            sim.faults.add(status=500, body=b"{}")
        with pytest.raises(ModelBusy):
            await embedder.embed(["tea"])
        assert len(sim.embedded) == 3
        assert len(await embedder.embed(["tea"])) == 1


async def test_a_server_that_says_nothing_is_given_up() -> None:
    async with OpenAISimulator() as sim, embedding(sim, seconds=0.05) as embedder:
        for _ in range(3):
            sim.faults.add(delay=5.0)
        with pytest.raises(ModelBusy, match="in time"):
            await embedder.embed(["tea"])


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (429, {"error": {"code": "insufficient_quota", "message": "no credit"}}, QuotaExhausted),
        (401, {"error": {"message": "bad key"}}, ModelMisconfigured),
    ],
)
async def test_lasting_faults_are_not(status: int, body: object, error: type[ModelError]) -> None:
    async with OpenAISimulator() as sim, embedding(sim) as embedder:
        headers = {"Content-Type": "application/json"}
        sim.faults.add(status=status, body=body, headers=headers)  # type: ignore[arg-type]
        with pytest.raises(error):
            await embedder.embed(["tea"])
        assert len(sim.embedded) == 1


async def test_an_unknown_model_is_named_with_its_variable() -> None:
    async with OpenAISimulator() as sim, embedding(sim, "text-embedding-9") as embedder:
        with pytest.raises(ModelMisconfigured) as raised:
            await embedder.embed(["tea"])
        assert "OPENAI_EMBEDDING_MODEL" in raised.value.hint


async def test_faults_do_not_quote_what_was_sent() -> None:
    async with OpenAISimulator() as sim, embedding(sim) as embedder:
        said = "the vault opens with nine left turns"
        body = {"error": {"message": f"cannot embed: {said}"}}
        sim.faults.add(status=400, body=body, headers={"Content-Type": "application/json"})
        with pytest.raises(ModelError) as raised:
            await embedder.embed([said])
        assert "vault" not in str(raised.value)


@pytest.mark.parametrize(
    "content",
    [
        b"<html>hello</html>",
        b"[]",
        b'{"data": []}',
        b'{"data": [{"embedding": [1.0, 2.0]}]}',
        b'{"data": [{"embedding": [1.0]}, {"embedding": [1.0, 2.0]}]}',
        b'{"data": [{"embedding": "*"}, {"embedding": "*"}]}',
        b'{"data": [{"index": 9, "embedding": [1.0]}, {"embedding": [1.0]}]}',
        b'{"data": [{"embedding": [1e999]}, {"embedding": [1.0]}]}',
    ],
)
def test_other_answers_are_none(content: bytes) -> None:
    with pytest.raises(ModelBusy):
        read_answer(content, 2)


def test_answers_are_put_in_order() -> None:
    body = b'{"data": [{"index": 1, "embedding": [0, 2]}, {"index": 0, "embedding": [3, 4]}]}'
    answer = read_answer(body, 2)
    assert [list(numbers(each)) for each in answer.vectors] == [
        pytest.approx([0.6, 0.8]),
        [0.0, 1.0],
    ]
    assert answer.tokens == 0


async def test_another_number_of_dimensions_than_before_is_refused() -> None:
    async with OpenAISimulator(dialect="compatible") as sim, embedding(sim) as embedder:
        await embedder.embed(["tea"])
        body = {"data": [{"embedding": [1.0, 0.0]}]}
        sim.faults.add(status=200, body=body, headers={"Content-Type": "application/json"})
        with pytest.raises(ModelError, match="have 2 numbers, not 1536"):
            await embedder.embed(["tea"])


@given(st.lists(st.text(max_size=40), max_size=30), st.integers(1, 9))
def test_every_text_is_in_one_batch_in_order(texts: list[str], most: int) -> None:
    found = list(batches(texts, 100, most))
    assert list(chain.from_iterable(found)) == list(range(len(texts)))
    assert all(1 <= len(batch) <= most for batch in found)


@given(st.text(max_size=60), st.integers(1, 50))
def test_texts_are_cut_between_characters(text: str, most: int) -> None:
    cut = shortened(text, most)
    assert text.startswith(cut) and most - 3 <= max(len(cut.encode()), most - 3) <= most
    assert cut == text or len(cut.encode()) > most - 4
