"""Vectors by the numbers of documents."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.recall.vectors import Vectors


def vector(*numbers: float) -> bytes:
    """As an embedder gives it."""
    return struct.pack(f"<{len(numbers)}f", *numbers)


@given(
    st.lists(
        st.tuples(st.booleans(), st.integers(0, 80), st.sampled_from([0.0, 0.25, 0.5, 1.0])),
        max_size=200,
    )
)
def test_the_nearest_are_those_that_were_put_and_not_dropped(steps: list[Any]) -> None:
    vectors, kept = Vectors(), dict[int, float]()
    for put, number, value in steps:
        if put:
            assert vectors.put(number, vector(value, 1 - value))
            kept[number] = value
        else:
            vectors.drop(number)
            kept.pop(number, None)
    question = vector(1, 0)
    assert len(vectors) == len(kept) and all(number in vectors for number in kept)
    assert vectors.nearest(question, 1_000) == pytest.approx(kept)
    three = vectors.nearest(question, 3)
    assert sorted(three.values()) == pytest.approx(sorted(kept.values())[-3:])
    assert vectors.cosines(question, [1, 2, 3]) == pytest.approx(
        {number: kept[number] for number in (1, 2, 3) if number in kept}
    )


def test_what_is_no_vector_or_of_another_length_is_not_taken() -> None:
    vectors = Vectors()
    for wrong in (b"", b"abc", vector(float("nan"), 1)):
        assert not vectors.put(1, wrong)
    assert vectors.put(1, vector(1, 0))
    assert not vectors.put(2, vector(1, 0, 0))
    assert vectors.nearest(vector(1, 0, 0), 5) == {} == vectors.nearest(b"", 5)
    vectors.drop(1)
    # Nothing is there any more that it would have to fit to.
    assert vectors.put(2, vector(1, 0, 0)) and vectors.bytes > 0
