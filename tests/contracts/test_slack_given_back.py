"""A seat at Slack that is given back is free for others at once."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from adapters.slack.seats import Seats
from adapters.slack.values import Timing
from bot.tasks import end
from tests.contracts.discord_rig import ProcessClaims, SharedClaims


class Slow(ProcessClaims):
    """Claims whose release is carried out at once and answered only when it may be."""

    answer: asyncio.Event

    async def release(self, name: str, holder: str = "") -> None:
        await super().release(name, holder)
        await self.answer.wait()


async def test_it_is_not_renewed_while_it_is_given_back() -> None:
    shared, renewed = SharedClaims(), asyncio.Event()
    claims = Slow(shared, "one")
    claims.answer = asyncio.Event()
    claims.answer.set()
    seats = Seats(claims, "app", replace(Timing(), renew=0.01))
    given, kept = await seats.take(), await seats.take()
    claims.answer.clear()
    leaving = asyncio.create_task(seats.leave(given))
    await asyncio.sleep(0)
    shared.changed = renewed.set
    renewing = asyncio.create_task(seats.run())
    # The other one is renewed twice: all that is renewed in between has been by then.
    for _ in range(2):
        await renewed.wait()
        renewed.clear()
    assert shared.holder(f"socket:app:{kept.number}") == "one"
    assert shared.holder(f"socket:app:{given.number}") == ""
    claims.answer.set()
    await leaving
    await end(renewing)
