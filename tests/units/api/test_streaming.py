"""An export that may not go on, or cannot, is cut off."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial

import pytest
from starlette.types import Message

from bot.api.asked import FilterShape
from bot.api.carrying import PART, Carrying
from bot.api.faults import Fault, unauthorized
from bot.api.streaming import WholeOrCut
from bot.memories import MemoryText, Source, Via, Wrote
from bot.memory.port import NewMemory
from tests.units.api.site import Site, grant_in, somebody
from tests.units.api.test_verifier import verifier_of

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_an_export_ends_when_its_token_does(site: Site) -> None:
    place = somebody()
    issued, given = await site.token(place), grant_in(place)
    for first in (0, 60):
        new = [
            NewMemory(MemoryText(f"number {n}"), Source(Via.API)) for n in range(first, first + 60)
        ]
        written = await site.memories.add_all(given, new)
        assert {each.result for each in written} == {Wrote.CREATED}
    still = partial(verifier_of(site).still, issued.token)
    lines = Carrying(site.memories).export(given, FilterShape(), still)
    sent = [await anext(lines)]
    await site.threads.tokens.revoke(issued.credential.id)
    with pytest.raises(Fault) as refused:
        async for line in lines:
            sent.append(line)
    assert (refused.value.status, len(sent)) == (401, PART)


async def test_what_was_not_sent_to_its_end_is_not_ended() -> None:
    async def lines() -> AsyncIterator[str]:
        yield "first"
        raise unauthorized()

    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    await WholeOrCut(lines()).stream_response(send)
    assert [message.get("body") for message in sent] == [None, b"first"]
    assert all(message.get("more_body", True) for message in sent)
