"""Searching several indexes as if they were one. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from heapq import nlargest
from operator import itemgetter

from bot.recall.bm25 import Index, Statistics
from bot.recall.embedding import Near
from bot.recall.fusion import fused, shares, smoothed

LOOKED_AT = 80
"""Hits of each index, by words and by meaning, from which the best of all are chosen at least."""

Hit = tuple[int, int]
"""Which of the indexes, and the number of the document there."""

BIG = 10_000
"""Postings that are looked at in about ten milliseconds."""

VECTORS = 20
"""So many vectors are looked at as quickly as one posting."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is looked for: terms, see `Words.asked`, and a vector, empty for words alone."""

    terms: tuple[str, ...]
    vector: bytes = b""


@dataclass(frozen=True, slots=True)
class Part:
    """One index.

    Attributes:
        index: Its words.
        allowed: Whether a document may be found.
        near: Its vectors; None where there are none.
        beside: For turns: those near one in the same conversation, and how far they are.
    """

    index: Index
    allowed: Callable[[int], bool]
    near: Near | None = None
    beside: Callable[[int], Iterable[tuple[int, int]]] | None = None


def effort(parts: Sequence[Part], question: Question) -> int:
    """About how many postings a search looks at."""
    vectors = sum(len(part.near) for part in parts if part.near and question.vector)
    return _statistics(parts, question).visited + vectors // VECTORS


def look_up(parts: Sequence[Part], question: Question, most: int = LOOKED_AT) -> dict[Hit, float]:
    """What was found, 0 to 1, the best being 1. Nothing in it has neither words nor meaning.

    The `most` best are among it, and others.
    """
    depth = max(most, LOOKED_AT)
    among = _statistics(parts, question)
    words: dict[Hit, float] = {}
    meaning: dict[Hit, float] = {}
    unknown: set[Hit] = set()
    for which, part in enumerate(parts):
        scores = part.index.scores(question.terms, among)
        near = part.near if part.near is not None and question.vector else None
        chosen = _chosen(part, scores, near, question, depth)
        for number in chosen:
            if number in scores:
                words[which, number] = scores[number]
        if near is not None:
            for number, cosine in near.cosines(question.vector, chosen).items():
                meaning[which, number] = cosine
        if question.vector:
            unknown |= {(which, number) for number in chosen if (which, number) not in meaning}
    found = fused(words, meaning, unknown)
    turns = {hit: score for hit, score in found.items() if parts[hit[0]].beside is not None}
    if turns:
        # Only turns have neighbours.
        found |= smoothed(turns, lambda hit: _beside(parts, hit))
    return shares({hit: s for hit, s in found.items() if parts[hit[0]].allowed(hit[1])})


def _statistics(parts: Sequence[Part], question: Question) -> Statistics:
    found = [part.index.statistics(question.terms) for part in parts]
    return Statistics.of(found, len(question.terms))


def _chosen(
    part: Part,
    scores: dict[int, float],
    near: Near | None,
    question: Question,
    depth: int,
) -> list[int]:
    """The documents of an index that are worth a closer look, neighbours included.

    Of equal ones the last are taken, which are the newest as a rule.
    """
    allowed = part.allowed
    chosen = dict.fromkeys(
        number
        for number, _ in nlargest(
            depth, (pair for pair in reversed(scores.items()) if allowed(pair[0])), itemgetter(1)
        )
    )
    if near is not None:
        nearest = near.nearest(question.vector, depth)
        chosen |= dict.fromkeys(number for number in nearest if allowed(number))
    if part.beside is not None:
        for number in list(chosen):
            chosen |= dict.fromkeys(other for other, _ in part.beside(number))
    return list(chosen)


def _beside(parts: Sequence[Part], hit: Hit) -> Iterable[tuple[Hit, int]]:
    beside = parts[hit[0]].beside
    if beside is None:
        return ()
    return (((hit[0], other), far) for other, far in beside(hit[1]))
