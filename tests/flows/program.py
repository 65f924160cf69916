"""The bot as a program of its own: started, crashed, frozen and ended from outside."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Protocol, Self

from tests.flows.nursery import nursery

PATIENCE = 50.0


ROOT = Path(__file__).parents[2]
"""The code that processes run is the one that lies beside these tests."""


SITE = Path(__file__).parent / "site"
"""What they do not see; see there."""


WARNINGS = ("error", "ignore:'audioop' is deprecated:DeprecationWarning")


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
    """`python -m bot …` in `folder`, whose `.env` it reads. Everything it writes is kept.

    Attributes:
        module: What is run.
    """

    module: ClassVar[str] = "bot"

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
            typed = await typing(write)
        else:
            read = os.open(os.devnull, os.O_RDONLY)
        (out, to_out), (log, to_log) = os.pipe(), os.pipe()
        try:
            line = made.start(cls.module, arguments, env, folder, (read, to_out, to_log))
        finally:
            for descriptor in (read, to_out, to_log):
                os.close(descriptor)
        told, writer = await asyncio.open_connection(sock=line)
        pid = int(await told.readline())
        return cls(Forked(pid, told, writer), await pipe(out), await pipe(log), typed)

    @classmethod
    def command(cls, *arguments: str) -> tuple[str, ...]:
        """The command line."""
        return (sys.executable, "-m", cls.module, *arguments)

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


async def pipe(descriptor: int) -> asyncio.StreamReader:
    """What is written into the other end."""
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(descriptor, "rb", 0)
    )
    return reader


async def typing(descriptor: int) -> asyncio.StreamWriter:
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
