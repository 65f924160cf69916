"""What the terminal shows while something takes its time, and what it asks before."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TextIO

from bot.signals import interruptible

WIDTH = 24


class Bar:
    """A line on a terminal that fills up; nothing at all where nobody watches.

    Args:
        stream: Standard error.
        what: What is going on.
    """

    def __init__(self, stream: TextIO | None, what: str) -> None:
        self._stream = stream if stream is not None and stream.isatty() else None
        self._what = what
        self._shown = -1

    def show(self, done: int, total: int) -> None:
        """So much is done of so much."""
        share = min(100, done * 100 // total) if total else 100
        if self._stream is None or share == self._shown:
            return
        self._shown = share
        full = share * WIDTH // 100
        line = f"\r{self._what} [{'#' * full}{'.' * (WIDTH - full)}] {share:3} %"
        self._stream.write(line)
        self._stream.flush()

    def of(self, total: int) -> Callable[[int], None]:
        """`show` for a known total."""
        return lambda done: self.show(done, total)

    def close(self) -> None:
        """The line goes again."""
        if self._stream is not None and self._shown >= 0:
            self._stream.write(f"\r{' ' * (len(self._what) + WIDTH + 9)}\r")
            self._stream.flush()


def typed() -> str:
    """All of standard input."""
    with interruptible():
        return sys.stdin.read() if sys.stdin else ""


def sure(question: str, *, yes: bool) -> bool | None:
    """Whether to go on; None where nobody can be asked, so that `--yes` is needed."""
    if yes:
        return True
    if not (sys.stdin and sys.stdin.isatty() and sys.stderr and sys.stderr.isatty()):
        return None
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
    with interruptible():
        return sys.stdin.readline().strip().casefold() in ("y", "yes")
