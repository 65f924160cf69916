"""A model behind its gate: the only place where requests to a model are tried again."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass

from bot.errors import ModelBusy, ModelError, QuotaExhausted
from bot.limits import Exchange
from bot.model.gate import Gate, Ticket
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
        exchange: Shared by the processes that use the same endpoint, and closed together with
            this model; None when this is the only one. What the gate lets through asks there as
            well.
    """

    def __init__(
        self,
        model: Model,
        gate: Gate,
        *,
        retries: Retries | None = None,
        retried: Callable[[ModelBusy], None] = lambda fault: None,
        exchange: Exchange | None = None,
    ) -> None:
        self._model = model
        self._gate = gate
        self._retries = retries or Retries()
        self._retried = retried
        self._exchange = exchange
        # One question at a time: what it comes to is news for those behind it.
        self._asking = asyncio.Lock()

    @property
    def name(self) -> str:
        """The model's name as configured."""
        return self._model.name

    async def close(self) -> None:
        """Release connections."""
        await self._model.close()
        if self._exchange is not None:
            await self._exchange.close()

    async def stream(self, prompt: Prompt) -> AsyncGenerator[ModelEvent, None]:
        """Ask once it is our turn; see `bot.model.port.Model`.

        Raises:
            ModelError: Before any text only; ModelBusy when the tries or the time ran out.
        """
        gate = self._gate
        deadline = gate.now() + self._retries.wait_seconds
        number = gate.number()
        delay, attempt = 0.0, 1
        while True:
            patience = deadline - gate.now()
            with gate.ticket(
                prompt.purpose, number=number, delay=delay, patience=patience
            ) as ticket:
                if not ticket.granted:
                    seconds, reason = ticket.expected
                    yield Waiting(max(seconds, delay), reason)
                    await ticket.wait()
                delay = 0.0
                if not await self._may_start():
                    continue
                spoken = False
                try:
                    async with aclosing(self._model.stream(prompt)) as events:
                        async for event in events:
                            self._taken(ticket)
                            spoken = spoken or isinstance(event, TextDelta)
                            if isinstance(event, Finished) and event.reason is not FinishReason.CUT:
                                ticket.good()
                            yield event
                    return
                except ModelBusy as error:
                    await self._failed(ticket, error)
                    again = self._next_delay(error, attempt, deadline)
                    if spoken or again is None:
                        logger.info("gave up on %s after try %d: %s", self.name, attempt, error)
                        raise
                    self._retried(error)
                    delay = again
                except ModelError as error:
                    await self._failed(ticket, error)
                    raise
            attempt += 1

    async def _may_start(self) -> bool:
        """Whether the other processes leave room for a request that was granted here.

        If not, the gate knows until when.
        """
        if self._exchange is None:
            return True
        async with self._asking:
            if self._gate.held or self._gate.exhausted:
                return False
            free, spacing = self._gate.spacing
            news = await self._exchange.start(self._gate.active, free, spacing)
            if news is None:
                # The others cannot be asked: better by what is known here than not at all.
                return True
            self._gate.hear(news)
        # A push-back may have come in while the answer was on its way.
        return news.wait <= 0 and not self._gate.cooldown

    def _taken(self, ticket: Ticket) -> None:
        if ticket.taken() and self._exchange is not None:
            self._exchange.taken(self._gate.now() - ticket.granted_at)

    async def _failed(self, ticket: Ticket, error: ModelError) -> None:
        """Let everybody who asks the same server know."""
        gate, exchange = self._gate, self._exchange
        news = ticket.failed(error)
        shared = isinstance(error, QuotaExhausted) or _pushes_back(error)
        if exchange is None or not shared:
            return
        told = await exchange.cool(gate.cooldown, gate.exhausted)
        if told is None or not news:
            return
        gate.recount(told)
        await exchange.push(gate.now() - ticket.granted_at, *gate.measured)

    def _next_delay(self, error: ModelBusy, attempt: int, deadline: float) -> float | None:
        """Seconds until the next try, None when there is none; the cooldown comes on top."""
        shared = _pushes_back(error)
        delay = 0.0 if shared else self._gate.backoff(attempt)
        wait = max(delay, error.retry_after or 0.0)
        most = self._retries.tries if shared else self._retries.fault_tries
        if attempt >= most or self._gate.now() + wait > deadline:
            return None
        return delay


def _pushes_back(error: ModelError) -> bool:
    """It concerns all requests, and not just one connection."""
    return isinstance(error, ModelBusy) and (error.retry_after is not None or error.overloaded)
