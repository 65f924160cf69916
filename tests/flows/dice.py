"""A tool for tests, and what a model over either API is set up with."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from bot.errors import BobbinError
from bot.model.port import ToolSpec
from bot.tools import ToolContext
from tests.simulators.openai_sim import ToolCall

CHAT = {"OPENAI_API": "chat", "OPENAI_MODEL": "gpt-5.2"}
RESPONSES = {"OPENAI_API": "responses", "OPENAI_MODEL": "gpt-6-luna"}
"""The newer model takes tools only there."""

SPEC = ToolSpec(
    "dice",
    "Throw a die.",
    {
        "type": "object",
        "properties": {"sides": {"type": "integer"}},
        "required": ["sides"],
        "additionalProperties": False,
    },
)


def throw(sides: int, id_: str = "") -> ToolCall:
    """The model wants a die thrown."""
    return ToolCall("dice", f'{{"sides": {sides}}}', id_)


@dataclass
class Dice:
    """Implements `bot.tools.Tool`.

    Attributes:
        gate: A throw comes to rest once this is set.
        called: Sides and context of each throw.
        ended: Sides of those that came to rest, or were given up.
        fails: What a throw fails with.
    """

    spec: ToolSpec = SPEC
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    called: list[tuple[int, ToolContext]] = field(default_factory=list[tuple[int, ToolContext]])
    ended: list[int] = field(default_factory=list[int])
    fails: BobbinError | None = None
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def call(self, arguments: Mapping[str, object], context: ToolContext) -> str:
        """The die always shows its half."""
        sides = arguments["sides"]
        assert isinstance(sides, int)
        self.called.append((sides, context))
        self._changed.set()
        try:
            await self.gate.wait()
        finally:
            self.ended.append(sides)
            self._changed.set()
        if self.fails is not None:
            raise self.fails
        return f"shows {sides // 2}"

    async def until_called(self, times: int) -> None:
        """Wait until so many throws have begun."""
        await self._until(lambda: len(self.called) >= times)

    async def until_ended(self, times: int) -> None:
        """Wait until so many have come to rest, or were given up."""
        await self._until(lambda: len(self.ended) >= times)

    async def _until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(50):
            while not holds():
                self._changed.clear()
                await self._changed.wait()
