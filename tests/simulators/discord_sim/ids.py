"""Ids, times, secrets and links: all that only has to be unlike the others and repeatable."""

from __future__ import annotations

import asyncio
import hashlib
from datetime import UTC, datetime

from tests.simulators.discord_sim.model import Attachment, Channel
from tests.simulators.discord_sim.payloads import DISCORD_EPOCH, timestamp

LINK_SECONDS = 86_400


class Ids:
    """Gives out ids and what is made from them.

    Args:
        start: the time inside the first id.
        scale: simulated seconds per real second.
        seed: makes secrets differ between simulators.
    """

    def __init__(self, start: datetime, scale: float, seed: int) -> None:
        self.scale = scale
        self.seed = seed
        self.base_url = ""
        self._start_ms = int(start.timestamp() * 1000) - DISCORD_EPOCH
        self._issued = 0

    def new_id(self) -> int:
        """Return the next id; every id is a millisecond later than the one before."""
        self._issued += 1
        return (self._start_ms + self._issued) << 22 | self._issued % 4096

    def pass_time(self, seconds: float) -> None:
        """Let the next id be so many seconds later; ids do not follow the clock by themselves."""
        self._start_ms += int(seconds * 1000)

    def catch_up(self, unix: float) -> None:
        """Let the next id be no earlier than that second."""
        self._start_ms += max(0, int(unix * 1000) - DISCORD_EPOCH - self._start_ms - self._issued)

    def now(self) -> str:
        """Return the simulated time as a timestamp; it moves with the ids."""
        return timestamp(self.new_id())

    def clock(self) -> float:
        """Return simulated seconds."""
        return asyncio.get_running_loop().time() * self.scale

    def secret(self, *parts: object) -> str:
        """Return a token that nobody guesses but every run repeats."""
        text = ":".join(str(part) for part in (self.seed, *parts))
        return hashlib.sha256(text.encode()).hexdigest()

    def _clock_in_urls(self) -> int:
        return int(self.clock()) + self._start_ms // 1000

    def link(self, channel: Channel, attachment: Attachment) -> str:
        """Return a signed URL of an attachment, good for a simulated day."""
        issued = self._clock_in_urls()
        expires = f"{issued + LINK_SECONDS:x}"
        signature = self.secret("link", attachment.id, expires)
        path = f"/attachments/{channel.id}/{attachment.id}/{attachment.filename}"
        return f"{self.base_url}{path}?ex={expires}&is={issued:x}&hm={signature}"

    def link_is_good(self, attachment_id: str, expires: str, signature: str) -> bool:
        """Whether a URL made by `link` still works."""
        if signature != self.secret("link", attachment_id, expires):
            return False
        return int(expires, 16) > self._clock_in_urls()


def fresh_start() -> datetime:
    """Return the present time, whole seconds."""
    return datetime.now(UTC).replace(microsecond=0)
