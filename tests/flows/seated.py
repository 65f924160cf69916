"""The bot in front of somebody who sits at a terminal."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import pty
import struct
import termios
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Self

from tests.flows.nursery import nursery
from tests.flows.program import PATIENCE, ROOT, BotProcess, Forked, environment, pipe, typing

TAKE_TERMINAL = 'exec <>"$0" >&0 2>&1; set -m; "$@"; echo stopped; fg >/dev/null; exit $?'
"""For a shell that leads a session: what it opens first is the terminal that sends it signals. What
is stopped goes on at once."""


class Seated(BotProcess):
    """A process whose three streams are a terminal; `out` is all that the terminal shows.

    Its standard output may be a pipe instead, which `log` holds then.
    """

    screen: int

    @classmethod
    @asynccontextmanager
    async def at(
        cls,
        folder: Path,
        *arguments: str,
        env: Mapping[str, str] | None = None,
        columns: int = 80,
        signalled: bool = False,
        piped: bool = False,
        typed: bytes = b"",
        collects: bool = True,
    ) -> AsyncIterator[Self]:
        """Start it, and end it with the block.

        Args:
            folder: Where it runs.
            arguments: Of its command line.
            env: Its environment, beside the usual one.
            columns: How wide the terminal is.
            signalled: Ctrl-C and Ctrl-Z reach it: a shell starts it as its job.
            piped: Its standard output is no terminal.
            typed: What was typed before it was started.
            collects: The terminal collects lines, and does not pass each key on.
        """
        screen, theirs = pty.openpty()
        if not collects:
            modes = termios.tcgetattr(theirs)
            modes[3] &= ~termios.ICANON
            termios.tcsetattr(theirs, termios.TCSANOW, modes)
        os.write(screen, typed)
        fcntl.ioctl(screen, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
        given = environment(folder, {"TERM": "xterm", "LANG": "C.UTF-8"}, env or {})
        log, shows = asyncio.StreamReader(), theirs
        if piped:
            read, shows = os.pipe()
            log = await pipe(read)
        else:
            log.feed_eof()
        shown = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(
            lambda: _Screen(shown), os.fdopen(os.dup(screen), "rb", 0)
        )
        keys = await typing(os.dup(screen))
        if signalled:
            process = await asyncio.create_subprocess_exec(
                "/bin/sh",
                "-c",
                TAKE_TERMINAL,
                os.ttyname(theirs),
                *cls.command(*arguments),
                cwd=folder,
                env=given,
                # So that somebody has it open until the shell opens it: else it would be hung up.
                stdin=theirs,
                start_new_session=True,
            )
        else:
            made = nursery(ROOT, tuple(environment(Path("/")).items()))
            line = made.start(cls.module, arguments, given, folder, (theirs, shows, theirs))
            if piped:
                os.close(shows)
            told, writer = await asyncio.open_connection(sock=line)
            process = Forked(int(await told.readline()), told, writer)
        os.close(theirs)
        seated = cls(process, shown, log, keys)
        seated.screen = screen
        try:
            yield seated
        finally:
            await seated.close()
            os.close(screen)

    async def asks(self) -> None:
        """Wait until it wants the next line."""
        try:
            async with asyncio.timeout(PATIENCE), self._changed:
                await self._changed.wait_for(lambda: self.out.endswith("> "))
        except TimeoutError:
            raise TimeoutError(f"it does not ask:\n{self.out}") from None

    @property
    def shows_lines(self) -> bool:
        """The terminal collects lines and shows what is typed, as a shell leaves it."""
        local = termios.tcgetattr(self.screen)[3]
        return bool(local & termios.ICANON and local & termios.ECHO)


class _Screen(asyncio.StreamReaderProtocol):
    """When nobody has the terminal open any more, reading it is an error, which means the end."""

    def connection_lost(self, exc: Exception | None) -> None:
        with contextlib.suppress(OSError):
            super().connection_lost(None)
