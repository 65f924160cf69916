"""What processes agree on through the store: names held by one of them, and shared rates."""

from __future__ import annotations

from collections.abc import Callable

from bot.storage import keys
from bot.storage.codec import to_bytes
from bot.storage.connect import Link
from bot.storage.scripts import SCRIPTS


class SharedClaims:
    """Implements `bot.services.Claims` for one adapter.

    Args:
        link: Sends scripts.
        name_space: The adapter's name; others have names of their own.
        worker: This process.
        new_id: Makes nonces.
    """

    def __init__(self, link: Link, name_space: str, worker: str, new_id: Callable[[], str]) -> None:
        self._link = link
        self._name_space = name_space
        self._worker = worker
        self._new_id = new_id

    async def claim(self, name: str, seconds: float, holder: str = "") -> float:
        """See `bot.services.Claims`."""
        key = keys.claim(self._name_space, name)
        wait = await self._link.run(SCRIPTS["claim"], (key,), (self._holder(holder), _ms(seconds)))
        return int(wait) / 1000

    async def release(self, name: str, holder: str = "") -> None:
        """See `bot.services.Claims`."""
        key = keys.claim(self._name_space, name)
        await self._link.run(SCRIPTS["release"], (key,), (self._holder(holder),))

    async def spend(self, name: str, burst: int, seconds: float) -> float:
        """See `bot.services.Claims`."""
        key = keys.rate(self._name_space, name)
        wait = await self._link.run(SCRIPTS["spend"], (key,), (self._new_id(), burst, _ms(seconds)))
        return int(wait) / 1000

    def _holder(self, holder: str) -> bytes:
        return to_bytes(f"{self._worker}/{holder}")


def _ms(seconds: float) -> int:
    return max(1, round(seconds * 1000))
