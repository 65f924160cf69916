"""What an adapter is given beside its inbox: notes, claims and a meter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class Notes(Protocol):
    """Small durable texts an adapter keeps for itself, such as a hash of what it last synced."""

    async def read(self, name: str) -> str | None:
        """The note, or None. Raises StoreError."""
        ...

    async def write(self, name: str, text: str) -> None:
        """Keep the note until it is written again. Raises StoreError."""
        ...

    async def replace(self, name: str, old: str, new: str) -> bool:
        """Keep `new` in the place of `old`; whether it stands there now.

        False when another text does by now, or none: nothing was changed. Raises StoreError.
        """
        ...

    async def delete(self, name: str) -> None:
        """Keep the note no longer; one that is not there is fine. Raises StoreError."""
        ...

    async def names(self, prefix: str) -> Sequence[str]:
        """The names of all notes that begin so, in no order. Raises StoreError."""
        ...


class Claims(Protocol):
    """What the processes of one deployment agree on through the store: who has what, how often.

    Names belong to the adapter that uses them. Time is the store's, so clocks need not agree.
    """

    async def claim(self, name: str, seconds: float, holder: str = "") -> float:
        """Take `name` for so many seconds, or keep it for so long from now on.

        Args:
            name: Anything.
            seconds: Until it is free again if nothing is said.
            holder: For whom, within this process; empty for the process itself.

        Returns:
            0.0 when it is ours, else the seconds after which it may be free. Raises StoreError.
        """
        ...

    async def release(self, name: str, holder: str = "") -> None:
        """Give `name` back if it is ours. Raises StoreError."""
        ...

    async def spend(self, name: str, burst: int, seconds: float) -> float:
        """Use one of `burst` turns, of which one more becomes free every `seconds`.

        Returns:
            0.0 when it was used, else the seconds after which one will be free; nothing was used.
            Raises StoreError.
        """
        ...


CALLS = "calls"
"""See `Meter.connected`."""


class Meter(Protocol):
    """Where an adapter counts what an operator wants to see; never raises, never waits."""

    def acknowledged(self, seconds: float) -> None:
        """An event was taken (stored or known to be none of ours) so long after it arrived."""
        ...

    def refused(self, route: str) -> None:
        """The platform asked to wait (429); `route` is a kind of call, never an address."""
        ...

    def invalid(self, status: int) -> None:
        """The platform refused a call with this HTTP status in a way that it counts against us."""
        ...

    def latency(self, seconds: float, part: str = "") -> None:
        """So long the platform took to answer a sign of life; `part` as in `connected`."""
        ...

    def reconnected(self, reason: str) -> None:
        """A connection to the platform was lost or replaced; `reason` is one of few words."""
        ...

    def connected(self, up: bool | None, part: str = "") -> None:
        """Events come in over this connection, or do not; None when it is no longer meant to be.

        `part` tells several connections of one adapter apart, as in "socket 1". An adapter is
        ready when it has said True for each one it named. `CALLS` is for one that can be called
        while it hears nothing; it is not counted as a connection.
        """
        ...

    def fell_back(self, what: str) -> None:
        """Something was done in a second-best way; `what` is one of few words."""
        ...
