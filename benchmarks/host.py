"""One simulator in a process of its own: `python -m benchmarks.host discord`.

Orders come as lines of JSON on standard input, one at a time; each is answered by one line on
standard output. The end of the input ends the process.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any, Protocol

from benchmarks.hosted_discord import HostedDiscord
from benchmarks.hosted_model import HostedModel
from benchmarks.hosted_slack import HostedSlack


class Hosted(Protocol):
    """A simulator under orders."""

    async def start(self) -> None:
        """Listen."""
        ...

    async def stop(self) -> None:
        """End everything."""
        ...

    async def obey(self, order: str, details: dict[str, Any]) -> Any:
        """Do something and return what it came to, fit for JSON."""
        ...


HOSTED: dict[str, type[Hosted]] = {
    "model": HostedModel,
    "discord": HostedDiscord,
    "slack": HostedSlack,
}


async def serve(hosted: Hosted) -> None:
    """Obey until the input ends."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    await hosted.start()
    try:
        while line := await reader.readline():
            details = json.loads(line)
            answer = await hosted.obey(details.pop("order"), details)
            print(json.dumps(answer), flush=True)
    finally:
        await hosted.stop()


if __name__ == "__main__":
    asyncio.run(serve(HOSTED[sys.argv[1]]()))
