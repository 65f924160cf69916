"""What the processes of one deployment tell each other about limits they share.

`Ledger` is about the calls to a platform, `Exchange` about the requests to a model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Scope:
    """One count that a call falls under, as it is for one call.

    Attributes:
        name: The same in all processes.
        slots: How many calls like this one may have a slot; 0 where nothing is counted, and only
            a pause can hold the call up.
        seconds: So long after a call has reached the platform its slot is free again.
        spread: Seconds that have to lie between this call and the last one with a spread.
        running: Replies that this process is writing there.
    """

    name: str
    slots: int
    seconds: float
    spread: float
    running: int


@dataclass(frozen=True, slots=True)
class Standing:
    """How things are in one scope.

    Attributes:
        wait: Seconds after which there may be a slot; 0 when there is one.
        elsewhere: Replies that other processes are writing there.
    """

    wait: float
    elsewhere: int


@dataclass(frozen=True, slots=True)
class Booking:
    """What a reservation came to.

    Attributes:
        nonce: Its name.
        scopes: What was asked for.
        standings: How things are, scope by scope.
        at: When it was made, in milliseconds by the ledger's clock.
    """

    nonce: str
    scopes: tuple[Scope, ...]
    standings: tuple[Standing, ...]
    at: float

    @property
    def granted(self) -> bool:
        """A slot was taken in every scope; else in none of them."""
        return all(standing.wait <= 0 for standing in self.standings)


class Ledger(Protocol):
    """One common book of an adapter's calls.

    Nothing here raises for want of the store, or waits for it for longer than a moment: a reply
    is rather written by this process's own count.
    """

    async def reserve(
        self, together: str, scopes: Sequence[Scope], urgency: int, late: float
    ) -> Booking | None:
        """Take a slot in all of these scopes or in none.

        Args:
            together: Scopes with the same word here may be asked for in one call.
            scopes: At least one.
            urgency: The smaller, the sooner; the most urgent call that was refused has the next
                slot, whichever process makes it.
            late: Seconds after which the call is taken to have reached the platform, unless
                `settle` says otherwise.

        Returns:
            None when the book cannot be read now.
        """
        ...

    def settle(self, booking: Booking, seconds: float | None) -> None:
        """The call had reached the platform so long after the reservation; None: it was not made.

        Others learn it together with this process's next call in that scope. If there is none,
        a slot is only taken a little longer.
        """
        ...

    async def pause(self, together: str, name: str, seconds: float) -> None:
        """No calls in this scope for so long, whichever process makes them."""
        ...


@dataclass(frozen=True, slots=True)
class PushBack:
    """Another process was refused.

    Attributes:
        ago: Seconds since then.
        interval: Seconds between starts that it goes on with; 0 when it learned nothing of it.
        known: From how many requests it learned that.
    """

    ago: float
    interval: float
    known: int


@dataclass(frozen=True, slots=True)
class News:
    """How things are at the endpoint; times in seconds from now.

    Attributes:
        wait: Until a request may start; 0 when it may.
        cooldown: The server has asked for patience for so long.
        exhausted: The account is taken to be out of credit for so long.
        taken: Requests of other processes that were taken since the last news.
        late: Others that were taken since, but had begun before the last push-back.
        pushed: The last push-back that another process has met since the last news.
    """

    wait: float = 0.0
    cooldown: float = 0.0
    exhausted: float = 0.0
    taken: int = 0
    late: int = 0
    pushed: PushBack | None = None


class Exchange(Protocol):
    """One endpoint's common state.

    Nothing here raises for want of the store, or waits for it for longer than a moment; None
    means that nothing is known, and then each process goes by what it learns itself.
    """

    async def start(self, active: int, free: int, spacing: float) -> News | None:
        """Ask to start a request now; it has started if the wait is 0.

        Args:
            active: Requests under way in this process, this one among them.
            free: So many may be under way in all processes without any spacing.
            spacing: Seconds between starts beyond that.
        """
        ...

    async def cool(self, cooldown: float, exhausted: float) -> News | None:
        """Tell that the server pushed back; for how long nobody starts, or is out of credit."""
        ...

    async def push(self, ago: float, interval: float, known: int) -> None:
        """Tell what was made of a push-back, of which `cool` has told.

        Args:
            ago: Seconds since the refused request began. One that was under way at the last
                push-back says nothing new.
            interval: Seconds between starts from now on; 0 if nothing was learned of it.
            known: From how many requests that was learned.
        """
        ...

    def taken(self, ago: float) -> None:
        """The server has begun to answer a request that began so many seconds ago.

        The others are told in the background.
        """
        ...

    async def close(self) -> None:
        """Tell what is left to tell."""
        ...
