"""A turn whose process has died is taken over as its lease ends, not some look later."""

from __future__ import annotations

import time
from dataclasses import replace

from bot.ids import new_id
from bot.storage.threads import Threads
from bot.storage.types import Turn
from tests.contracts.whole_store import opened
from tests.flows.meadow import Meadow, a_meadow
from tests.flows.stage import QUICK
from tests.servers import Valkey
from tests.simulators.openai_sim import Answer

SELDOM = replace(QUICK, sweep=60.0)
"""Longer than the test waits."""


async def test_the_end_of_a_lease_is_not_slept_through(server: Valkey) -> None:
    said = Meadow().event(text="are you there?")
    async with opened(server.url) as client:
        dead = Threads(client, worker="dead", clock=time.time, new_id=new_id, lease_seconds=2.0)
        assert isinstance(await dead.begin(said), Turn)
    async with a_meadow(server, {"BOBBIN_LEASE_SECONDS": "180"}, SELDOM) as field:
        field.stage.openai.script.append(Answer("I am."))
        await field.meadow.until_posted("I am.")
