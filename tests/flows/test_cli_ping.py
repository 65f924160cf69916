"""`bobbin ping`: whether the bot that runs here is alive, whatever its store does."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.flows.program import Ended, bot, environment, run_bot
from tests.servers import Valkey, free_port


@dataclass(frozen=True, slots=True)
class Here:
    """A place of its own for temporary files, as a container has one."""

    folder: Path

    @property
    def env(self) -> Mapping[str, str]:
        """For whatever runs here."""
        return {"TMPDIR": str(self.folder)}

    async def ping(self, *options: str) -> Ended:
        """Ask whether it is alive."""
        return await run_bot(self.folder, "ping", *options, env=self.env)

    async def loaded(self, module: str, said: str, *words: str) -> set[str]:
        """What `python -m module …` imports that fails and says so."""
        line = (sys.executable, "-X", "importtime", "-m", module, *words)
        env = environment(self.folder, self.env)
        ended = await asyncio.to_thread(
            subprocess.run, line, env=env, capture_output=True, check=False
        )
        told = ended.stderr.decode()
        assert ended.returncode == 1 and said in told
        return {each.rpartition("|")[2].strip() for each in told.splitlines()}


@pytest.fixture
def here() -> Iterator[Here]:
    with tempfile.TemporaryDirectory(prefix="bobbin-ping-") as folder:
        yield Here(Path(folder))


async def test_without_a_bot_it_fails_and_says_so(here: Here) -> None:
    ended = await here.ping()
    assert (ended.code, ended.out) == (1, "")
    assert ended.log == "No bot of this user runs here: start one with `bobbin run`.\n"
    # Neither the image nor an operator loads the bot for it.
    image, shell = await asyncio.gather(
        here.loaded("bot.ops.ping", ended.log), here.loaded("bot", ended.log, "ping")
    )
    assert {each for each in image if each.startswith("bot.")} == {
        "bot.ops",
        "bot.ops.alive",
        "bot.folders",
    }
    assert {"bot.cli", "bot.ops.ping"} <= shell
    assert not {"bot.app", "bot.storage", "bot.settings", "redis", "pydantic", "structlog"} & shell


async def test_a_bot_that_runs_hangs_goes_on_and_dies(here: Here, server: Valkey) -> None:
    env = {**here.env, "REDIS_URL": server.url, "BOBBIN_LOG_LEVEL": "INFO"}
    async with bot(here.folder, "run", env=env, stdin=-1) as process:
        await process.prints("the demo model answers on console", log=True)
        said = f"Bobbin (process {process.pid})"
        ended = await here.ping()
        assert (ended.code, ended.out, ended.log) == (0, f"{said}: alive\n", "")
        process.freeze()
        hangs = await here.ping("--seconds", "0.3")
        assert (hangs.code, hangs.out) == (1, "")
        assert hangs.log == f"{said}: does not answer within 0.3 s\n"
        process.thaw()
        assert (await here.ping()).code == 0
        await process.kill()
        assert (await here.ping()).code == 1


async def test_a_redis_that_is_away_is_no_reason_to_start_it_again(here: Here) -> None:
    env = {**here.env, "REDIS_URL": f"redis://127.0.0.1:{free_port()}/0"}
    async with bot(here.folder, "run", env=env) as process:
        await process.prints("waiting up to 30 s for the store", log=True)
        assert (await here.ping()).code == 0
        await process.terminate()
        assert (await here.ping()).code == 1


async def test_a_process_that_serves_memories_alone_counts(here: Here, server: Valkey) -> None:
    env = {**here.env, "REDIS_URL": server.url, "BOBBIN_API_PORT": "0"}
    async with bot(here.folder, "api", env=env) as process:
        await process.prints("served at", log=True)
        assert (await here.ping()).code == 0
