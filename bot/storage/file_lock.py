"""Locks that end with the process that holds them, however it ends."""

from __future__ import annotations

import os
import sys
from pathlib import Path

if sys.platform == "win32":

    def _lock(descriptor: int, *, exclusive: bool) -> None:
        raise OSError("locks of this kind do not exist on Windows")

else:
    import fcntl

    def _lock(descriptor: int, *, exclusive: bool) -> None:
        kind = fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)


class FileLock:
    """An flock(2) on a file of its own. Nothing here waits.

    A child process that inherits `descriptor` holds the lock as well, until both have let go.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    @property
    def descriptor(self) -> int:
        """The open file. Raises ValueError when there is none."""
        if self._descriptor is None:
            raise ValueError("the lock file is not open")
        return self._descriptor

    def try_exclusive(self) -> bool:
        """Take the lock alone, or turn a shared lock into it; False when others have it.

        A shared lock is gone in either case. Raises OSError when the file cannot be opened.
        """
        return self._take(exclusive=True)

    def try_shared(self) -> bool:
        """Take the lock beside others; False when somebody has it alone.

        Raises OSError when the file cannot be opened.
        """
        return self._take(exclusive=False)

    def release(self) -> None:
        """Let go; fine when nothing is held."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _take(self, *, exclusive: bool) -> bool:
        if self._descriptor is None:
            self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            _lock(self._descriptor, exclusive=exclusive)
        except BlockingIOError:
            self.release()
            return False
        return True
