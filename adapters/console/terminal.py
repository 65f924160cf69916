"""Standard input and output as one: what is typed, what is printed, and the log in between."""

from __future__ import annotations

import contextlib
import getpass
import logging
import os
import shutil
import sys
from collections import deque
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from adapters.console.keyboard import Keyboard, forgive
from adapters.console.page import Page

MOST_HELD = 200
"""Log lines that wait for the end of a line; older ones give way."""


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
    """Gives lines and takes text.

    Args:
        environ: Says whether styles are wanted, by NO_COLOR and TERM.
    """

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        forgive(sys.stdout)
        self._keyboard = Keyboard()
        self.interactive = self._keyboard.interactive
        self._page: Page | None = None
        if sys.stdout and sys.stdout.isatty() and environ.get("TERM") != "dumb":
            self._page = Page(_columns, styled=not environ.get("NO_COLOR"))
        self._held: deque[str] = deque(maxlen=MOST_HELD)

    def write(self, text: str) -> None:
        """Show text as soon as it is clear how. Raises OSError when nobody reads it any more."""
        print(self._page.take(text) if self._page else text, end="", flush=True)
        self._tell_held()

    async def line(self) -> str | None:
        """The next line, None at the end of the input."""
        line = await self._keyboard.line()
        self._tell_held()
        return line

    @contextmanager
    def in_use(self) -> Generator[None]:
        """While it lasts, lines are read, and what is logged to the same terminal breaks into none.

        At its end the terminal is as it was found, whatever else of an end is still to come.
        """
        root = logging.getLogger()
        mixed = [each for each in root.handlers if self._page and _is_seen(each)]
        asides = [Aside(each, self._tell) for each in mixed]
        _exchange(root, mixed, asides)
        try:
            yield
        finally:
            _exchange(root, asides, mixed)
            self._keyboard.close()

    def close(self) -> None:
        """Leave the terminal as it was found."""
        self._keyboard.close()
        if self._page is not None and self._page.midway:
            with contextlib.suppress(OSError):
                self.write("\n")
        self._tell_held()

    def _tell(self, text: str) -> None:
        """Show a log line, once the line that is typed or printed has ended."""
        self._held.append(text)
        self._tell_held()

    def _tell_held(self) -> None:
        if self._keyboard.typing or (self._page is not None and self._page.midway):
            return
        while self._held:
            print(self._held.popleft(), file=sys.stderr, flush=True)


class Aside(logging.Handler):
    """Gives what another handler would write, without the end of the line, to `tell`."""

    def __init__(self, other: logging.Handler, tell: Callable[[str], None]) -> None:
        super().__init__(other.level)
        self.setFormatter(other.formatter)
        self._tell = tell

    def emit(self, record: logging.LogRecord) -> None:
        """See `logging.Handler`."""
        with contextlib.suppress(OSError):
            self._tell(self.format(record))


def _is_seen(handler: logging.Handler) -> bool:
    """Whether it writes to a terminal."""
    seen = bool(sys.stderr) and sys.stderr.isatty()
    return seen and getattr(handler, "stream", None) is sys.stderr


def _exchange(
    root: logging.Logger, old: Sequence[logging.Handler], new: Sequence[logging.Handler]
) -> None:
    for each in old:
        root.removeHandler(each)
    for each in new:
        root.addHandler(each)


def _columns() -> int:
    return shutil.get_terminal_size().columns
