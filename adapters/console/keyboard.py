"""Lines of standard input, whatever it is: a terminal, a file, a pipe, or closed."""

from __future__ import annotations

import asyncio
import contextlib
import io
import sys
import threading
from collections import deque
from importlib import import_module
from types import ModuleType

from adapters.console.modes import Modes
from adapters.console.pausing import Pausing

PROMPT = "> "
PASTING = "\x1b[?2004h"
END_OF_PASTING = "\x1b[?2004l"
"""Ask a terminal to tell what is pasted from what is typed, and end that; line editors do so."""


def _found_editor() -> ModuleType | None:
    """Makes Python's `input` edit lines, remember them and take long ones.

    Some Pythons are built without. What is pasted is one message, with all of its lines.
    """
    with contextlib.suppress(ImportError):
        editor = import_module("readline")
        editor.parse_and_bind("set enable-bracketed-paste on")
        return editor
    return None


EDITOR = _found_editor()


def forgive(stream: object) -> None:
    """Let no byte that is not text be an error."""
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="replace")


class Keyboard:
    """Gives lines.

    Attributes:
        interactive: It is a terminal, where lines can be edited and the last ones come back.
        typing: A line is asked for, and the terminal's last line belongs to whoever types it.
    """

    def __init__(self) -> None:
        forgive(sys.stdin)
        # Python has None for a stream that was closed before the start.
        self.interactive = bool(sys.stdin) and sys.stdin.isatty()
        self.typing = False
        # Python asks its line editor only where what is typed can be shown as well. Elsewhere the
        # terminal itself collects lines.
        edited = self.interactive and _is_shown() and EDITOR is not None
        self._modes = Modes() if edited else None
        self._pausing: Pausing | None = None
        self._ahead: deque[str] | None = None
        self._input: io.TextIOBase | None = None

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

        if self._pausing is None and self._modes is not None and self._modes.known:
            self._pausing = Pausing(self._leave, self._resume)
            self._pausing.begin()
        threading.Thread(target=read, name="console input", daemon=True).start()
        self.typing = self.interactive
        text = await line
        self.typing = False
        if self._modes is not None:
            self._modes.hush()
        return text

    def close(self) -> None:
        """Leave the terminal as it was found; a read that is under way gets nothing any more."""
        if self._pausing is not None:
            self._pausing.end()
            self._pausing = None
        self._end_line()
        self.typing = False
        if self._modes is not None:
            self._modes.restore()

    def _end_line(self) -> None:
        if self.typing:
            with contextlib.suppress(OSError):
                print(END_OF_PASTING if self._modes is not None else "", flush=True)

    def _leave(self) -> None:
        """For as long as the process is stopped."""
        self._end_line()
        if self._modes is not None:
            self._modes.leave()

    def _resume(self) -> None:
        if self._modes is not None:
            self._modes.resume()
        if self.typing and EDITOR is not None:
            # The line editor, which knows nothing of a pause, goes on behind what stands there.
            with contextlib.suppress(OSError):
                print(f"{PASTING}{PROMPT}{EDITOR.get_line_buffer()}", end="", flush=True)

    def _read(self) -> str | None:
        try:
            line = self._collected() if self._modes is None else self._edited(self._modes)
        except EOFError:
            line = None
        except (OSError, ValueError):
            return None
        if line is None and self.interactive:
            # What the shell says next begins a line of its own.
            print()
        return line

    def _edited(self, modes: Modes) -> str | None:
        """A line from the line editor, after what was typed before it was there."""
        if self._ahead is None:
            self._ahead = deque(modes.ahead())
        modes.show()
        if self._ahead:
            line = self._ahead.popleft()
            if not line:
                raise EOFError
            print(f"{PROMPT}{line.rstrip()}")
            return line
        return input(PROMPT)

    def _collected(self) -> str | None:
        """A line as it comes."""
        if self.interactive:
            print(PROMPT, end="", flush=True)
        if sys.stdin and self._input is None:
            # Not `sys.stdin` itself, which Python cannot close while a thread reads from it.
            self._input = open(
                sys.stdin.fileno(), encoding="utf-8", errors="replace", closefd=False
            )
        return (self._input.readline() if self._input else "") or None


def _is_shown() -> bool:
    return bool(sys.stdout) and sys.stdout.isatty()
