"""Whether two memories say nearly the same, so that people may want to make one of them. Pure."""

from __future__ import annotations

from bot.memory.likeness import meaning

NEAR = 0.6
"""Share of common words from which on people are asked whether two are one."""


def is_near(one: str, other: str) -> bool:
    """Two contents have most of the words that carry their meaning in common."""
    mine, others = meaning(one), meaning(other)
    both = mine | others
    return bool(both) and len(mine & others) / len(both) >= NEAR
