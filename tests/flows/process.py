"""The bot as a process of its own: started, crashed, frozen and ended from outside."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, Self

from adapters.slack.socket import CONNECTIONS
from bot.chat import ThreadKey
from bot.storage.connect import Link, open_redis
from bot.storage.keys import ThreadKeys
from tests.flows.acme import Acme, place
from tests.flows.nursery import nursery
from tests.flows.stage import SCALE, Stage, http_port, open_stage
from tests.servers import Valkey, free_port
from tests.simulators.discord_sim import Channel, DiscordSimulator, Message, User
from tests.simulators.slack_sim import Message as Post

LEASE_SECONDS = "0.6"
PATIENCE = 20.0

ROOT = Path(__file__).parents[2]
"""The code that processes run is the one that lies beside these tests."""

SITE = Path(__file__).parent / "site"
"""What they do not see; see there."""

WARNINGS = ("error", "ignore:'audioop' is deprecated:DeprecationWarning")
FAULTS = ("Traceback", "never awaited", "Unclosed", "never retrieved", "Exception ignored")
"""What a healthy process never writes to its log."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A process that has ended."""

    code: int
    out: str
    log: str


def environment(folder: Path, *layers: Mapping[str, str]) -> dict[str, str]:
    """An environment in which nothing of this machine's settings is seen."""
    found = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "PYTHONPATH": os.pathsep.join((str(ROOT), str(SITE))),
        "PYTHONWARNINGS": ",".join(WARNINGS),
        "BOBBIN_DATA_DIR": str(folder / "data"),
    }
    for layer in layers:
        found |= layer
    return found


class Handle(Protocol):
    """What is needed of a process, as `asyncio.subprocess.Process` has it."""

    @property
    def pid(self) -> int: ...

    @property
    def returncode(self) -> int | None: ...

    async def wait(self) -> int: ...

    def send_signal(self, signal: int) -> None: ...


class Forked:
    """A process that a nursery has made."""

    def __init__(self, pid: int, told: asyncio.StreamReader, line: asyncio.StreamWriter) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._line = line
        self._end = asyncio.create_task(self._hear(told))

    async def _hear(self, told: asyncio.StreamReader) -> int:
        self.returncode = int(await told.readline())
        self._line.close()
        await self._line.wait_closed()
        return self.returncode

    async def wait(self) -> int:
        return await asyncio.shield(self._end)

    def send_signal(self, number: int) -> None:
        if self.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)


