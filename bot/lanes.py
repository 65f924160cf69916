"""Messages on their way into the store, one lane for each thread."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from bot.afterwards import concerns
from bot.chat import Incoming, Removal


@dataclass(slots=True)
class Lane:
    """A thread's messages on their way into the store, each with its nonce.

    Attributes:
        events: What waits, the oldest first.
        turn: Held by whoever hands in.
        lost: Ids of messages that gave way to newer ones.
    """

    events: deque[tuple[Incoming, str]] = field(default_factory=deque[tuple[Incoming, str]])
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    lost: set[str] = field(default_factory=set[str])

    def add(self, event: Incoming, new_id: Callable[[], str]) -> bool:
        """Append a message, unless it is one that waits already and is delivered again."""
        if any(waiting.event_id == event.event_id for waiting, _ in self.events):
            return False
        self.events.append((event, new_id()))
        return True

    def amend(self, event: Incoming) -> bool:
        """Let a message that waits read as it does now; False when it does not wait here."""
        for place, (waiting, nonce) in enumerate(self.events):
            if waiting.event_id == event.event_id:
                if waiting.edited < event.edited:
                    self.events[place] = (waiting.reworded(event), nonce)
                return True
        return False

    def strike(self, removal: Removal) -> int:
        """Take out what was deleted; how many messages that were."""
        kept = [each for each in self.events if not concerns(removal, each[0])]
        struck = len(self.events) - len(kept)
        if struck:
            self.events.clear()
            self.events.extend(kept)
        return struck

    def drop(self) -> Incoming:
        """Let the oldest message give way."""
        event, _ = self.events.popleft()
        self.lost.add(event.event_id)
        return event

    def remove(self, event: Incoming) -> bool:
        """Take a message out that was handed in; False when it was dropped meanwhile."""
        self.lost.discard(event.event_id)
        if self.events and self.events[0][0] is event:
            self.events.popleft()
            return True
        return False
