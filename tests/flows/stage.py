"""Bobbin as it is run, between simulated platforms and a simulated model."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from adapters.slack.manifest import manifest
from adapters.slack.socket import CONNECTIONS
from bot.adapter import Adapter
from bot.app import App
from bot.context.tokens import Tokenizer, load_tokenizer
from bot.model.port import Model
from bot.plugins import find_adapters
from bot.settings import read_settings
from bot.spec import AdapterSpec
from bot.timing import Timing
from bot.tools import Tool
from tests.servers import Valkey, free_port
from tests.simulators.discord_sim import DiscordSimulator
from tests.simulators.openai_sim import OpenAISimulator
from tests.simulators.slack_sim import SlackSimulator
from tests.simulators.slack_sim import Timing as SlackTiming

SCALE = 20.0
"""Simulated seconds per real one: rate limits and expiries are that much shorter."""

PATIENT = SlackTiming(
    ack=30.0 * SCALE, trigger=600.0, ticket=30.0 * SCALE, status=120.0 * SCALE, stream=306.0 * SCALE
)
"""A Slack that delivers nothing twice, and lets nothing lapse, because this machine is busy."""

QUICK = Timing(
    renew=0.1,
    sweep=0.5,
    store_at_start=10.0,
    store_in_turn=10.0,
    grace=5.0,
    resume=0.05,
    leftovers=0.5,
    proposals=0.5,
    first_retry=0.1,
    longest_retry=1.0,
    recall=10.0,
)


@cache
def specs() -> tuple[AdapterSpec, ...]:
    """All adapters; looking through what is installed takes a moment."""
    return find_adapters()


@cache
def tokenizer(model: str) -> Tokenizer:
    """A model's tokenizer, loaded once for all bots of this process."""
    return load_tokenizer(model)


@dataclass(slots=True)
class Stage:
    """Everything around the bot, and the bot itself while it runs."""

    server: Valkey
    openai: OpenAISimulator
    discord: DiscordSimulator | None = None
    slack: SlackSimulator | None = None
    extra: dict[str, str] = field(default_factory=dict[str, str])
    tools: Sequence[Tool] = ()
    settled: int = 0
    _url: str = ""
    _app: App | None = None
    _task: asyncio.Task[int] | None = None

    @property
    def app(self) -> App:
        """The bot that runs."""
        assert self._app is not None
        return self._app

    def environment(self) -> dict[str, str]:
        """What a bot needs to find all of it."""
        found = {"REDIS_URL": self.server.url, "BOBBIN_LEASE_SECONDS": "2"}
        for simulator in (self.openai, self.discord, self.slack):
            if simulator is not None:
                found |= simulator.environment()
        return found | self.extra

    async def start(
        self,
        timing: Timing = QUICK,
        adapters: Mapping[str, Adapter] | None = None,
        model: Model | None = None,
    ) -> None:
        """Run a bot in this process and wait until it is connected everywhere.

        `adapters` and `model`, if given, take the place of those that the settings name.
        """
        port = free_port()
        slack_port = http_port(self.slack, port)
        settings = read_settings(self.environment() | slack_port, specs())
        before = len(self.discord.gateway.live) if self.discord else 0
        sockets = len(self.slack.connections) if self.slack else 0
        counting = tokenizer(settings.text("OPENAI_MODEL") or "")
        self._app = App(
            settings, timing, adapters, counting, model, self.tools, settle=self._settle
        )
        self._task = asyncio.create_task(self._app.run())
        ready: list[asyncio.Task[object]] = []
        if self.discord is not None:
            ready.append(asyncio.ensure_future(self.discord.until_connected(before + 1)))
        if slack_port and self.slack is not None:
            ready.append(asyncio.ensure_future(self._listened(self.slack, port)))
        elif self.slack is not None:
            ready.append(asyncio.ensure_future(self.slack.connected(sockets + CONNECTIONS)))
        connected = asyncio.gather(*ready)
        await asyncio.wait({self._task, connected}, return_when=asyncio.FIRST_COMPLETED)
        if self._task.done() and not connected.done():
            connected.cancel()
            await asyncio.gather(connected, return_exceptions=True)
            raise AssertionError(f"the bot ended: {self._task.result()}")
        await connected

    def _settle(self) -> None:
        self.settled += 1

    async def _listened(self, slack: SlackSimulator, port: int) -> None:
        self._url = await slack.listened(port)

    async def stop(self) -> int | None:
        """Let the bot drain, and return its exit code."""
        if self._app is None or self._task is None:
            return None
        if self._url and self.slack is not None:
            # A balancer sends nothing more to a process that is about to end.
            self.slack.unplug(self._url)
            self._url = ""
        self._app.stop()
        code = await asyncio.wait_for(self._task, 50)
        self._app = self._task = None
        return code

    async def ended(self, seconds: float = 50.0) -> int:
        """Wait for the bot to end by itself."""
        assert self._task is not None
        code = await asyncio.wait_for(asyncio.shield(self._task), seconds)
        self._app = self._task = None
        return code


def http_port(slack: SlackSimulator | None, port: int) -> dict[str, str]:
    """What one bot more needs in HTTP mode: a port of its own."""
    return {"SLACK_HTTP_PORT": str(port)} if slack is not None and slack.http else {}


@asynccontextmanager
async def open_stage(
    server: Valkey,
    *platforms: str,
    extra: Mapping[str, str] | None = None,
    start: bool = True,
    limits: bool = True,
    scale: float = SCALE,
    slack: Mapping[str, Any] | None = None,
) -> AsyncIterator[Stage]:
    """Simulators for `platforms` ("discord", "slack") and the model, and a bot between them.

    Slack has our own manifest; `slack` changes the other settings of its simulator.
    """
    async with AsyncExitStack() as stack:
        openai = await stack.enter_async_context(OpenAISimulator(scale=scale))
        stage = Stage(server, openai, extra={"OPENAI_MODEL": "gpt-6-luna", **(extra or {})})
        if "discord" in platforms:
            stage.discord = await stack.enter_async_context(
                DiscordSimulator(scale=scale, limits=limits, ack_seconds=60.0)
            )
        if "slack" in platforms:
            given: dict[str, Any] = {"scale": scale, "limits": limits, "timing": PATIENT}
            given |= {"manifest": manifest()}
            stage.slack = await stack.enter_async_context(
                SlackSimulator(**(given | dict(slack or {})))
            )
        try:
            if start:
                await stage.start()
            yield stage
        finally:
            await stage.stop()
