"""Whether this process is alive, and whether it is ready, with reasons that hold no secret."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from enum import Enum

from bot.errors import ModelError, ModelMisconfigured, QuotaExhausted, StoreUnavailable
from bot.services import CALLS

STORE_SECONDS = 2.0
"""How long the store may take to answer a look."""

FRESH_SECONDS = 0.25
"""The store's answer serves for other looks within so many seconds."""


SILENT_SECONDS = 120.0
"""A chore that has been heard of, and then not for so long, hangs."""


class ModelState(Enum):
    """What is known of the model."""

    UNKNOWN = "not reached yet"
    GOOD = "good"
    BAD = "refuses until somebody mends something"


class Health:
    """What /healthz and /readyz tell. Parts say how they are; nothing is asked but the store.

    Args:
        now: Monotonic seconds.

    Attributes:
        draining: The process is about to end.
        model: What is known of the model.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._platforms: dict[str, dict[str, bool]] = {}
        self._switched_off: dict[str, str] = {}
        self._model_hint = ""
        self._ping: Callable[[], Awaitable[None]] | None = None
        self._asking = asyncio.Lock()
        self._asked_at = float("-inf")
        self._store: str | None = "not reached yet"
        self._chores: Mapping[str, asyncio.Task[None]] = {}
        self._beats: dict[str, float] = {}
        self.draining = False
        self.model = ModelState.UNKNOWN

    def expect(self, platforms: Iterable[str]) -> None:
        """These platforms are to be connected."""
        for platform in platforms:
            self._platforms.setdefault(platform, {})

    def connected(self, platform: str, up: bool | None, part: str) -> None:
        """See `bot.services.Meter.connected`."""
        parts = self._platforms.setdefault(platform, {})
        if up is None:
            parts.pop(part, None)
        else:
            parts[part] = up

    def cut(self, platform: str) -> None:
        """The platform's adapter does not run at this moment."""
        self._platforms[platform] = {}

    def switched_off(self, platform: str, error: str) -> None:
        """The platform's adapter has ended for good; `error` is the class of its error."""
        self._switched_off[platform] = error

    def connections(self, platform: str) -> tuple[int, int]:
        """How many connections of a platform stand, and how many are meant to."""
        parts = self._platforms.get(platform)
        if not parts:
            return 0, 1
        heard = [up for part, up in parts.items() if part != CALLS]
        return sum(heard), len(heard)

    def stored_in(self, ping: Callable[[], Awaitable[None]]) -> None:
        """How to ask the store."""
        self._ping = ping

    def chores(self, tasks: Mapping[str, asyncio.Task[None]]) -> None:
        """Tasks that have to run as long as the process does; none once it ends."""
        self._chores = dict(tasks)
        self._beats.clear()

    def beat(self, chore: str) -> None:
        """A chore has done another round."""
        self._beats[chore] = self._now()

    def model_answered(self) -> None:
        """The model is good."""
        self.model = ModelState.GOOD

    def model_failed(self, error: ModelError) -> None:
        """A request failed; only what an operator has to mend makes the model bad."""
        if isinstance(error, ModelMisconfigured | QuotaExhausted):
            self.model, self._model_hint = ModelState.BAD, error.hint

    def faults(self) -> dict[str, str]:
        """What keeps this process from being alive, by part; empty while it is.

        That it is asked at all shows that the event loop turns.
        """
        now = self._now()
        silent = {name: now - at for name, at in self._beats.items() if now - at > SILENT_SECONDS}
        ended = {name: "has ended" for name, task in self._chores.items() if task.done()}
        return ended | {name: f"silent for {seconds:.0f} s" for name, seconds in silent.items()}

    async def parts(self) -> dict[str, str | None]:
        """Every part that has to be ready, and why it is not; None when it is."""
        await self._ask_store()
        ending = "is ending: answers are finished, nothing new is taken"
        return {
            "process": ending if self.draining else None,
            "store": self._store,
            "model": self._model(),
            **{platform: self._platform(platform) for platform in self._platforms},
        }

    def _model(self) -> str | None:
        if self.model is ModelState.GOOD:
            return None
        return self._model_hint if self.model is ModelState.BAD else self.model.value

    def _platform(self, platform: str) -> str | None:
        if platform in self._switched_off:
            return f"switched off ({self._switched_off[platform]})"
        parts = self._platforms[platform]
        if not parts:
            return "not connected"
        down = sorted(part for part, up in parts.items() if not up)
        if not down:
            return None
        return f"not connected: {', '.join(down)}" if any(down) else "not connected"

    async def _ask_store(self) -> None:
        """One question at a time, however many want to know."""
        async with self._asking:
            if self._ping is None or self._now() - self._asked_at < FRESH_SECONDS:
                return
            try:
                async with asyncio.timeout(STORE_SECONDS):
                    await self._ping()
                self._store = None
            except StoreUnavailable as error:
                self._store = error.hint
            except TimeoutError:
                self._store = f"no answer within {STORE_SECONDS:.0f} s"
            self._asked_at = self._now()
