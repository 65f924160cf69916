"""A Slack workspace with two people, and a bot between it and a simulated model."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

from adapters.slack.adapter import SlackAdapter, create
from bot.timing import Timing
from tests.flows.look import settled, stored
from tests.flows.stage import QUICK, SCALE, Stage, open_stage
from tests.servers import Valkey
from tests.simulators.openai_sim import Answer, OpenAISimulator, Request
from tests.simulators.slack_sim import (
    Channel,
    Ephemeral,
    Message,
    Shown,
    SlackSimulator,
    SlashCall,
    User,
)


@dataclass(slots=True)
class Acme:
    """The place, and what tests want to know of it."""

    stage: Stage
    sim: SlackSimulator
    openai: OpenAISimulator
    general: Channel
    ada: User
    ben: User
    lost: int = 0
    """Deliveries that Slack is expected to give up."""
    shut_out: bool = False
    """Slack did not let the bot take a status line down."""

    @property
    def mention(self) -> str:
        """The text that mentions the bot."""
        return self.sim.mention

    def said(self, root: Message) -> list[str]:
        """What the bot's messages in the thread of a message say now, oldest first."""
        return [message.text for message in self.sim.replies(root)]

    async def until_said(self, root: Message, *texts: str, timeout: float = 50.0) -> None:
        """Wait until the bot's messages in a thread say exactly this."""
        await self.sim.until(lambda: self.said(root) == list(texts), timeout)

    def ask(
        self,
        who: User,
        text: str,
        channel: Channel | None = None,
        *,
        thread: Message | None = None,
    ) -> Message:
        """Mention the bot in a channel, #general if none is given."""
        return self.sim.say(channel or self.general, who, f"{self.mention} {text}", thread=thread)

    def say(self, root: Message, who: User, text: str, *, deliver: bool = True) -> Message:
        """Write into the thread of a message, without mentioning anybody.

        With `deliver` False its event is held back until it is redelivered.
        """
        channel = self.sim.state.channels[root.channel]
        return self.sim.say(channel, who, text, thread=root, deliver=deliver)

    async def conversation(
        self,
        text: str = "hi there",
        answer: str = "Hello Ada, how are you?",
        channel: Channel | None = None,
    ) -> Message:
        """The first message of a thread in which Ada has asked and has been answered."""
        self.openai.script.append(Answer(answer))
        root = self.ask(self.ada, text, channel)
        await self.until_said(root, answer)
        await self.settled()
        return root

    async def until_asked(self, times: int, timeout: float = 50.0) -> Request:
        """Wait until the model has been asked so many times, and return the newest request."""
        await self.openai.until(lambda: len(self.openai.chats) >= times, timeout)
        return self.openai.chats[times - 1]

    async def told(self, call: SlashCall) -> Shown:
        """The private answer to a slash command, which is acknowledged before it is answered."""
        ack = await call.acked()
        assert not ack.payload
        [shown] = await call.responded()
        assert (shown.source, shown.response_type) == ("response_url", "ephemeral")
        return shown

    def whispers(self, who: User, channel: Channel | None = None) -> list[Ephemeral]:
        """What only one person sees in a channel of the answers to typed commands."""
        notes = self.sim.ephemerals(channel or self.general, who)
        return [note for note in notes if note.source == "chat.postEphemeral"]

    async def whispered(self, who: User, channel: Channel | None = None) -> Ephemeral:
        """The one such message, once it is there."""
        await self.sim.until(lambda: self.whispers(who, channel))
        [note] = self.whispers(who, channel)
        assert note.visible
        return note

    async def settled(self) -> None:
        """Wait until no turn is running: everything is committed."""
        await settled(self.stage.server)

    async def stored(self) -> str:
        """Everything in Redis, keys and values, as one text."""
        return await stored(self.stage.server)

    async def replica(self) -> Stage:
        """Another bot beside the one that runs, on the same store; `stop` is the caller's."""
        other = Stage(self.stage.server, self.openai, slack=self.sim, extra=self.stage.extra)
        await other.start()
        return other

    async def restart(self) -> None:
        """End the bot as an operator does, and start it again."""
        assert await self.stage.stop() == 0
        await self.stage.start()

    def check(self) -> None:
        """Nothing was done that a correct client would not do, and nothing was left lying."""
        assert self.sim.violations == []
        assert self.openai.violations == []
        assert len(self.sim.sockets.lost) == self.lost
        for message in self.sim.state.messages.values():
            if message.by_app:
                assert message.pings == (), message.texts
                assert not message.unfurled, message.texts
        for status in self.sim.statuses:
            assert status.ended_by in ("app", "reply") or self.shut_out, status


def words(shown: Shown | Ephemeral) -> str:
    """What a private answer says, in Markdown."""
    return "\n".join(block["text"] for block in shown.blocks if block["type"] == "markdown")


def options(note: Ephemeral) -> tuple[str, list[tuple[str, str]]]:
    """The list in a private message: its action, and label and value of each choice."""
    [element] = note.blocks[-1]["elements"]
    return element["action_id"], [
        (option["text"]["text"], option["value"]) for option in element["options"]
    ]


def place(stage: Stage) -> Acme:
    """Ada and Ben in #general, on a stage that has a Slack."""
    sim = stage.slack
    assert sim is not None
    ada, ben = sim.add_user("Ada"), sim.add_user("Ben")
    general = sim.add_channel("general", members=[ada, ben])
    return Acme(stage, sim, stage.openai, general, ada, ben)


def unpaced(stage: Stage) -> SlackAdapter:
    """Slack's adapter without rate limits."""
    adapter = create(stage.environment())
    adapter.capabilities = replace(adapter.capabilities, limits=())
    return adapter


@asynccontextmanager
async def acme(
    server: Valkey,
    *,
    extra: Mapping[str, str] | None = None,
    start: bool = True,
    limits: bool = True,
    scale: float = SCALE,
    timing: Timing = QUICK,
    slack: Mapping[str, Any] | None = None,
    ends: int | None = 0,
    paced: bool = True,
) -> AsyncIterator[Acme]:
    """The place with a running bot; all is checked at the end, and that nothing goes on.

    `slack` are settings of the simulator; `ends` is the exit code that is expected. With `paced`
    False neither Slack nor the bot counts calls, for conversations of many turns.
    """
    before = asyncio.all_tasks()
    async with open_stage(
        server,
        "slack",
        extra=extra,
        start=False,
        limits=limits and paced,
        scale=scale,
        slack=slack,
    ) as stage:
        here = place(stage)
        if start:
            await stage.start(timing, None if paced else {"slack": unpaced(stage)})
        yield here
        assert await stage.stop() in (ends, None)
        here.check()
    left = {task for task in asyncio.all_tasks() - before if not task.done()}
    assert not left, left
