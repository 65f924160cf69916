"""The shipped contract, kept by the terminal."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

import pytest

from adapters.console import SPEC
from adapters.console.adapter import THREAD, ConsoleAdapter
from adapters.console.seat import Seat
from adapters.console.terminal import Terminal
from bot.spec import AdapterSpec
from bot.testing import AdapterContract


class Paper(Terminal):
    """A terminal of which the test is the person in front."""

    def __init__(self) -> None:
        super().__init__()
        self.typed: asyncio.Queue[str | None] = asyncio.Queue()
        self.reading = asyncio.Event()
        self.printed = ""

    def write(self, text: str) -> None:
        self.printed += text

    async def line(self) -> str | None:
        self.reading.set()
        return await self.typed.get()


@dataclass
class ConsoleDriver:
    """Somebody who types lines and reads what is printed."""

    adapter: ConsoleAdapter
    paper: Paper
    spec: AdapterSpec = SPEC

    async def connected(self) -> None:
        await self.paper.reading.wait()

    async def say(self, text: str) -> None:
        # The next line is read when the one before has been answered.
        await self.adapter.settled(THREAD)
        self.paper.typed.put_nowait(f"{text}\n")

    async def shown(self) -> Sequence[str]:
        return [self.paper.printed] if self.paper.printed else []


class TestConsole(AdapterContract):
    """All of the contract, without a process."""

    @pytest.fixture
    async def driver(self) -> AsyncIterator[ConsoleDriver]:
        """A terminal with nothing on it."""
        paper = Paper()
        yield ConsoleDriver(ConsoleAdapter(Seat(None), paper), paper)
