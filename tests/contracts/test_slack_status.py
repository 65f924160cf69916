"""The sign that the bot is at work, by the clock: Slack takes it away after two minutes."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from bot.reply.pacing import LoopClock, Pacer
from bot.reply.status import StatusSign
from tests.contracts.slack_scene import Scene, scene

LINE = "assistant.threads.setStatus"
SESSION = "agents.sessions.setStatus"
MINUTES = 11


@dataclass
class Hands:
    """A clock that stands still until the test moves its hands.

    Attributes:
        woken: How often somebody has slept long enough.
    """

    at: float = 0.0
    woken: int = 0
    sleepers: dict[asyncio.Event, float] = field(default_factory=dict[asyncio.Event, float])

    def now(self) -> float:
        return self.at

    async def sleep(self, seconds: float) -> None:
        woken = asyncio.Event()
        self.sleepers[woken] = self.at + seconds
        try:
            await woken.wait()
        finally:
            del self.sleepers[woken]

    def forward(self, seconds: float) -> None:
        """Move on, and wake who has slept long enough."""
        self.at += seconds
        due = [woken for woken, until in self.sleepers.items() if until <= self.at]
        self.woken += len(due)
        for woken in due:
            woken.set()


async def nobody_else() -> None:
    """No other process has taken the turn."""


async def kept_up(here: Scene, method: str) -> list[str]:
    """Wait for a model for some minutes; what ended each status line that was shown."""
    spot = await here.asked()
    root = here.sim.message(str(spot.reply_to))
    assert root is not None
    hands = Hands()
    pacer = Pacer(here.adapter.capabilities.limits, LoopClock())
    sign = StatusSign(here.adapter, pacer, "T", hands, "thinking …", nobody_else)
    sign.start(spot)
    for _ in range(MINUTES * 4):
        await here.sim.until(lambda: here.calls(method) == [hands.woken + 1] and hands.sleepers)
        assert here.sim.status(root) or here.session(spot) == "processing"
        here.sim.state.pass_time(15.0)
        hands.forward(15.0)
    await sign.close(5.0)
    await pacer.close()
    assert here.sim.status(root) == "" and here.session(spot) in ("", "active")
    return [status.ended_by for status in here.sim.statuses]


async def test_the_line_is_set_anew_before_it_vanishes() -> None:
    async with scene() as here:
        here.sim.faults.add(SESSION, error="feature_not_enabled")
        ended = await kept_up(here, LINE)
        # Every minute and a half, and none of them was left to run out; the last call clears it.
        assert ended == ["app"] * (MINUTES * 60 // 90 + 2)


async def test_a_session_is_told_again_as_well() -> None:
    """How long Slack lets one be processing is written nowhere."""
    async with scene() as here:
        assert await kept_up(here, SESSION) == []
        states = [call.params["status"] for call in here.sim.calls(SESSION)]
        assert states == ["processing"] * (MINUTES * 60 // 90 + 1) + ["active"]
