"""The bundled server: started when nobody runs it yet, watched, stopped by the last one to leave.

Several processes may share a data directory. Two locks, which the system releases however a
process ends, keep order:

    users.lock    shared by every bot that uses the server; whoever can take it alone while leaving
                  is the last, and stops the server, no matter who started it
    server.lock   held by the server itself, which inherits it; whoever gets it knows that no
                  server runs on this data, and may start one

So a bot that was killed leaves the server running; the next start adopts it (or starts another if
it was killed as well), and its orderly end stops it. The server is a daemon in a session of its
own: Ctrl-C in a terminal does not reach it. It listens on a unix socket only.

Not healed here: a server that lives but does not answer. Redis commands then time out.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Generator
from pathlib import Path
from types import TracebackType
from typing import Literal
from urllib.parse import quote

from bot.errors import StoreUnavailable
from bot.folders import made_private
from bot.storage.binary import find_server
from bot.storage.compaction import Compaction
from bot.storage.file_lock import FileLock
from bot.tasks import end

logger = logging.getLogger(__name__)

SOCKET_BYTES_MOST = 100
"""The system's limit is 103 or 107 bytes."""

LAUNCH_SECONDS = 10.0
ANSWER_SECONDS = 5.0
LOADING_SECONDS = 900.0
STOP_SECONDS = 15.0
PAUSE = 0.02
STEADY_SECONDS = 30.0
LOG_BYTES_MOST = 1_000_000

Watch = tuple[asyncio.StreamReader, asyncio.StreamWriter]
"""An idle connection to the server: it ends when the server does."""


