"""Standard input and output, whatever they are: a terminal, a file, a pipe, or closed."""

from __future__ import annotations

import asyncio
import getpass
import io
import sys
import threading
from pathlib import Path


def user_name() -> str:
    """Who is logged in; a container may run under a number that has no name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "you"


def kept(name: str, content: bytes) -> str:
    """Write a file into the folder one is in; what became of it, in a sentence."""
    path = Path(name).absolute()
    try:
        path.write_bytes(content)
    except OSError as error:
        return f"{path} cannot be written: {error.strerror}"
    return f"Written to {path}"


class Terminal:
    """Gives lines and takes text; no byte that is not text is an error."""

    def __init__(self) -> None:
        for stream in (sys.stdin, sys.stdout):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="replace")
        # Python has None for a stream that was closed before the start.
        self.interactive = bool(sys.stdin) and sys.stdin.isatty()
        self._input: io.TextIOBase | None = None

    def write(self, text: str) -> None:
        """Show text at once. Raises OSError when nobody reads it any more."""
        print(text, end="", flush=True)

    async def line(self) -> str | None:
        """The next line, None at the end of the input.

        The read happens in a daemon thread, because neither a file nor every terminal can be
        watched by the event loop, and a thread of the default executor would keep the process
        from ending.
        """
        loop = asyncio.get_running_loop()
        line: asyncio.Future[str | None] = loop.create_future()

        def deliver(text: str | None) -> None:
            if not line.done():
                line.set_result(text)

        def read() -> None:
            text = self._read()
            if not loop.is_closed():
                loop.call_soon_threadsafe(deliver, text)

        threading.Thread(target=read, name="console input", daemon=True).start()
        return await line

    def _read(self) -> str | None:
        try:
            if self.interactive:
                return input("> ")
            if sys.stdin and self._input is None:
                # Not `sys.stdin` itself, which Python cannot close while a thread reads from it.
                self._input = open(
                    sys.stdin.fileno(), encoding="utf-8", errors="replace", closefd=False
                )
            return (self._input.readline() if self._input else "") or None
        except EOFError:
            # What the shell says next begins a line of its own.
            print()
            return None
        except (OSError, ValueError):
            return None
