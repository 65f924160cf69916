"""Where a process tells that it is alive, and who can hear it."""

from __future__ import annotations

import asyncio
import logging
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.ops.alive import Told, answering, ask_all


@pytest.fixture
def folder() -> Iterator[Path]:
    """This user's alone; its path is short enough for a socket."""
    with tempfile.TemporaryDirectory(prefix="bobbin-alive-") as path:
        yield Path(path)


def names(folder: Path) -> list[str]:
    """What lies there."""
    return [path.name for path in folder.iterdir()]


def open_to_all(folder: Path) -> None:
    """Let everybody write there."""
    folder.chmod(0o777)


def no_faults() -> dict[str, str]:
    return {}


async def test_all_that_run_here_are_asked(folder: Path) -> None:
    assert await ask_all(folder / "none", 5) == []
    ended = {"sweep": "has ended", "tidy": "silent for 130 s"}
    async with answering(folder, 1, no_faults), answering(folder, 2, lambda: ended):
        one, two = await ask_all(folder, 5)
    assert one.alive
    assert two == Told("2", "sweep has ended; tidy silent for 130 s")
    assert not two.alive
    assert await ask_all(folder, 5) == []
    assert names(folder) == []


async def test_what_a_killed_process_left_is_removed(folder: Path) -> None:
    for name in ("1.sock", "1.new", "2.sock"):
        with socket.socket(socket.AF_UNIX) as left:
            left.bind(str(folder / name))
    async with answering(folder, 1, no_faults):
        assert [told.alive for told in await ask_all(folder, 5)] == [True]
        assert names(folder) == ["1.sock"]


async def test_whoever_hangs_up_is_not_alive(folder: Path) -> None:
    server = await asyncio.start_unix_server(
        lambda reader, writer: writer.close(), folder / "1.sock"
    )
    async with server:
        assert await ask_all(folder, 5) == [Told("1", "hangs up")]


async def test_a_folder_that_others_may_write_to_is_not_trusted(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with answering(folder, 1, no_faults):
        open_to_all(folder)
        assert await ask_all(folder, 5) == []
    with caplog.at_level(logging.WARNING):
        async with answering(folder, 1, no_faults):
            assert names(folder) == []
    assert "1.sock cannot be used (it is not this user's alone)" in caplog.text


@pytest.mark.parametrize("name", ["x" * 120, "missing/alive"])
async def test_a_place_that_cannot_be_used_keeps_nobody_from_running(
    folder: Path, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        async with answering(folder / name, 1, no_faults):
            pass
    assert "bobbin ping will not find this process" in caplog.text
