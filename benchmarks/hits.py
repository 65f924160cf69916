"""How much of what answers questions is among the best hits."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

DEPTHS = (5, 10, 20)
DEEPEST = max(DEPTHS)


@dataclass(frozen=True, slots=True)
class Asked:
    """A question and what was found, best first; `evidence` is what answers it."""

    group: str
    evidence: Collection[str]
    found: Sequence[str]

    def share(self, depth: int) -> float:
        """The part of the evidence that is among the first `depth` hits."""
        return len(set(self.evidence) & set(self.found[:depth])) / len(self.evidence)


def recall(asked: Iterable[Asked], depth: int) -> float:
    """The mean of `Asked.share`; 0 for no questions."""
    shares = [each.share(depth) for each in asked]
    return sum(shares) / len(shares) if shares else 0.0


def cells(asked: Sequence[Asked]) -> list[str]:
    """Recall at each of `DEPTHS`, as in a table."""
    return [f"{recall(asked, depth):.3f}" for depth in DEPTHS]


def heads() -> list[str]:
    """The heads of `cells`."""
    return [f"R@{depth}" for depth in DEPTHS]
