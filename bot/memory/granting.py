"""What somebody may do with memories in a conversation, with the accounts they have linked."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from bot.audience import Audience, Grant, grant
from bot.memories import Person, Via


async def nobody_else(person: Person) -> Sequence[Person]:
    """No other accounts."""
    return ()


@dataclass(frozen=True, slots=True)
class Granting:
    """Makes grants.

    Attributes:
        linked: Other accounts of a person, as they have proved; may raise StoreError.
    """

    linked: Callable[[Person], Awaitable[Sequence[Person]]] = nobody_else

    async def of(self, audience: Audience, person: Person, via: Via = Via.TOOL) -> Grant:
        """What `person` may do there. Costs a round trip only where nobody else reads along."""
        linked = await self.linked(person) if audience.alone is not None else ()
        return grant(audience, person, linked=linked, via=via)
