"""Single requests to a model, told to somebody who counts, times or traces them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractContextManager, aclosing
from dataclasses import dataclass
from typing import Protocol

from bot.errors import ContextTooLong, ModelBusy, ModelError, ModelMisconfigured, QuotaExhausted
from bot.model.port import Finished, Model, ModelEvent, Prompt, Purpose, TextDelta

QUOTA, MISCONFIGURED = "quota", "misconfigured"
"""Outcomes of requests that only an operator can mend."""


@dataclass(slots=True)
class Request:
    """One request, as far as it has come.

    Attributes:
        model: The model's name as configured.
        purpose: See `Purpose`.
        spoken: The first text has come.
        outcome: The finish reason, a kind of error, or "ended" when nobody read on.
        error: What it failed with.
    """

    model: str
    purpose: Purpose
    spoken: bool = False
    outcome: str = "ended"
    error: ModelError | None = None


class Witness(Protocol):
    """Told of single requests; never raises, never waits."""

    def request(self, request: Request) -> AbstractContextManager[Callable[[], None]]:
        """A request runs while the block lasts; `request` holds how it went when that ends.

        What the block is given is called when the first text has come.
        """
        ...


class WitnessedModel:
    """Implements `bot.model.port.Model` over another one, beneath the gate.

    Args:
        model: Makes the requests; closed together with this one.
        witness: Told of them.
    """

    def __init__(self, model: Model, witness: Witness) -> None:
        self._model = model
        self._witness = witness

    @property
    def name(self) -> str:
        """The model's name as configured."""
        return self._model.name

    async def close(self) -> None:
        """Release connections."""
        await self._model.close()

    async def stream(self, prompt: Prompt) -> AsyncGenerator[ModelEvent, None]:
        """See `bot.model.port.Model`."""
        request = Request(self.name, prompt.purpose)
        with self._witness.request(request) as spoke:
            try:
                async with aclosing(self._model.stream(prompt)) as events:
                    async for event in events:
                        if isinstance(event, TextDelta) and not request.spoken:
                            request.spoken = True
                            spoke()
                        elif isinstance(event, Finished):
                            request.outcome = str(event.reason)
                        yield event
            except ModelError as error:
                request.outcome, request.error = kind_of(error), error
                raise


def kind_of(error: ModelError) -> str:
    """A fault in one word: what a metric and a span call it."""
    match error:
        case ModelBusy() if error.retry_after is not None:
            return "rate_limited"
        case ModelBusy(overloaded=True):
            return "overloaded"
        case ModelBusy():
            return "fault"
        case QuotaExhausted():
            return QUOTA
        case ContextTooLong():
            return "too_long"
        case ModelMisconfigured():
            return MISCONFIGURED
        case _:
            return "refused"
