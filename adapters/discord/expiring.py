"""A small map whose entries end by time."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

V = TypeVar("V")


class Expiring(Generic[V]):
    """A small map whose entries end by time; the oldest make room.

    Args:
        clock: Seconds, never going back.
        most: How many entries are kept.
    """

    def __init__(self, clock: Callable[[], float], most: int = 2000) -> None:
        self._clock = clock
        self._most = most
        self._entries: OrderedDict[str, tuple[float, V]] = OrderedDict()

    def put(self, name: str, value: V, seconds: float) -> None:
        """Keep `value` for some seconds."""
        self._entries[name] = (self._clock() + seconds, value)
        self._entries.move_to_end(name)
        while len(self._entries) > self._most:
            self._entries.popitem(last=False)

    def get(self, name: str) -> V | None:
        """The value, None when there is none any more."""
        until, value = self._entries.get(name, (0.0, None))
        if value is not None and until <= self._clock():
            del self._entries[name]
            return None
        return value

    def clear(self) -> None:
        """Drop everything."""
        self._entries.clear()
