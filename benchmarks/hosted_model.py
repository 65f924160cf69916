"""The model of the measured conversations: it notes when each token goes out."""

from __future__ import annotations

import asyncio
from dataclasses import asdict, dataclass, field
from typing import Any

from benchmarks.scene import MODEL, Pace, Spoken, number_in, pieces
from tests.simulators.openai_sim import Answer, OpenAISimulator, RateLimit
from tests.simulators.openai_sim.request import Request

READABLE = 3
"""Place of the token that completes the fourth word, the least that is shown."""


@dataclass(eq=False)
class Timed(Answer):
    """An answer that notes the time at which each piece is written."""

    times: list[float] = field(default_factory=list[float], init=False)

    async def permitted(self, number: int) -> None:
        """Called before each piece, and once more before the end."""
        self.times.append(asyncio.get_running_loop().time())


class HostedModel:
    """Under orders: `environment`, `pace`, `limit`, `asked`, `spoken`, `begun`."""

    def __init__(self) -> None:
        self._pace = Pace()
        self._answers: dict[int, Timed] = {}
        self._begun: dict[int, list[Timed]] = {}
        self._sim = OpenAISimulator(behaviour=self._answer)

    async def start(self) -> None:
        """Listen."""
        await self._sim.start()

    async def stop(self) -> None:
        """End everything."""
        await self._sim.stop()

    async def obey(self, order: str, details: dict[str, Any]) -> Any:
        """Do something and return what it came to."""
        if order == "environment":
            return self._sim.environment() | {"OPENAI_MODEL": MODEL}
        if order == "pace":
            self._pace = Pace(**details)
            return None
        if order == "limit":
            self._sim.set_rate_limit(RateLimit(**details))
            return None
        if order == "asked":
            statuses = [request.status for request in self._sim.chats]
            return {"requests": len(statuses), "refused": statuses.count(429)}
        if order == "spoken":
            found = {number: _spoken(answer.times) for number, answer in self._answers.items()}
            self._answers.clear()
            self._begun.clear()
            self._sim.requests.clear()
            return {"spoken": found, "violations": self._sim.violations}
        if order == "begun":
            return {
                number: [answer.times[0] for answer in answers if answer.times]
                for number, answers in self._begun.items()
            }
        raise ValueError(order)

    def _answer(self, request: Request) -> Answer:
        pace = self._pace
        answer = Timed(
            pieces(pace.tokens), first_token_delay=pace.first_token, token_rate=pace.rate
        )
        number = number_in(request.last_user_text)
        if number is not None:
            self._answers[number] = answer
            self._begun.setdefault(number, []).append(answer)
        return answer


def _spoken(times: list[float]) -> dict[str, float] | None:
    """The moments that count; None for an answer that was not finished."""
    if len(times) <= READABLE:
        return None
    return asdict(Spoken(times[0], times[READABLE], times[-2]))
