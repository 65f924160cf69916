"""A proxy that counts round trips to Redis, by what they ask for."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bot.storage.scripts import EACH, SCRIPTS

_COMMAND = re.compile(rb"\*\d+\r\n\$\d+\r\n(\w+)\r\n(?:\$\d+\r\n([0-9a-f]{40})\r\n)?")
_SCRIPTS = {script.sha: script.name for script in (*SCRIPTS.values(), EACH)}


class CountingProxy:
    """Forwards a port of 127.0.0.1 to a unix socket.

    redis-py writes a command, or a whole pipeline, and waits for the answer; so every time data
    begins to flow towards the server after an answer is one round trip. It counts under the name
    of its first command, or of the script that this runs.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self.trips: Counter[str] = Counter()
        self.port = 0

    @property
    def url(self) -> str:
        """For redis-py."""
        return f"redis://127.0.0.1:{self.port}/0"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One client's connection."""
        upstream, out = await asyncio.open_unix_connection(self._path)
        waiting = False

        async def answers() -> None:
            nonlocal waiting
            while data := await upstream.read(1 << 20):
                waiting = False
                writer.write(data)

        back = asyncio.create_task(answers())
        try:
            while data := await reader.read(1 << 20):
                if not waiting:
                    self.trips[_name(data)] += 1
                waiting = True
                out.write(data)
        finally:
            back.cancel()
            await asyncio.gather(back, return_exceptions=True)
            out.close()
            writer.transport.abort()


def _name(data: bytes) -> str:
    found = _COMMAND.match(data)
    if found is None:
        return "?"
    digest = found[2].decode() if found[2] else ""
    return _SCRIPTS.get(digest, found[1].decode().upper())


@asynccontextmanager
async def counting_proxy(path: str) -> AsyncIterator[CountingProxy]:
    """A proxy in front of the server that listens at `path`."""
    proxy = CountingProxy(path)
    listener = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    proxy.port = listener.sockets[0].getsockname()[1]
    async with listener:
        yield proxy
