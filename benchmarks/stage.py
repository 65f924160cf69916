"""The bot as it is run, between simulators that are processes of their own."""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import aiohttp

from benchmarks.figures import Spread
from benchmarks.processes import Worker, worker
from benchmarks.scene import MODEL, Pace, Spoken

SETTLE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Stage:
    """A bot that is connected, and what it is connected to."""

    bot: Worker
    platform: Worker
    model: Worker
    log: Path
    environment: Mapping[str, str]

    async def answer_with(self, pace: Pace) -> None:
        """Let the model answer like this from now on."""
        await self.model.order("pace", **asdict(pace))

    async def spoken(self) -> dict[int, Spoken]:
        """When the model said what, since the last call; by question.

        Raises:
            RuntimeError: A request was not as it should be.
        """
        found = await self.model.order("spoken")
        if found["violations"]:
            raise RuntimeError(f"the model's server complains: {found['violations'][:3]}")
        return {int(number): Spoken(**times) for number, times in found["spoken"].items() if times}


@asynccontextmanager
async def open_stage(
    platform: str, pace: Pace, extra: Mapping[str, str] | None = None
) -> AsyncIterator[Stage]:
    """Start all of it; without REDIS_URL in `extra` the bot brings its bundled server."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bobbin-bench-")))
        model = await stack.enter_async_context(worker("benchmarks.host", "model"))
        host = await stack.enter_async_context(worker("benchmarks.host", platform))
        await model.order("pace", **asdict(pace))
        environment = {
            **await model.order("environment"),
            **await host.order("environment"),
            "BOBBIN_DATA_DIR": str(folder / "data"),
            **(extra or {}),
        }
        log = folder / "log"
        bot = await stack.enter_async_context(
            worker("bot", "run", env=environment, folder=folder, log=log)
        )
        connected = asyncio.create_task(host.order("connected"))
        try:
            await connected
        except BaseException as error:
            error.add_note(log.read_text())
            raise
        # Signing in and registering commands is not part of any answer.
        await asyncio.sleep(SETTLE_SECONDS)
        yield Stage(bot, host, model, log, environment)


async def platform_call(stage: Stage, calls: int = 20) -> Spread:
    """Seconds of one call to the platform from this process, over a connection that stands."""
    known = stage.environment
    if "DISCORD_TOKEN" in known:
        url, scheme, token = known["DISCORD_API_URL"] + "/users/@me", "Bot", known["DISCORD_TOKEN"]
    else:
        url, scheme, token = (
            known["SLACK_API_URL"] + "auth.test",
            "Bearer",
            known["SLACK_BOT_TOKEN"],
        )
    times: list[float] = []
    async with aiohttp.ClientSession(headers={"Authorization": f"{scheme} {token}"}) as session:
        for _ in range(calls + 1):
            began = time.perf_counter()
            method = "GET" if scheme == "Bot" else "POST"
            async with session.request(method, url, raise_for_status=True) as response:
                await response.read()
            times.append(time.perf_counter() - began)
    await asyncio.sleep(SETTLE_SECONDS)
    return Spread.of(times[1:])


@dataclass(frozen=True, slots=True)
class Bare:
    """What the openai package alone takes for some answers at once.

    Attributes:
        cpu: CPU seconds for all of them.
        first_token: Seconds from the request to the first token of each.
    """

    cpu: float
    first_token: tuple[float, ...]


async def bare(count: int, pace: Pace) -> Bare:
    """Let the openai package alone read `count` answers at once."""
    async with worker("benchmarks.host", "model") as model:
        await model.order("pace", **asdict(pace))
        environment = await model.order("environment") | {"OPENAI_MODEL": MODEL}
        async with worker(
            "benchmarks.bare", str(count), str(pace.tokens), env=environment
        ) as client:
            found = json.loads(await client.read_all())
    return Bare(found["cpu"], tuple(found["first"]))
