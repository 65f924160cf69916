"""`bobbin ping`: whether the bot that runs here is alive.

`python -m bot.ops.ping` does the same without a command line, in half the time: an image's health
check runs twice a minute.
"""

from __future__ import annotations

import asyncio
import sys

from bot.ops.alive import alive_folder, ask_all

SECONDS = 5.0
"""How long a process may take to answer."""


async def ping(seconds: float = SECONDS) -> int:
    """Ask all processes of this user and print what they say; 0 when there are some, all alive."""
    told = await ask_all(alive_folder(), seconds)
    if not told:
        print("No bot of this user runs here: start one with `bobbin run`.", file=sys.stderr)
    for each in told:
        line = f"Bobbin (process {each.process}): {each.answer}"
        print(line, file=sys.stdout if each.alive else sys.stderr)
    return 0 if told and all(each.alive for each in told) else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(ping()))
