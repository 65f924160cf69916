"""The model that writes down what is said, behind an OpenAI-compatible transcription endpoint.

It is a `Model` like the one that answers, so that it passes a gate and is tried again by the same
rules: what it says to a prompt with a recording is the transcript, in one piece.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Mapping

from openai.types.audio import Transcription

from bot.errors import ModelBusy, ModelError, ModelMisconfigured
from bot.model.client import client_of
from bot.model.faults import SDK_FAULTS, translate
from bot.model.port import Finished, FinishReason, ModelEvent, Prompt, TextDelta, Usage
from bot.model.settings import ModelSettings
from bot.model.wire import mapping

TOTAL_SECONDS = 60.0


class SpeechModel:
    """Implements `bot.model.port.Model` over `POST /audio/transcriptions`.

    Args:
        settings: The endpoint, with the name of the transcription model.
        wall_clock: Seconds since the epoch, for dates in Retry-After.
        seconds: Longest request.

    Raises:
        ModelMisconfigured: The settings cannot be used.
    """

    def __init__(
        self,
        settings: ModelSettings,
        *,
        wall_clock: Callable[[], float] = time.time,
        seconds: float = TOTAL_SECONDS,
    ) -> None:
        self._settings = settings
        self._wall_clock = wall_clock
        self._seconds = seconds
        self._client = client_of(settings, seconds, wall_clock())

    @property
    def name(self) -> str:
        """The model's name as configured."""
        return self._settings.name

    async def close(self) -> None:
        """Release connections."""
        await self._client.close()

    async def stream(self, prompt: Prompt) -> AsyncGenerator[ModelEvent, None]:
        """Write down the prompt's recording; a silent one gives no text.

        Raises:
            ModelError: It was not taken, or there was no answer.
        """
        recording = prompt.recording
        if recording is None:
            raise ModelMisconfigured("a model that hears was asked something in writing")
        file = (recording.name, recording.data, recording.media_type)
        try:
            async with asyncio.timeout(self._seconds):
                answer = await self._client.audio.transcriptions.create(
                    file=file, model=self.name, response_format="json"
                )
        except TimeoutError as error:
            raise ModelBusy("time-out: no transcript in time", overloaded=True) from error
        except SDK_FAULTS as error:
            raise self._translated(error) from error
        told = _told(answer)
        text = told.get("text")
        if not isinstance(text, str):
            raise ModelBusy("the answer holds no transcript")
        if text.strip():
            yield TextDelta(text)
        yield Finished(FinishReason.STOP, _usage(mapping(told.get("usage"))), self.name)

    def _translated(self, error: BaseException) -> ModelError:
        return translate(error, self._settings, self._wall_clock())


def _told(answer: object) -> Mapping[str, object]:
    """What the server says; the SDK hands on whatever came, whatever its types say."""
    return mapping(answer.model_dump(warnings=False) if isinstance(answer, Transcription) else None)


def _usage(told: object) -> Usage | None:
    """Tokens or seconds, whichever the model is billed by."""
    usage = mapping(told)
    seconds, heard, written = (
        usage.get(name) for name in ("seconds", "input_tokens", "output_tokens")
    )
    if isinstance(seconds, int | float) and 0 < seconds < 1e6:
        return Usage(prompt=0, completion=0, seconds=float(seconds))
    if isinstance(heard, int) and isinstance(written, int) and min(heard, written) >= 0:
        return Usage(prompt=heard, completion=written)
    return None
