"""How what is optional is installed."""

from __future__ import annotations

import shlex
import sys


def install_command(*what: str) -> str:
    """A line for the shell, for the Python that runs here whatever `pip` is in the path."""
    return shlex.join([sys.executable, "-m", "pip", "install", *what])
