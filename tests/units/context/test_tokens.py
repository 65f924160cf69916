"""Counting never fails, needs no network, and agrees with the encoding."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import pytest
import tiktoken
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.context.tokens import (
    MESSAGE_TOKENS,
    Calibration,
    Tokenizer,
    encoding_for,
    estimate,
    load_tokenizer,
)
from bot.context.vocabulary import VOCABULARIES, read_vocabulary

ANY_TEXT = st.text(st.characters(), max_size=300)


@pytest.fixture(scope="session")
def encoding() -> tiktoken.Encoding:
    """o200k_base, put together without our tokenizer."""
    vocabulary = VOCABULARIES["o200k_base"]
    return tiktoken.Encoding(
        "reference",
        pat_str=vocabulary.pattern,
        mergeable_ranks={t: rank for rank, t in enumerate(read_vocabulary("o200k_base"))},
        special_tokens=dict(vocabulary.special),
    )


def test_loading_uses_neither_network_nor_cache_folder_and_keeps_no_second_copy(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("the network was used")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path))
    objects = sys.getallocatedblocks()
    tokenizer = load_tokenizer("gpt-4")
    # The encoder holds its hundred thousand tokens outside Python.
    assert sys.getallocatedblocks() - objects < 10_000
    assert tokenizer.name == "cl100k_base"
    assert tokenizer.count("hello world") == 2
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("gpt-6-luna", "o200k_base"),
        ("gpt-5.4-mini", "o200k_base"),
        ("gpt-4o", "o200k_base"),
        ("gpt-4.1", "o200k_base"),
        ("openai/gpt-4o-mini", "o200k_base"),
        ("ft:gpt-4o:org", "o200k_base"),
        ("gpt-oss-120b", "o200k_base"),
        ("llama3.3:70b", "o200k_base"),
        ("", "o200k_base"),
        ("gpt-4", "cl100k_base"),
        ("gpt-4-turbo-2024-04-09", "cl100k_base"),
        ("openai/gpt-4-32k", "cl100k_base"),
        ("ft:gpt-4:org", "cl100k_base"),
        ("gpt-3.5-turbo", "cl100k_base"),
        ("gpt-35-turbo-16k", "cl100k_base"),
    ],
)
def test_the_encoding_goes_by_the_models_name(model: str, expected: str) -> None:
    assert encoding_for(model) == expected


@pytest.mark.parametrize(
    ("text", "tokens"),
    [("", 0), ("hello world", 2), ("hello world, this is", 5), ("漢字です", 3), ("😀😀", 2)],
)
def test_known_counts(tokenizer: Tokenizer, text: str, tokens: int) -> None:
    assert tokenizer.count(text) == tokens


@settings(deadline=None)
@given(ANY_TEXT)
def test_counts_are_those_of_the_encoding(
    tokenizer: Tokenizer, encoding: tiktoken.Encoding, text: str
) -> None:
    assert tokenizer.count(text) == len(encoding.encode(text, disallowed_special=()))
    assert tokenizer.count_message("user", text) == tokenizer.count(text) + MESSAGE_TOKENS


@pytest.mark.parametrize(
    "text",
    [
        " " * 1_000_000,
        "\n" * 1_000_000,
        "\t \r\n" * 250_000,
        "\u3000" * 400_000,
        "a" * 400_000,
        "=" * 400_000,
        "\ud800" * 60_000,
        "\udc00\ud800",
        "\0" * 60_000,
        "e\u0301" * 60_000,
        "\U0001f468\u200d\U0001f469\u200d" * 30_000,
    ],
    ids=lambda text: f"{text[:4]!a}*{len(text)}",
)
def test_hostile_text_is_counted(tokenizer: Tokenizer, text: str) -> None:
    count = tokenizer.count(text)
    assert 0 < count <= 3 * len(text)


def test_a_million_spaces_are_counted_and_not_estimated(tokenizer: Tokenizer) -> None:
    spaces = " " * 1_000_000
    assert tokenizer.count(spaces) == 20 * tokenizer.count(spaces[:50_000]) < estimate(spaces) / 10


@pytest.mark.parametrize("text", ["<|endoftext|>", "a <|endofprompt|> b"])
def test_control_tokens_are_plain_text(
    tokenizer: Tokenizer, encoding: tiktoken.Encoding, text: str
) -> None:
    plain = len(encoding.encode_ordinary(text))
    assert tokenizer.count(text) == plain > 5


def test_what_the_encoder_cannot_do_is_estimated() -> None:
    # The pattern can be matched in so many ways that the engine gives up.
    hopeless = tiktoken.Encoding(
        "hopeless",
        pat_str=r"(?:(?=a)a|(?=a)aa)+(?=d)|.",
        mergeable_ranks={bytes((value,)): value for value in range(256)},
        special_tokens={},
    )
    text = "a" * 60 + "c"
    with pytest.raises(ValueError, match="backtracking"):
        hopeless.encode(text, disallowed_special=())
    assert Tokenizer(hopeless).count(text) == estimate(text)


@settings(deadline=None)
@given(ANY_TEXT)
def test_the_estimate_is_sane_for_anything(text: str) -> None:
    assert len(text) / 4 <= estimate(text) <= 3 * len(text) + 1
    assert Tokenizer().count(text) == estimate(text)


def test_the_estimate_errs_on_the_high_side(tokenizer: Tokenizer) -> None:
    for text in (
        "The window moves in steps, so that most of the prompt can be taken from the cache.",
        "Die Sitzung wurde auf Donnerstag, den 26. November, um 14 Uhr verschoben.",
        "会議は木曜日の午後二時に変更されました。",
        "Заседание перенесено на четверг.",
    ):
        assert tokenizer.count(text) <= estimate(text) <= 4 * tokenizer.count(text)


def test_calibration_learns_the_ratio() -> None:
    first = Calibration().learn(1000, 1200)
    assert first == Calibration(1.2, 1)
    assert first.learn(1000, 1000).ratio == pytest.approx(1.16)
    assert first.counted(100) == 120
    assert first.estimated(600) == 500


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(-5, 10**6), st.integers(-5, 10**6)), max_size=30))
def test_calibration_stays_in_bounds(samples: list[tuple[int, int]]) -> None:
    calibration = Calibration()
    for estimated, counted in samples:
        calibration = calibration.learn(estimated, counted)
        assert 0.7 <= calibration.ratio <= 2.0
    assert calibration.samples == sum(a > 0 and b > 0 for a, b in samples)
