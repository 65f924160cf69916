"""Folders in places that others can write to, too, such as /tmp."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path


def made_private(folder: Path) -> bool:
    """Make a folder for this user only, or see that it is one. Raises OSError."""
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    return is_private(folder)


def is_private(folder: Path) -> bool:
    """It is there, and this user's only. Raises OSError when it cannot be looked at."""
    try:
        found = folder.lstat()
    except FileNotFoundError:
        return False
    return found.st_uid == os.geteuid() and found.st_mode & 0o177777 == 0o040700
