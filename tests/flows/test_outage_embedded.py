"""The bundled server: remembered over restarts, shared, crashed."""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flows.process import assert_healthy, open_town
from tests.flows.program import PATIENCE
from tests.servers import Valkey
from tests.simulators.openai_sim import Answer

BUNDLED = {"REDIS_URL": ""}
"""A blank variable counts as unset."""

BEGINNING = "This is only the beginning of it,"
WHOLE = f"{BEGINNING} and this is the end."


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder whose path is short enough for a socket."""
    with tempfile.TemporaryDirectory(prefix="bobbin-emb-") as directory:
        yield Path(directory)


def server_pid(folder: Path) -> int:
    """The bundled server's process."""
    return int((folder / "data" / "server.pid").read_text())


async def test_a_restart_remembers(server: Valkey, folder: Path) -> None:
    async with open_town(server, folder) as town:
        first = await town.bot(**BUNDLED)
        thread = await town.thread(await town.ask("hello"))
        await town.sim.until(lambda: town.said(thread), PATIENCE)
        ended = await first.terminate()
        assert ended.code == 0
        assert "socket" not in os.listdir(folder / "data")
        await town.bot(**BUNDLED)
        await town.sim.say(thread, town.ada, "and now?")
        await town.sim.until(lambda: len(town.said(thread)) == 2, PATIENCE)
        assert town.said(thread)[1].startswith("Ada said: and now? (I have read 4 messages")
        assert (await town.bots[-1].terminate()).code == 0


async def test_a_killed_bot_leaves_nothing_behind(server: Valkey, folder: Path) -> None:
    async with open_town(server, folder) as town:
        first = await town.bot(**BUNDLED)
        town.stage.openai.script.append(Answer([BEGINNING, " …"]).hold(after=1))
        town.stage.openai.script.append(Answer(WHOLE))
        thread = await town.thread(await town.ask("tell me"))
        await town.until_said(thread, BEGINNING)
        await first.kill()
        second = await town.bot(**BUNDLED)
        await town.until_said(thread, WHOLE)
        await town.settled(thread)
        ended = await second.terminate()
        assert ended.code == 0
        assert "socket" not in os.listdir(folder / "data")


async def test_a_killed_server_is_started_again(server: Valkey, folder: Path) -> None:
    async with open_town(server, folder) as town:
        process = await town.bot(**BUNDLED)
        held = Answer([BEGINNING, " and this", " is the end."]).hold(after=1)
        town.stage.openai.script.append(held)
        thread = await town.thread(await town.ask("tell me"))
        await town.until_said(thread, BEGINNING)
        os.kill(server_pid(folder), signal.SIGKILL)
        held.release(1)
        await town.until_said(thread, f"{BEGINNING} and this")
        held.release_all()
        await town.until_said(thread, WHOLE)
        await town.settled(thread)
        assert town.stage.openai.chats[-1].texts("assistant") == [WHOLE]
        ended = await process.terminate()
        assert ended.code == 0
        assert_healthy([ended.log])


async def test_two_bots_share_one_data_directory(server: Valkey, folder: Path) -> None:
    async with open_town(server, folder) as town:
        first = await town.bot(**BUNDLED)
        second = await town.bot(**BUNDLED)
        questions = [await town.ask(f"question {number}") for number in range(4)]
        for question in questions:
            thread = await town.thread(question)
            await town.sim.until(lambda thread=thread: town.said(thread), PATIENCE)
        assert (await first.terminate()).code == 0
        thread = await town.thread(questions[0])
        await town.settled(thread)
        assert len(town.stage.openai.chats) == 5
        assert [len(town.said(town.sim.thread_of(one))) for one in questions] == [2, 1, 1, 1]
        assert (await second.terminate()).code == 0
        assert "socket" not in os.listdir(folder / "data")
