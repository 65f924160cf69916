"""Making one order of what was found by words and by meaning. Pure.

Scores are added up, each divided by the highest of its kind. Adding ranks instead (RRF) was worse
than words alone when it was measured: it throws away by how much something is better.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping
from heapq import nlargest
from typing import TypeVar

MEANING = 0.5
"""What meaning counts, the rest being words. Even shares were best where either alone was worse."""

BESIDE = (0.35, 0.15)
"""What a turn gets of the scores of its next neighbours, and of those after them: an answer seldom
repeats the words of its question, and who looks for one finds the other."""

ALIKE_LEAST = 0.2
"""Vectors that are no nearer to each other (cosine) have nothing to do with each other."""

LEAST = 1e-9
"""Parts of the highest score that count at all."""

PLAIN = 0.85
ASKED_FOR = 0.1
PINNED = 0.03
FRESH = 0.02
"""Shares of a score, of which only `PLAIN` goes to what nobody has asked to be remembered. Small
enough to decide between equals only, and nothing is added to what is not to the point at all."""

FRESH_SECONDS = 30 * 86_400.0
"""After so long a memory is half as fresh."""

T = TypeVar("T")


def shares(scores: Mapping[T, float]) -> dict[T, float]:
    """The scores as parts of the highest one, 0 to 1; those below a billionth of it are left out.

    Smaller ones come of rounding, and parts of them would be nothing at all.
    """
    most = max(scores.values(), default=0.0)
    if most <= 0:
        return {}
    found = {each: score / most for each, score in scores.items()}
    return {each: share for each, share in found.items() if share >= LEAST}


def fused(
    words: Mapping[T, float], meaning: Mapping[T, float], unknown: Container[T]
) -> dict[T, float]:
    """Both kinds of scores in one, 0 to 1.

    Args:
        words: By words, on any scale.
        meaning: Cosines. What was not found by words needs at least `ALIKE_LEAST`.
        unknown: Of these the meaning is not known; their words count for both.
    """
    said = shares(words)
    if not meaning:
        return said
    near = shares(meaning)
    found = {
        each: (1 - MEANING) * score + MEANING * (score if each in unknown else near.get(each, 0.0))
        for each, score in said.items()
    }
    for each, score in near.items():
        if each not in said and meaning[each] >= ALIKE_LEAST:
            found[each] = MEANING * score
    return found


def smoothed(
    scores: Mapping[T, float], beside: Callable[[T], Iterable[tuple[T, int]]]
) -> dict[T, float]:
    """Scores of turns, to which those of their neighbours are added in part.

    `beside` gives the turns near one in the same conversation, and how far they are, from 1 on.
    """
    found = dict(scores)
    for turn, score in scores.items():
        for other, far in beside(turn):
            if far <= len(BESIDE):
                found[other] = found.get(other, 0.0) + BESIDE[far - 1] * score
    return found


def worth(*, asked_for: bool, pinned: bool, age: float) -> float:
    """What a hit's score is multiplied by, 0 to 1.

    Args:
        asked_for: Somebody had it remembered, or has kept it when asked.
        pinned: See `bot.memories.MemoryText`.
        age: Seconds since it was last changed.
    """
    fresh = 0.5 ** (max(0.0, age) / FRESH_SECONDS)
    return PLAIN + ASKED_FOR * asked_for + PINNED * pinned + FRESH * fresh


def best(scores: Mapping[T, float], most: int, age: Callable[[T], float]) -> list[tuple[T, float]]:
    """The `most` highest, best first; among equals the youngest. Looks at each one once."""
    ranked = nlargest(most, ((score, -age(each), each) for each, score in scores.items()), _order)
    return [(each, score) for score, _, each in ranked]


def _order(ranked: tuple[float, float, object]) -> tuple[float, float]:
    return ranked[0], ranked[1]