class EmbeddedServer:
    """A Redis-compatible server of our own, with its data in `data_dir`.

    Args:
        data_dir: Made when missing, for this user only.
        ready_seconds: How long a server may take to answer; loading its data is not counted.
        backoff: First and longest pause in seconds between two restarts.
        compact_seconds: How soon after `compact` the file of all writes is rewritten.

    Usage:
        async with EmbeddedServer(path) as url: ...
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        ready_seconds: float = 30.0,
        backoff: tuple[float, float] = (0.1, 30.0),
        compact_seconds: float = 1.0,
    ) -> None:
        self._dir = data_dir.expanduser().absolute()
        self._ready_seconds = ready_seconds
        self._backoff = backoff
        self._users = FileLock(self._dir / "users.lock")
        self._launching: asyncio.Task[bool] | None = None
        self._supervisor: asyncio.Task[None] | None = None
        self._compaction = Compaction(self._tell, compact_seconds)
        self._compactor: asyncio.Task[None] | None = None
        self._socket: Path | None = None
        self._watch: Watch | None = None
        self._joined = False

    @property
    def url(self) -> str:
        """The address for redis-py; the same over restarts. Raises ValueError before `start`."""
        if self._socket is None:
            raise ValueError("the server has not been started")
        return f"unix://{quote(str(self._socket))}"

    async def __aenter__(self) -> str:
        await self.start()
        return self.url

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Return when the server answers, adopted or started.

        Raises:
            StoreUnavailable: There is no server program, the directory cannot be used, or the
                server does not come up; the hint quotes what it said.
        """
        with _disk_errors(self._dir):
            await asyncio.to_thread(self._dir.mkdir, mode=0o700, parents=True, exist_ok=True)
            if not await _poll(self._users.try_shared, STOP_SECONDS + ANSWER_SECONDS):
                raise StoreUnavailable(
                    "the bundled server is being stopped and does not end",
                    hint=f"Another Bobbin is stopping the server of {self._dir}; try again.",
                )
        self._joined = True
        try:
            self._watch = await self._ensure()
        except BaseException:
            await self.stop()
            raise
        self._supervisor = asyncio.create_task(self._supervise())
        self._compactor = asyncio.create_task(self._compaction.run())

    async def stop(self) -> None:
        """Leave; the last one to leave stops the server and waits until it has ended.

        Fine to call again, or without a start.
        """
        if self._compactor is not None:
            await end(self._compactor)
            self._compactor = None
            await self._compaction.finish()
        if self._supervisor is not None:
            await end(self._supervisor)
            self._supervisor = None
        if self._launching is not None:
            await asyncio.wait({self._launching})
            self._launching = None
        if self._watch is not None:
            self._watch[1].close()
            self._watch = None
        if not self._joined:
            return
        self._joined = False
        try:
            if await asyncio.to_thread(self._users.try_exclusive):
                await self._shut_down()
        finally:
            self._users.release()

    def compact(self) -> None:
        """Something was erased: have it taken out of the server's files soon, too."""
        self._compaction.soon()

    async def _tell(self, command: bytes) -> bytes:
        return b"" if self._socket is None else await _ask(self._socket, command)

    async def _ensure(self) -> Watch:
        """A connection to the server, which is started when none runs."""
        loop = asyncio.get_running_loop()
        begun = loop.time()
        ends = begun + self._ready_seconds
        launched = False
        while True:
            with _disk_errors(self._dir):
                self._launching = asyncio.create_task(asyncio.to_thread(self._launch, launched))
                # The thread goes on when we are cancelled: `stop` waits for it.
                launched |= await asyncio.shield(self._launching)
                self._socket = await asyncio.to_thread(self._recorded_socket)
            answer = "" if self._socket is None else await _greet(self._socket)
            if isinstance(answer, tuple):
                return answer
            if answer == "loading":
                ends = min(loop.time() + self._ready_seconds, begun + LOADING_SECONDS)
            if loop.time() >= ends:
                raise StoreUnavailable(
                    "the bundled server does not answer",
                    hint=f"See {self._dir / 'server.log'}; if it hangs, end it by the id in "
                    f"{self._dir / 'server.pid'} and start again.",
                )
            await asyncio.sleep(PAUSE)

    async def _supervise(self) -> None:
        """Start the server again whenever it ends."""
        loop = asyncio.get_running_loop()
        first, longest = self._backoff
        pause = first
        while self._watch is not None:
            up_since = loop.time()
            await _ended(self._watch)
            if loop.time() - up_since >= STEADY_SECONDS:
                pause = first
            logger.warning("the bundled server ended; starting it again")
            failures = 0
            while True:
                await asyncio.sleep(pause)
                pause = min(pause * 2, longest)
                try:
                    self._watch = await self._ensure()
                    break
                except StoreUnavailable as error:
                    failures += 1
                    if failures & (failures - 1) == 0:
                        logger.error("the bundled server cannot be started: %s", error.hint)
            logger.info("the bundled server answers again")

    def _launch(self, again: bool) -> bool:
        """Start a server unless one runs; blocks. `again`: we have started one just now.

        Raises:
            StoreUnavailable: The one we started has ended already.
        """
        lock = FileLock(self._dir / "server.lock")
        if not lock.try_exclusive():
            return False
        try:
            log = self._dir / "server.log"
            if again:
                raise StoreUnavailable(
                    "the bundled server ended at once",
                    hint=f"The server said: {_last_line(log)} (whole log: {log})",
                )
            if log.exists() and log.stat().st_size > LOG_BYTES_MOST:
                log.unlink()
            self._run_server(self._choose_socket(), log, lock.descriptor)
            return True
        finally:
            lock.release()

    def _run_server(self, path: Path, log: Path, descriptor: int) -> None:
        """Run the program, which goes into the background by itself and keeps `descriptor`."""
        flags = {
            "port": "0",
            "unixsocket": str(path),
            "unixsocketperm": "700",
            "dir": str(self._dir),
            "appendonly": "yes",
            "appendfsync": "always",
            # Otherwise a log written by Valkey 9 cannot be read by Redis.
            "aof-use-rdb-preamble": "no",
            "save": "",
            "maxmemory-policy": "noeviction",
            "daemonize": "yes",
            "pidfile": str(self._dir / "server.pid"),
            "logfile": str(log),
            "loglevel": "warning",
        }
        command = [str(find_server())]
        for name, value in flags.items():
            command += [f"--{name}", value]
        try:
            # An empty environment: the bot's holds tokens.
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                env={},
                pass_fds=(descriptor,),
                start_new_session=True,
                timeout=LAUNCH_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise StoreUnavailable("the server program hangs while starting") from error
        if done.returncode:
            said = (done.stdout + done.stderr).decode(errors="replace").split("\n")
            raise StoreUnavailable(
                "the server program cannot be started",
                hint=f"The server said: {' '.join(line.strip() for line in said if line.strip())}",
            )

    def _choose_socket(self) -> Path:
        """Where the server will listen: in the directory, or, if that path is too long, elsewhere.

        The place is written down for others, and kept over restarts as long as it can be.
        """
        path = self._dir / "r.sock"
        if len(os.fsencode(path)) > SOCKET_BYTES_MOST:
            before = self._recorded_socket()
            if before is not None and made_private(before.parent):
                return before
            path = Path(tempfile.mkdtemp(prefix="bobbin-")) / "r.sock"
        record = self._dir / "socket"
        record.with_suffix(".new").write_bytes(os.fsencode(path))
        record.with_suffix(".new").replace(record)
        return path

    def _recorded_socket(self) -> Path | None:
        record = self._dir / "socket"
        return Path(os.fsdecode(record.read_bytes())) if record.exists() else None

    async def _shut_down(self) -> None:
        """End the server in order; it writes everything down first."""
        path = await asyncio.to_thread(self._recorded_socket)
        if path is None:
            return
        loop = asyncio.get_running_loop()
        ends = loop.time() + STOP_SECONDS
        lock = FileLock(self._dir / "server.lock")
        answer = b""
        try:
            # Asked again because it may have been launched just now and not listen yet.
            while not await asyncio.to_thread(lock.try_exclusive):
                if loop.time() >= ends:
                    said = answer.decode(errors="replace").strip() or "nothing"
                    logger.error("the bundled server does not stop; it said: %s", said)
                    return
                answer = await _ask(path, b"SHUTDOWN") or answer
                await asyncio.sleep(PAUSE)
        finally:
            lock.release()
        await asyncio.to_thread(self._tidy, path)

    def _tidy(self, path: Path) -> None:
        if path.parent != self._dir:
            shutil.rmtree(path.parent, ignore_errors=True)
        (self._dir / "socket").unlink(missing_ok=True)


