"""The shipped vocabularies are the published ones, to the byte."""

from __future__ import annotations

import hashlib
import lzma
from importlib.resources import files

import pytest
import tiktoken_ext.openai_public as published
from hypothesis import given
from hypothesis import strategies as st

from bot.context.vocabulary import (
    VOCABULARIES,
    VocabularyName,
    pack,
    rank_file,
    read_vocabulary,
    unpack,
)
from tests.examples import examples

SINGLES = [bytes((value,)) for value in range(256)]


@pytest.mark.parametrize("name", list(VOCABULARIES))
def test_shipped_ranks_rebuild_the_published_file(name: VocabularyName) -> None:
    content = rank_file(read_vocabulary(name))
    assert hashlib.sha256(content).hexdigest() == VOCABULARIES[name].sha256


@pytest.mark.parametrize("name", list(VOCABULARIES))
def test_pattern_and_special_tokens_are_those_of_the_installed_package(
    name: VocabularyName, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashes: list[str] = []

    def ranks(_: str, expected_hash: str) -> dict[bytes, int]:
        hashes.append(expected_hash)
        return {}

    monkeypatch.setattr(published, "load_tiktoken_bpe", ranks)
    theirs = published.ENCODING_CONSTRUCTORS[name]()
    ours = VOCABULARIES[name]
    assert theirs["pat_str"] == ours.pattern
    assert theirs["special_tokens"] == dict(ours.special)
    assert hashes == [ours.sha256]


def test_the_licence_of_the_ranks_ships_with_them() -> None:
    text = files("bot.context").joinpath("ranks", "LICENSE").read_text("utf-8")
    assert text.startswith("MIT License")
    assert "Copyright (c) 2022 OpenAI, Shantanu Jain" in text
    assert "WITHOUT WARRANTY OF ANY KIND" in text


@examples(8)
@given(st.data())
def test_any_vocabulary_of_merges_survives_packing(data: st.DataObject) -> None:
    tokens = list(data.draw(st.permutations(SINGLES)))
    for _ in range(data.draw(st.integers(0, 40))):
        pair = data.draw(st.tuples(st.sampled_from(tokens), st.sampled_from(tokens)))
        if (token := b"".join(pair)) not in tokens:
            tokens.append(token)
    assert unpack(pack(tokens)) == tokens


def test_what_cannot_be_packed_is_refused() -> None:
    with pytest.raises(ValueError, match="single bytes"):
        pack(SINGLES[1:])
    with pytest.raises(ValueError, match="two earlier"):
        pack([*SINGLES, b"abc"])


def test_damage_is_noticed() -> None:
    packed = pack([*SINGLES, b"ab", b"abc"])
    with pytest.raises(ValueError, match="damaged"):
        unpack(packed[:-9])
    with pytest.raises(ValueError, match="damaged"):
        unpack(packed[:30] + bytes((packed[30] ^ 0xFF,)) + packed[31:])
    halves = bytes((0, 1, 0, 0, 0, 0))  # token 256 of itself and of the first byte
    with pytest.raises(ValueError, match="not told yet"):
        unpack(lzma.compress(b"".join(SINGLES) + halves))
