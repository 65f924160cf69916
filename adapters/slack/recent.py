"""What is remembered of the newest of many things."""

from __future__ import annotations

from collections import OrderedDict
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")

MOST = 2_000


class Recent(Generic[K, V]):
    """A mapping that forgets its oldest entries. Nothing depends on what is forgotten.

    Args:
        most: How many entries are kept.
    """

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._entries: OrderedDict[K, V] = OrderedDict()

    def put(self, key: K, value: V) -> None:
        """Remember `value`, as the newest."""
        self._entries[key] = value
        self._entries.move_to_end(key)
        if len(self._entries) > self._most:
            self._entries.popitem(last=False)

    def get(self, key: K) -> V | None:
        """What is remembered, None for nothing."""
        return self._entries.get(key)

    def pop(self, key: K) -> V | None:
        """The same, and forget it."""
        return self._entries.pop(key, None)
