"""Random faults of the platform, and processes that are killed at any moment."""

from __future__ import annotations

import asyncio
import random

from hypothesis import given
from hypothesis import strategies as st

from bot.chat import MessageRef, Spot
from bot.errors import PlatformBusy
from bot.reply.progressive import ProgressiveReply
from bot.reply.split import split
from bot.reply.written import Patience
from tests.examples import examples
from tests.units.reply.platform import Fault, Platform, discord_like
from tests.units.reply.scene import LONG, TEXT, Scene, stream
from tests.units.reply.virtual import virtual

ERRORS = st.one_of(
    st.floats(0.1, 12.0).map(lambda seconds: PlatformBusy(retry_after=seconds)),
    st.just(PlatformBusy("time-out")),
)
FAULTS = st.lists(
    st.one_of(
        st.builds(Fault, st.sampled_from(["post", "edit", "delete", "status"]), ERRORS),
        st.builds(
            Fault,
            st.sampled_from(["post", "edit"]),
            st.just(PlatformBusy("time-out")),
            st.just(True),
        ),
    ),
    max_size=8,
)


@given(
    faults=FAULTS,
    kills=st.lists(st.floats(0.1, 12.0), max_size=3),
    seed=st.integers(0, 1000),
    long=st.booleans(),
)
@examples(50)
@virtual
async def test_whatever_fails_and_whoever_dies_the_answer_stands_once(
    faults: list[Fault], kills: list[float], seed: int, long: bool
) -> None:
    """Processes are killed at any moment; each successor knows only what the last one told.

    A message that was posted in a process's last moment and not told is found if it is needed.
    """
    rng = random.Random(seed)
    text = LONG if long else TEXT
    platform = Platform(
        discord_like(),
        latency=lambda call: rng.uniform(0.02, 1.5),
        faults=list(faults),
        forgetful=True,
    )
    spot, refs, again, unsure = None, (), False, False
    committed: list[MessageRef] = []
    for kill in [*kills, 300.0]:
        scene = Scene(platform)
        reply = scene.reply(
            spot=spot, refs=refs, again=again, unsure=unsure, patience=Patience(grace=0.0)
        )

        async def turn(reply: ProgressiveReply = reply) -> None:
            async with reply:
                await stream(reply, text, seconds=6)
                written = await reply.finish(text)
                await asyncio.sleep(0.5)
                committed.extend(written)

        running = asyncio.create_task(turn())
        await asyncio.wait({running}, timeout=kill)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await scene.pacer.close(200.0 if committed else 0.0)
        if committed:
            break
        if scene.told:
            spot, refs = Spot("c1"), scene.told[-1][1]
        if scene.told or scene.warned is not None:
            unsure = scene.warned is not None
        again = True
    assert [platform.find(ref).text for ref in committed] == split(text, 2000, len)
    assert not any(platform.find(ref).deleted for ref in committed)
    numbers = [int(ref.message[1:]) for ref in committed]
    assert numbers == sorted(numbers)
    assert len(platform.standing("c1")) == len(committed)
