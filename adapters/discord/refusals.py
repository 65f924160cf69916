"""What channels have refused, so that they are not asked for it over and over.

Discord counts calls that it forbids, and bars who makes ten thousand of them in ten minutes.
"""

from __future__ import annotations

from collections.abc import Callable

from adapters.discord.expiring import Expiring
from bot.errors import NotAllowed


class Refusals:
    """Remembers refusals for a while; a change of permissions makes it forget them.

    Args:
        clock: Seconds, never going back.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._denied: Expiring[NotAllowed] = Expiring(clock)
        self._threadless: Expiring[bool] = Expiring(clock)

    def check(self, call: str, channel: str) -> None:
        """Raise what a call of this kind was answered with in this channel a short while ago."""
        denied = self._denied.get(f"{call} {channel}")
        if denied is not None:
            raise type(denied)(str(denied), hint=denied.hint)

    def may(self, call: str, channel: str) -> bool:
        """Whether a call of this kind may be tried in this channel."""
        return self._denied.get(f"{call} {channel}") is None

    def deny(self, call: str, channel: str, error: NotAllowed, seconds: float) -> None:
        """Keep a refusal for some seconds."""
        self._denied.put(f"{call} {channel}", error, seconds)

    def has_threads(self, channel: str) -> bool:
        """Whether threads may be asked for."""
        return self._threadless.get(channel) is None

    def without_threads(self, channel: str, seconds: float) -> None:
        """Ask this channel for no thread for some seconds."""
        self._threadless.put(channel, True, seconds)

    def forget(self) -> None:
        """What was forbidden may be allowed now."""
        self._denied.clear()
        self._threadless.clear()
