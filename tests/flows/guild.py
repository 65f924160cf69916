"""A bot that several workspaces have installed, over HTTP or over sockets."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from adapters.slack.manifest import manifest
from tests.flows.look import settled, stored
from tests.flows.stage import Stage, open_stage
from tests.servers import Valkey, free_port
from tests.simulators.browser import Browser
from tests.simulators.openai_sim import Answer
from tests.simulators.slack_sim import Channel, Message, SlackSimulator, User, Workspace

HOST = "https://bobbin.example.com"
KEY, OTHER = "A" * 43 + "=", "b/+4" * 10 + "abc="
"""Keys of both alphabets."""


@dataclass(slots=True)
class Town:
    """A workspace with somebody in a channel."""

    space: Workspace
    room: Channel
    person: User


@dataclass(slots=True)
class Guild:
    """Two workspaces, and a bot that none of them has yet."""

    stage: Stage
    sim: SlackSimulator
    acme: Town
    birch: Town
    browser: Browser

    async def install(self, town: Town, **choices: Any) -> str:
        """Install the bot there; what the last page says."""
        page = await self.browser.install(self.sim, town.space, **choices)
        return page.text

    def ask(self, town: Town, text: str, thread: Message | None = None) -> Message:
        """Mention the bot."""
        words = f"{town.space.mention} {text}"
        return self.sim.say(town.room, town.person, words, thread=thread)

    async def asked(self, town: Town, text: str, answer: str) -> Message:
        """Mention the bot, and wait for the answer."""
        self.stage.openai.script.append(Answer(answer))
        root = self.ask(town, text)
        await self.sim.until(lambda: [m.text for m in self.sim.replies(root)] == [answer])
        await settled(self.stage.server)
        return root

    async def stored(self) -> str:
        """Everything in Redis, keys and values, as one text."""
        return await stored(self.stage.server)

    async def restart(self, **extra: str) -> None:
        """End the bot as an operator does, and start it again."""
        assert await self.stage.stop() == 0
        self.stage.extra |= extra
        await self.stage.start()
        self.browser.base = address(self.stage)


def address(stage: Stage) -> str:
    """Where the bot's pages are."""
    if stage.slack is not None and stage.slack.http:
        return stage.slack.workspace.app.request_urls[-1].removesuffix("/slack/events")
    return f"http://127.0.0.1:{stage.extra['SLACK_HTTP_PORT']}"


def town(sim: SlackSimulator, space: Workspace, person: str) -> Town:
    """Somebody in #general."""
    user = sim.add_user(person, workspace=space)
    return Town(space, sim.add_channel("general", members=[user], workspace=space), user)


@asynccontextmanager
async def guild(
    server: Valkey,
    *,
    http: bool = True,
    extra: Mapping[str, str] | None = None,
    slack: Mapping[str, Any] | None = None,
) -> AsyncIterator[Guild]:
    """The place, with a bot that runs; nothing wrong was done when it ends."""
    redirect = f"{HOST}/slack/oauth_redirect"
    given = manifest(f"{HOST}/slack/events" if http else "", redirect=redirect)
    settings = {"manifest": given, **(slack or {})}
    async with open_stage(server, "slack", extra=extra, start=False, slack=settings) as stage:
        sim = stage.slack
        assert sim is not None
        sim.workspace.installed = False
        birch = sim.add_workspace("Birch", installed=False)
        places = town(sim, sim.workspace, "Ada"), town(sim, birch, "Bea")
        own = {"SLACK_BOT_TOKEN": "", "SLACK_INSTALL_KEYS": KEY}
        port = {} if http else {"SLACK_HTTP_PORT": str(free_port())}
        port |= {"SLACK_SIGNING_SECRET": sim.workspace.app.secret}
        stage.extra = sim.client_environment() | own | port | stage.extra
        await stage.start()
        yield Guild(stage, sim, *places, Browser(address(stage)))
        assert await stage.stop() in (0, None)
        assert sim.violations == []
