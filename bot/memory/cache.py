"""Indexes that a process holds: so many bytes of them, those that were used last."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Sequence
from typing import Generic, Protocol, TypeVar


class Sized(Protocol):
    """What is held."""

    @property
    def bytes(self) -> int:
        """About how much memory it takes."""
        ...


K = TypeVar("K", bound=Hashable)
V = TypeVar("V", bound=Sized)


class Cache(Generic[K, V]):
    """Least recently used goes first; the one that was used last always stays.

    Args:
        most_bytes: Of all that is held together.
        most: How many are held.
    """

    def __init__(self, most_bytes: int, most: int) -> None:
        self._most_bytes = most_bytes
        self._most = most
        self._held: OrderedDict[K, V] = OrderedDict()
        self._sizes: dict[K, int] = {}
        self.bytes = 0

    def __len__(self) -> int:
        return len(self._held)

    def __contains__(self, key: object) -> bool:
        return key in self._held

    @property
    def keys(self) -> Sequence[K]:
        """What is held, in the order in which it goes."""
        return tuple(self._held)

    def get(self, key: K) -> V | None:
        """What is held under a key, which counts as using it."""
        found = self._held.get(key)
        if found is not None:
            self._held.move_to_end(key)
        return found

    def put(self, key: K, value: V) -> None:
        """Hold something, or note that what is held has another size by now."""
        self.drop(key)
        self._held[key] = value
        self._sizes[key] = value.bytes
        self.bytes += self._sizes[key]
        while len(self._held) > 1 and (
            self.bytes > self._most_bytes or len(self._held) > self._most
        ):
            self.drop(next(iter(self._held)))

    def drop(self, key: K) -> None:
        """Hold something no longer, if it was."""
        if self._held.pop(key, None) is not None:
            self.bytes -= self._sizes.pop(key)

    def clear(self) -> None:
        """Hold nothing."""
        self._held.clear()
        self._sizes.clear()
        self.bytes = 0
