"""When to give up on an answer that is under way."""

from __future__ import annotations

from dataclasses import dataclass

from bot.errors import ModelBusy


@dataclass(slots=True)
class Patience:
    """When to give up, in the loop's time; the consumer's own time never counts as silence.

    Attributes:
        total: The whole answer has to be there by then.
        limit: The next sign of it has.
        waits_for: What that is, in words.
    """

    total: float
    limit: float
    waits_for: str = "first token"

    @property
    def deadline(self) -> float:
        """When to give up now."""
        return min(self.total, self.limit)

    def renew(self, now: float, seconds: float, waits_for: str) -> None:
        """Something came; wait so long for the next."""
        self.limit = now + seconds
        self.waits_for = waits_for

    def fault(self) -> ModelBusy:
        """What giving up comes to."""
        what = "end of the answer" if self.limit > self.total else self.waits_for
        return ModelBusy(f"time-out: no {what} in time", overloaded=True)
