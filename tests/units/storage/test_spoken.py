"""How logs stand, for those who search them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from redis.asyncio import Redis

from bot.chat import Incoming
from bot.records import Entry
from bot.storage.keys import ThreadKeys
from bot.storage.threads import Threads
from bot.storage.types import Turn
from tests.units.storage.samples import THREAD, commit, message

FAR = 9e12
"""A time that the server's clock has not come to, in ms."""


async def _reworded(entry: Entry, event: Incoming) -> Entry:
    return replace(entry, text=event.text, edited=event.edited, tokens=1)


@pytest.mark.parametrize("confined", [False, True])
async def test_each_change_has_a_later_stamp_even_when_the_clock_has_gone_back(
    threads: Threads, client: Redis, confined: bool
) -> None:
    """Two changes within a millisecond are no different: no two logs have the same mark."""
    turn = await threads.begin(replace(message(1), confined=confined))
    assert isinstance(turn, Turn)
    await commit(threads, turn)
    keys = ThreadKeys(THREAD)
    await client.hset(keys.meta, mapping={"said": round(FAR), "reworked": round(FAR)})
    if not confined:
        await client.zadd(keys.said, {"": FAR, str(THREAD): FAR})
    stamps = [round(FAR)]
    for edited in (1.0, 2.0):
        event = replace(message(1, text=f"changed {edited}"), confined=confined, edited=edited)
        await threads.amend(event, _reworded)
        mark = (await threads.marks([THREAD]))[THREAD]
        assert mark.said == mark.reworked > stamps[-1]
        stamps.append(mark.said)
    await threads.strike(THREAD, ["m1"], ["e1"])
    assert (await threads.marks([THREAD]))[THREAD].said > stamps[-1]
