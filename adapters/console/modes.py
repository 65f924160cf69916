"""How a terminal passes keys on: whole lines that it shows, or each key as it comes, unseen."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from typing import Any

MOST_BYTES = 1 << 16
"""More than the longest line that a terminal collects."""

if sys.platform == "win32":

    def _found() -> list[Any] | None:
        return None

    def _by_key(modes: list[Any], *, seen: bool) -> list[Any]:
        return modes

    def _set(modes: list[Any]) -> None:
        pass

    def _collected(modes: list[Any]) -> Iterator[bytes]:
        yield from ()

else:
    import os
    import select
    import termios

    def _found() -> list[Any] | None:
        with contextlib.suppress(termios.error, OSError, ValueError):
            return termios.tcgetattr(sys.stdin.fileno())
        return None

    def _by_key(modes: list[Any], *, seen: bool) -> list[Any]:
        local = modes[3] & ~termios.ICANON
        return [*modes[:3], local if seen else local & ~termios.ECHO, *modes[4:]]

    def _set(modes: list[Any]) -> None:
        with contextlib.suppress(termios.error, OSError, ValueError):
            termios.tcsetattr(sys.stdin.fileno(), termios.TCSADRAIN, modes)

    def _collected(modes: list[Any]) -> Iterator[bytes]:
        if not modes[3] & termios.ICANON:
            return
        descriptor = sys.stdin.fileno()
        with contextlib.suppress(OSError, ValueError):
            while select.select([descriptor], [], [], 0)[0]:
                yield os.read(descriptor, MOST_BYTES)


class Modes:
    """The modes of standard input, which is a terminal, and what they were before."""

    def __init__(self) -> None:
        self._before = _found()
        self._left: list[Any] | None = None

    @property
    def known(self) -> bool:
        """Whether it is a terminal whose modes can be read and set."""
        return self._before is not None

    def ahead(self) -> list[str]:
        """Lines that were typed before anybody asked; an empty one stands for the input's end.

        Read while the terminal still collects lines: later what Ctrl-D has left is a character. One
        that was found passing keys on has no lines.
        """
        lines = _collected(self._before) if self._before is not None else ()
        return [line.decode("utf-8", "replace") for line in lines]

    def hush(self) -> None:
        """Keep what is typed until it is asked for, whole and out of sight.

        A terminal that collects lines cuts them at 4,095 bytes, and shows what is typed in the
        midst of an answer. Ctrl-C is still a signal.
        """
        if self._before is not None:
            _set(_by_key(self._before, seen=False))

    def show(self) -> None:
        """Let what is typed be seen; a line editor shows it only where a terminal did before."""
        if self._before is not None:
            _set(_by_key(self._before, seen=True))

    def leave(self) -> None:
        """As it was found, until `resume`."""
        self._left = _found()
        self.restore()

    def resume(self) -> None:
        """As it was when it was left."""
        if self._left is not None:
            _set(self._left)

    def restore(self) -> None:
        """As it was found, whoever is reading."""
        if self._before is not None:
            _set(self._before)
