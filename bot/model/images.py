"""What the engine and a model that makes images say to each other, and the gate between them."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol, cast

from bot.errors import ModelBusy, ModelError
from bot.model.gate import Gate
from bot.model.port import Purpose
from bot.model.settings import ModelSettings
from bot.plugins import resolve

logger = logging.getLogger(__name__)

_PAINTER = "bot.model.painter:OpenAIPainter"

TRIES = 3
"""Requests for one image while the server asks for patience. One that may have been carried out is
not made again: it would be paid for twice."""


@dataclass(frozen=True, slots=True)
class Picture:
    """An image, and the tokens that the provider counted for it; 0 where it does not say."""

    content: bytes
    media_type: str
    prompt_tokens: int = 0
    image_tokens: int = 0

    @property
    def extension(self) -> str:
        """What a file with it ends in."""
        return self.media_type.partition("/")[2].replace("jpeg", "jpg")


class Painter(Protocol):
    """A model that makes images."""

    @property
    def name(self) -> str:
        """The model's name as configured."""
        ...

    async def paint(self, prompt: str, size: str, user: str) -> Picture:
        """Make one image; `user` is a salted hash of who asks, for the provider's abuse checks.

        Raises:
            ModelError: There is none; ModelRefused when the provider will not make it.
        """
        ...

    async def close(self) -> None:
        """Release connections."""
        ...


class GatedPainter:
    """Implements `Painter` over another one, behind a gate of its own.

    Args:
        painter: Makes single requests; closed together with this one.
        gate: Holds back while the server asks for patience.
    """

    def __init__(self, painter: Painter, gate: Gate) -> None:
        self._painter = painter
        self._gate = gate

    @property
    def name(self) -> str:
        """The model's name as configured."""
        return self._painter.name

    async def paint(self, prompt: str, size: str, user: str) -> Picture:
        """See `Painter`."""
        for attempt in range(1, TRIES + 1):
            with self._gate.ticket(Purpose.REPLY) as ticket:
                if not ticket.granted:
                    await ticket.wait()
                try:
                    picture = await self._painter.paint(prompt, size, user)
                except ModelError as error:
                    ticket.failed(error)
                    refused = isinstance(error, ModelBusy) and (
                        error.retry_after is not None or error.overloaded
                    )
                    if not refused or attempt == TRIES:
                        raise
                    logger.info("an image is asked for again: %s", error)
                    continue
                ticket.taken()
                ticket.good()
                return picture
        raise ModelBusy("the tries ran out")

    async def close(self) -> None:
        """Release connections."""
        await self._painter.close()


def create_painter(
    endpoint: ModelSettings | None, name: str | None, seconds: float
) -> Painter | None:
    """The endpoint's image model behind its gate, whose SDK is imported now.

    Args:
        endpoint: Where the model for answers is asked; None for the demo.
        name: The image model's name; without one there are no images.
        seconds: The time-out of one image.

    Raises:
        ModelMisconfigured: The settings cannot be used.
    """
    if endpoint is None or not name:
        return None
    make = cast("Callable[[ModelSettings], Painter]", resolve(_PAINTER))
    return GatedPainter(make(replace(endpoint, name=name, total_seconds=seconds)), Gate())
