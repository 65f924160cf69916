"""The scenes, played by a real bot on both simulated platforms."""

from __future__ import annotations

import asyncio
import re
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from tests.flows.look import settled
from tests.flows.stage import Stage, open_stage
from tests.pictures import from_discord, from_slack, scene
from tests.pictures.layout import picture
from tests.pictures.scene import CUT_SHORT, TALK, Line
from tests.pictures.shown import Thread
from tests.pictures.svg import svg
from tests.pictures.theme import DISCORD, SLACK
from tests.servers import valkey_server
from tests.simulators.discord_sim import Channel, DiscordSimulator
from tests.simulators.openai_sim import Answer
from tests.simulators.slack_sim import Message, SlackSimulator

THEMES = (DISCORD, SLACK)


class Place(Protocol):
    """One platform with Ada and Jonas, and a thread at a time."""

    async def open(self) -> None:
        """Make the channel."""
        ...

    async def ask(self, line: Line) -> None:
        """Mention the bot in the channel, and go on in the thread that this begins."""
        ...

    async def say(self, line: Line) -> None:
        """Write into the thread."""
        ...

    async def answered(self, times: int, word: str) -> None:
        """Wait until the thread has so many of the bot's messages, the last with a word in it."""
        ...

    async def react(self) -> None:
        """Somebody likes the newest answer."""
        ...

    def thread(self, clock: tuple[str, ...]) -> Thread:
        """The thread as it stands."""
        ...


class OnDiscord:
    """A Discord server; the thread is a channel of its own."""

    def __init__(self, sim: DiscordSimulator) -> None:
        self._sim = sim
        self._ada, self._jonas = sim.add_user("ada", "Ada"), sim.add_user("jonas", "Jonas")
        self._channel: Channel | None = None
        self._thread: Channel | None = None

    async def open(self) -> None:
        guild = await self._sim.add_guild("Weavers")
        self._channel = await self._sim.add_text_channel(guild, "builds")

    async def ask(self, line: Line) -> None:
        sim = self._sim
        assert self._channel is not None
        who = self._ada if line.who == "Ada" else self._jonas
        asked = await sim.say(self._channel, who, f"{sim.mention} {line.text}")
        self._thread = await sim.until(lambda: sim.thread_of(asked))

    async def say(self, line: Line) -> None:
        assert self._thread is not None
        who = self._ada if line.who == "Ada" else self._jonas
        await self._sim.say(self._thread, who, line.text)

    async def answered(self, times: int, word: str) -> None:
        def there() -> bool:
            assert self._thread is not None
            found = self._sim.messages(self._thread, by=self._sim.bot)
            return len(found) == times and word in found[-1].versions[-1].shown

        await self._sim.until(there)

    async def react(self) -> None:
        assert self._thread is not None
        newest = self._sim.messages(self._thread, by=self._sim.bot)[-1]
        for who in (self._ada, self._jonas):
            await self._sim.react(newest, who, "🎉")

    def thread(self, clock: tuple[str, ...]) -> Thread:
        assert self._thread is not None
        return from_discord.thread(self._sim, self._thread, clock)


class OnSlack:
    """A Slack workspace; the thread hangs below the message that mentions the bot."""

    def __init__(self, sim: SlackSimulator) -> None:
        self._sim = sim
        self._ada, self._jonas = sim.add_user("Ada"), sim.add_user("Jonas")
        self._channel = sim.add_channel("builds", members=[self._ada, self._jonas])
        self._root: Message | None = None

    async def open(self) -> None:
        pass

    async def ask(self, line: Line) -> None:
        who = self._ada if line.who == "Ada" else self._jonas
        self._root = self._sim.say(self._channel, who, f"{self._sim.mention} {line.text}")

    async def say(self, line: Line) -> None:
        who = self._ada if line.who == "Ada" else self._jonas
        self._sim.say(self._channel, who, line.text, thread=self._root)

    async def answered(self, times: int, word: str) -> None:
        def there() -> bool:
            assert self._root is not None
            found = self._sim.replies(self._root)
            return len(found) == times and word in f"{found[-1].text}{found[-1].blocks}"

        await self._sim.until(there)

    async def react(self) -> None:
        assert self._root is not None
        newest = self._sim.replies(self._root)[-1]
        for who in (self._ada, self._jonas):
            self._sim.react(newest, who, "tada")

    def thread(self, clock: tuple[str, ...]) -> Thread:
        assert self._root is not None
        return from_slack.thread(self._sim, self._root, clock)


async def pictures() -> Mapping[str, str]:
    """The SVG texts, by file name."""
    with (
        tempfile.TemporaryDirectory(prefix="bobbin-pictures-") as directory,
        valkey_server(Path(directory)) as server,
    ):
        async with open_stage(server, "discord", "slack", limits=False) as stage:
            assert stage.discord is not None
            assert stage.slack is not None
            places = (OnDiscord(stage.discord), OnSlack(stage.slack))
            await asyncio.gather(*(place.open() for place in places))
            whole, begun = await _played(stage, places)
    drawn: dict[str, str] = {}
    for kind, threads in (("thread", whole), ("thread-streaming", begun)):
        for platform, theme, thread in zip(("Discord", "Slack"), THEMES, threads, strict=True):
            shapes = picture(thread, theme, platform)
            drawn[f"{platform.lower()}-{kind}.svg"] = svg(shapes)
    return drawn


async def _played(stage: Stage, places: Sequence[Place]) -> tuple[list[Thread], list[Thread]]:
    """Threads after a whole talk, and threads in which the first answer is being written."""
    for number, line in enumerate(TALK, 1):
        answer = await _begun(stage, places, line, number)
        await _finished(stage, places, line, number, answer)
    for place in places:
        await place.react()
    whole = [place.thread(scene.CLOCK) for place in places]
    answer = await _begun(stage, places, CUT_SHORT, 1)
    await _answered(places, 1, scene.SURE)
    begun = [place.thread(scene.CLOCK_CUT_SHORT) for place in places]
    await _finished(stage, places, CUT_SHORT, 1, answer)
    assert stage.openai.violations == []
    return whole, begun


async def _begun(stage: Stage, places: Sequence[Place], line: Line, times: int) -> Answer:
    """Let a line be said everywhere, and wait until the first part of its answer is seen."""
    answer = Answer(list(line.answer)).hold(after=1)
    stage.openai.script.on(
        lambda request: line.text in request.last_user_text, answer, times=len(places)
    )
    for place in places:
        await (place.ask(line) if times == 1 else place.say(line))
    await _answered(places, times, "")
    return answer


async def _finished(
    stage: Stage, places: Sequence[Place], line: Line, times: int, answer: Answer
) -> None:
    answer.release_all()
    await _answered(places, times, _last_word(line.answer[1]))
    await settled(stage.server)


async def _answered(places: Sequence[Place], times: int, word: str) -> None:
    await asyncio.gather(*(place.answered(times, word) for place in places))


def _last_word(text: str) -> str:
    return re.findall(r"\w+", text)[-1]
