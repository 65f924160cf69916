"""Searching by words: Okapi BM25 over documents that come and go."""

from __future__ import annotations

import sys
from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import log

K1 = 0.9
"""How much a word counts for being there more often."""

B = 0.4
"""How much long documents are marked down. Both as in Anserini: messages are short and differ."""

MOST_COUNTED = 255
"""A word that is there more often counts as this often."""

_EMPTY = -1


@dataclass(frozen=True, slots=True)
class Statistics:
    """What a score rests on; several indexes together are searched as one with their sum.

    Attributes:
        documents: How many there are.
        length: Terms of all of them together.
        holding: How many documents hold each term that was asked for.
    """

    documents: int
    length: int
    holding: tuple[int, ...]

    @classmethod
    def of(cls, parts: Sequence[Statistics], terms: int) -> Statistics:
        """The sum of `parts`, which were all made for the same number of terms."""
        return cls(
            sum(part.documents for part in parts),
            sum(part.length for part in parts),
            tuple(sum(part.holding[place] for part in parts) for place in range(terms)),
        )

    @property
    def visited(self) -> int:
        """How many postings a search looks at, which is what its time goes by."""
        return sum(self.holding)


class Index:
    """An inverted index. Documents are numbers, given out by `add`.

    Adding and removing take effect at once. Not safe to change while it is searched in a thread.
    """

    def __init__(self) -> None:
        self._postings: dict[str, tuple[array[int], array[int]]] = {}
        self._lengths = array("l")
        self._free: list[int] = []
        self._total = 0
        self._size = 0

    def __len__(self) -> int:
        return len(self._lengths) - len(self._free)

    @property
    def bytes(self) -> int:
        """About how much memory it takes."""
        return 300 * len(self._postings) + 6 * self._size + self._lengths.itemsize * len(self)

    def add(self, terms: Sequence[str]) -> int:
        """Take in a document; returns its number, which may be that of one removed before."""
        if self._free:
            number = self._free.pop()
            self._lengths[number] = len(terms)
        else:
            number = len(self._lengths)
            self._lengths.append(len(terms))
        counted = Counter(terms)
        self._total += len(terms)
        self._size += len(counted)
        for term, count in counted.items():
            count = min(count, MOST_COUNTED)
            posting = self._postings.get(term)
            if posting is None:
                # One string for all indexes: they share most of their words.
                self._postings[sys.intern(term)] = (array("I", (number,)), array("B", (count,)))
                continue
            numbers, counts = posting
            if numbers[-1] < number:
                numbers.append(number)
                counts.append(count)
                continue
            place = bisect_left(numbers, number)
            numbers.insert(place, number)
            counts.insert(place, count)
        return number

    def remove(self, number: int, terms: Iterable[str]) -> None:
        """Take out a document, which was added with these terms.

        Raises:
            KeyError: It is not there, or was added with other ones.
        """
        if not 0 <= number < len(self._lengths) or self._lengths[number] == _EMPTY:
            raise KeyError(number)
        counted = set(terms)
        places = {term: self._place(number, term) for term in counted}
        for term, place in places.items():
            numbers, counts = self._postings[term]
            if len(numbers) == 1:
                del self._postings[term]
            else:
                del numbers[place], counts[place]
        self._total -= self._lengths[number]
        self._size -= len(counted)
        self._lengths[number] = _EMPTY
        self._free.append(number)

    def discard(self, gone: frozenset[int]) -> None:
        """Take out documents whose terms are not known any more; those that are not there as well.

        Looks at every posting, once for however many.
        """
        there = [
            number
            for number in gone
            if 0 <= number < len(self._lengths) and self._lengths[number] != _EMPTY
        ]
        for term, (numbers, counts) in list(self._postings.items()) if there else ():
            if gone.isdisjoint(numbers):
                continue
            kept = [place for place, number in enumerate(numbers) if number not in gone]
            self._size -= len(numbers) - len(kept)
            if kept:
                self._postings[term] = (
                    array("I", (numbers[place] for place in kept)),
                    array("B", (counts[place] for place in kept)),
                )
            else:
                del self._postings[term]
        for number in there:
            self._total -= self._lengths[number]
            self._lengths[number] = _EMPTY
            self._free.append(number)

    def statistics(self, terms: Sequence[str]) -> Statistics:
        """How things stand here for a search."""
        postings = (self._postings.get(term) for term in terms)
        holding = tuple(0 if found is None else len(found[0]) for found in postings)
        return Statistics(len(self), self._total, holding)

    def scores(self, terms: Sequence[str], among: Statistics) -> dict[int, float]:
        """The score of each document that holds any of the terms, above 0, by its number.

        `among` is what `statistics` gave for the same terms, or the sum over several indexes.
        """
        found: dict[int, float] = {}
        mean = among.length / among.documents if among.documents else 0.0
        if not mean:
            return found
        lengths, flat, slope = self._lengths, K1 * (1 - B), K1 * B / mean
        known = found.get
        for term, holding in zip(terms, among.holding, strict=True):
            posting = self._postings.get(term)
            if posting is None:
                continue
            weight = (K1 + 1) * _rarity(holding, among.documents)
            for number, count in zip(*posting, strict=True):
                gain = weight * count / (count + flat + slope * lengths[number])
                found[number] = known(number, 0.0) + gain
        return found

    def _place(self, number: int, term: str) -> int:
        numbers, _ = self._postings[term]
        place = bisect_left(numbers, number)
        if place == len(numbers) or numbers[place] != number:
            raise KeyError(number)
        return place


def _rarity(holding: int, documents: int) -> float:
    """What finding a term is worth that so many documents hold."""
    return log(1 + (documents - holding + 0.5) / (holding + 0.5))