@contextlib.contextmanager
def _disk_errors(directory: Path) -> Generator[None]:
    try:
        yield
    except OSError as error:
        raise StoreUnavailable(
            f"the data directory cannot be used ({error.strerror})",
            hint=f"{directory} cannot be used ({error.strerror}): mend it, or set BOBBIN_DATA_DIR "
            "or REDIS_URL.",
        ) from error


async def _poll(attempt: Callable[[], bool], seconds: float) -> bool:
    """Try until it succeeds; False when it has not within `seconds`."""
    loop = asyncio.get_running_loop()
    ends = loop.time() + seconds
    while not await asyncio.to_thread(attempt):
        if loop.time() >= ends:
            return False
        await asyncio.sleep(PAUSE)
    return True


async def _greet(path: Path) -> Watch | Literal["loading", ""]:
    """A connection to a server that is ready; else whether it is loading or not there."""
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            reader, writer = await asyncio.open_unix_connection(path)
            try:
                writer.write(b"PING\r\n")
                answer = await reader.readline()
            except BaseException:
                writer.close()
                raise
    except (OSError, TimeoutError):
        return ""
    if answer.startswith(b"+PONG"):
        return reader, writer
    writer.close()
    return "loading" if answer.startswith(b"-LOADING") else ""


async def _ask(path: Path, command: bytes) -> bytes:
    """Send a command on a connection of its own; what was answered before it closed."""
    try:
        async with asyncio.timeout(STOP_SECONDS):
            reader, writer = await asyncio.open_unix_connection(path)
            try:
                writer.write(command + b"\r\n")
                answer = await reader.readline()
                if answer.startswith(b"$"):
                    answer = await reader.readexactly(int(answer[1:]))
                return answer
            finally:
                writer.close()
    except (OSError, EOFError, TimeoutError):
        return b""


async def _ended(watch: Watch) -> None:
    """Wait until the server closes the connection, and close our end."""
    reader, writer = watch
    with contextlib.suppress(OSError):
        while await reader.read(1024):
            pass
    writer.close()


def _last_line(log: Path) -> str:
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return "nothing"
    return next((line for line in reversed(lines) if line.strip()), "nothing")
