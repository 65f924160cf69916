"""Messages that wait for the store."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from adapters.console.adapter import create
from bot.chat import Author, Incoming, MessageRef, ThreadKey
from bot.commands.specs import COMMANDS
from bot.engine import texts
from bot.engine.desk import Desk
from bot.engine.engine import Engine
from bot.engine.running import Running
from bot.errors import StoreUnavailable
from bot.ids import new_id
from bot.intake import Reception
from bot.ops.health import Health
from bot.ops.meters import PlatformMeter
from bot.ops.metrics import Metrics
from bot.overflow import Overflow
from bot.report import Unmeasured
from bot.storage.connect import open_redis
from bot.storage.threads import Threads
from bot.storage.topology import Waits
from tests.servers import valkey_server

MOST = 3


def message(number: int, addressed: bool = False) -> Incoming:
    """A message in a thread of its own, which nobody has to be told about."""
    thread = ThreadKey("console", "s", "c", f"t{number}")
    ref = MessageRef("c", str(number))
    author = Author("u", "Ada")
    at = float(number)
    return Incoming(f"e{number}", thread, ref, author, "hi", at, number, addressed=addressed)


@asynccontextmanager
async def received(directory: Path, metrics: Metrics | None = None) -> AsyncIterator[Reception]:
    """A reception whose store is on a socket in this directory."""
    waits = Waits(alone=0.01)
    client = open_redis(f"unix://{directory}/test.sock", waits)
    threads = Threads(client, worker="w", clock=lambda: 1.0, new_id=new_id, waits=waits)
    fields = dict.fromkeys(Desk.__dataclass_fields__) | {"threads": threads}
    engine = Engine(Desk(**cast(Any, fields)), {}, {}, Running(), 1.0)
    commands, nobody = cast(Any, SimpleNamespace(offered=COMMANDS)), cast(Any, None)
    meter = PlatformMeter("console", metrics or Metrics("1"), Health(lambda: 0.0))
    yield Reception(
        create({}),
        threads,
        engine,
        commands,
        nobody,
        nobody,
        new_id,
        most_waiting=MOST,
        meter=meter,
    )
    await client.aclose()


async def refused(reception: Reception, *events: Incoming) -> None:
    """Hand in messages at once; none is taken."""
    for result in await asyncio.gather(
        *(reception.message(event) for event in events), return_exceptions=True
    ):
        assert isinstance(result, StoreUnavailable)


async def test_the_oldest_give_way_and_leave_nothing(tmp_path: Path) -> None:
    async with received(tmp_path) as reception:
        events = [message(number) for number in range(10)]
        # Some have been refused when the others come, which are then on their way together.
        for some in (events[:MOST], events[MOST:]):
            await refused(reception, *some)
        assert set(reception._lanes) == {event.thread for event in events[-MOST:]}
        # A platform's second delivery takes no second place.
        await refused(reception, replace(events[-1]))
        assert reception.waiting == MOST


async def test_what_gives_way_is_counted_logged_once_and_told(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    metrics = Metrics("1")
    with tempfile.TemporaryDirectory(prefix="bobbin-in-") as name:
        async with received(Path(name), metrics) as reception:
            lost = [message(0, addressed=True), message(1), message(2, addressed=True)]
            kept = [message(number) for number in range(3, 3 + MOST)]
            for event in (*lost, *kept):
                await refused(reception, event)
            await reception.resume()
            assert "were dropped" not in caplog.text
            assert texts.DROPPED not in capsys.readouterr().out
            with valkey_server(Path(name)):
                await reception.resume()
                await settled(reception)
                await reception.resume()
                await settled(reception)
            assert reception.waiting == 0
    value = metrics.registry.get_sample_value
    assert value("bobbin_dropped_messages_total", {"platform": "console"}) == 3
    assert caplog.text.count("the oldest are dropped") == 1
    assert caplog.text.count("3 message(s) of console were dropped") == 1
    assert capsys.readouterr().out.count(texts.DROPPED) == 2


async def test_what_gives_way_before_its_turn_is_not_called_kept(tmp_path: Path) -> None:
    """Or a platform would not deliver it again."""
    async with received(tmp_path) as reception:
        first = message(0)
        await refused(reception, first)
        lane = reception._lanes[first.thread]
        async with lane.turn:
            second = replace(message(1), thread=first.thread)
            waiting = asyncio.create_task(reception.message(second))
            while len(lane.events) < 2:  # noqa: ASYNC110 - nobody reports it
                await asyncio.sleep(0)
            for number in range(2, 2 + MOST):
                await refused(reception, message(number))
        with pytest.raises(StoreUnavailable, match="gave way"):
            await waiting
        assert reception.waiting == MOST


def test_what_comes_again_is_not_called_lost() -> None:
    overflow = Overflow("slack", Unmeasured(), most_told=2)
    for number in range(4):
        overflow.dropped(message(number, addressed=True))
    overflow.here_again(message(0))
    assert [event.event_id for event in overflow.over()] == ["e1"]
    assert overflow.over() == ()


async def settled(reception: Reception) -> None:
    """Wait until everything is told."""
    await asyncio.gather(*reception._tasks)
