"""Searching by meaning: how near vectors are to that of a question.

The only place that needs numpy; found by name, and only where there is an embedder.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

GROWTH = 1.5
FIRST_ROWS = 64


class Vectors:
    """The vectors of an index, by the numbers of its documents.

    Not safe to change while it is searched in a thread.
    """

    def __init__(self) -> None:
        self._rows: NDArray[np.float32] = np.zeros((0, 0), np.float32)
        self._numbers: NDArray[np.int64] = np.zeros(0, np.int64)
        self._places: dict[int, int] = {}

    def __contains__(self, number: object) -> bool:
        return number in self._places

    def __len__(self) -> int:
        return len(self._places)

    @property
    def bytes(self) -> int:
        """About how much memory it takes."""
        return self._rows.nbytes + self._numbers.nbytes + 100 * len(self._places)

    def put(self, number: int, vector: bytes) -> bool:
        """Keep a vector in place of an earlier one; False for one that does not fit the others."""
        if not vector or len(vector) % 4:
            return False
        row = np.frombuffer(vector, "<f4")
        if not np.isfinite(row).all():
            return False
        if not self._places and self._rows.shape[1] != row.size:
            self._rows = np.zeros((FIRST_ROWS, row.size), np.float32)
            self._numbers = np.zeros(FIRST_ROWS, np.int64)
        if self._rows.shape[1] != row.size:
            return False
        place = self._places.setdefault(number, len(self._places))
        if place >= len(self._rows):
            more = int(len(self._rows) * GROWTH) + 1
            self._rows = np.concatenate(
                (self._rows, np.zeros((more - len(self._rows), row.size), np.float32))
            )
            self._numbers = np.concatenate(
                (self._numbers, np.zeros(more - len(self._numbers), np.int64))
            )
        self._rows[place] = row
        self._numbers[place] = number
        return True

    def fits(self, vector: bytes) -> bool:
        """Whether it has as many numbers as the others, if there are any."""
        return not self._places or len(vector) == 4 * self._rows.shape[1]

    def clear(self) -> None:
        """Remove all of them."""
        self._places.clear()

    def drop(self, number: int) -> None:
        """Remove one, if it is there. The last one takes its place."""
        place = self._places.pop(number, None)
        if place is None:
            return
        last = len(self._places)
        if place != last:
            self._rows[place] = self._rows[last]
            self._numbers[place] = self._numbers[last]
            self._places[int(self._numbers[place])] = place
        self._rows[last] = 0

    def nearest(self, question: bytes, most: int) -> dict[int, float]:
        """The cosine of the `most` nearest ones, by number."""
        count = len(self._places)
        asked = np.frombuffer(question, "<f4")
        if not count or asked.size != self._rows.shape[1] or most <= 0:
            return {}
        cosines = self._rows[:count] @ asked
        if most < count:
            chosen = np.argpartition(cosines, count - most)[count - most :]
        else:
            chosen = np.arange(count)
        numbers, values = self._numbers[chosen].tolist(), cosines[chosen].tolist()
        return dict(zip(numbers, values, strict=True))

    def cosines(self, question: bytes, numbers: list[int]) -> dict[int, float]:
        """The cosine of each of these that is known."""
        asked = np.frombuffer(question, "<f4")
        if asked.size != self._rows.shape[1]:
            return {}
        known = [number for number in numbers if number in self._places]
        if not known:
            return {}
        values = self._rows[[self._places[number] for number in known]] @ asked
        return dict(zip(known, values.tolist(), strict=True))