class BotProcess:
    """`python -m bot …` in `folder`, whose `.env` it reads. Everything it writes is kept."""

    def __init__(
        self,
        process: Handle,
        out: asyncio.StreamReader,
        log: asyncio.StreamReader,
        typed: asyncio.StreamWriter | None = None,
    ) -> None:
        self._process = process
        self._typed = typed
        self._parts: dict[str, bytes] = {"out": b"", "log": b""}
        self._changed = asyncio.Condition()
        self._readers = [
            asyncio.create_task(self._read("out", out)),
            asyncio.create_task(self._read("log", log)),
        ]

    @classmethod
    async def start(
        cls,
        folder: Path,
        *arguments: str,
        env: Mapping[str, str],
        stdin: int = asyncio.subprocess.DEVNULL,
    ) -> Self:
        """Start it; nothing is waited for."""
        process = await asyncio.create_subprocess_exec(
            *cls.command(*arguments),
            cwd=folder,
            env=dict(env),
            stdin=stdin,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        assert process.stdout is not None and process.stderr is not None
        return cls(process, process.stdout, process.stderr, process.stdin)

    @classmethod
    async def fork(
        cls,
        folder: Path,
        *arguments: str,
        env: Mapping[str, str],
        stdin: int = asyncio.subprocess.DEVNULL,
    ) -> Self:
        """Start it without waiting for its imports."""
        made = nursery(ROOT, tuple(environment(Path("/")).items()))
        typed: asyncio.StreamWriter | None = None
        if stdin == asyncio.subprocess.PIPE:
            read, write = os.pipe()
            typed = await _typing(write)
        else:
            read = os.open(os.devnull, os.O_RDONLY)
        (out, to_out), (log, to_log) = os.pipe(), os.pipe()
        try:
            line = made.start(arguments, env, folder, (read, to_out, to_log))
        finally:
            for descriptor in (read, to_out, to_log):
                os.close(descriptor)
        told, writer = await asyncio.open_connection(sock=line)
        pid = int(await told.readline())
        return cls(Forked(pid, told, writer), await _pipe(out), await _pipe(log), typed)

    @staticmethod
    def command(*arguments: str) -> tuple[str, ...]:
        """The command line."""
        return (sys.executable, "-m", "bot", *arguments)

    async def _read(self, name: str, stream: asyncio.StreamReader) -> None:
        while data := await stream.read(1 << 16):
            async with self._changed:
                self._parts[name] += data
                self._changed.notify_all()

    @property
    def out(self) -> str:
        """Standard output so far."""
        return self._parts["out"].decode(errors="replace")

    @property
    def log(self) -> str:
        """Standard error so far."""
        return self._parts["log"].decode(errors="replace")

    @property
    def pid(self) -> int:
        """Its id."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """It has not ended."""
        return self._process.returncode is None

    async def prints(self, sign: str, *, log: bool = False) -> None:
        """Wait until it has written `sign` to standard output, or to its log."""
        try:
            async with asyncio.timeout(PATIENCE), self._changed:
                await self._changed.wait_for(lambda: sign in (self.log if log else self.out))
        except TimeoutError:
            raise TimeoutError(f"{sign!r} was not written:\n{self.out}\n{self.log}") from None

    async def write(self, data: bytes, *, end: bool = False) -> None:
        """Type something; `end` is the end of the input."""
        assert self._typed is not None
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self._typed.write(data)
            await self._typed.drain()
        if end:
            self._typed.close()

    def send(self, number: signal.Signals) -> None:
        """Send a signal."""
        self._process.send_signal(number)

    async def kill(self) -> None:
        """End it as a crash would."""
        self.send(signal.SIGKILL)
        await self._process.wait()

    def freeze(self) -> None:
        """Let it run no further, as a paused machine would."""
        self.send(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self.send(signal.SIGCONT)

    async def ended(self) -> Ended:
        """Wait until it has ended by itself."""
        try:
            async with asyncio.timeout(PATIENCE):
                code = await self._process.wait()
                await asyncio.gather(*self._readers)
        except TimeoutError:
            raise TimeoutError(f"it does not end:\n{self.out}\n{self.log}") from None
        return Ended(code, self.out, self.log)

    async def terminate(self, number: signal.Signals = signal.SIGTERM) -> Ended:
        """Ask it to end and wait until it has."""
        self.send(number)
        return await self.ended()

    async def close(self) -> None:
        """End it in any case."""
        if self.running:
            self.thaw()
            self.send(signal.SIGKILL)
        await self._process.wait()
        await asyncio.gather(*self._readers)
        if self._typed is not None:
            self._typed.close()


async def _pipe(descriptor: int) -> asyncio.StreamReader:
    """What is written into the other end."""
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(descriptor, "rb", 0)
    )
    return reader


async def _typing(descriptor: int) -> asyncio.StreamWriter:
    """Writes into a pipe."""
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.connect_write_pipe(
        lambda: asyncio.streams.FlowControlMixin(loop=loop), os.fdopen(descriptor, "wb", 0)
    )
    return asyncio.StreamWriter(transport, protocol, None, loop)


@asynccontextmanager
async def bot(
    folder: Path,
    *arguments: str,
    env: Mapping[str, str] | None = None,
    stdin: int = asyncio.subprocess.DEVNULL,
    fresh: bool = False,
) -> AsyncIterator[BotProcess]:
    """A process that has ended when the block does; a `fresh` one starts from nothing."""
    start = BotProcess.start if fresh else BotProcess.fork
    process = await start(folder, *arguments, env=environment(folder, env or {}), stdin=stdin)
    try:
        yield process
    finally:
        await process.close()


async def run_bot(
    folder: Path,
    *arguments: str,
    env: Mapping[str, str] | None = None,
    typed: bytes = b"",
    fresh: bool = False,
) -> Ended:
    """Run it to its end with `typed` as standard input."""
    pipe = asyncio.subprocess.PIPE
    async with bot(folder, *arguments, env=env, stdin=pipe, fresh=fresh) as process:
        await process.write(typed, end=True)
        return await process.ended()


@dataclass(slots=True, kw_only=True)
class Processes:
    """Simulated platforms, and the processes that answer there."""

    stage: Stage
    folder: Path
    bots: list[BotProcess] = field(default_factory=list[BotProcess])

    async def bot(self, **extra: str) -> BotProcess:
        """Start a process and wait until it is connected everywhere."""
        port = free_port()
        listens = http_port(self.stage.slack, port)
        connected = asyncio.ensure_future(asyncio.gather(*self._connections(port)))
        env = {"BOBBIN_LEASE_SECONDS": LEASE_SECONDS, **listens, **extra}
        process = await BotProcess.fork(
            self.folder,
            "run",
            env=environment(self.folder, self.stage.environment(), env),
        )
        self.bots.append(process)
        ended = asyncio.create_task(process.ended())
        await asyncio.wait({connected, ended}, return_when=asyncio.FIRST_COMPLETED)
        if not connected.done():
            connected.cancel()
            # Its own patience may have been at an end, and not the process.
            await ended
            raise AssertionError(f"the bot ended:\n{process.log}")
        ended.cancel()
        await connected
        return process

    def _connections(self, port: int) -> list[Coroutine[None, None, object]]:
        """What a process that is about to start will have done when it is connected."""
        waits: list[Coroutine[None, None, object]] = []
        discord, slack = self.stage.discord, self.stage.slack
        if discord is not None:
            sessions = len(discord.identifies)
            waits.append(discord.until(lambda: len(discord.identifies) > sessions, PATIENCE))
        if slack is not None and slack.http:
            waits.append(slack.listened(port, PATIENCE))
        elif slack is not None:
            sockets = slack.sockets.accepted

            def linked() -> bool:
                return sum(link.number > sockets for link in slack.connections) >= CONNECTIONS

            waits.append(slack.until(linked, PATIENCE))
        return waits


@dataclass(slots=True, kw_only=True)
class Town(Processes):
    """A Discord server with one channel and one person, and the processes that answer there."""

    sim: DiscordSimulator
    general: Channel
    ada: User

    async def ask(self, text: str) -> Message:
        """Mention the bot in the channel."""
        return await self.sim.say(self.general, self.ada, f"{self.sim.mention} {text}")

    async def thread(self, asked: Message) -> Channel:
        """The thread that a question gets."""
        return await self.sim.until(lambda: self.sim.thread_of(asked), PATIENCE)

    def said(self, thread: Channel | None) -> list[str]:
        """What stands there by the bot."""
        if thread is None:
            return []
        return [message.content for message in self.sim.messages(thread, by=self.sim.bot)]

    async def until_said(self, thread: Channel, *texts: str) -> None:
        """Wait until exactly these messages of the bot stand in a thread."""
        await self.sim.until(lambda: self.said(thread) == list(texts), PATIENCE)

    async def until_kept(self, thread: Channel, waiting: int) -> None:
        """Wait until so many messages wait in the store for the next turn.

        Only the store tells that; what is said to a process that is killed before is lost.
        """
        async with self._stored(thread) as (link, keys), asyncio.timeout(PATIENCE):
            while await link.call("LLEN", f"{keys.base}:queue") != waiting:
                pass

    async def until_lease_ended(self, thread: Channel) -> None:
        """Wait until the process that answers there has been silent for longer than its lease."""
        async with self._stored(thread) as (link, keys), asyncio.timeout(PATIENCE):
            ends = int(await link.call("HGET", keys.meta, "until"))
            while int((await link.call("TIME"))[0]) * 1000 <= ends:
                pass

    @asynccontextmanager
    async def _stored(self, thread: Channel) -> AsyncIterator[tuple[Link, ThreadKeys]]:
        assert self.general.guild is not None
        key = ThreadKey("discord", str(self.general.guild.id), str(self.general.id), str(thread.id))
        client = open_redis(self.stage.server.url)
        try:
            yield Link(client), ThreadKeys(key)
        finally:
            await client.aclose()

    async def settled(self, thread: Channel) -> None:
        """Let the bot answer one more question, so that everything before it is over."""
        asked = await self.sim.say(thread, self.ada, "are you still there?")
        await self.sim.until(
            lambda: any("still there?" in text for text in self.said(thread)), PATIENCE
        )
        assert sum("still there?" in text for text in self.said(thread)) == 1, asked


@dataclass(slots=True, kw_only=True)
class SlackTown(Processes):
    """A Slack workspace, and the processes that answer there. The bot of `here` does not run."""

    here: Acme

    async def kill(self, process: BotProcess) -> None:
        """Crash a process, and wait until Slack has seen its sockets close."""
        sim = self.here.sim
        await process.kill()
        if sim.http:
            return
        alive = sum(other.running for other in self.bots)
        await sim.until(lambda: len(sim.connections) == alive * CONNECTIONS, PATIENCE)

    async def until_said(self, root: Post, *texts: str) -> None:
        """Wait until exactly these messages of the bot stand in the thread of a message."""
        await self.here.until_said(root, *texts, timeout=PATIENCE)

    async def settled(self, root: Post) -> None:
        """Let the bot answer one more question, so that everything before it is over."""
        self.here.say(root, self.here.ada, "are you still there?")
        await self.here.sim.until(lambda: "still there?" in self.here.said(root)[-1], PATIENCE)
        assert sum("still there?" in text for text in self.here.said(root)) == 1
        await self.here.settled()


def assert_healthy(logs: Sequence[str]) -> None:
    """No process has written what points to a fault of its own."""
    for log in logs:
        for sign in FAULTS:
            assert sign not in log, log


@asynccontextmanager
async def open_town(
    server: Valkey,
    folder: Path,
    *platforms: str,
    extra: Mapping[str, str] | None = None,
    scale: float = SCALE,
) -> AsyncIterator[Town]:
    """The place where processes come and go; no bot runs yet."""
    async with open_stage(
        server, "discord", *platforms, extra=extra, start=False, limits=True, scale=scale
    ) as stage:
        sim = stage.discord
        assert sim is not None
        guild = await sim.add_guild("Weavers")
        general = await sim.add_text_channel(guild, "general")
        ada = sim.add_user("ada", "Ada")
        town = Town(stage=stage, folder=folder, sim=sim, general=general, ada=ada)
        async with _tended(town):
            yield town
        assert sim.violations == []


@asynccontextmanager
async def open_slack_town(
    server: Valkey,
    folder: Path,
    *,
    extra: Mapping[str, str] | None = None,
    slack: Mapping[str, Any] | None = None,
) -> AsyncIterator[SlackTown]:
    """The same with a Slack workspace; `slack` are settings of its simulator."""
    async with open_stage(server, "slack", extra=extra, start=False, slack=slack) as stage:
        here = place(stage)
        town = SlackTown(stage=stage, folder=folder, here=here)
        async with _tended(town):
            yield town
        here.check()


@asynccontextmanager
async def _tended(town: Processes) -> AsyncIterator[None]:
    """End every process, show what they wrote when something fails, and look through it."""
    openai = town.stage.openai
    try:
        yield
    except BaseException as error:
        error.add_note("\n".join(process.log for process in town.bots))
        error.add_note("\n".join(f"{item.status}" for item in openai.chats))
        raise
    finally:
        for process in town.bots:
            await process.close()
    assert openai.violations == []
    assert_healthy([process.log for process in town.bots])
