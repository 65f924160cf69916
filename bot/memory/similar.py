"""Whether two memories say nearly the same. Pure."""

from __future__ import annotations

import re

NEAR = 0.6
"""Share of common words from which on people are asked whether two are one."""

_WORD = re.compile(r"[^\W_]+(?:[+#.'’-]*[^\W_]+)*[+#]*")


def is_near(one: str, other: str) -> bool:
    """Two contents have most of their words in common."""
    return share(one, other) >= NEAR


def share(one: str, other: str) -> float:
    """How much of the words of two contents is in both, 0 to 1."""
    mine, others = _words(one), _words(other)
    return len(mine & others) / max(1, len(mine | others))


def _words(text: str) -> frozenset[str]:
    """Words without endings; of scripts without blanks pairs of signs."""
    found: set[str] = set()
    for word in _WORD.findall(text.casefold()):
        if word.isascii() or len(word) <= 2:
            found.add(word[:6])
        else:
            found.update(word[place : place + 2] for place in range(len(word) - 1))
    return frozenset(found)
