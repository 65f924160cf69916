"""Text out of files, and how much of it fits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.attachments.texts import beginning, decoded, excerpts
from bot.context.tokens import estimate
from bot.errors import Unreadable

GERMAN = "Größe, Länge und Übermaß der Kettfäden müssen überall gleich sein.\n" * 20


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "cp1252", "latin-1"]
)
def test_encodings(encoding: str) -> None:
    mark = "\ufeff" if encoding == "utf-16-le" else ""
    assert decoded((mark + GERMAN).encode(encoding)) == GERMAN


def test_line_ends_become_ours_and_a_cut_character_does_no_harm() -> None:
    assert decoded(b"a\r\nb\rc\n") == "a\nb\nc\n"
    assert decoded(("x" * 20_000 + "ü").encode()[:-1]).endswith("x\ufffd")


@pytest.mark.parametrize("data", [b"\0\1\2\3" * 50, bytes(range(256)) * 4, b"\x93NUMPY\1\0v\0{"])
def test_binary_is_refused(data: bytes) -> None:
    with pytest.raises(Unreadable):
        decoded(data)


@given(st.binary(max_size=400))
def test_decoding_raises_nothing_else(data: bytes) -> None:
    try:
        decoded(data).encode()
    except Unreadable:
        pass


def test_what_fits_is_kept_whole() -> None:
    assert beginning("a\nb\n", 10, estimate).text == "a\nb"
    assert beginning("a\nb\n", 10, estimate).cut == ""


def test_what_is_cut_is_cut_at_a_line_and_says_how_much_is_there() -> None:
    rows = "\n".join(f"row {number}" for number in range(1000))
    found = beginning(rows, 100, estimate)
    shown = found.text.count("\n") + 1
    assert rows.startswith(found.text + "\n")
    assert found.cut == f"the first {shown} of 1,000 lines"
    assert 50 < estimate(found.text) <= 100
    assert "of 9,999 characters" in beginning("x" * 9999, 50, estimate).cut


@given(st.lists(st.text(max_size=300), max_size=5), st.integers(0, 200))
def test_excerpts_are_beginnings_within_the_limit(texts: list[str], tokens: int) -> None:
    found = excerpts(texts, tokens, estimate)
    assert len(found) == len(texts)
    for text, part in zip(texts, found, strict=True):
        assert text.strip("\n").startswith(part.text)
        assert bool(part.cut) == (part.text != text.strip("\n"))
    assert sum(estimate(part.text) for part in found) <= tokens + 17 * len(texts)


def test_short_texts_leave_their_room_to_long_ones() -> None:
    short, long = excerpts(["tiny", "word " * 4000], 1000, estimate)
    assert short.cut == ""
    assert estimate(long.text) > 900
