"""A direct message with the bot, in which answers are streamed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from adapters.slack import StreamMode
from adapters.slack.adapter import SlackAdapter, SocketMode
from bot.chat import MessageRef, Spot
from bot.controls import Presentation
from bot.stand_ins import MemoryClaims
from tests.contracts.slack_rig import QUICK, RecordingInbox, simulator
from tests.simulators.slack_sim import Channel, Message, SlackSimulator, User

WRITING = Presentation("turn", streaming=True)
DONE = Presentation("turn")

START, ADD, STOP = "chat.startStream", "chat.appendStream", "chat.stopStream"
POST, EDIT = "chat.postMessage", "chat.update"


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        return self.at


class FewClaims(MemoryClaims):
    """Claims of which so many can be spent under each name."""

    def __init__(self, left: dict[str, int]) -> None:
        super().__init__()
        self.left = left

    async def spend(self, name: str, burst: int, seconds: float) -> float:
        await super().spend(name, burst, seconds)
        method = name.partition(" ")[0]
        self.left[method] = self.left.get(method, burst) - 1
        return 0.0 if self.left[method] >= 0 else 0.02


@dataclass
class Scene:
    """Ada's direct messages with the bot, and an adapter that runs."""

    sim: SlackSimulator
    adapter: SlackAdapter
    inbox: RecordingInbox
    ada: User
    dm: Channel
    clock: Clock

    async def asked(self, text: str = "a question", channel: Channel | None = None) -> Spot:
        """Somebody asks, and the adapter is about to answer."""
        before = len(self.inbox.messages)
        self.sim.say(channel or self.dm, self.ada, text)
        await self.sim.until(lambda: len(self.inbox.messages) > before)
        await self.sim.settled()
        return await self.adapter.open(self.inbox.messages[before], "A title")

    def message(self, ref: MessageRef) -> Message:
        """The message as Slack has it."""
        found = self.sim.message(ref.message)
        assert found is not None
        return found

    def state(self, ref: MessageRef) -> str:
        """How its stream is; empty for a message that is none."""
        stream = self.message(ref).stream
        return "" if stream is None else stream.state

    def session(self, spot: Spot) -> str:
        """The state of a thread's session."""
        found = self.sim.state.sessions.get((spot.channel, str(spot.reply_to)))
        return "" if found is None else found.status

    def calls(self, *methods: str) -> list[int]:
        """How often each of some methods was called."""
        counted = self.sim.calls_by_method()
        return [counted[method] for method in methods]


@asynccontextmanager
async def scene(
    streaming: StreamMode = "auto", claims: MemoryClaims | None = None, **settings: Any
) -> AsyncIterator[Scene]:
    async with simulator(**({"native_streams": True} | settings)) as sim:
        inbox = RecordingInbox(sim.state.signal.changed)
        if claims is not None:
            inbox.claims = claims
        clock, ada = Clock(), sim.add_user("Ada")
        async with process(sim, inbox, streaming, clock) as adapter:
            await sim.connected(2)
            yield Scene(sim, adapter, inbox, ada, sim.open_dm(ada), clock)
        assert sim.violations == []


@asynccontextmanager
async def process(
    sim: SlackSimulator, inbox: RecordingInbox, streaming: StreamMode, clock: Clock
) -> AsyncIterator[SlackAdapter]:
    """An adapter that runs, as in a process of its own."""
    tokens = sim.environment()
    adapter = SlackAdapter(
        tokens["SLACK_BOT_TOKEN"],
        SocketMode(tokens["SLACK_APP_TOKEN"]),
        tokens["SLACK_API_URL"],
        QUICK,
        clock,
        streaming=streaming,
    )
    running = asyncio.create_task(adapter.run(inbox))
    try:
        yield adapter
    finally:
        running.cancel()
        await asyncio.wait([running])
        await adapter.close()
