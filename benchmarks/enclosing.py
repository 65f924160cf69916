"""How late the event loop is while large attachments are fetched and read.

A file server in a process of its own stands for the platform's. While the bot's reader fetches and
reads a file, a timer that is due every few milliseconds notes by how much it comes late: by so much
a heartbeat, an acknowledgement or the edit of another answer would.
"""

from __future__ import annotations

import asyncio
import io
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from benchmarks.figures import duration, quantile, table
from bot.attached import Attachment
from bot.attachments.reading import MEGABYTE, AttachmentReader
from bot.fetching import Fetcher, Hosts
from bot.model.port import Recording
from tests.enclosures import pdf

EVERY = 0.002
"""Seconds between two looks at the clock."""

LINE = "The warp is cotton and the weft is wool, row by row. "


@dataclass(frozen=True, slots=True)
class Lateness:
    """What reading one file came to; times in seconds.

    Attributes:
        name: What the file is.
        size: Its bytes.
        took: Until it was read.
        late: How late the timer came, each time.
    """

    name: str
    size: int
    took: float
    late: Sequence[float]


def samples(megabytes: int) -> dict[str, bytes]:
    """Files of about `megabytes`, by what they are."""
    size = megabytes * MEGABYTE
    page = LINE * 60
    scans = pdf(*[page] * 40, padding=size - 200_000)
    book = pdf(*[page] * max(1, (size - 100_000) // (len(page) + 300)))
    rows = "".join(f"{number},{LINE}\n" for number in range(size // (len(LINE) + 8)))
    return {
        "a PDF of pictures and some text": scans[:size],
        "a PDF of nothing but text": book,
        "a text": rows.encode(),
        "a photo of 24 megapixels": _photo(),
    }


def _photo() -> bytes:
    out = io.BytesIO()
    small = Image.frombytes("RGB", (60, 40), os.urandom(60 * 40 * 3))
    small.resize((6000, 4000), Image.Resampling.BICUBIC).save(out, "JPEG", quality=90)
    return out.getvalue()


async def measure(megabytes: int = 20, rounds: int = 3) -> list[Lateness]:
    """Nothing first, for comparison, then each kind of file."""
    found = [Lateness("nothing", 0, 1.0, await _beside(asyncio.sleep(1.0)))]
    with tempfile.TemporaryDirectory(prefix="bobbin-bench-") as folder:
        files = await asyncio.to_thread(samples, megabytes)
        for number, data in enumerate(files.values()):
            await asyncio.to_thread(Path(folder, f"{number}").write_bytes, data)
        async with _served(folder) as base:
            for number, (name, data) in enumerate(files.items()):
                found.append(await _read(name, len(data), f"{base}/{number}", rounds))
    return found


async def _read(name: str, size: int, url: str, rounds: int) -> Lateness:
    reader = AttachmentReader(size + MEGABYTE)
    fetcher = Fetcher(Hosts.of((), url))
    late: list[float] = []
    began = time.perf_counter()

    async def download(attachment: Attachment, most: int) -> bytes:
        return (await fetcher.fetch(attachment.url, most)).data

    async def hear(recording: Recording) -> str:
        raise RuntimeError("nothing is spoken here")

    async def once() -> None:
        [opened] = await reader.read([Attachment("file", url=url)], download, hear)
        if opened.why_not:
            raise RuntimeError(f"{name} was not read: {opened.why_not}")

    try:
        for _ in range(rounds):
            late += await _beside(once())
    finally:
        await fetcher.close()
    return Lateness(name, size, (time.perf_counter() - began) / rounds, late)


async def _beside(work: object) -> list[float]:
    """How late a timer comes while something is done."""
    late: list[float] = []
    loop = asyncio.get_running_loop()

    async def watch() -> None:
        while True:
            due = loop.time() + EVERY
            await asyncio.sleep(EVERY)
            late.append(max(0.0, loop.time() - due))

    watching = asyncio.create_task(watch())
    try:
        await work  # type: ignore[misc]
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
    return late


@asynccontextmanager
async def _served(folder: str) -> AsyncIterator[str]:
    """A folder over HTTP, by a process of its own."""
    server = await asyncio.create_subprocess_exec(
        sys.executable,
        "-u",
        "-m",
        "http.server",
        "0",
        "--bind",
        "127.0.0.1",
        cwd=folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        assert server.stdout is not None
        first = (await server.stdout.readline()).decode()
        yield f"http://127.0.0.1:{first.split(' port ')[1].split()[0]}"
    finally:
        server.kill()
        await server.wait()


def report(found: Sequence[Lateness]) -> str:
    """The figures as Markdown."""
    rows = [
        (
            each.name,
            f"{each.size / MEGABYTE:.1f} MB" if each.size else "–",
            duration(each.took) if each.size else "–",
            duration(quantile(each.late, 0.5)),
            duration(quantile(each.late, 0.99)),
            duration(max(each.late)),
        )
        for each in found
    ]
    header = ("read meanwhile", "size", "took", "late: median", "p99", "worst")
    return table(header, rows)
