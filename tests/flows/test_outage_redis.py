"""Redis is not there, goes away, comes back."""

from __future__ import annotations

import asyncio
import signal
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from bot.app import App
from bot.errors import StoreUnavailable
from bot.plugins import find_adapters
from bot.settings import read_settings
from tests.flows.program import bot, run_bot
from tests.flows.stage import QUICK, open_stage
from tests.flows.weavers import Weavers
from tests.servers import Valkey, free_port, valkey_server
from tests.simulators.openai_sim import Answer

BEGINNING = "This is only the beginning of it,"
WHOLE = f"{BEGINNING} and this is the end."
AWAY = (
    "I can't reach my memory right now, and I won't answer without it. I'll answer this as soon "
    "as it is back."
)


@dataclass(slots=True)
class Store:
    """A server that keeps its data while it is away."""

    directory: Path
    stack: ExitStack = field(default_factory=ExitStack)

    def start(self) -> Valkey:
        """Run it, on the data that is there."""
        return self.stack.enter_context(valkey_server(self.directory, persist=True))

    def crash(self, server: Valkey) -> None:
        """End it at once, and leave its data."""
        server.kill()
        self.stack.close()


@pytest.fixture
def store() -> Iterator[Store]:
    """A server that does not run yet."""
    with tempfile.TemporaryDirectory(prefix="bobbin-out-") as directory:
        found = Store(Path(directory))
        yield found
        found.stack.close()


@asynccontextmanager
async def open_weavers(server: Valkey, lease: str = "2") -> AsyncIterator[Weavers]:
    """A bot on that server, whose leases last so many seconds."""
    extra = {"BOBBIN_LEASE_SECONDS": lease}
    async with open_stage(server, "discord", extra=extra) as stage:
        sim = stage.discord
        assert sim is not None
        guild = await sim.add_guild("Weavers")
        general = await sim.add_text_channel(guild, "general")
        ada, ben = sim.add_user("ada", "Ada"), sim.add_user("ben", "Ben")
        yield Weavers(stage, sim, stage.openai, guild, general, ada, ben)
        assert sim.violations == []
        assert stage.openai.violations == []


async def test_nobody_is_there_at_the_start(tmp_path: Path) -> None:
    environ = {"REDIS_URL": f"redis://127.0.0.1:{free_port()}/0"}
    app = App(read_settings(environ, find_adapters()), replace(QUICK, store_at_start=0.3))
    with pytest.raises(StoreUnavailable, match=r"does not answer at 127\.0\.0\.1") as caught:
        await app.run()
    assert "Check that Redis runs at 127.0.0.1" in caught.value.hint


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_it_can_be_stopped_while_it_waits_for_redis(
    tmp_path: Path, number: signal.Signals
) -> None:
    env = {"REDIS_URL": f"redis://127.0.0.1:{free_port()}/0"}
    async with bot(tmp_path, "run", env=env) as process:
        await process.prints("waiting up to 30 s for the store", log=True)
        async with asyncio.timeout(50):
            ended = await process.terminate(number)
    assert ended.code == 0
    assert "Traceback" not in ended.log


async def test_a_refused_password_is_said_at_once(tmp_path: Path) -> None:
    port = free_port()
    with (
        tempfile.TemporaryDirectory(prefix="bobbin-out-") as directory,
        valkey_server(Path(directory), "--requirepass", "right", port=port),
    ):
        environ = {"REDIS_URL": f"redis://:wr0ng@127.0.0.1:{port}/0"}
        ended = await run_bot(tmp_path, "run", env=environ)
    assert ended.code == 1
    assert "refused the" in ended.log and "REDIS_URL" in ended.log
    assert "wr0ng" not in ended.log
    assert "Traceback" not in ended.log
    assert ended.out == ""


async def test_people_are_told_once_and_answered_when_it_is_back(store: Store) -> None:
    server = store.start()
    async with open_weavers(server) as town:
        first = await town.ask(town.ada, "are you there?")
        thread = await town.thread_of(first)
        await town.sim.until(lambda: len(town.said(thread)) == 1)
        store.crash(server)

        await town.sim.say(thread, town.ada, f"{town.mention} and now?")
        await town.sim.until(lambda: town.said(thread)[1:] == [AWAY])
        await town.sim.say(thread, town.ben, f"{town.mention} me too")
        other = await town.ask(town.ben, "and here?")
        await town.sim.until(lambda: AWAY in town.said(town.general))
        assert len(town.openai.chats) == 1

        store.start()
        await town.sim.until(lambda: len(town.said(thread)) >= 3)
        elsewhere = await town.thread_of(other)
        await town.sim.until(lambda: len(town.said(elsewhere)) == 1)
        await town.sim.say(thread, town.ada, "is that all?")
        await town.sim.until(lambda: "is that all?" in town.said(thread)[-1])
        said = [text for text in town.said(thread) if text != AWAY]
        assert town.said(thread).count(AWAY) == 1
        assert town.said(town.general) == [AWAY]
        people = town.openai.chats[-1].texts("user")
        assert [line.split("\n")[0] for line in people] == [
            "Ada: are you there?",
            "Ada: and now?",
            "Ben: me too",
            "Ada: is that all?",
        ]
        assert len(said) in (3, 4), said


async def test_an_answer_that_ends_within_its_lease_is_finished_and_remembered(
    store: Store,
) -> None:
    server = store.start()
    async with open_weavers(server, "60") as town:
        held = Answer([BEGINNING, " and this", " is the end."]).hold(after=1)
        town.openai.script.append(held)
        asked = await town.ask(town.ada, "tell me")
        thread = await town.thread_of(asked)
        await town.until_said(thread, BEGINNING)
        store.crash(server)
        held.release_all()
        await town.until_said(thread, WHOLE)
        (answer,) = town.posts(thread)
        store.start()
        await town.sim.say(thread, town.ada, "thanks")
        await town.sim.until(lambda: len(town.said(thread)) == 2)
        assert town.openai.chats[-1].texts("assistant") == [WHOLE]
        assert answer.content == WHOLE
        assert len(town.openai.chats) == 2


async def test_away_for_longer_than_a_lease(store: Store) -> None:
    """Back again, the process goes on with its own answer instead of taking it over."""
    server = store.start()
    async with open_stage(
        server, "discord", extra={"BOBBIN_LEASE_SECONDS": "0.5"}, start=False
    ) as stage:
        sim = stage.discord
        assert sim is not None
        guild = await sim.add_guild("Weavers")
        general = await sim.add_text_channel(guild, "general")
        ada = sim.add_user("ada", "Ada")
        town = Weavers(stage, sim, stage.openai, guild, general, ada, ada)
        await stage.start(replace(QUICK, sweep=0.05, renew=0.15))
        held = Answer([BEGINNING, " and this", " is the end."]).hold(after=1)
        town.openai.script.append(held)
        asked = await town.ask(ada, "tell me")
        thread = await town.thread_of(asked)
        await town.until_said(thread, BEGINNING)
        store.crash(server)
        # The notice comes after some seconds of tries, which is longer than the lease.
        await town.ask(ada, "something else")
        await sim.until(lambda: town.said(general) == [AWAY])
        store.start()
        await sim.until(lambda: len(town.openai.chats) == 2)
        held.release_all()
        await town.until_said(thread, WHOLE)
        await sim.say(thread, ada, "thanks")
        await sim.until(lambda: len(town.said(thread)) == 2)
        assert town.openai.chats[-1].texts("assistant") == [WHOLE]
        assert len(town.openai.chats) == 3
