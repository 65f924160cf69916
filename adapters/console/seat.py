"""Which of several terminals this is, so that each has a conversation of its own."""

from __future__ import annotations

import os
import sys
from pathlib import Path

if sys.platform == "win32":

    def _lock(descriptor: int) -> None:
        raise OSError("locks of this kind do not exist on Windows")

else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


SEATS_MOST = 1_000


class Seat:
    """A name that no other running process has in the same folder.

    It is held by a lock on a file, which the system releases however a process ends, so that the
    next to come gets it again.
    """

    def __init__(self, folder: str | None) -> None:
        self._folder = Path(folder).expanduser() if folder else None
        self._name: str | None = None
        self._descriptor: int | None = None

    def take(self, name: str) -> str:
        """`name` for the first to come, with a number behind it for others; theirs until `leave`.

        Where there can be no locks, everybody is the first. Blocks for a moment.
        """
        if self._name is None:
            self._name = self._first_free(name)
        return self._name

    def leave(self) -> None:
        """Let somebody else have it; fine when none was taken."""
        self._name = None
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _first_free(self, name: str) -> str:
        names = (name, *(f"{name}-{number}" for number in range(2, SEATS_MOST)))
        if self._folder is None:
            return name
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            return next((each for each in names if self._lock(self._folder, each)), name)
        except OSError:
            return name

    def _lock(self, folder: Path, name: str) -> bool:
        path = folder / f"terminal-{name}.lock"
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            _lock(descriptor)
        except BlockingIOError:
            os.close(descriptor)
            return False
        except OSError:
            os.close(descriptor)
            raise
        self._descriptor = descriptor
        return True
