"""Places where processes of the bot come and go: a Discord server, a Slack workspace."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from adapters.slack.socket import CONNECTIONS
from bot.chat import ThreadKey
from bot.storage.connect import Link, open_redis
from bot.storage.keys import ThreadKeys
from tests.flows.acme import Acme, place
from tests.flows.program import PATIENCE, BotProcess, environment
from tests.flows.stage import SCALE, Stage, http_port, open_stage
from tests.servers import Valkey, free_port
from tests.simulators.discord_sim import Channel, DiscordSimulator, Message, User
from tests.simulators.slack_sim import Message as Post

LEASE_SECONDS = "0.6"

FAULTS = ("Traceback", "never awaited", "Unclosed", "never retrieved", "Exception ignored")
"""What a healthy process never writes to its log."""


@dataclass(slots=True, kw_only=True)
class Processes:
    """Simulated platforms, and the processes that answer there."""

    stage: Stage
    folder: Path
    bots: list[BotProcess] = field(default_factory=list[BotProcess])

    async def bot(self, *options: str, **extra: str) -> BotProcess:
        """Start a process and wait until it is connected everywhere.

        `options` are those of `bobbin run`, `extra` goes into the environment.
        """
        port = free_port()
        listens = http_port(self.stage.slack, port)
        connected = asyncio.ensure_future(asyncio.gather(*self._connections(port)))
        env = {"BOBBIN_LEASE_SECONDS": LEASE_SECONDS, **listens, **extra}
        process = await BotProcess.fork(
            self.folder,
            "run",
            *options,
            env=environment(self.folder, self.stage.environment(), env),
        )
        self.bots.append(process)
        ended = asyncio.create_task(process.ended())
        await asyncio.wait({connected, ended}, return_when=asyncio.FIRST_COMPLETED)
        if not connected.done():
            connected.cancel()
            # Its own patience may have been at an end, and not the process.
            await ended
            raise AssertionError(f"the bot ended:\n{process.log}")
        ended.cancel()
        await connected
        return process

    def _connections(self, port: int) -> list[Coroutine[None, None, object]]:
        """What a process that is about to start will have done when it is connected."""
        waits: list[Coroutine[None, None, object]] = []
        discord, slack = self.stage.discord, self.stage.slack
        if discord is not None:
            sessions = len(discord.identifies)
            waits.append(discord.until(lambda: len(discord.identifies) > sessions, PATIENCE))
        if slack is not None and slack.http:
            waits.append(slack.listened(port, PATIENCE))
        elif slack is not None:
            sockets = slack.sockets.accepted

            def linked() -> bool:
                return sum(link.number > sockets for link in slack.connections) >= CONNECTIONS

            waits.append(slack.until(linked, PATIENCE))
        return waits


@dataclass(slots=True, kw_only=True)
class Town(Processes):
    """A Discord server with one channel and one person, and the processes that answer there."""

    sim: DiscordSimulator
    general: Channel
    ada: User

    async def ask(self, text: str) -> Message:
        """Mention the bot in the channel."""
        return await self.sim.say(self.general, self.ada, f"{self.sim.mention} {text}")

    async def thread(self, asked: Message) -> Channel:
        """The thread that a question gets."""
        return await self.sim.until(lambda: self.sim.thread_of(asked), PATIENCE)

    def said(self, thread: Channel | None) -> list[str]:
        """What stands there by the bot."""
        if thread is None:
            return []
        return [message.content for message in self.sim.messages(thread, by=self.sim.bot)]

    async def until_said(self, thread: Channel, *texts: str) -> None:
        """Wait until exactly these messages of the bot stand in a thread."""
        await self.sim.until(lambda: self.said(thread) == list(texts), PATIENCE)

    async def until_kept(self, thread: Channel, waiting: int) -> None:
        """Wait until so many messages wait in the store for the next turn.

        Only the store tells that; what is said to a process that is killed before is lost.
        """
        async with self._stored(thread) as (link, keys), asyncio.timeout(PATIENCE):
            while await link.call("LLEN", f"{keys.base}:queue") != waiting:
                pass

    async def until_lease_ended(self, thread: Channel) -> None:
        """Wait until the process that answers there has been silent for longer than its lease."""
        async with self._stored(thread) as (link, keys), asyncio.timeout(PATIENCE):
            ends = int(await link.call("HGET", keys.meta, "until"))
            while int((await link.call("TIME"))[0]) * 1000 <= ends:
                pass

    @asynccontextmanager
    async def _stored(self, thread: Channel) -> AsyncIterator[tuple[Link, ThreadKeys]]:
        assert self.general.guild is not None
        key = ThreadKey("discord", str(self.general.guild.id), str(self.general.id), str(thread.id))
        client = open_redis(self.stage.server.url)
        try:
            yield Link(client), ThreadKeys(key)
        finally:
            await client.aclose()

    async def settled(self, thread: Channel) -> None:
        """Let the bot answer one more question, so that everything before it is over."""
        asked = await self.sim.say(thread, self.ada, "are you still there?")
        await self.sim.until(
            lambda: any("still there?" in text for text in self.said(thread)), PATIENCE
        )
        assert sum("still there?" in text for text in self.said(thread)) == 1, asked


@dataclass(slots=True, kw_only=True)
class SlackTown(Processes):
    """A Slack workspace, and the processes that answer there. The bot of `here` does not run."""

    here: Acme

    async def kill(self, process: BotProcess) -> None:
        """Crash a process, and wait until Slack has seen its sockets close."""
        sim = self.here.sim
        await process.kill()
        if sim.http:
            return
        alive = sum(other.running for other in self.bots)
        await sim.until(lambda: len(sim.connections) == alive * CONNECTIONS, PATIENCE)

    async def until_said(self, root: Post, *texts: str) -> None:
        """Wait until exactly these messages of the bot stand in the thread of a message."""
        await self.here.until_said(root, *texts, timeout=PATIENCE)

    async def settled(self, root: Post) -> None:
        """Let the bot answer one more question, so that everything before it is over."""
        self.here.say(root, self.here.ada, "are you still there?")
        await self.here.sim.until(lambda: "still there?" in self.here.said(root)[-1], PATIENCE)
        assert sum("still there?" in text for text in self.here.said(root)) == 1
        await self.here.settled()
        await self.until_silent()

    async def until_silent(self) -> None:
        """Wait until no status is shown any more; one goes after its turn."""
        await self.here.sim.until(
            lambda: all(each.ended_by for each in self.here.sim.statuses), PATIENCE
        )


def assert_healthy(logs: Sequence[str]) -> None:
    """No process has written what points to a fault of its own."""
    for log in logs:
        for sign in FAULTS:
            assert sign not in log, log


@asynccontextmanager
async def open_town(
    server: Valkey,
    folder: Path,
    *platforms: str,
    extra: Mapping[str, str] | None = None,
    scale: float = SCALE,
) -> AsyncIterator[Town]:
    """The place where processes come and go; no bot runs yet."""
    async with open_stage(
        server, "discord", *platforms, extra=extra, start=False, limits=True, scale=scale
    ) as stage:
        sim = stage.discord
        assert sim is not None
        guild = await sim.add_guild("Weavers")
        general = await sim.add_text_channel(guild, "general")
        ada = sim.add_user("ada", "Ada")
        town = Town(stage=stage, folder=folder, sim=sim, general=general, ada=ada)
        async with _tended(town):
            yield town
        assert sim.violations == []


@asynccontextmanager
async def open_slack_town(
    server: Valkey,
    folder: Path,
    *,
    extra: Mapping[str, str] | None = None,
    slack: Mapping[str, Any] | None = None,
) -> AsyncIterator[SlackTown]:
    """The same with a Slack workspace; `slack` are settings of its simulator."""
    async with open_stage(server, "slack", extra=extra, start=False, slack=slack) as stage:
        here = place(stage)
        town = SlackTown(stage=stage, folder=folder, here=here)
        async with _tended(town):
            yield town
        here.check()


@asynccontextmanager
async def _tended(town: Processes) -> AsyncIterator[None]:
    """End every process, show what they wrote when something fails, and look through it."""
    openai = town.stage.openai
    try:
        yield
    except BaseException as error:
        error.add_note("\n".join(process.log for process in town.bots))
        error.add_note("\n".join(f"{item.status}" for item in openai.chats))
        raise
    finally:
        for process in town.bots:
            await process.close()
    assert openai.violations == []
    assert_healthy([process.log for process in town.bots])
