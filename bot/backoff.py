"""How long to wait between tries that go on failing."""

from __future__ import annotations


class Backoff:
    """Waits that double from the first to the longest, in seconds."""

    def __init__(self, bounds: tuple[float, float]) -> None:
        self._first, self._longest = bounds
        self._seconds = self._first

    def next(self) -> float:
        """Seconds to wait this time."""
        seconds = self._seconds
        self._seconds = min(seconds * 2, self._longest)
        return seconds

    def reset(self) -> None:
        """Begin with the first again."""
        self._seconds = self._first
