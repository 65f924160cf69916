"""How patient a process is."""

from __future__ import annotations

from dataclasses import dataclass

from bot.storage.topology import WAITS, Waits


@dataclass(frozen=True, slots=True)
class Timing:
    """How patient the parts are, in seconds; `renew` and `sweep` at most a third of a lease.

    People are told about a wait for the model from `long_wait` on, and that their message waits for
    its turn from `mark_after` on; `first_token` and `gap` are the
    model's silences that are taken for a fault, `private` the most that an answer to one person may
    take, since platforms wait for those. `store` is how patient one call to the store is.
    `recheck` is between looks at which tokens are due to be checked. `recall` is the most that a
    question waits for what is remembered.
    """

    renew: float = 1.0
    sweep: float = 5.0
    store_at_start: float = 30.0
    store_in_turn: float = 60.0
    grace: float = 25.0
    resume: float = 1.0
    tidy: float = 3600.0
    leftovers: float = 10.0
    proposals: float = 60.0
    recheck: float = 60.0
    first_retry: float = 1.0
    longest_retry: float = 60.0
    long_wait: float = 8.0
    mark_after: float = 0.3
    recall: float = 0.3
    first_token: float = 60.0
    gap: float = 30.0
    private: float = 180.0
    store: Waits = WAITS


TIMING = Timing()

BRIEF = Timing(store_at_start=5.0)
"""For somebody who waits for a command to end."""
