"""A model behind its gate: the only place where requests to a model are tried again."""

from __future__ import annotations

import itertools
import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass

from bot.errors import ModelBusy, ModelError
from bot.model.gate import Gate
from bot.model.port import Finished, FinishReason, Model, ModelEvent, Prompt, TextDelta, Waiting

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Retries:
    """How long a request is tried.

    Attributes:
        tries: Most requests for one answer while the server asks for patience.
        fault_tries: The same for broken connections and server errors.
        wait_seconds: Most seconds until the last of them starts.
    """

    tries: int = 8
    fault_tries: int = 3
    wait_seconds: float = 120.0


class GatedModel:
    """Implements `bot.model.port.Model` over another one.

    Passing faults are tried again until the first text; what waits says so with `Waiting`.

    Args:
        model: Makes single requests; closed together with this one.
        gate: Shared by everything that uses the same endpoint.
        retries: See `Retries`.
        retried: Told of each fault after which the request is tried again.
    """

    def __init__(
        self,
        model: Model,
        gate: Gate,
        *,
        retries: Retries | None = None,
        retried: Callable[[ModelBusy], None] = lambda fault: None,
    ) -> None:
        self._model = model
        self._gate = gate
        self._retries = retries or Retries()
        self._retried = retried

    @property
    def name(self) -> str:
        """The model's name as configured."""
        return self._model.name

    async def close(self) -> None:
        """Release connections."""
        await self._model.close()

    async def stream(self, prompt: Prompt) -> AsyncGenerator[ModelEvent, None]:
        """Ask once it is our turn; see `bot.model.port.Model`.

        Raises:
            ModelError: Before any text only; ModelBusy when the tries or the time ran out.
        """
        gate = self._gate
        deadline = gate.now() + self._retries.wait_seconds
        number = gate.number()
        delay = 0.0
        for attempt in itertools.count(1):
            patience = deadline - gate.now()
            with gate.ticket(
                prompt.purpose, number=number, delay=delay, patience=patience
            ) as ticket:
                if not ticket.granted:
                    seconds, reason = ticket.expected
                    yield Waiting(max(seconds, delay), reason)
                    await ticket.wait()
                spoken = False
                try:
                    async with aclosing(self._model.stream(prompt)) as events:
                        async for event in events:
                            ticket.taken()
                            spoken = spoken or isinstance(event, TextDelta)
                            if isinstance(event, Finished) and event.reason is not FinishReason.CUT:
                                ticket.good()
                            yield event
                    return
                except ModelBusy as error:
                    ticket.failed(error)
                    delay = self._next_delay(error, attempt, deadline)
                    if spoken or delay is None:
                        logger.warning("gave up on %s after try %d: %s", self.name, attempt, error)
                        raise
                    self._retried(error)
                except ModelError as error:
                    ticket.failed(error)
                    raise

    def _next_delay(self, error: ModelBusy, attempt: int, deadline: float) -> float | None:
        """Seconds until the next try, None when there is none; the cooldown comes on top."""
        shared = error.retry_after is not None or error.overloaded
        delay = 0.0 if shared else self._gate.backoff(attempt)
        wait = max(delay, error.retry_after or 0.0)
        most = self._retries.tries if shared else self._retries.fault_tries
        if attempt >= most or self._gate.now() + wait > deadline:
            return None
        return delay
