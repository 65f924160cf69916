"""The bot's processes and the store, which die and are started again as a supervisor would."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bot.storage.binary import find_server
from bot.storage.connect import open_redis
from tests.chaos.plan import Kill
from tests.flows.program import BotProcess, environment
from tests.servers import READY, wait_for_line

LOGINS = "bobbin:rate:*:logins"
"""Under which the bot counts its log-ins at Discord, those of a day; not who logs in just now."""


@dataclass(slots=True)
class Store:
    """A server that keeps what it was told in an append-only file, and can be killed.

    It is set up as the bundled one. A server that does not wait for its disk forgets what it has
    confirmed when it is killed while the disk is busy.
    """

    folder: Path
    restarts: int = 0
    _process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """For the bot."""
        return f"unix://{self.folder / 'store.sock'}"

    async def start(self) -> None:
        """Start it, with what its file holds."""
        await asyncio.to_thread(self._start)

    def _start(self) -> None:
        command = [str(find_server()), "--port", "0", "--dir", str(self.folder)]
        command += ["--unixsocket", str(self.folder / "store.sock"), "--unixsocketperm", "700"]
        command += ["--save", "", "--appendonly", "yes", "--appendfsync", "always"]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        wait_for_line(self._process, READY)

    def kill(self) -> None:
        """As a crash would."""
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGKILL)
        self._process.communicate()

    async def restart(self, away: float) -> None:
        """Kill it, and start it again after some seconds."""
        self.kill()
        await asyncio.sleep(away)
        await self.start()
        self.restarts += 1

    async def pass_days(self) -> None:
        """Let Discord's daily count of log-ins begin anew.

        A thousand a day are allowed, and the bot is careful with them; fifty crashes within
        minutes stand for as many days.
        """
        client = open_redis(self.url)
        try:
            async for key in client.scan_iter(LOGINS, count=1000):
                await client.delete(key)
        finally:
            await client.aclose()

    def close(self) -> None:
        """End it."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            self._process.communicate()


@dataclass(frozen=True, slots=True)
class Death:
    """Who was killed when, in seconds from the start; `age` is how long it had lived."""

    at: float
    name: int
    age: float


@dataclass(slots=True)
class Crew:
    """The bot's processes.

    Attributes:
        wanted: How many there are to be.
        forked: See `Size`.
        deaths: Who was killed.
        logs: What those that have ended have written, by name.
        unexpected: Who ended without being killed.
        began: Loop time from which the times of deaths are counted.
    """

    folder: Path
    env: Mapping[str, str]
    store: Store
    wanted: int
    forked: bool
    deaths: list[Death] = field(default_factory=list[Death])
    logs: dict[int, str] = field(default_factory=dict[int, str])
    unexpected: list[str] = field(default_factory=list[str])
    began: float = 0.0
    _alive: dict[int, tuple[BotProcess, float]] = field(
        default_factory=dict[int, tuple[BotProcess, float]]
    )
    _started: int = 0
    _born: asyncio.Event = field(default_factory=asyncio.Event)

    async def begin(self) -> None:
        """Start them all."""
        for _ in range(self.wanted):
            await self._start()

    async def _start(self) -> None:
        self._started += 1
        start = BotProcess.fork if self.forked else BotProcess.start
        process = await start(self.folder, "run", env=environment(self.folder, self.env))
        self._alive[self._started] = (process, asyncio.get_running_loop().time())
        self._born.set()

    async def kill(self, kill: Kill) -> None:
        """Kill one of them, or all, as soon as there is one; start as many after a while."""
        while not self._alive:
            self._born.clear()
            await self._born.wait()
        now = asyncio.get_running_loop().time()
        names = sorted(self._alive)
        victims = names if kill.everybody else [names[kill.victim % len(names)]]
        dying = {name: self._alive.pop(name) for name in victims}
        for process, _ in dying.values():
            if process.running:
                process.send(signal.SIGKILL)
        for name, (process, born) in dying.items():
            await process.close()
            self._bury(name, process)
            self.deaths.append(Death(now - self.began, name, now - born))
        await asyncio.sleep(kill.back)
        for _ in victims:
            await self._start()

    async def watch(self) -> None:
        """Start again whatever has ended by itself, as a supervisor would; for ever."""
        while True:
            await asyncio.sleep(0.5)
            for name, (process, _) in list(self._alive.items()):
                if not process.running:
                    del self._alive[name]
                    await process.close()
                    self._bury(name, process)
                    self.unexpected.append(f"process {name} ended:\n{process.log[-2000:]}")
                    await self._start()

    async def end(self) -> list[int]:
        """Ask all of them to end, as an operator does, and return their exit codes."""
        codes: list[int] = []
        for name, (process, _) in sorted(self._alive.items()):
            if process.running:
                process.send(signal.SIGTERM)
            codes.append((await process.ended()).code)
            self._bury(name, process)
        self._alive.clear()
        return codes

    async def close(self) -> None:
        """End whatever still runs."""
        for name, (process, _) in self._alive.items():
            await process.close()
            self._bury(name, process)
        self._alive.clear()

    def _bury(self, name: int, process: BotProcess) -> None:
        self.logs[name] = process.log
