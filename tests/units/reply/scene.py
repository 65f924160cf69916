"""One reply with everything around it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from bot.chat import MessageRef, Spot
from bot.errors import BobbinError
from bot.reply.pacing import LoopClock, Pacer
from bot.reply.progressive import ProgressiveReply
from bot.reply.written import Patience
from tests.units.reply.platform import Platform

TEXT = "Here are a few words for a start. " + "And then some more of them follow. " * 20
"""An answer that fits into one message."""

LONG = "\n\n".join(
    f"Paragraph {number}. " + "It has words and a [link](https://example.com/x). " * 12
    if number % 3
    else "```py\n" + "value = 1\n" * 60 + "```"
    for number in range(12)
)
"""An answer that takes several, with code."""


def now() -> float:
    return asyncio.get_running_loop().time()


@dataclass
class Scene:
    """Builds a reply in `channel` and notes what it reports."""

    platform: Platform
    given: Pacer | None = None
    channel: str = "c1"
    space: str = "space"
    opening: float = 0.1
    opening_errors: list[BobbinError] = field(default_factory=list[BobbinError])
    told_error: BobbinError | None = None
    taken: BobbinError | None = None
    told: list[tuple[float, tuple[MessageRef, ...]]] = field(
        default_factory=list[tuple[float, tuple[MessageRef, ...]]]
    )
    warned: tuple[MessageRef, ...] | None = None
    opened: int = 0

    def __post_init__(self) -> None:
        self.pacer = self.given or Pacer(self.platform.capabilities.limits, LoopClock())

    @asynccontextmanager
    async def writing(
        self,
        *,
        spot: Spot | None = None,
        refs: tuple[MessageRef, ...] = (),
        again: bool = False,
        patience: Patience | None = None,
    ) -> AsyncGenerator[ProgressiveReply]:
        """A reply, and after it everything that it has put off."""
        async with self.reply(spot=spot, refs=refs, again=again, patience=patience) as reply:
            yield reply
        await self.pacer.close(200.0)

    def reply(
        self,
        *,
        spot: Spot | None = None,
        refs: tuple[MessageRef, ...] = (),
        again: bool = False,
        unsure: bool = False,
        patience: Patience | None = None,
        near: Spot | None = None,
    ) -> ProgressiveReply:
        return ProgressiveReply(
            self.platform,
            self.pacer,
            self.space,
            clock=LoopClock(),
            open_spot=self._open,
            key=lambda number: f"turn{number:03d}",
            on_posted=self._tell,
            confirm=self._confirm,
            spot=spot,
            refs=refs,
            again=again,
            unsure=unsure,
            on_posting=self._warn,
            patience=patience,
            turn="turn",
            near=near,
        )

    async def _open(self) -> Spot:
        await asyncio.sleep(self.opening)
        self.opened += 1
        if self.opening_errors:
            raise self.opening_errors.pop(0)
        return Spot(self.channel)

    async def _confirm(self) -> None:
        if self.taken is not None:
            raise self.taken

    async def _warn(self, spot: Spot, refs: tuple[MessageRef, ...]) -> None:
        assert spot.channel == self.channel
        await asyncio.sleep(0.01)
        self.warned = refs

    async def _tell(self, spot: Spot, refs: tuple[MessageRef, ...]) -> None:
        assert spot.channel == self.channel
        await asyncio.sleep(0.01)
        self.told.append((now(), refs))
        self.warned = None
        if self.told_error is not None:
            raise self.told_error


async def stream(reply: ProgressiveReply, text: str, *, seconds: float, pieces: int = 100) -> None:
    """Show the text as a model would produce it."""
    for piece in range(1, pieces + 1):
        await asyncio.sleep(seconds / pieces)
        reply.show(text[: len(text) * piece // pieces])
