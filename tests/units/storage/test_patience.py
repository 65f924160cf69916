"""Writes to a store that is away for a moment."""

from __future__ import annotations

import pytest

from bot.errors import StoreUnavailable
from bot.storage.patience import patiently


class Store:
    """Away for so many calls."""

    def __init__(self, away: int) -> None:
        self.away = away
        self.calls = 0

    async def write(self) -> str:
        """One write."""
        self.calls += 1
        if self.calls <= self.away:
            raise StoreUnavailable("away")
        return "written"


async def test_it_is_tried_again() -> None:
    store = Store(away=2)
    assert await patiently(store.write, 60.0) == "written"
    assert store.calls == 3


async def test_not_for_ever() -> None:
    store = Store(away=2)
    with pytest.raises(StoreUnavailable):
        await patiently(store.write, 0.0)
    assert store.calls == 1
