"""Folders: whether others may use them, and how people are told of one."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path


def shown(path: Path) -> str:
    """A path as one writes it in a shell."""
    home = Path.home()
    return f"~/{path.relative_to(home)}" if path.is_relative_to(home) else str(path)


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
