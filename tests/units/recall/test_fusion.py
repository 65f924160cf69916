"""One order of what words and vectors have found."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.recall.bm25 import Index
from bot.recall.fusion import (
    ALIKE_LEAST,
    BESIDE,
    FRESH_SECONDS,
    MEANING,
    best,
    fused,
    shares,
    smoothed,
    worth,
)
from bot.recall.lookup import Part, Question, look_up

SCORES = st.dictionaries(st.integers(0, 9), st.floats(0, 100), max_size=8)
COSINES = st.dictionaries(st.integers(0, 9), st.floats(-1, 1), max_size=8)


@given(SCORES, COSINES, st.sets(st.integers(0, 9)))
@example({1: 5e-324}, {2: 1.0}, set())
@example({1: 5e-324, 2: 100.0}, {1: 1.0}, set())
def test_scores_are_between_nought_and_one_and_of_what_was_found(
    words: dict[int, float], meaning: dict[int, float], unknown: set[int]
) -> None:
    found = fused(words, meaning, unknown - meaning.keys())
    assert all(0 < score <= 1 + 1e-9 for score in found.values())
    for each in found:
        assert words.get(each, 0) > 0 or meaning.get(each, 0) >= ALIKE_LEAST


def test_each_kind_counts_by_how_much_better_it_is() -> None:
    found = fused({"a": 10.0, "b": 9.0, "c": 1.0}, {"b": 0.8, "c": 0.7, "d": 0.6}, ())
    assert found["b"] == pytest.approx(0.9 * (1 - MEANING) + MEANING)
    assert sorted(found, key=lambda each: -found[each]) == ["b", "a", "c", "d"]


def test_without_vectors_words_count_alone_and_without_one_they_count_twice() -> None:
    assert fused({"a": 4.0, "b": 2.0}, {}, ()) == {"a": 1.0, "b": 0.5}
    found = fused({"a": 4.0, "b": 2.0}, {"a": 0.9}, {"b"})
    assert found == {"a": 1.0, "b": 0.5}


def test_far_vectors_find_nothing_by_themselves() -> None:
    assert fused({}, {"a": ALIKE_LEAST - 0.01}, ()) == {}


def test_a_turn_gets_part_of_its_neighbours() -> None:
    def beside(turn: int) -> list[tuple[int, int]]:
        return [(turn + way * far, far) for far in (1, 2, 3) for way in (-1, 1)]

    found = smoothed({5: 1.0, 6: 0.5}, beside)
    assert found[5] == pytest.approx(1.0 + 0.5 * BESIDE[0])
    assert found[4] == pytest.approx(BESIDE[0] + 0.5 * BESIDE[1])
    assert found[3] == pytest.approx(BESIDE[1]) and 2 not in found


@given(st.booleans(), st.booleans(), st.floats(-1e9, 1e12))
def test_nothing_but_the_point_lifts_a_score(asked_for: bool, pinned: bool, age: float) -> None:
    weight = worth(asked_for=asked_for, pinned=pinned, age=age)
    assert 0.8 < weight <= 1
    assert 0.0 * weight == 0
    assert weight >= worth(asked_for=False, pinned=False, age=1e12)


def test_what_was_asked_for_counts_more_than_freshness_and_pins() -> None:
    old = worth(asked_for=True, pinned=False, age=10 * FRESH_SECONDS)
    assert old > worth(asked_for=False, pinned=True, age=0)


def test_the_best_come_first_and_of_equals_the_youngest() -> None:
    ages = {"a": 3.0, "b": 1.0, "c": 2.0, "d": 0.0}
    scores = {"a": 0.5, "b": 0.5, "c": 0.9, "d": 0.1}
    assert [each for each, _ in best(scores, 3, ages.__getitem__)] == ["c", "b", "a"]
    assert best({}, 3, ages.__getitem__) == [] == best(scores, 0, ages.__getitem__)


def test_shares_of_nothing_are_nothing() -> None:
    assert shares({}) == shares({"a": 0.0}) == shares({"a": -1.0}) == {}


def test_what_is_not_allowed_is_found_nowhere_not_even_beside_a_hit() -> None:
    index = Index()
    numbers = [index.add([word]) for word in ("apple", "pear", "apple")]

    def beside(number: int) -> list[tuple[int, int]]:
        return [(other, abs(other - number)) for other in numbers if other != number]

    everything = look_up([Part(index, lambda _: True, None, beside)], Question(("apple",)))
    assert set(everything) == {(0, 0), (0, 1), (0, 2)}
    some = look_up([Part(index, lambda number: number != 1, None, beside)], Question(("apple",)))
    assert set(some) == {(0, 0), (0, 2)} and max(some.values()) == 1
    assert look_up([Part(index, lambda _: True)], Question(())) == {}
    assert look_up([], Question(("apple",))) == {}
