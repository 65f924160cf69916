"""Messages that wait for the store."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from adapters.console.adapter import create
from bot.chat import Author, Incoming, MessageRef, ThreadKey
from bot.commands.specs import COMMANDS
from bot.engine.desk import Desk
from bot.engine.engine import Engine
from bot.engine.running import Running
from bot.errors import StoreUnavailable
from bot.ids import new_id
from bot.intake import Reception
from bot.storage.connect import open_redis
from bot.storage.threads import Threads
from bot.storage.topology import Waits

MOST = 3


def message(number: int) -> Incoming:
    """A message in a thread of its own, which nobody has to be told about."""
    thread = ThreadKey("console", "s", "c", f"t{number}")
    ref = MessageRef("c", str(number))
    return Incoming(f"e{number}", thread, ref, Author("u", "Ada"), "hi", float(number), number)


async def test_the_oldest_give_way_and_leave_nothing(tmp_path: Path) -> None:
    waits = Waits(alone=0.01)
    client = open_redis(f"unix://{tmp_path}/nobody.sock", waits)
    threads = Threads(client, worker="w", clock=lambda: 1.0, new_id=new_id, waits=waits)
    fields = dict.fromkeys(Desk.__dataclass_fields__) | {"threads": threads}
    engine = Engine(Desk(**cast(Any, fields)), {}, {}, Running(), 1.0)
    commands, nobody = cast(Any, SimpleNamespace(offered=COMMANDS)), cast(Any, None)
    reception = Reception(
        create({}), threads, engine, commands, nobody, nobody, new_id, most_waiting=MOST
    )
    events = [message(number) for number in range(10)]
    # Some have been refused when the others come, which are then on their way together.
    for some in (events[:MOST], events[MOST:]):
        results = await asyncio.gather(
            *(reception.message(event) for event in some), return_exceptions=True
        )
        assert all(isinstance(result, StoreUnavailable) for result in results)
    assert set(reception._lanes) == {event.thread for event in events[-MOST:]}
    # A platform's second delivery takes no second place.
    with pytest.raises(StoreUnavailable):
        await reception.message(replace(events[-1]))
    assert reception._waiting == MOST
    await client.aclose()
