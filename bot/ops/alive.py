"""A socket on which each process tells that it is alive, and how `bobbin ping` asks there.

It needs no port, no store and no setting: it lies in a folder of the user's in the system's place
for temporary files, named by the process's id. Only a process whose event loop turns answers.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import tempfile
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bot.folders import is_private, made_private

logger = logging.getLogger(__name__)

ALIVE = "alive"
LONGEST_ANSWER = 4_096

Faults = Callable[[], Mapping[str, str]]
"""What keeps a process from being alive, by part; empty while it is."""


def alive_folder() -> Path:
    """Where processes of this user tell it: on this machine, or in this container."""
    return Path(tempfile.gettempdir()) / f"bobbin-alive-{os.geteuid()}"


@asynccontextmanager
async def answering(folder: Path, pid: int, faults: Faults) -> AsyncGenerator[None]:
    """Answer while the block lasts. Where that cannot be, the log says so, and the block runs."""
    path = folder / f"{pid}.sock"
    server = await _listen(path, faults)
    try:
        yield
    finally:
        if server is not None:
            server.close()
            await asyncio.to_thread(_remove, path)


async def _listen(path: Path, faults: Faults) -> asyncio.Server | None:
    loop = asyncio.get_running_loop()
    try:
        if await asyncio.to_thread(made_private, path.parent):
            # It gets its name once it listens, so that one that refuses belongs to nobody.
            new = path.with_suffix(".new")
            server = await loop.create_unix_server(lambda: _Answer(faults), new)
            await asyncio.to_thread(new.replace, path)
            return server
        why = "it is not this user's alone"
    except OSError as error:
        why = error.strerror or str(error)
    logger.warning("bobbin ping will not find this process: %s cannot be used (%s)", path, why)
    return None


class _Answer(asyncio.Protocol):
    """Tells whoever connects, and closes."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        wrong = "; ".join(f"{part} {why}" for part, why in self._faults().items())
        transport.write((wrong or ALIVE).encode())
        transport.close()


@dataclass(frozen=True, slots=True)
class Told:
    """What became of asking a process.

    Attributes:
        process: Its name, which is its id.
        answer: What it said, or that it did not.
    """

    process: str
    answer: str

    @property
    def alive(self) -> bool:
        """It said so."""
        return self.answer == ALIVE


async def ask_all(folder: Path, seconds: float) -> Sequence[Told]:
    """Ask every process that tells it there, all at once; none that has ended is among them."""
    try:
        paths = await asyncio.to_thread(_sockets, folder)
    except OSError:
        return []
    found = await asyncio.gather(*(_ask(path, seconds) for path in paths))
    return [told for told in found if told is not None]


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink()


def _sockets(folder: Path) -> Sequence[Path]:
    return sorted(folder.glob("*.sock")) if is_private(folder) else []


async def _ask(path: Path, seconds: float) -> Told | None:
    """What a process says; None when it has ended, and what it left is removed."""
    try:
        async with asyncio.timeout(seconds):
            reader, writer = await asyncio.open_unix_connection(path)
            try:
                answer = (await reader.read(LONGEST_ANSWER)).decode(errors="replace")
            finally:
                writer.close()
    except FileNotFoundError:
        return None
    except ConnectionRefusedError:
        await asyncio.to_thread(_remove, path)
        return None
    except TimeoutError:
        answer = f"does not answer within {seconds:g} s"
    except OSError as error:
        answer = f"cannot be asked ({error.strerror})"
    return Told(path.stem, answer or "hangs up")
