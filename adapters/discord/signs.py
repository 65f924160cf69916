"""Which signs on messages were seen to: Discord gives them no ids, and may tell of one twice."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from bot.services import Claims

KNOWN_SECONDS = 86_400.0
"""How long it is known that a sign was seen to, or taken away."""

LOOK_SECONDS = 0.001
MOST = 20
"""How often somebody can put a sign on one message anew in that time."""


@dataclass(frozen=True, slots=True)
class Sign:
    """Somebody's sign on a message, as one event tells of it.

    Attributes:
        claims: Where it is noted, for all processes.
        name: Of the sign; a digest, which tells of nobody.
        event: Of the event, within this process.
    """

    claims: Claims
    name: str
    event: str

    @classmethod
    def of(cls, claims: Claims, message: int, user: int, event: str) -> Sign:
        """The sign of a user on a message."""
        digest = hashlib.sha256(f"{message}:{user}".encode()).hexdigest()
        return cls(claims, f"sign:{digest[:32]}", event)

    async def is_known(self) -> bool:
        """It was seen to, and not taken away since. Raises StoreError."""
        return await self._is_held(await self._newest())

    async def was_there(self) -> bool:
        """It was seen to, and may have been taken away since. Raises StoreError."""
        return await self._is_held(self.name)

    async def note(self) -> None:
        """It was seen to. Raises StoreError."""
        await self.claims.claim(await self._newest(), KNOWN_SECONDS, self.event)

    async def end(self) -> None:
        """It was taken away; the next one is another one. Raises StoreError."""
        if await self._is_held(newest := await self._newest()):
            await self.claims.claim(f"{newest}:over", KNOWN_SECONDS, self.event)

    async def _newest(self) -> str:
        name = self.name
        for number in range(1, MOST):
            if not await self._is_held(f"{name}:over"):
                break
            name = f"{self.name}:{number}"
        return name

    async def _is_held(self, name: str) -> bool:
        return await self.claims.claim(name, LOOK_SECONDS, self.event) > 0
