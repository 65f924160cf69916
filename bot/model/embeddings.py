"""The embeddings endpoint of OpenAI, and of servers like it."""

from __future__ import annotations

import array
import asyncio
import base64
import binascii
import math
import sys
import time
from collections.abc import Callable, Sequence

from openai import Omit, omit

from bot.errors import ModelBusy, ModelError, ModelMisconfigured
from bot.model.client import client_of
from bot.model.faults import SDK_FAULTS, translate
from bot.model.quoting import without_quotes
from bot.model.settings import ModelSettings
from bot.model.vectors import Embedded
from bot.model.wire import mapping, read_json, sequence

NO_MODEL = "Check OPENAI_EMBEDDING_MODEL: the server does not offer it to this key."


class OpenAIEmbeddings:
    """Implements `bot.model.vectors.Endpoint` over `POST /embeddings`.

    Args:
        settings: The endpoint; `name` is the embedding model, `total_seconds` the time-out.
        dimensions: How many numbers of a vector to ask for; None for as many as the model has.
        wall_clock: Seconds since the epoch, for dates in Retry-After.

    Raises:
        ModelMisconfigured: The settings cannot be used.
    """

    def __init__(
        self,
        settings: ModelSettings,
        dimensions: int | None = None,
        *,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._settings = settings
        self._dimensions: int | Omit = omit if dimensions is None else dimensions
        self._wall_clock = wall_clock
        self._client = client_of(settings, settings.total_seconds, wall_clock())

    async def embed(self, texts: Sequence[str]) -> Embedded:
        """See `bot.model.vectors.Endpoint`."""
        try:
            async with asyncio.timeout(self._settings.total_seconds):
                answer = await self._client.embeddings.with_raw_response.create(
                    model=self._settings.name,
                    input=list(texts),
                    encoding_format="base64",
                    dimensions=self._dimensions,
                )
        except TimeoutError as error:
            raise ModelBusy("time-out: no embeddings in time", overloaded=True) from error
        except SDK_FAULTS as error:
            fault = self._translated(error)
            fault.args = (without_quotes(str(fault), texts),)
            if isinstance(fault, ModelMisconfigured) and "model" in str(fault).casefold():
                fault.hint = NO_MODEL
            raise fault from error
        # Some megabytes of numbers are read beside the event loop.
        return await asyncio.to_thread(read_answer, answer.content, len(texts))

    async def close(self) -> None:
        """Release connections."""
        await self._client.close()

    def _translated(self, error: BaseException) -> ModelError:
        return translate(error, self._settings, self._wall_clock())


def read_answer(content: bytes, count: int) -> Embedded:
    """The vectors of an answer, scaled to length 1, in the order of what was asked.

    Raises:
        ModelBusy: It does not hold `count` vectors of the same length.
    """
    try:
        body = mapping(read_json(content))
    except ValueError:
        raise ModelBusy("the answer holds no embeddings") from None
    found: list[bytes] = [b""] * count
    for number, value in enumerate(sequence(body.get("data"))):
        item = mapping(value)
        place = item.get("index", number)
        if isinstance(place, int) and 0 <= place < count:
            found[place] = _vector(item.get("embedding"))
    if not all(found) or len(set(map(len, found))) != 1:
        raise ModelBusy(f"the answer does not hold {count} embeddings of the same length")
    usage = mapping(body.get("usage"))
    tokens = usage.get("prompt_tokens") or usage.get("total_tokens")
    return Embedded(tuple(found), tokens if isinstance(tokens, int) and tokens > 0 else 0)


def _vector(value: object) -> bytes:
    """Float32 numbers, little-endian, scaled to length 1; empty for anything else.

    Not every server has heard of base64: numbers are as good.
    """
    numbers = array.array("f")
    try:
        if isinstance(value, str):
            numbers.frombytes(base64.b64decode(value, validate=True))
            if sys.byteorder == "big":
                numbers.byteswap()
        else:
            numbers.extend(float(each) for each in sequence(value) if isinstance(each, int | float))
    except (binascii.Error, ValueError, OverflowError):
        return b""
    length = math.hypot(*numbers)
    if not math.isfinite(length):
        return b""
    if length > 0 and abs(length - 1) > 1e-4:
        numbers = array.array("f", (each / length for each in numbers))
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers.tobytes()
