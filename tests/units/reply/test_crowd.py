"""Many replies at once under the platforms' own limits, judged by what arrives."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass

import pytest

from bot.capabilities import Capabilities
from bot.reply.pacing import LoopClock, Pacer
from tests.units.reply.platform import Platform, discord_like, slack_like
from tests.units.reply.scene import Scene, now, stream
from tests.units.reply.virtual import virtual

ANSWER = "This is one of a great many answers, and each has four hundred words or so. " * 24


@dataclass(frozen=True)
class Outcome:
    """Seconds, sorted: from the first word to its being visible, from the last to the final."""

    first: list[float]
    final: list[float]
    edits: int
    platform: Platform


async def crowd(
    capabilities: Capabilities, count: int, *, channels: int, seed: int, apart: float = 0.0
) -> Outcome:
    """`count` answers of 8 s each, in so many channels, begun `apart` seconds from each other."""
    rng = random.Random(seed)
    platform = Platform(capabilities, latency=lambda call: rng.uniform(0.05, 0.3))
    pacer = Pacer(capabilities.limits, LoopClock())
    first: list[float] = []
    final: list[float] = []
    edits = 0

    async def answer(number: int) -> None:
        nonlocal edits
        await asyncio.sleep(number * apart)
        scene = Scene(platform, pacer, channel=f"c{number % channels}.{number // channels}")
        async with scene.reply() as reply:
            began = now()
            await stream(reply, ANSWER, seconds=8, pieces=400)
            ended = now()
            await reply.finish(ANSWER)
            figures = reply.figures
            assert figures.first_text_at is not None
            first.append(figures.first_text_at - began)
            assert figures.final_at is not None
            final.append(figures.final_at - ended)
            edits += figures.edits

    await asyncio.gather(*(answer(number) for number in range(count)))
    await pacer.close(200.0)
    assert pacer.waiting == 0
    for channel in list(platform.messages):
        assert platform.standing(channel) == [ANSWER.strip()]
    assert len(platform.messages) == count
    return Outcome(sorted(first), sorted(final), edits, platform)


@virtual
async def test_one_answer() -> None:
    outcome = await crowd(discord_like(), 1, channels=1, seed=1)
    assert outcome.platform.over_limit == 0
    assert outcome.edits >= 5
    assert outcome.final[0] < 0.7


@virtual
@pytest.mark.parametrize("count", [20, 100])
async def test_a_hundred_channels_share_the_calls_of_one_token(count: int) -> None:
    outcome = await crowd(discord_like(), count, channels=count, seed=count)
    assert outcome.platform.over_limit == 0
    assert outcome.edits >= 2 * count
    assert outcome.first[count * 95 // 100] < 3.5
    assert outcome.final[count * 95 // 100] < 3.0


@virtual
@pytest.mark.parametrize("count", [1, 20, 100])
async def test_a_hundred_channels_share_the_edits_of_one_workspace(count: int) -> None:
    outcome = await crowd(slack_like(), count, channels=count, seed=count)
    assert outcome.platform.over_limit == 0
    assert outcome.first[-1] < 1.5
    assert outcome.final[-1] < 1.5
    assert outcome.platform.count("edit") >= min(count, 45)


@virtual
async def test_answers_that_come_one_after_the_other_still_end_in_time() -> None:
    outcome = await crowd(slack_like(), 120, channels=120, seed=7, apart=0.5)
    assert outcome.platform.over_limit == 0
    assert outcome.final[-1] < 3.6
