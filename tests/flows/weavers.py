"""A Discord server named Weavers with two people, and a bot between it and a simulated model."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

from adapters.discord.adapter import DiscordAdapter, create
from bot.timing import Timing
from tests.flows.look import settled, stored
from tests.flows.stage import QUICK, SCALE, Stage, open_stage
from tests.servers import Valkey
from tests.simulators.discord_sim import Channel, DiscordSimulator, Guild, Message, User
from tests.simulators.openai_sim import Answer, OpenAISimulator, Request

POST = "POST /channels/{channel_id}/messages"
PATCH = "PATCH /channels/{channel_id}/messages/{message_id}"
MAKE_THREAD = "POST /channels/{channel_id}/messages/{message_id}/threads"
HISTORY = "GET /channels/{channel_id}/messages"
MESSAGE = "GET /channels/{channel_id}/messages/{message_id}"
COMMANDS = "PUT /applications/{application_id}/commands"


@dataclass(slots=True)
class Weavers:
    """The place, and what tests want to know of it."""

    stage: Stage
    sim: DiscordSimulator
    openai: OpenAISimulator
    guild: Guild
    general: Channel
    ada: User
    ben: User

    @property
    def mention(self) -> str:
        """The text that mentions the bot."""
        return self.sim.mention

    def said(self, channel: Channel) -> list[str]:
        """What the bot's messages in a channel say now, oldest first."""
        return [message.content for message in self.sim.messages(channel, by=self.sim.bot)]

    def posts(self, channel: Channel) -> list[Message]:
        """The bot's messages in a channel, oldest first."""
        return self.sim.messages(channel, by=self.sim.bot)

    async def until_said(self, channel: Channel, *texts: str, timeout: float = 50.0) -> None:
        """Wait until the bot's messages in a channel say exactly this."""
        await self.sim.until(lambda: self.said(channel) == list(texts), timeout)

    async def ask(self, who: User, text: str, channel: Channel | None = None) -> Message:
        """Mention the bot in a channel, #general if none is given."""
        return await self.sim.say(channel or self.general, who, f"{self.mention} {text}")

    async def thread_of(self, asked: Message) -> Channel:
        """The thread that was made from a message, once it is there."""
        thread = await self.sim.until(lambda: self.sim.thread_of(asked))
        assert thread is not None
        return thread

    async def conversation(
        self, text: str = "hi there", answer: str = "Hello Ada, how are you?"
    ) -> Channel:
        """A thread in which Ada has asked and has been answered."""
        self.openai.script.append(Answer(answer))
        thread = await self.thread_of(await self.ask(self.ada, text))
        await self.until_said(thread, answer)
        await self.settled()
        return thread

    async def until_asked(self, times: int, timeout: float = 50.0) -> Request:
        """Wait until the model has been asked so many times, and return the newest request."""
        await self.openai.until(lambda: len(self.openai.chats) >= times, timeout)
        return self.openai.chats[times - 1]

    async def press(self, message: Message, who: User, label: str, place: int = 0) -> Message:
        """Press a button by its label, the one at `place` of several; what shows the answer."""
        names = [each["custom_id"] for each in buttons(message) if each.get("label") == label]
        before = len(message.versions)
        call = await self.sim.click(message, who, names[place])
        await self.sim.until(lambda: len(message.versions) > before or call.responses)
        return call.responses[0] if call.responses else message

    async def fill(
        self, message: Message, who: User, label: str, place: int = 0, **values: str
    ) -> Message:
        """Press a button that opens a window, and send that off; what shows the answer.

        What is not among the `values` stays as it stands there.
        """
        names = [each["custom_id"] for each in buttons(message) if each.get("label") == label]
        call = await self.sim.click(message, who, names[place])
        form = await call.asked()
        inputs = [each["component"] for each in form["components"]]
        given = {each["custom_id"]: each.get("value") or "" for each in inputs} | values
        before = len(message.versions)
        sent = await self.sim.submit(call, **given)
        await self.sim.until(lambda: len(message.versions) > before or sent.responses)
        return sent.responses[0] if sent.responses else message

    async def settled(self) -> None:
        """Wait until no turn is running: everything is committed."""
        await settled(self.stage.server)

    async def stored(self) -> str:
        """Everything in Redis, keys and values, as one text."""
        return await stored(self.stage.server)

    def check(self) -> None:
        """Nothing was done that a correct client would not do, and nobody was pinged."""
        assert self.sim.violations == []
        assert self.openai.violations == []
        for message in self.sim.world.messages.values():
            if message.author is self.sim.bot:
                assert message.pings == set(), message.history
                assert not message.unfurled, message.history


def prompts(requests: list[Request]) -> list[list[str]]:
    """The texts of each request."""
    return [request.texts() for request in requests]


def asked_last(request: Request) -> str:
    """The newest question without the line about the present, and what is recalled before it."""
    return request.last_user_text.rpartition("\n\n[Now: ")[0].partition("\n\n<memories ")[0]


def unpaced(stage: Stage) -> DiscordAdapter:
    """Discord's adapter without rate limits."""
    adapter = create(stage.environment())
    adapter.capabilities = replace(adapter.capabilities, limits=())
    return adapter


@asynccontextmanager
async def weavers(
    server: Valkey,
    *,
    extra: Mapping[str, str] | None = None,
    start: bool = True,
    limits: bool = True,
    scale: float = SCALE,
    timing: Timing = QUICK,
    paced: bool = True,
) -> AsyncIterator[Weavers]:
    """The place with a running bot; all is checked at the end, and that nothing goes on.

    With `paced` False neither Discord nor the bot counts calls, for conversations of many turns.
    """
    before = asyncio.all_tasks()
    async with open_stage(
        server, "discord", extra=extra, start=False, limits=limits and paced, scale=scale
    ) as stage:
        sim = stage.discord
        assert sim is not None
        guild = await sim.add_guild("Weavers")
        general = await sim.add_text_channel(guild, "general")
        ada, ben = sim.add_user("ada", "Ada"), sim.add_user("ben", "Ben")
        place = Weavers(stage, sim, stage.openai, guild, general, ada, ben)
        if start:
            await stage.start(timing, None if paced else {"discord": unpaced(stage)})
        yield place
        assert await stage.stop() in (0, None)
        place.check()
    left = {task for task in asyncio.all_tasks() - before if not task.done()}
    assert not left, left


def panel(message: Message) -> str:
    """What a message says, in its components too."""
    return message.versions[-1].shown.strip()


def buttons(message: Message) -> list[Mapping[str, Any]]:
    """The buttons of a message, in their order."""
    rows = [row for row in message.components if row["type"] == 1]
    return [each for row in rows for each in row["components"]]


def labels(message: Message) -> list[str]:
    """What stands on them."""
    return [each["label"] for each in buttons(message) if "label" in each]
