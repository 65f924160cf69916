"""Standard input and output, whatever they are: a terminal, a file, a pipe, or closed."""

from __future__ import annotations

import asyncio
import getpass
import io
import sys
import threading


def prepare_terminal() -> bool:
    """Let no byte that is not text be an error; whether somebody sits there and types."""
    for stream in (sys.stdin, sys.stdout):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    # Python has None for a stream that was closed before the start.
    return bool(sys.stdin) and sys.stdin.isatty()


def user_name() -> str:
    """Who is logged in; a container may run under a number that has no name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "you"


async def read_line(prompt: str) -> str | None:
    """The next line of input, None at its end.

    The read happens in a daemon thread, because neither a file nor every terminal can be watched
    by the event loop, and a thread of the default executor would keep the process from ending.
    """
    loop = asyncio.get_running_loop()
    line: asyncio.Future[str | None] = loop.create_future()

    def deliver(text: str | None) -> None:
        if not line.done():
            line.set_result(text)

    def read() -> None:
        try:
            text = input(prompt)
        except (EOFError, OSError, RuntimeError):
            text = None
        if not loop.is_closed():
            loop.call_soon_threadsafe(deliver, text)

    threading.Thread(target=read, name="console input", daemon=True).start()
    return await line
