"""The model behind the images endpoint of OpenAI, and of servers like it."""

from __future__ import annotations

import asyncio
import base64
import binascii
import time
from collections.abc import Callable

from bot.errors import ModelBusy, ModelError, ModelMisconfigured
from bot.model.client import client_of
from bot.model.faults import SDK_FAULTS, translate
from bot.model.images import Picture
from bot.model.quoting import without_quotes
from bot.model.settings import ModelSettings

MEDIA_TYPES = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"RIFF": "image/webp",
    b"GIF8": "image/gif",
}
"""First bytes of images."""

LARGEST = 32 * 1024 * 1024
"""Bytes of an image."""

NO_MODEL = "Check OPENAI_IMAGE_MODEL: the server does not offer it to this key."


class OpenAIPainter:
    """Implements `bot.model.images.Painter` over `POST /images/generations`.

    Args:
        settings: The endpoint; `name` is the image model, `total_seconds` the time-out.
        wall_clock: Seconds since the epoch, for dates in Retry-After.

    Raises:
        ModelMisconfigured: The settings cannot be used.
    """

    def __init__(
        self, settings: ModelSettings, *, wall_clock: Callable[[], float] = time.time
    ) -> None:
        self._settings = settings
        self._wall_clock = wall_clock
        self._client = client_of(settings, settings.total_seconds, wall_clock())

    @property
    def name(self) -> str:
        """The model's name as configured."""
        return self._settings.name

    async def paint(self, prompt: str, size: str, user: str) -> Picture:
        """See `bot.model.images.Painter`."""
        try:
            async with asyncio.timeout(self._settings.total_seconds):
                made = await self._client.images.generate(
                    model=self._settings.name,
                    prompt=prompt,
                    size=size,
                    n=1,
                    extra_body={"safety_identifier": user} if self._settings.is_openai else None,
                )
        except TimeoutError as error:
            raise ModelBusy("time-out: no image in time") from error
        except SDK_FAULTS as error:
            fault = self._translated(error)
            fault.args = (without_quotes(str(fault), [prompt]),)
            if isinstance(fault, ModelMisconfigured) and "model" in str(fault).casefold():
                fault.hint = NO_MODEL
            raise fault from error
        data = made.data[0].b64_json if made.data else None
        content = _decoded(data or "")
        used = made.usage
        return Picture(
            content,
            _media_type(content),
            prompt_tokens=used.input_tokens if used else 0,
            image_tokens=used.output_tokens if used else 0,
        )

    async def close(self) -> None:
        """Release connections."""
        await self._client.close()

    def _translated(self, error: BaseException) -> ModelError:
        return translate(error, self._settings, self._wall_clock())


def _decoded(data: str) -> bytes:
    try:
        content = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        content = b""
    if not content or len(content) > LARGEST:
        raise ModelError(
            "the answer holds no image",
            hint="The server has to send images as base64, as GPT image models do.",
        )
    return content


def _media_type(content: bytes) -> str:
    """By the first bytes. Raises ModelError for anything but an image."""
    for first, media_type in MEDIA_TYPES.items():
        if content.startswith(first):
            return media_type
    raise ModelError("the answer is no image that is known here")
