"""A bot as its operator sees it: over HTTP."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp

from bot.ops.logs import configure
from bot.ops.redact import Redactor, secrets_in
from bot.plugins import find_adapters
from bot.settings import variables

SERVED = {"BOBBIN_HTTP_PORT": "0"}
"""Settings with which it is seen."""

_SAMPLE = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)$", re.MULTILINE)


@dataclass(slots=True)
class Seen:
    """One process, looked at."""

    address: tuple[str, int]
    session: aiohttp.ClientSession

    async def ask(self, path: str) -> tuple[int, str]:
        """Status and body."""
        host, port = self.address
        async with self.session.get(f"http://{host}:{port}{path}") as answer:
            return answer.status, await answer.text()

    async def waiting_for(self) -> dict[str, str]:
        """What is not ready, and why."""
        status, body = await self.ask("/readyz")
        told = json.loads(body)
        assert (status == 200) == told["ready"] == (not told["waiting_for"])
        return told["waiting_for"]

    async def until_waiting_for(self, *parts: str, seconds: float = 50.0) -> dict[str, str]:
        """Look until exactly these parts are not ready; nobody reports changes."""
        async with asyncio.timeout(seconds):
            while set(found := await self.waiting_for()) != set(parts):
                pass
        return found

    async def until_counted(self, seconds: float = 50.0) -> None:
        """Look until no turn runs here; it is counted after its lease is gone."""
        async with asyncio.timeout(seconds):
            while await self.figure("bobbin_running_turns"):
                pass

    async def until_figure(
        self, name: str, value: float, seconds: float = 50.0, **labels: str
    ) -> None:
        """Look until a figure is just that; nobody reports changes."""
        async with asyncio.timeout(seconds):
            while await self.figure(name, **labels) != value:
                pass

    async def figure(self, name: str, **labels: str) -> float:
        """A figure, added up over the labels that are not given."""
        status, text = await self.ask("/metrics")
        assert status == 200
        found = 0.0
        for sample, told, value in _SAMPLE.findall(text):
            has = dict(re.findall(r'(\w+)="([^"]*)"', told))
            if sample == name and labels.items() <= has.items():
                found += float(value)
        return found


@asynccontextmanager
async def look_at(address: tuple[str, int] | None) -> AsyncIterator[Seen]:
    """Look at a process that serves there."""
    assert address is not None
    async with aiohttp.ClientSession() as session:
        yield Seen(address, session)


class Log:
    """What a bot in this process logs, as its command would have written it."""

    def __init__(self) -> None:
        self._stream = io.StringIO()

    @property
    def text(self) -> str:
        """All of it."""
        return self._stream.getvalue()

    @property
    def lines(self) -> list[dict[str, Any]]:
        """Line by line."""
        return [json.loads(line) for line in self.text.splitlines()]

    async def until(self, text: str, seconds: float = 50.0) -> None:
        """Wait until this has been written; a turn's line comes after its lease is gone."""
        async with asyncio.timeout(seconds):
            while text not in self.text:  # noqa: ASYNC110 - nobody reports what is logged
                await asyncio.sleep(0.01)

    @contextmanager
    def written(self, environment: Mapping[str, str], level: int = logging.INFO) -> Iterator[Log]:
        """Log as the settings say, and put everything back afterwards."""
        table = variables(find_adapters())
        root = logging.getLogger()
        handlers, was = list(root.handlers), root.level
        configure(level, "json", self._stream, Redactor(secrets_in(environment, table)))
        try:
            yield self
        finally:
            root.handlers[:] = handlers
            root.setLevel(was)
