"""BM25 over documents that come and go."""

from __future__ import annotations

from math import log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.recall.bm25 import K1, B, Index, Statistics

TERMS = "a b c d e".split()
DOCUMENTS = st.lists(st.lists(st.sampled_from(TERMS), max_size=6), max_size=12)


def scores(index: Index, *terms: str) -> dict[int, float]:
    """A search of one index by itself."""
    return index.scores(terms, index.statistics(terms))


def by_hand(documents: dict[int, list[str]], terms: tuple[str, ...]) -> dict[int, float]:
    """The formula, spelled out."""
    found: dict[int, float] = {}
    mean = sum(map(len, documents.values())) / max(1, len(documents))
    for term in terms:
        holding = sum(term in document for document in documents.values())
        rarity = log(1 + (len(documents) - holding + 0.5) / (holding + 0.5))
        for number, document in documents.items():
            if count := document.count(term):
                norm = K1 * (1 - B + B * len(document) / mean)
                found[number] = found.get(number, 0) + rarity * count * (K1 + 1) / (count + norm)
    return found


@given(DOCUMENTS, st.sets(st.integers(0, 11)), DOCUMENTS, st.booleans())
def test_scores_are_those_of_the_formula_whatever_came_and_went(
    first: list[list[str]], gone: set[int], more: list[list[str]], known: bool
) -> None:
    index = Index()
    there = {index.add(document): document for document in first}
    removed = {number: there.pop(number) for number in gone if number in there}
    if known:
        for number, document in removed.items():
            index.remove(number, document)
    else:
        index.discard(frozenset(gone))
    for document in more:
        number = index.add(document)
        assert number not in there
        there[number] = document
    assert len(index) == len(there)
    for terms in (("a",), ("a", "c", "missing"), tuple(TERMS)):
        assert scores(index, *terms) == pytest.approx(by_hand(there, terms))
    assert (index.bytes > 0) == bool(there)


@given(DOCUMENTS, DOCUMENTS)
def test_two_indexes_are_searched_as_one(one: list[list[str]], two: list[list[str]]) -> None:
    both, left, right = Index(), Index(), Index()
    for index, documents in ((both, [*one, *two]), (left, one), (right, two)):
        for document in documents:
            index.add(document)
    terms = ("a", "b")
    among = Statistics.of([left.statistics(terms), right.statistics(terms)], 2)
    apart = left.scores(terms, among)
    apart |= {number + len(one): s for number, s in right.scores(terms, among).items()}
    assert apart == pytest.approx(scores(both, *terms))


def test_what_is_not_there_cannot_be_removed() -> None:
    index = Index()
    number = index.add(["a", "b"])
    for wrong, terms in ((number, ["a", "c"]), (7, ["a"]), (-1, ["a"])):
        with pytest.raises(KeyError):
            index.remove(wrong, terms)
    assert scores(index, "a") and scores(index, "b")
    index.remove(number, ["a", "b", "b"])
    with pytest.raises(KeyError):
        index.remove(number, ["a", "b"])
    assert scores(index, "a", "b") == {} and len(index) == 0


def test_a_rare_word_counts_more_and_a_long_text_less() -> None:
    index = Index()
    rare, common = index.add(["x", "z"]), index.add(["y", "z"])
    long = index.add(["x", *"y" * 40])
    index.add(["y"])
    found = scores(index, "x", "y")
    assert found[rare] > found[common]
    assert scores(index, "x")[rare] > scores(index, "x")[long] > 0


def test_a_word_said_a_thousand_times_is_counted_to_a_limit() -> None:
    index = Index()
    number = index.add(["a"] * 1_000)
    assert 0 < scores(index, "a")[number] < 1
